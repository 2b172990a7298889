"""How the embedded index behaves at scale: articles in, bytes on disk, and the time of searches, trends and rising terms.

    python -m benchmarks.index_scale 100000 [--folder DIR] [--json FILE]

Beside our figures stands a raw limit measured in the same run on the same documents: tantivy asked without our query tree, scoring and
JSON (one term), or without our trend model (one aggregation). The ratio to it is what can be compared between machines.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import tantivy

from benchmarks.synthetic import FIRST_DAY, TOPIC_WORDS, WEEKS, Press
from index import tantivy_form
from index.analysis import fold
from index.document import IndexedArticle, indexed_article
from index.embedded import EmbeddedIndex
from index.query import Everything, Query
from index.query_parser import parse
from index.rising import rising
from index.trends import trend
from index.vocabulary import Vocabulary
from vigie.archive import StoredArticle

_BATCH = 5_000


def main() -> None:
    """Build an index of so many synthetic articles and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", type=int, help="how many articles")
    parser.add_argument("--folder", type=Path, help="keep the index here (by default it is removed)")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="vigie-index-"))
    try:
        figures = measure(options.number, folder)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))
    print(table(figures), file=sys.stderr)


def measure(number: int, folder: Path) -> dict[str, Any]:
    """All figures: build, size, opening from cold, and each kind of question."""
    press = Press()
    index = EmbeddedIndex(folder, press.watch)
    built = build(press, index, number)
    index.reload()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "articles": number,
        **built,
        "bytes_per_article": round(size / number),
        "segments": len({file.stem for file in folder.rglob("*.store")}),
        "cold_start_ms": round(cold_start(folder), 1),
        "questions": questions(press, index),
    }


def build(press: Press, index: EmbeddedIndex, number: int) -> dict[str, float]:
    """Put the articles in; how many a second, for each part of the work."""
    seconds = {"analysis": 0.0, "engine": 0.0}
    began = time.perf_counter()
    articles = press.articles(number)
    with index.writing():
        done = 0
        for batch in _batches(articles):
            at = time.perf_counter()
            documents: list[IndexedArticle] = [indexed_article(one, press.watch) for one in batch]
            between = time.perf_counter()
            index.apply(documents, [])
            seconds["analysis"] += between - at
            seconds["engine"] += time.perf_counter() - between
            done += len(batch)
            print(f"\r{done} of {number} articles", end="", file=sys.stderr)
        at = time.perf_counter()
    seconds["engine"] += time.perf_counter() - at  # the last merges
    print(f" in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return {
        "articles_per_second": round(number / (seconds["analysis"] + seconds["engine"])),
        "analysed_per_second": round(number / seconds["analysis"]),
        "engine_per_second": round(number / seconds["engine"]),
    }


def _batches(articles: Iterator[StoredArticle]) -> Iterator[list[StoredArticle]]:
    while batch := list(islice(articles, _BATCH)):
        yield batch


