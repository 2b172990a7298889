"""A weekly digest over 100,000 articles in all its formats: seconds and memory, beside the one query that it could not do without.

    python -m benchmarks.digests [--number 100000] [--folder DIR] [--json FILE]

The articles of benchmarks.synthetic, in a real archive and an embedded index, twice: all in two weeks, so that the week that is told
has fifty thousand, and spread over two years, as a watch of long standing has them. Each digest is built in a child
process of its own, whose peak memory is told; it is limited to two cores. The raw limit is tantivy's own count of the same articles by
week and stance, asked in the same process.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import tantivy
import tomlkit
from msgspec import to_builtins

from benchmarks.memory import mebibytes
from benchmarks.synthetic import FIRST_DAY, WEEKS, Press
from index.document import indexed_article
from index.embedded import EmbeddedIndex
from vigie.archive import Archive, StoredArticle
from vigie.article import Published, Quote
from vigie.watch import load_watch

_BATCH = 2_000
_WORDS = 60  # of an article: a digest reads labels, not texts
_BUSY_WEEKS = 2
LANGUAGES = ("en", "fr")


def main() -> None:
    """Make the two archives, then tell the last whole week of each in both languages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep archives and indices here, and use those that are there")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--tell", nargs=3, metavar=("DIR", "MONDAY", "LANGUAGE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tell:
        folder, monday, language = options.tell
        print(json.dumps(tell(Path(folder), date.fromisoformat(monday), language)))
        return
    figures: dict[str, Any] = {"articles": options.number}
    with tempfile.TemporaryDirectory(prefix="vigie-digests-") as temporary:
        for name, weeks in (("two weeks", _BUSY_WEEKS), ("two years", WEEKS)):
            folder = (options.folder or Path(temporary)) / name.replace(" ", "-")
            if not (folder / "ready").exists():
                make(folder, options.number, weeks)
            monday = (FIRST_DAY + timedelta(weeks=weeks - 1)).date()
            for language in LANGUAGES:
                figures[f"{name}, {language}"] = in_a_child(folder, monday, language)
                print(f"{name}, {language}: {figures[f'{name}, {language}']}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))


def in_a_child(folder: Path, monday: date, language: str) -> dict[str, Any]:
    """The figures of one digest, told by a process that does nothing else."""
    code = [sys.executable, "-m", "benchmarks.digests", "--tell", str(folder), monday.isoformat(), language]
    told: dict[str, Any] = json.loads(subprocess.run(code, check=True, stdout=subprocess.PIPE).stdout)
    return told


def make(folder: Path, number: int, weeks: int) -> None:
    """An archive with so many articles of so many weeks, labelled and with quotes, and its index."""
    press = Press()
    folder.mkdir(parents=True, exist_ok=True)
    watch_file = folder / "watch.toml"
    watch_file.write_text(tomlkit.dumps(to_builtins(press.watch)), encoding="utf-8")
    watch = load_watch(watch_file)
    archive, index = Archive.open(folder), EmbeddedIndex(folder / "index", watch)
    done, articles = 0, _in_weeks(press.articles(number, words=_WORDS), weeks)
    with index.writing():
        while batch := list(islice(articles, _BATCH)):
            with archive.begin() as tx:
                worker = tx.workers.enter("read", at=time.time())
                for one in batch:
                    tx.articles.store(one.article, page_id=None, at=one.first_seen)
                tx.to_read.claim(worker, at=time.time() + 1e9, limit=len(batch))
                for one in batch:
                    assert one.labels is not None
                    tx.labels.store(one.labels, worker=worker, embedding=None, sketch=None, at=one.first_seen)
                    tx.stories.set(one.article.id, one.story or one.article.id, reprint_of=None)
                tx.workers.leave(worker)
            index.apply([indexed_article(one, watch) for one in batch], [])
            done += len(batch)
            print(f"\r{done} of {number} articles", end="", file=sys.stderr)
    with archive.begin() as tx:
        tx.changes.reached(index.name, tx.changes.last())
    archive.close()
    (folder / "ready").touch()
    print(file=sys.stderr)


def _in_weeks(articles: Iterator[StoredArticle], weeks: int) -> Iterator[StoredArticle]:
    """The articles, moved together into so many weeks, each with two quotes."""
    for number, one in enumerate(articles):
        assert one.article.published is not None
        assert one.labels is not None
        since = (one.article.published.instant - FIRST_DAY) * weeks / WEEKS
        instant = datetime.fromtimestamp(int((FIRST_DAY + since).timestamp()), UTC)
        text = one.article.text
        quotes = tuple(
            Quote(f"Speaker {number * (1 + at) % 997}", text[40 * at : 40 * at + 60], 40 * at, 40 * at + 60) for at in (0, 1)
        )
        yield replace(
            one,
            article=replace(one.article, published=Published(instant, 0, "second", "synthetic")),
            first_seen=instant.timestamp(),
            labels=replace(one.labels, quotes=quotes),
        )


def tell(folder: Path, monday: date, language: str) -> dict[str, Any]:
    """Seconds to build a digest and to render each format, and the peak memory of the process in MB."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    began = time.perf_counter()
    from digest.build import build_digest
    from digest.formats import FORMATS, Beside, files
    from digest.record import Record
    from index.query_parser import parse
    from index.vocabulary import Vocabulary
    from vigie.routine import Edition

    imported = time.perf_counter()
    watch = load_watch(folder / "watch.toml")
    index, archive = EmbeddedIndex(folder / "index", watch), Archive.open(folder)
    with archive.read() as tx:
        edition = Edition(id="weekly", language=language)  # type: ignore[arg-type]
        digest = build_digest(index, watch, edition, monday, record=Record(tx, index.name))
    built = time.perf_counter()
    query = parse(digest.articles.query, Vocabulary.of(watch))
    beside = Beside(watch, lambda: index.export(query))
    formats: dict[str, dict[str, float]] = {}
    for name in FORMATS:
        at, made = time.perf_counter(), io.BytesIO()
        for file in files(digest, name, beside):
            file.write(made)
        formats[name] = {"s": round(time.perf_counter() - at, 2), "kB": round(made.tell() / 1000)}
    ended = time.perf_counter()
    raw = _raw_seconds(index)
    return {
        "of the week": int(digest.articles.value),
        "import s": round(imported - began, 2),
        "build s": round(built - imported, 2),
        "formats": formats,
        "all s": round(ended - began, 2),
        "cpu s": round(time.process_time(), 2),
        "peak MB": round(mebibytes("VmHWM")),
        "raw week by stance s": round(raw, 4),
    }


def _raw_seconds(index: EmbeddedIndex) -> float:
    """tantivy's own count of all articles by week and stance: the median of five."""
    inner = {"value": {"terms": {"field": "facts", "size": 1000}}}
    request = {"week": {"terms": {"field": "week", "size": 1000}, "aggs": inner}}
    taken = []
    for _ in range(5):
        at = time.perf_counter()
        index._searcher.aggregate(tantivy.Query.all_query(), request)
        taken.append(time.perf_counter() - at)
    return sorted(taken)[2]


if __name__ == "__main__":
    main()
