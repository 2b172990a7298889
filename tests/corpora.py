"""Two corpora that went through the whole path once, for all tests that ask them: the sample newsroom, and real pages."""

import gzip
import html
import json
import os
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

import pytest
from filelock import FileLock

from benchmarks.quality_labels import article_of
from newsroom.press import load_press
from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from tests.conftest import Vigie
from tests.site import Answer, Site
from vigie.archive import Archive

T = TypeVar("T")
LANGUAGES = ("fr", "en", "de", "es", "it")


def once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], T]) -> T:
    """What is made in a folder once for all the processes that run tests: reading is the slowest thing they do.

    The first that asks makes it, the others wait; whoever asks gets a copy of what was told of it (it must pickle), and the same
    folder, which nobody may change.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    told = base / f"{name}.pickle"
    with FileLock(base / f"{name}.lock"):
        if not told.exists():
            (base / name).mkdir()
            told.write_bytes(pickle.dumps(make(base / name)))
    return cast("T", pickle.loads(told.read_bytes()))


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Vigie:
    """The newsroom's articles, read and indexed."""
    return once("filled", tmp_path_factory, fill)


def fill(folder: Path) -> Vigie:
    vigie = Vigie(folder)
    with Newsroom(port=0) as newsroom:
        vigie.watch.write_text(watch_text(newsroom), encoding="utf-8")
    archive = Archive.open(vigie.data)
    with archive.begin() as tx:
        for piece in load_press():
            tx.articles.store(article_of(piece), page_id=None, at=1.0)
    archive.close()
    assert vigie("read").code == 0
    assert vigie("index").code == 0
    return vigie


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


@pytest.fixture(scope="session")
def real_run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The real pages, served, crawled, read and indexed."""
    return once("real", tmp_path_factory, lambda folder: run_of(shared, folder))


def run_of(shared: Path, folder: Path) -> Run:
    vigie = Vigie(folder)
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
