"""Exact counts from engines that give so many buckets at once and no more: a request that asks for more is split.

By time where it is counted by time, by the values that were asked for otherwise, and paged through where neither is possible.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from index.calendar import Interval, bucket, day_number, day_of, last_day
from index.document import COUNTED_COLUMNS, NUMBER_COLUMNS
from index.engine import Only, Value
from index.query import DateRange, OneOf, Query, all_of
from vigie.errors import VigieError

Json = dict[str, Any]
Cells = dict[tuple[Value, ...], int]
Stories = dict[int, tuple[int, int]]  # story → how many of the articles tell it, the turn of the earliest

_INTERVALS: dict[str, Interval] = {"day": "day", "week": "week", "month": "month"}


class TooManyBucketsError(Exception):
    """The request must be split."""


class Countable(Protocol):
    """What engines do differently. An aggregation is one of Elasticsearch's, which tantivy understands too."""

    def aggregate(self, query: Query, request: Json) -> Json:
        """The answer to an aggregation; raises TooManyBucketsError where it has more than the engine gives."""
        ...

    def all_values(self, column: str) -> Json:
        """The terms aggregation that asks for as many values of a column as the engine gives."""
        ...

    def whole(self, found: Json) -> list[Json]:
        """The buckets of such an aggregation; raises TooManyBucketsError where they are not all, or their counts not exact."""
        ...

    @property
    def page(self) -> int:
        """How many buckets a composite aggregation may give at once."""
        ...


def cells(engine: Countable, query: Query, columns: Sequence[str], only: Only, at_least: int) -> Cells:
    """How many articles hold each combination of values; see :meth:`index.engine.Reader.cells`."""
    check_columns(columns)
    try:
        return _cells_at_once(engine, query, columns, only, at_least)
    except TooManyBucketsError:
        pass
    halves = _halves(engine, query, columns, only)
    if not halves:
        return _cells_by_pages(engine, query, columns, only, at_least)
    # No combination of values stands in both halves, so each may leave out the rare ones by itself.
    first, second = (cells(engine, part, columns, some, at_least) for part, some in halves)
    return first | second


def days(engine: Countable, query: Query) -> tuple[int, int] | None:
    """The first and the last day on which articles found were published."""
    answer = engine.aggregate(query, {"first": {"min": {"field": "day"}}, "last": {"max": {"field": "day"}}})
    first, last = answer["first"]["value"], answer["last"]["value"]
    return None if first is None else (int(first), int(last))


def _cells_at_once(engine: Countable, query: Query, columns: Sequence[str], only: Only, at_least: int) -> Cells:
    request: Json = {}
    for column in reversed(columns):
        terms = engine.all_values(column)
        if column in only:
            terms["include"] = list(only[column])
        if not request:
            terms["min_doc_count"] = at_least
        request = {column: {"terms": terms, **({"aggs": request} if request else {})}}
    counts: Cells = {}

    def gather(level: int, key: tuple[Value, ...], found: Json) -> None:
        for one in engine.whole(found[columns[level]]):
            inner = (*key, one["key"])
            if level + 1 == len(columns):
                counts[inner] = one["doc_count"]
            else:
                gather(level + 1, inner, one)

    gather(0, (), engine.aggregate(query, request))
    return counts


def _cells_by_pages(engine: Countable, query: Query, columns: Sequence[str], only: Only, at_least: int) -> Cells:
    """The slow way, for what cannot be split by time."""
    wanted = [frozenset(only[column]) if column in only else None for column in columns]
    request: Json = {"size": engine.page, "sources": [{column: {"terms": {"field": column}}} for column in columns]}
    counts: Cells = {}
    while True:
        answer = engine.aggregate(query, {"page": {"composite": request}})["page"]
        for one in answer["buckets"]:
            key = tuple(one["key"][column] for column in columns)
            held = all(values is None or value in values for value, values in zip(key, wanted, strict=True))
            if held and one["doc_count"] >= at_least:
                counts[key] = one["doc_count"]
        if "after_key" not in answer or not answer["buckets"]:
            return counts
        request = {**request, "after": answer["after_key"]}


def _halves(
    engine: Countable, query: Query, columns: Sequence[str], only: Only
) -> tuple[tuple[Query, Only], tuple[Query, Only]] | None:
    """The same request twice, each for about half of the buckets of the first column or half of the values asked for."""
    interval = _INTERVALS.get(columns[0])
    if interval:
        span = days(engine, query)
        first, last = (bucket(day_of(day), interval) for day in span) if span else (0, 0)
        if span and first < last:
            middle = bucket(day_of(sum(span) // 2), interval)
            cut = day_number(last_day(middle if middle < last else middle - 1, interval))
            return (_between(query, span[0], cut), only), (_between(query, cut + 1, span[1]), only)
    for column, values in only.items():
        if len(values) > 1:
            half = len(values) // 2
            return (query, {**only, column: values[:half]}), (query, {**only, column: values[half:]})
    return None


def repeated_stories(engine: Countable, query: Query) -> dict[int, int]:
    """The stories that several of the articles tell, with the turn of the earliest of them."""
    return {story: turn for story, (number, turn) in _stories(engine, query, 2).items() if number > 1}


def _stories(engine: Countable, query: Query, at_least: int) -> Stories:
    terms = {**engine.all_values("shared_story"), "min_doc_count": at_least}
    request = {"story": {"terms": terms, "aggs": {"first": {"min": {"field": "turn"}}}}}
    try:
        listed = engine.whole(engine.aggregate(query, request)["story"])
        return {one["key"]: (one["doc_count"], int(one["first"]["value"])) for one in listed}
    except TooManyBucketsError:
        pass
    merged: Stories = {}
    for half in _halves_by_day_or_source(engine, query):
        for story, (number, turn) in _stories(engine, half, 1).items():
            before, earliest = merged.get(story, (0, turn))
            merged[story] = (before + number, min(earliest, turn))
    return merged


def _halves_by_day_or_source(engine: Countable, query: Query) -> tuple[Query, Query]:
    span = days(engine, query)
    if span and span[0] < span[1]:
        middle = sum(span) // 2
        return _between(query, span[0], middle), _between(query, middle + 1, span[1])
    sources = sorted(str(source) for (source,) in cells(engine, query, ("source",), {}, 1))
    if len(sources) < 2:
        raise VigieError("one source tells more stories in one day than can be counted", mend="narrow the query")
    half = len(sources) // 2
    first, second = (all_of((query, OneOf("source", tuple(some)))) for some in (sources[:half], sources[half:]))
    return first, second


def _between(query: Query, first: int, last: int) -> Query:
    return all_of((query, DateRange(day_of(first), day_of(last))))


def check_columns(columns: Sequence[str]) -> None:
    """Engines answer silently with nothing for a column that they do not know."""
    unknown = set(columns) - {*COUNTED_COLUMNS, *NUMBER_COLUMNS}
    if unknown or not columns:
        raise ValueError(f"no counted column: {', '.join(sorted(unknown)) or 'none given'}")
