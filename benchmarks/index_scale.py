"""Both engines at scale, side by side in one run: articles in, bytes on disk, and the time of searches, trends and rising terms.

    python -m benchmarks.index_scale 100000 [--elastic URL] [--folder DIR] [--json FILE]

Elasticsearch is a node that is started for the run (as in the tests: the minimal distribution, its language analyzers restored), or
the one at --elastic; without Java and Maven the embedded engine is measured alone. Both are given the same articles and asked the
same questions in turns, so that a busy moment strikes both. Beside them stand raw limits on the same documents: tantivy asked without our query tree
and JSON, and Elastic's own streaming_bulk filling an index of the same mapping with documents that are ready.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import tantivy
from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from benchmarks.synthetic import FIRST_DAY, TOPIC_WORDS, WEEKS, Press
from index import tantivy_form
from index.about import what_is_built
from index.analysis import fold
from index.document import IndexedArticle, indexed_article
from index.elastic import ElasticIndex
from index.elastic_form import document, index_body
from index.embedded import EmbeddedIndex
from index.engine import Engine
from index.query import Everything, Query
from index.query_parser import parse
from index.rising import rising
from index.trends import trend
from index.vocabulary import Vocabulary
from tests.elastic.node import Node, folder_of_nodes, why_not
from vigie.archive import StoredArticle

_BATCH = 5_000
_BULK_SAMPLE = 30_000
_HEAP = "2g"

Ask = Callable[[Engine], object]


def main() -> None:
    """Build the indices of so many synthetic articles and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", type=int, help="how many articles")
    parser.add_argument("--elastic", help="an Elasticsearch without security (by default a node is started)")
    parser.add_argument("--folder", type=Path, help="keep the embedded index here (by default it is removed)")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="vigie-index-"))
    with ExitStack() as stack:
        if options.folder is None:
            stack.callback(shutil.rmtree, folder)
        url = options.elastic
        if not url and not (why := why_not()):
            url = stack.enter_context(Node(stack.enter_context(folder_of_nodes()) / "node", heap=_HEAP, optimizing=True)).url
        elif not url:
            print(f"the embedded engine alone: {why}", file=sys.stderr)
        figures = measure(options.number, folder, url)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))
    print(table(figures), file=sys.stderr)


def measure(number: int, folder: Path, url: str | None) -> dict[str, Any]:
    """All figures: build, size, opening from cold, and each kind of question."""
    press = Press()
    embedded = EmbeddedIndex(folder, press.watch)
    engines: dict[str, Engine] = {"embedded": embedded}
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    figures: dict[str, Any] = {"articles": number}
    if url:
        engines["elastic"] = ElasticIndex(f"{url}/{prefix}", press.watch)
        figures["bulk"] = against_plain_bulk(url, min(number, _BULK_SAMPLE))
    figures |= build(press, engines, number)
    sizes = {"embedded": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())}
    if url:
        client = Elasticsearch(url)
        sizes["elastic"] = client.indices.stats(index=f"{prefix}-read", metric="store")["_all"]["total"]["store"]["size_in_bytes"]
        client.close()
    return figures | {
        "bytes_per_article": {name: round(size / number) for name, size in sizes.items()},
        "cold_start_ms": round(cold_start(folder), 1),
        "questions": questions(press, engines, embedded),
    }


def build(press: Press, engines: dict[str, Engine], number: int) -> dict[str, Any]:
    """Put the same articles into all engines; how many a second, for each part of the work."""
    seconds = dict.fromkeys(("analysis", *engines), 0.0)
    articles = press.articles(number)
    done = 0
    with ExitStack() as stack:
        for engine in engines.values():
            stack.enter_context(engine.writing())
        for batch in _batches(articles):
            at = time.perf_counter()
            documents: list[IndexedArticle] = [indexed_article(one, press.watch) for one in batch]
            seconds["analysis"] += time.perf_counter() - at
            for name, engine in engines.items():
                seconds[name] += _timed(lambda engine=engine, documents=documents: engine.apply(documents, []))  # type: ignore[misc]
            done += len(batch)
            print(f"\r{done} of {number} articles", end="", file=sys.stderr)
    print(file=sys.stderr)
    return {
        "analysed_per_second": round(number / seconds["analysis"]),
        "engine_per_second": {name: round(number / seconds[name]) for name in engines},
        "articles_per_second": {name: round(number / (seconds["analysis"] + seconds[name])) for name in engines},
    }