def cold_start(folder: Path) -> float:
    """Milliseconds from starting Python to the answer of a search (median of five), the reading of a watch file left out."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom types import SimpleNamespace as Any\n"
        "from index.embedded import EmbeddedIndex\nfrom index.query_parser import parse\nfrom index.vocabulary import Vocabulary\n"
        "watch = Any(timezone='Europe/Paris', languages=('fr', 'en', 'de', 'es', 'it'))\n"
        "index = EmbeddedIndex(Path(sys.argv[1]), watch)\n"
        "assert index.search(parse('nvidia language:fr', Vocabulary((), (), (), ('fr',), ()))).total\n"
    )
    return (
        _median([_timed(lambda: subprocess.run([sys.executable, "-c", code, str(folder)], check=True)) for _ in range(5)]) * 1000
    )


def questions(press: Press, index: EmbeddedIndex) -> dict[str, dict[str, float]]:
    """Milliseconds of each kind of question: p50, p95, and the ratio of p50 to the raw limit where there is one."""
    random = Random(1)
    names = Vocabulary.of(press.watch)
    words = [word for topic in TOPIC_WORDS.values() for word in topic]
    common = [press.word(language, rank) for language in ("fr", "en") for rank in range(60, 1060, 100)]
    phrases = [pair for pair in press.phrases() for _ in range(2)]
    first, last = FIRST_DAY.date(), FIRST_DAY.date() + timedelta(days=WEEKS * 7 - 1)

    def ask(text: str) -> Query:
        return parse(text, names)

    def narrowed() -> str:
        day = first + timedelta(days=random.randrange(600))
        either = " OR ".join(random.sample(words, 3))
        return f'("{random.choice(phrases)}" OR {either}) -{random.choice(words)} language:fr published:[{day} TO {day + timedelta(days=60)}]'

    def broad() -> Query:
        return ask(" OR ".join(random.sample(words, 3)))

    raw = _Raw(press, index)
    kinds: dict[str, tuple[Callable[[], object], Callable[[], object] | None]] = {
        "term": (lambda: index.search(ask(random.choice(words))), lambda: raw.term(random.choice(words))),
        "common term": (lambda: index.search(ask(random.choice(common))), lambda: raw.term(random.choice(common))),
        "phrase": (lambda: index.search(ask(f'"{random.choice(phrases)}"')), None),
        "boolean, phrase, language, range": (lambda: index.search(ask(narrowed())), None),
        "newest first": (lambda: index.search(ask(random.choice(words)), sort="date"), None),
        "prefix": (lambda: index.search(ask(f"{random.choice(words)[:4]}*")), None),
        "weekly by topic": (
            lambda: trend(index, press.watch, broad(), by="topic", first=first, last=last),
            lambda: raw.weekly("topic"),
        ),
        "weekly by stance": (
            lambda: trend(index, press.watch, broad(), by="stance", first=first, last=last),
            lambda: raw.weekly("facts"),
        ),
        "weekly by topic and stance": (
            lambda: trend(index, press.watch, Everything(), by="topic-stance", first=first, last=last),
            lambda: raw.weekly("facts"),
        ),
        "weekly attention by topic": (
            lambda: trend(index, press.watch, broad(), by="topic", share=True, first=first, last=last),
            None,
        ),
        "weekly stories by topic": (
            lambda: trend(index, press.watch, broad(), by="topic", unit="stories", first=first, last=last),
            None,
        ),
        "weekly top entities": (lambda: trend(index, press.watch, broad(), by="entity", first=first, last=last), None),
        "rising": (lambda: rising(index, Everything(), first + timedelta(weeks=random.randrange(12, WEEKS))), None),
    }
    return {
        name: _figures(ours, limit, 5 if "rising" in name or "stories" in name else 30) for name, (ours, limit) in kinds.items()
    }


class _Raw:
    """tantivy as it is, on the same files."""

    def __init__(self, press: Press, index: EmbeddedIndex) -> None:
        self._schema = tantivy_form.schema()
        self._searcher = index._searcher
        self._press = press

    def term(self, word: str) -> object:
        return self._searcher.search(tantivy.Query.term_query(self._schema, "text", fold(word)), 10)

    def weekly(self, column: str) -> object:
        inner = {"value": {"terms": {"field": column, "size": 1000}}}
        request = {"week": {"terms": {"field": "week", "size": 1000}, "aggs": inner}}
        return self._searcher.aggregate(tantivy.Query.all_query(), request)


def _figures(ours: Callable[[], object], limit: Callable[[], object] | None, times: int) -> dict[str, float]:
    ours()  # pages from the disk
    taken: list[float] = []
    limits: list[float] = []
    for _ in range(times):  # in turns, so that a busy moment strikes both
        taken.append(_timed(ours))
        if limit:
            limits.append(_timed(limit))
    figures = {"p50_ms": round(_median(taken) * 1000, 2), "p95_ms": round(sorted(taken)[int(len(taken) * 0.95)] * 1000, 2)}
    if limits:
        figures |= {"raw_p50_ms": round(_median(limits) * 1000, 2), "ratio": round(_median(taken) / _median(limits), 2)}
    return figures


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"{figures['articles']:,} articles: {figures['articles_per_second']:,} a second in "
        f"(analysis {figures['analysed_per_second']:,}, engine {figures['engine_per_second']:,}), "
        f"{figures['bytes_per_article']:,} bytes each, {figures['segments']} segments, {figures['cold_start_ms']:.0f} ms from cold",
        f"{'milliseconds':36} {'p50':>9} {'p95':>9} {'raw p50':>9} {'ratio':>7}",
    ]
    for name, row in figures["questions"].items():
        raw = f"{row['raw_p50_ms']:9.2f} {row['ratio']:7.2f}" if "ratio" in row else ""
        lines.append(f"{name:36} {row['p50_ms']:9.2f} {row['p95_ms']:9.2f} {raw}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
