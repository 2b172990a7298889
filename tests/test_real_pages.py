"""Real pages through the whole path: crawled over HTTP from several hosts, read, indexed, searched and counted against the gold.

The pages are the fundus fixtures in French, English, German, Spanish and Italian (and the other languages of the same hosts), served from an
address for each language, with a feed for one half of the pages and a sitemap for the other.
"""

import gzip
import html
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import Vigie
from tests.site import Answer, Site

pytestmark = [pytest.mark.slow, pytest.mark.shared]

LANGUAGES = ("fr", "en", "de", "es", "it")


@dataclass
class Run:
    """What the whole path made of the pages."""

    vigie: Vigie
    gold: dict[str, dict[str, Any]]  # by address served
    hits: dict[str, dict[str, Any]]  # by address served
    outcomes: list[dict[str, Any]]


def real_pages(shared: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (shared / "pages" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["source"] == "fundus" and row["lang"][:2].lower() in LANGUAGES]


def feed(base: str, paths: list[str]) -> bytes:
    items = "".join(f"<item><link>{html.escape(base + path)}</link></item>" for path in paths)
    return f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


def sitemap(base: str, paths: list[str]) -> bytes:
    urls = "".join(f"<url><loc>{html.escape(base + path)}</loc></url>" for path in paths)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()


@pytest.fixture(scope="module")
def real_run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    vigie = Vigie(tmp_path_factory.mktemp("real"))
    gold: dict[str, dict[str, Any]] = {}
    tables = ""
    with ExitStack() as stack:
        for number, language in enumerate(LANGUAGES):
            site = stack.enter_context(Site(f"127.0.0.{40 + number}"))
            paths = []
            for n, row in enumerate(page for page in real_pages(shared) if page["lang"][:2].lower() == language):
                path = f"/{n}{quote(urlsplit(row['url']).path.rstrip('/')) or '/page'}"
                site.pages[path] = Answer(gzip.decompress((shared / "pages" / row["html"]).read_bytes()), type="text/html")
                paths.append(path)
                gold[site.base + path] = row
            site.pages["/feed"] = Answer(feed(site.base, paths[::2]), type="application/rss+xml")
            site.pages["/sitemap.xml"] = Answer(sitemap(site.base, paths[1::2]), type="application/xml")
            tables += (
                f'[[sources]]\nid = "press-{language}"\nname = "{language}"\nhome = "{site.base}/"\nfeeds = ["{site.base}/feed"]\n'
                f'sitemaps = ["{site.base}/sitemap.xml"]\nlanguage = "{language}"\ncountry = "{"GB" if language == "en" else language.upper()}"\n'
            )
        vigie.write_watch(tables)
        crawled = vigie("crawl", "--once", "--format", "json")
        assert crawled.code == 0, crawled.err
        for step in ("read", "index"):
            told = vigie(step)
            assert told.code == 0, told.err
    hits = vigie("search", "--limit", "10000", "--format", "json").json
    # An article carries its canonical address; the page that it was read from has the address that was served.
    with closing(sqlite3.connect(vigie.data / "archive.db")) as connection:
        served = dict(connection.execute("SELECT article, url FROM revisions JOIN pages ON pages.id = revisions.page"))
    return Run(vigie, gold, {served[hit["id"]]: hit for hit in hits}, crawled.json)


def test_outcomes_add_up_to_the_pages_served(real_run: Run) -> None:
    fetched = sum(row["fetched"] for row in real_run.outcomes)
    listings = sum(row["listing"] for row in real_run.outcomes)
    assert fetched - listings == len(real_run.gold)
    for row in real_run.outcomes:
        assert row["fetched"] == sum(count for key, count in row.items() if key not in ("source", "fetched"))
    kept = sum(row["article"] + row["duplicate"] + row["unchanged"] + row["revised"] for row in real_run.outcomes)
    assert kept >= 0.97 * len(real_run.gold)


def normal(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.casefold()).split())


def figures(real_run: Run) -> dict[str, float]:
    """The shares of articles found whose title, day and language are those of the gold; the README tells them."""
    titles: Counter[bool] = Counter()
    days: Counter[bool] = Counter()
    languages: Counter[bool] = Counter()
    for url, hit in real_run.hits.items():
        gold = real_run.gold[url]
        titles[normal(hit["title"]) == normal(gold["gold"]["title"])] += 1
        languages[hit["language"] == gold["lang"][:2].lower()] += 1
        if gold["gold"].get("date"):
            said = datetime.fromisoformat(str(gold["gold"]["date"]))
            found = datetime.fromisoformat(hit["published"])
            days[found.date() in ({said.date(), said.astimezone(found.tzinfo).date()} if said.tzinfo else {said.date()})] += 1
    return {
        "kept": round(len(real_run.hits) / len(real_run.gold), 3),
        "title": round(titles[True] / titles.total(), 3),
        "day": round(days[True] / days.total(), 3),
        "language": round(languages[True] / languages.total(), 3),
    }


@pytest.mark.gate
def test_titles_days_and_languages_are_those_of_the_gold(real_run: Run) -> None:
    found = figures(real_run)
    print(json.dumps({"pages": len(real_run.gold)} | found))
    floors = json.loads((Path(__file__).parents[1] / "benchmarks" / "floors.json").read_text(encoding="utf-8"))["real_pages"]
    assert {name: found[name] for name in floors if found[name] < floors[name]} == {}


def test_trends_count_what_the_search_finds(real_run: Run) -> None:
    told = real_run.vigie("trends", "--by", "language", "--interval", "month", "--format", "json").json
    counted = {series["key"]: series["total"] for series in told["series"]}
    assert counted == dict(Counter(hit["language"] for hit in real_run.hits.values()))
    months = Counter(hit["published"][:7] for hit in real_run.hits.values())
    totals = dict(zip([bucket["label"] for bucket in told["buckets"]], told["totals"]["counts"], strict=True))
    assert {month: count for month, count in totals.items() if count} == dict(months)
    assert 0 in totals.values()


def test_every_article_is_found_by_the_words_of_its_title(real_run: Run) -> None:
    missed = []
    for hit in list(real_run.hits.values())[::9]:
        words = [word for word in normal(hit["title"]).split() if len(word) > 3][:4]
        if words:
            found = real_run.vigie("search", "title:(" + " AND ".join(words) + ")", "--limit", "100", "--format", "json").json
            if hit["id"] not in {one["id"] for one in found}:
                missed.append((hit["title"], words))
    assert not missed