def against_plain_bulk(url: str, number: int) -> dict[str, float]:
    """Our engine, from indexed articles to an answer for each, and streaming_bulk with documents that are ready; in turns."""
    press = Press()
    plain, prefix = f"plain-{uuid.uuid4().hex[:8]}", f"ours-{uuid.uuid4().hex[:8]}"
    client, ours = Elasticsearch(url, request_timeout=120), ElasticIndex(f"{url}/{prefix}", press.watch)
    client.indices.create(index=plain, **index_body(what_is_built("Europe/Paris"), plain, shards=1, replicas="0-1"))
    seconds = {"ours": 0.0, "plain": 0.0}
    with ours.writing():
        for number_of_batch, batch in enumerate(_batches(press.articles(number + _BATCH))):
            documents = [indexed_article(one, press.watch) for one in batch]
            ready = [{"_index": plain, "_id": one.id, "_source": document(one, None)} for one in documents]
            runs: list[tuple[str, Callable[[], object]]] = [
                ("plain", lambda ready=ready: sum(ok for ok, _ in streaming_bulk(client, ready, chunk_size=1_000))),  # type: ignore[misc]
                ("ours", lambda documents=documents: ours.apply(documents, [])),  # type: ignore[misc]
            ]
            for name, run in runs if number_of_batch % 2 else reversed(runs):
                taken = _timed(run)
                seconds[name] += taken if number_of_batch else 0.0  # the first warms the node up
    client.indices.delete(index=[plain, ours.name.removeprefix("elastic:")])
    client.close()
    return {name: round(number / taken) for name, taken in seconds.items()} | {
        "ratio": round(seconds["plain"] / seconds["ours"], 3)
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


def questions(press: Press, engines: dict[str, Engine], embedded: EmbeddedIndex) -> dict[str, dict[str, Any]]:
    """Milliseconds of each kind of question on each engine, p50 and p95, and of the raw limit where there is one."""
    random = Random(1)
    names = Vocabulary.of(press.watch)
    words = [word for topic in TOPIC_WORDS.values() for word in topic]
    common = [press.word(language, rank) for language in ("fr", "en") for rank in range(60, 1060, 100)]
    phrases = [pair for pair in press.phrases() for _ in range(2)]
    first, last = FIRST_DAY.date(), FIRST_DAY.date() + timedelta(days=WEEKS * 7 - 1)
    raw = _Raw(embedded)

    def ask(text: str) -> Query:
        return parse(text, names)

    def narrowed() -> Query:
        day = first + timedelta(days=random.randrange(600))
        either = " OR ".join(random.sample(words, 3))
        window = f"published:[{day} TO {day + timedelta(days=60)}]"
        return ask(f'("{random.choice(phrases)}" OR {either}) -{random.choice(words)} language:fr {window}')

    def broad() -> Query:
        return ask(" OR ".join(random.sample(words, 3)))

    def searched(query: Query, *, by_date: bool = False) -> Ask:
        return lambda engine: engine.search(query, sort="date" if by_date else "relevance")

    def counted(query: Query) -> Ask:
        return lambda engine: engine.count(query)

    def trended(query: Query, **options: Any) -> Ask:
        # Each from another day on: Elasticsearch remembers the answer to a request that it has just been asked.
        day = first + timedelta(days=random.randrange(14))
        return lambda engine: trend(engine, press.watch, query, first=day, last=last, **options)

    def relabelled() -> Ask:
        one = next(Press(random.randrange(10**6)).articles(1))
        return lambda engine: _relabel(engine, indexed_article(one, press.watch))

    kinds: dict[str, tuple[Callable[[], Ask], Callable[[], object] | None, int]] = {
        "very frequent word": (lambda: searched(ask("deepseek")), lambda: raw.term("deepseek"), 30),
        "common word": (lambda: searched(ask(random.choice(common))), lambda: raw.term(random.choice(common)), 30),
        "phrase": (lambda: searched(ask(f'"{random.choice(phrases)}"')), None, 30),
        "boolean, phrase, language, range": (lambda: searched(narrowed()), None, 30),
        "newest first": (lambda: searched(ask(random.choice(words)), by_date=True), None, 30),
        "prefix": (lambda: searched(ask(f"{random.choice(words)[:4]}*")), None, 30),
        "count of a stance on a topic": (lambda: counted(ask("stance:critical@data")), None, 30),
        "weekly by topic": (lambda: trended(broad(), by="topic"), lambda: raw.weekly("topic"), 30),
        "weekly by stance": (lambda: trended(broad(), by="stance"), None, 30),
        "weekly by source": (lambda: trended(broad(), by="source"), None, 30),
        "weekly by topic and stance, everything": (
            lambda: trended(Everything(), by="topic-stance"),
            lambda: raw.weekly("facts"),
            20,
        ),
        "weekly attention by topic": (lambda: trended(broad(), by="topic", share=True), None, 20),
        "weekly stories by topic": (lambda: trended(broad(), by="topic", unit="stories"), None, 10),
        "weekly top entities": (lambda: trended(broad(), by="entity"), None, 10),
        "daily by topic": (lambda: trended(broad(), by="topic", interval="day"), None, 20),
        "rising": (lambda: _rising(first + timedelta(weeks=random.randrange(12, WEEKS))), None, 5),
        "one article changed and visible": (relabelled, None, 10),
    }
    figures = {}
    for name, (make, limit, times) in kinds.items():
        figures[name] = _figures([make() for _ in range(times)], engines, limit)
        print(f"{name}: {figures[name]}", file=sys.stderr)
    return figures


def _rising(week: Any) -> Ask:
    return lambda engine: rising(engine, Everything(), week)


def _relabel(engine: Engine, article: IndexedArticle) -> None:
    with engine.writing():
        engine.apply([article], [])
    engine.reload()
    assert engine.count(parse(f"id:{article.id}", Vocabulary((), (), (), (), ())))


class _Raw:
    """tantivy as it is, on the same files."""

    def __init__(self, index: EmbeddedIndex) -> None:
        self._schema = tantivy_form.schema()
        self._searcher = index._searcher

    def term(self, word: str) -> object:
        return self._searcher.search(tantivy.Query.term_query(self._schema, "text", fold(word)), 10)

    def weekly(self, column: str) -> object:
        inner = {"value": {"terms": {"field": column, "size": 1000}}}
        request = {"week": {"terms": {"field": "week", "size": 1000}, "aggs": inner}}
        return self._searcher.aggregate(tantivy.Query.all_query(), request)


def _figures(asks: Sequence[Ask], engines: dict[str, Engine], limit: Callable[[], object] | None) -> dict[str, Any]:
    for engine in engines.values():
        asks[0](engine)  # pages from the disk
    taken: dict[str, list[float]] = {name: [] for name in engines}
    limits: list[float] = []
    for ask in asks:
        for name, engine in engines.items():
            taken[name].append(_timed(lambda ask=ask, engine=engine: ask(engine)))  # type: ignore[misc]
        if limit:
            limits.append(_timed(limit))
    figures: dict[str, Any] = {
        name: {"p50_ms": round(_median(of) * 1000, 2), "p95_ms": round(sorted(of)[int(len(of) * 0.95)] * 1000, 2)}
        for name, of in taken.items()
    }
    if "elastic" in figures:
        figures["ratio"] = round(_median(taken["elastic"]) / _median(taken["embedded"]), 2)
    if limits:
        figures["raw_p50_ms"] = round(_median(limits) * 1000, 2)
    return figures


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    engines = list(figures["engine_per_second"])
    lines = [
        f"{figures['articles']:,} articles; analysis {figures['analysed_per_second']:,} a second; {figures['cold_start_ms']:.0f} ms from cold",
        *(
            f"{name}: {figures['articles_per_second'][name]:,} articles a second in (engine alone "
            f"{figures['engine_per_second'][name]:,}), {figures['bytes_per_article'][name]:,} bytes each"
            for name in engines
        ),
    ]
    if "bulk" in figures:
        bulk = figures["bulk"]
        lines.append(f"into Elasticsearch: ours {bulk['ours']:,}, streaming_bulk {bulk['plain']:,} a second: {bulk['ratio']}")
    lines.append(f"{'milliseconds, p50 / p95':42}" + "".join(f"{name:>22}" for name in engines) + f"{'ratio':>8}{'raw':>9}")
    for name, row in figures["questions"].items():
        cells = "".join(f"{row[engine]['p50_ms']:>11.2f} /{row[engine]['p95_ms']:>9.2f}" for engine in engines)
        lines.append(f"{name:42}{cells}{row.get('ratio', ''):>8}{row.get('raw_p50_ms', ''):>9}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
