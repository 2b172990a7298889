"""Real pages through the whole path: crawled over HTTP from several hosts, read, indexed, searched and counted against the gold.

The pages are the fundus fixtures in French, English, German, Spanish and Italian (and the other languages of the same hosts), served from an
address for each language, with a feed for one half of the pages and a sitemap for the other.
"""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.corpora import Run

pytestmark = [pytest.mark.slow, pytest.mark.shared]


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
