"""Coverage over time: a number for each day, ISO week or month, split by one dimension, as counts or as attention.

Numbers are exact and the same on every engine. An article counts in each topic, subject and entity that it holds, so such series
may add up to more than the totals.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, get_args

from index import calendar
from index.calendar import Interval
from index.engine import Reader, Value
from index.query import OVERALL, Query, coverage_scope, within
from index.vocabulary import STANCES, Vocabulary
from vigie.errors import UsageError

if TYPE_CHECKING:
    from vigie.watch import Watch

By = Literal["topic", "stance", "topic-stance", "source", "language", "country", "subject", "entity"]
Unit = Literal["articles", "stories"]

# Sixty years of days. A chart of more says nothing, and a misread year must not ask for millions of zeros.
MOST_BUCKETS = 22_000

_OUTLET = ("source", "language", "country")  # dimensions whose values are properties of the outlet

Cells = Counter[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day (``2025-01-27``), ISO week (``2025-W05``) or month (``2025-01``) and its first instant, in the watch's zone."""

    label: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one value of the dimension, one for each bucket.

    key: the id of the topic, subject or source, the stance, ``topic|stance``, the code of the language or country, the normal
    name of the entity; label: how to show it. total: the number over the whole span (a story of several weeks counts once in it).
    shares: attention, 0..1, where asked for; None in a bucket without any coverage.
    """

    key: str
    label: str
    counts: tuple[int, ...]
    total: int
    shares: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Trend:
    """A trend. totals counts what the query found in each bucket, whatever the dimension; its key is empty.

    first and last are the days covered, None where nothing was found and no days were asked for.
    """

    by: By | None
    interval: Interval
    unit: Unit
    first: date | None
    last: date | None
    buckets: tuple[Bucket, ...]
    totals: Series
    series: tuple[Series, ...]


def trend(
    reader: Reader,
    watch: "Watch",
    query: Query,
    *,
    by: By | None = None,
    interval: Interval = "week",
    first: date | None = None,
    last: date | None = None,
    share: bool = False,
    unit: Unit = "articles",
    top: int = 10,
    topic: str | None = None,
    subject: str | None = None,
) -> Trend:
    """The coverage that a query finds, over time.

    first and last: days of the watch's zone, both included; by default those of the first and last article found. Only articles
    of these days count, also in a week that they cut. Buckets without articles are zeros.

    by: ``stance`` counts articles by their stance over all toward the first subject of the watch; topic and subject name others.
    ``topic-stance`` counts every stance on every topic of the watch toward that subject. ``source``, ``country``, ``language``
    and ``entity`` show the top values by total.

    share: adds attention, the count as a share of all coverage of the same sources in the bucket: of all that was indexed of the
    sources that the query names (by source, language, country or kind, joined by AND at its top), whatever its content. Where the
    dimension is source, language or country: of all coverage of that source, language or country.

    unit: ``stories`` counts a story once in each bucket and series, however many of its articles were found there.

    Raises UsageError for a span of too many buckets, a name that the watch does not have, or days in the wrong order.
    """
    names = Vocabulary.of(watch)
    request = _Request(
        reader, watch, within(query, first, last), by, interval, unit, top,
        topic=_known(topic, (*names.topics, OVERALL), "topic") if topic else OVERALL,
        subject=_known(subject, names.subjects, "subject") if subject else names.subjects[0],
    )  # fmt: skip
    span = request.span(first, last)
    if span is None:
        return Trend(by, interval, unit, first, last, (), Series("", "", (), 0), ())
    numbers = tuple(calendar.buckets(*span, interval))
    # A bucket that no asked-for day cuts is covered as a whole, also before the first and after the last article found.
    covered = first or calendar.first_day(numbers[0], interval), last or calendar.last_day(numbers[-1], interval)
    scope = within(coverage_scope(query), *covered) if share else None
    buckets = tuple(Bucket(calendar.label(number, interval), calendar.start(number, interval, watch.zone)) for number in numbers)
    series = request.series(numbers, scope) if by else ()
    return Trend(by, interval, unit, *span, buckets, request.totals(numbers, scope), series)


@dataclass(frozen=True, slots=True)
class _Request:
    """One trend being computed."""

    reader: Reader
    watch: "Watch"
    query: Query
    by: By | None
    interval: Interval
    unit: Unit
    top: int
    topic: str
    subject: str

    def span(self, first: date | None, last: date | None) -> tuple[date, date] | None:
        """The days to show: those asked for, completed by those found; None where there are none."""
        if first is None or last is None:
            found = self.reader.days(self.query)
            if found is None:
                return None
            first = first or calendar.day_of(found[0])
            last = last or calendar.day_of(found[1])
        if last < first:
            raise UsageError(f"the last day {last} is before the first day {first}", mend="name the earlier day first")
        if calendar.how_many(first, last, self.interval) > MOST_BUCKETS:
            raise UsageError(
                f"from {first} to {last} are more than {MOST_BUCKETS} {self.interval}s",
                mend="narrow the span, or count by month",
            )
        return first, last

    def totals(self, numbers: Sequence[int], scope: Query | None) -> Series:
        """What the query found in each bucket."""
        counts = self._count(self.query, (self.interval,))
        found = tuple(counts[(number,)] for number in numbers)
        coverage = None if scope is None else self._count(scope, (self.interval,))
        return Series("", "", found, self._count(self.query, ())[()], _shares(found, coverage, [(number,) for number in numbers]))

    def series(self, numbers: Sequence[int], scope: Query | None) -> tuple[Series, ...]:
        """What it found in each bucket, for each value of the dimension."""
        column, values = self._column()
        if values is None:
            wholes = self._top(column)
            values = sorted((str(value) for (value,) in wholes), key=lambda value: (-wholes[(value,)], value))[: self.top]
        else:
            wholes = self._count(self.query, (column,), values)
        counts = self._count(self.query, (self.interval, column), values)
        coverage = None if scope is None else self._coverage(scope, column, values)
        made: list[Series] = []
        for value in values:
            found = tuple(counts[(number, value)] for number in numbers)
            of: list[tuple[Value, ...]] = [(number, value) if column in _OUTLET else (number,) for number in numbers]
            made.append(Series(self._key(value), self._label(value), found, wholes[(value,)], _shares(found, coverage, of)))
        return tuple(made)

    def _coverage(self, scope: Query, column: str, values: Sequence[str]) -> Cells:
        """What attention is a share of, in each bucket: all coverage, or that of each source, language or country."""
        if column in _OUTLET:
            return self._count(scope, (self.interval, column), values)
        return self._count(scope, (self.interval,))

    def _column(self) -> tuple[str, Sequence[str] | None]:
        """The column that holds the dimension, and its values in the order to show them; None where only the articles tell."""
        topics = [topic.id for topic in self.watch.topics]
        match self.by:
            case "topic":
                return "topic", topics
            case "subject":
                return "subject", [subject.id for subject in self.watch.subjects]
            case "stance":
                return "facts", [f"{self.subject}|{self.topic}|{stance}" for stance in STANCES]
            case "topic-stance":
                return "facts", [f"{self.subject}|{topic}|{stance}" for topic in topics for stance in STANCES]
            case "source" | "language" | "country" | "entity":
                return self.by, None
            case _:
                raise UsageError(f'no trend by "{self.by}"', mend=f"one of: {', '.join(get_args(By))}")

    def _key(self, value: str) -> str:
        match self.by:
            case "stance":
                return value.rpartition("|")[2]
            case "topic-stance":
                return value.partition("|")[2]
            case _:
                return value

    def _label(self, value: str) -> str:
        """How the watch or the press calls a value."""
        match self.by:
            case "topic":
                return next(topic.label_in(self.watch.languages[0]) for topic in self.watch.topics if topic.id == value)
            case "subject":
                return next(subject.name for subject in self.watch.subjects if subject.id == value)
            case "source":
                return next((source.name for source in self.watch.sources if source.id == value), value)
            case "entity":
                return best_spelling(self.reader, value)
            case _:
                return self._key(value)

    def _top(self, column: str) -> Cells:
        """The top values of a column over the whole span (and some more), without counting all values."""
        tried = self.top
        while True:
            frequent = self.reader.most_frequent(self.query, column, tried)
            if self.unit == "articles":
                return Counter({(value,): number for value, number in frequent})
            # A value has at most as many stories as articles: what was not tried cannot beat the last of the top.
            stories = self._count(self.query, (column,), [value for value, _ in frequent])
            best = sorted(stories.values(), reverse=True)[: self.top]
            if len(frequent) < tried or not best or best[-1] > frequent[-1][1]:
                return stories
            tried *= 4

    def _count(self, query: Query, columns: tuple[str, ...], values: Sequence[str] | None = None) -> Cells:
        """Articles, or stories, for each combination of values; values limits the last column."""
        only = None if values is None else {columns[-1]: values}
        counts: Cells = Counter(self.reader.cells(query, columns, only=only) if columns else {(): self.reader.count(query)})
        if self.unit == "stories":
            # Of a story's articles in a cell, those beyond the first do not count.
            for (*key, _), number in self.reader.cells(query, (*columns, "shared_story"), only=only, at_least=2).items():
                counts[tuple(key)] -= number - 1
        return counts


def best_spelling(reader: Reader, entity: str) -> str:
    """The spelling of an entity that most articles use, the first in the alphabet among equals."""
    spellings = reader.spellings(entity)
    return min(spellings, key=lambda name: (-spellings[name], name), default=entity)


def _shares(found: Sequence[int], coverage: Cells | None, of: Sequence[tuple[Value, ...]]) -> tuple[float | None, ...]:
    if coverage is None:
        return ()
    return tuple(part / coverage[key] if coverage[key] else None for part, key in zip(found, of, strict=True))


def _known(name: str, names: Sequence[str], what: str) -> str:
    if name not in names:
        raise UsageError(f'no {what} "{name}" in the watch', mend=f"one of: {', '.join(names)}")
    return name
