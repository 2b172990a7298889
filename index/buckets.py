"""Exact counts from engines that give so many buckets at once and no more: a request that asks for more is split.

By time where it is counted by time, by the values that were asked for otherwise, and paged through where neither is possible.
"""

from collections.abc import Sequence
from typing import Protocol

from index.calendar import Interval, bucket, day_number, day_of, last_day
from index.document import COUNTED_COLUMNS, NUMBER_COLUMNS
from index.engine import Only, Value
from index.query import DateRange, OneOf, Query, all_of
from vigie.errors import VigieError

Cells = dict[tuple[Value, ...], int]
Stories = dict[int, tuple[int, int]]  # story → how many of the articles tell it, the turn of the earliest

_INTERVALS: dict[str, Interval] = {"day": "day", "week": "week", "month": "month"}


class TooManyBucketsError(Exception):
    """The request must be split."""


class Countable(Protocol):
    """What an engine does in one request each. The first two raise TooManyBucketsError where the answer would not be whole."""

    def cells_at_once(self, query: Query, columns: Sequence[str], only: Only, at_least: int) -> Cells: ...
    def stories_at_once(self, query: Query, at_least: int) -> Stories: ...
    def cells_by_pages(self, query: Query, columns: Sequence[str], only: Only, at_least: int) -> Cells: ...
    def days(self, query: Query) -> tuple[int, int] | None: ...


def cells(engine: Countable, query: Query, columns: Sequence[str], only: Only, at_least: int) -> Cells:
    """How many articles hold each combination of values; see :meth:`index.engine.Reader.cells`."""
    check_columns(columns)
    try:
        return engine.cells_at_once(query, columns, only, at_least)
    except TooManyBucketsError:
        pass
    halves = _halves(engine, query, columns, only)
    if not halves:
        return engine.cells_by_pages(query, columns, only, at_least)
    # No combination of values stands in both halves, so each may leave out the rare ones by itself.
    first, second = (cells(engine, part, columns, some, at_least) for part, some in halves)
    return first | second


def _halves(
    engine: Countable, query: Query, columns: Sequence[str], only: Only
) -> tuple[tuple[Query, Only], tuple[Query, Only]] | None:
    """The same request twice, each for about half of the buckets of the first column or half of the values asked for."""
    interval = _INTERVALS.get(columns[0])
    if interval:
        days = engine.days(query)
        first, last = (bucket(day_of(day), interval) for day in days) if days else (0, 0)
        if days and first < last:
            middle = bucket(day_of(sum(days) // 2), interval)
            cut = day_number(last_day(middle if middle < last else middle - 1, interval))
            return (_between(query, days[0], cut), only), (_between(query, cut + 1, days[1]), only)
    for column, values in only.items():
        if len(values) > 1:
            half = len(values) // 2
            return (query, {**only, column: values[:half]}), (query, {**only, column: values[half:]})
    return None


def repeated_stories(engine: Countable, query: Query) -> dict[int, int]:
    """The stories that several of the articles tell, with the turn of the earliest of them."""
    return {story: turn for story, (number, turn) in _stories(engine, query, 2).items() if number > 1}


def _stories(engine: Countable, query: Query, at_least: int) -> Stories:
    try:
        return engine.stories_at_once(query, at_least)
    except TooManyBucketsError:
        pass
    merged: Stories = {}
    for half in _halves_by_day_or_source(engine, query):
        for story, (number, turn) in _stories(engine, half, 1).items():
            before, earliest = merged.get(story, (0, turn))
            merged[story] = (before + number, min(earliest, turn))
    return merged


def _halves_by_day_or_source(engine: Countable, query: Query) -> tuple[Query, Query]:
    days = engine.days(query)
    if days and days[0] < days[1]:
        middle = sum(days) // 2
        return _between(query, days[0], middle), _between(query, middle + 1, days[1])
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
