"""The same articles, queries and trends on both engines: the same articles and the same numbers.

Three corpora: the sample newsroom and real pages, as they were read, and a hundred thousand synthetic articles. Over three hundred
queries and a hundred trends are made of each corpus by a seed, and hypothesis makes more. The first has one shard, the others have several.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, product
from operator import methodcaller
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from benchmarks.synthetic import Press
from index import calendar
from index.analysis import tokens
from index.calendar import Interval
from index.document import IndexedArticle, indexed_article
from index.elastic import ElasticIndex
from index.embedded import EmbeddedIndex
from index.engine import Engine
from index.query import (
    DateRange,
    Everything,
    FactFilter,
    FieldValue,
    KeywordField,
    Not,
    Phrase,
    Prefix,
    Query,
    Scope,
    Word,
    all_of,
    any_of,
)
from index.rising import rising
from index.trends import By, Unit, trend
from tests.conftest import Vigie
from tests.corpora import Run
from vigie.archive import Archive
from vigie.watch import Watch, load_watch

pytestmark = pytest.mark.slow

QUERIES, TRENDS, SYNTHETIC = 320, 120, 100_000


@dataclass(frozen=True)
class Both:
    """A corpus in both engines, and what queries about it are made of."""

    watch: Watch
    embedded: Engine
    elastic: Engine
    sample: tuple[IndexedArticle, ...]
    first: date
    last: date


def both(folder: Path, url: str, watch: Watch, articles: Iterator[IndexedArticle], *, shards: int = 1) -> Both:
    embedded = EmbeddedIndex(folder, watch)
    elastic = ElasticIndex(f"{url}/t{uuid.uuid4().hex[:12]}?shards={shards}", watch)
    random, sample, seen = Random(1), [], 0
    with embedded.writing(), elastic.writing():
        while batch := list(islice(articles, 5_000)):
            assert embedded.apply(batch, []) == elastic.apply(batch, []) == {}
            sample += random.sample(batch, min(len(batch), 60))
            seen += len(batch)
    assert embedded.size == elastic.size == seen
    days = embedded.days(Everything())
    assert days
    return Both(watch, embedded, elastic, tuple(sample), calendar.day_of(days[0]), calendar.day_of(days[1]))


def of_archive(folder: Path, url: str, vigie: Vigie, *, shards: int = 1) -> Both:
    watch = load_watch(vigie.watch)
    archive: Archive = vigie.archive
    with archive.read() as tx:
        return both(folder, url, watch, (indexed_article(one, watch) for one in tx.articles.all() if one.labels), shards=shards)


@pytest.fixture(scope="module")
def newsroom(elastic_url: str, filled: Vigie, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return of_archive(tmp_path_factory.mktemp("newsroom"), elastic_url, filled)


@pytest.fixture(scope="module")
def real(elastic_url: str, real_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return of_archive(tmp_path_factory.mktemp("real"), elastic_url, real_run.vigie, shards=3)


@pytest.fixture(scope="module")
def synthetic(elastic_url: str, tmp_path_factory: pytest.TempPathFactory) -> Both:
    press = Press()
    articles = (indexed_article(one, press.watch) for one in press.articles(SYNTHETIC, words=80))
    return both(tmp_path_factory.mktemp("synthetic"), elastic_url, press.watch, articles, shards=2)


CORPORA = ["newsroom", pytest.param("real", marks=pytest.mark.shared), "synthetic"]


@pytest.fixture(scope="module", params=CORPORA)
def corpus(request: pytest.FixtureRequest) -> Both:
    """Each corpus in turn."""
    made: Both = request.getfixturevalue(request.param)
    return made


class Asker:
    """Makes queries that the corpus has something to say to."""

    def __init__(self, corpus: Both, seed: int) -> None:
        self._corpus = corpus
        self.random = Random(seed)

    def query(self, depth: int = 2) -> Query:
        kind = self.random.randrange(10 if depth else 7)
        match kind:
            case 0 | 1:
                return Word(self._token(), self._scope())
            case 2:
                return self._phrase()
            case 3:
                token = self._token()
                return Prefix(token[: self.random.randint(2, 5)], self._scope()) if len(token) > 2 else Word(token)
            case 4 | 5:
                return self._exact()
            case 6:
                return self.days()
            case 7:
                return all_of(self.query(depth - 1) for _ in range(self.random.randint(2, 3)))
            case 8:
                return any_of(self.query(depth - 1) for _ in range(self.random.randint(2, 3)))
            case _:
                return Not(self.query(depth - 1))

    def _article(self) -> IndexedArticle:
        return self.random.choice(self._corpus.sample)

    def _words(self) -> list[str]:
        return tokens(self._article().body) or ["deepseek"]

    def _token(self) -> str:
        return self.random.choice(self._words())

    def _scope(self) -> Scope:
        return self.random.choice(("text", "text", "title"))

    def _phrase(self) -> Query:
        words = self._words()
        start, length = self.random.randrange(len(words)), self.random.randint(2, 4)
        chosen = tuple(words[start : start + length])
        return Phrase(chosen) if len(chosen) > 1 else Word(chosen[0])

    def _exact(self) -> Query:
        article = self._article()
        names: list[KeywordField] = [
            "source",
            "language",
            "country",
            "topic",
            "subject",
            "entity",
            "author",
            "speaker",
            "story",
            "id",
            "term",
        ]
        name = self.random.choice(names)
        held = getattr(article, name)
        values = [held] if isinstance(held, str) else list(held)
        if self.random.random() < 0.3 and article.facts:
            subject, topic, stance = self.random.choice(article.facts).split("|")
            return FactFilter(stance, self.random.choice((topic, None)), self.random.choice((subject, None)))
        return FieldValue(name, self.random.choice(values)) if values and values[0] else Everything()

    def days(self) -> DateRange:
        span = (self._corpus.last - self._corpus.first).days + 1
        first = self._corpus.first + timedelta(days=self.random.randrange(span))
        last = first + timedelta(days=self.random.randrange(60))
        return DateRange(self.random.choice((first, first, None)), self.random.choice((last, last, None)))


def agree(corpus: Both, ask: Callable[..., object], *arguments: object, **named: object) -> None:
    """Both engines answer alike; ask takes the engine first."""
    assert ask(corpus.embedded, *arguments, **named) == ask(corpus.elastic, *arguments, **named), arguments


def turns(engine: Engine, query: Query) -> set[object]:
    """Which articles a query finds: turns are as good as ids, and engines give them by the thousand."""
    return set(engine.cells(query, ("turn",)))


def test_queries_find_the_same_articles(corpus: Both) -> None:
    asker = Asker(corpus, seed=20250127)
    found_something = 0
    for number in range(QUERIES):
        query = asker.query()
        agree(corpus, methodcaller("search", query, limit=20, sort="date"))
        total = corpus.embedded.count(query)
        # Of what is found nearly everywhere, the same articles are missing.
        agree(corpus, turns, query if total < 50_000 else Not(query))
        found_something += total > 0
        if total <= 200:
            ranked = [{hit["id"] for hit in engine.search(query, limit=200).hits} for engine in (corpus.embedded, corpus.elastic)]
            assert ranked[0] == ranked[1], query
        if number % 80 == 0:
            agree(corpus, lambda engine, asked: [hit["id"] for hit in engine.export(asked)], all_of((query, asker.days())))
    assert found_something > QUERIES / 2


def test_trends_count_the_same(corpus: Both) -> None:
    asker = Asker(corpus, seed=5)
    kinds = [*get_args(By), "topic", "stance"]
    asked = 0
    for by, interval, unit in product(kinds, get_args(Interval), get_args(Unit)):
        for query in (Everything(), asker.query(depth=1)):
            agree(corpus, trend, corpus.watch, query, by=by, interval=interval, unit=unit, share=asked % 2 == 0, top=7)
            asked += 1
    assert asked >= TRENDS


def test_what_rises_is_the_same(corpus: Both) -> None:
    for weeks in (1, 2, 3, 5, 8, 13):
        agree(corpus, rising, Everything(), max(corpus.first, corpus.last - timedelta(weeks=weeks)))


def test_cells_spellings_and_stories_are_the_same(corpus: Both) -> None:
    asker = Asker(corpus, seed=8)
    for columns in (("week", "facts"), ("day", "source"), ("entity",), ("term",), ("source", "topic", "shared_story")):
        for query in (Everything(), asker.query(depth=1)):
            some = all_of((query, asker.days())) if columns == ("term",) else query
            agree(corpus, methodcaller("cells", some, columns, at_least=2))
            agree(corpus, methodcaller("days", query))
            agree(corpus, methodcaller("repeated_stories", query))
    for column in ("source", "entity", "term", "topic"):
        agree(corpus, methodcaller("most_frequent", Everything(), column, 50))
    for article in corpus.sample[:40]:
        for entity in article.entity[:2]:
            agree(corpus, methodcaller("spellings", entity))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), depth=st.integers(1, 4))
def test_any_query_finds_and_counts_the_same(corpus: Both, seed: int, depth: int) -> None:
    query = Asker(corpus, seed).query(depth)
    agree(corpus, methodcaller("search", query, limit=50, sort="date"))
    agree(corpus, methodcaller("cells", query, ("week", "facts")))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns", "Australia/Lord_Howe", "UTC"])
def test_zones_clock_changes_and_the_53rd_week_are_the_same(elastic_url: str, tmp_path: Path, zone: str) -> None:
    """Zones far from ours: +14, -3:30 with summer time, and a summer time of half an hour."""
    from tests.index.corpus import WATCH, small_press

    watch = structs.replace(WATCH, timezone=zone)
    made = both(tmp_path, elastic_url, watch, (indexed_article(one, watch) for one in small_press()))
    for interval, unit in product(("day", "week", "month"), ("articles", "stories")):
        agree(made, trend, watch, Everything(), by="topic-stance", interval=interval, unit=unit)
    weeks = trend(made.elastic, watch, Everything(), interval="week").buckets
    assert {"2026-W53", "2025-W13", "2025-W43"} <= {bucket.label for bucket in weeks}
