"""Pages and articles a second of 1, 2 and 4 crawlers and readers on one PostgreSQL archive.

    python -m benchmarks.machines [--pages 400] [--articles 240] [--json FILE]

Each worker is a process with a data folder of its own, as a machine would be; all share the processors of this one, so that the
figures show what the sharing costs, not what machines would add. The same work by one process on SQLite stands beside them. Needs Debian's
PostgreSQL.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks.models import articles
from benchmarks.serving import real_pages, serving
from tests.postgres import database, own_server
from vigie.archive import Archive

HOSTS = 16
_HEAD = """
name = "bench"
languages = ["en", "fr", "de", "es", "it"]
[[subjects]]
id = "x"
name = "DeepSeek"
[crawl]
delay = 0
concurrency = 16
concurrency_per_host = 4
max_age_days = 36500
allow_hosts = ["127.0.0.0/8"]
"""
_SOURCE = """
[[sources]]
id = "press-{number}"
name = "press {number}"
home = "{base}/"
sitemaps = ["{base}/sitemap.xml"]
language = "en"
country = "US"
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--articles", type=int, default=240)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with own_server() as server:
        result = {"crawl": crawling(options.pages, server.url), "read": reading(options.articles, server.url)}
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def crawling(pages: int, server: str) -> dict[str, Any]:
    """Real pages from sixteen hosts; the wall time of all crawlers, start-up included."""
    bodies = real_pages()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        watch = Path(scratch) / "watch.toml"
        text = _HEAD
        for number in range(HOSTS):
            own = range(number, pages, HOSTS)
            served = {f"/news/{n}/story-number-{n}.html": ("text/html", bodies[n % len(bodies)]) for n in own}
            urls = "".join(f"<url><loc>{path}</loc></url>" for path in served)
            sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()
            base = stack.enter_context(serving(served | {"/sitemap.xml": ("application/xml", sitemap)}, f"127.0.1.{number + 1}"))
            text += _SOURCE.format(number=number, base=base)
        watch.write_text(text, encoding="utf-8")
        return _compared(["crawl", "--once"], watch, pages, server, prepare=lambda _: None)


def reading(count: int, server: str) -> dict[str, Any]:
    """Articles of the newsroom; the wall time of all readers, the loading of their models included."""

    def prepare(archive: Archive) -> None:
        with archive.begin() as tx:
            for article in articles(count):
                tx.articles.store(article, page_id=None, at=1.0)

    watch = Path(__file__).parents[1] / "watches" / "deepseek.toml"
    return _compared(["read"], watch, count, server, prepare=prepare)


def _compared(words: Sequence[str], watch: Path, work: int, server: str, *, prepare: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        with closing(Archive.open(Path(folder))) as archive:
            prepare(archive)
        alone = _seconds(words, watch, [Path(folder)], "")
    figures: dict[str, Any] = {"work": work, "sqlite, 1": round(work / alone, 1)}
    for workers in (1, 2, 4):
        with database(server) as url, tempfile.TemporaryDirectory() as folder:
            with closing(Archive.open(Path(folder), url)) as archive:
                prepare(archive)
            taken = _seconds(words, watch, [Path(folder) / str(number) for number in range(workers)], url)
        figures[f"postgresql, {workers}"] = round(work / taken, 1)
    return figures


def _seconds(words: Sequence[str], watch: Path, folders: Sequence[Path], url: str) -> float:
    command = [sys.executable, "-m", "vigie", *words, "--watch", str(watch)]
    started = time.perf_counter()
    children = []
    for folder in folders:
        folder.mkdir(exist_ok=True)
        environment = os.environ | {"VIGIE_ARCHIVE": url, "VIGIE_DATA": str(folder)}
        children.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
    for child in children:
        _, said = child.communicate()
        if child.returncode not in (0, 4):
            raise SystemExit(f"{words}: {said[-2000:]}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
