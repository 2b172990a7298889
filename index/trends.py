"""Coverage over time: a number for each day, ISO week or month, split by one dimension, as counts or as attention.

Numbers are exact and the same on every engine. An article counts in each topic, subject and entity that it holds, so such series may add
up to more than the totals.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, get_args

from index import calendar
from index.calendar import Interval
from index.engine import Reader
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


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day (``2025-01-27``), ISO week (``2025-W05``) or month (``2025-01``) and its first instant, in the watch's zone."""

    label: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one value of the dimension, one for each bucket.

    key: the id of the topic or source, the stance, the code, the normal name of the entity, ``topic|stance``; label: how to show it.
    total: the number over the whole span (stories that go on for several buckets count once there).
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

    first and last: days of the watch's zone, both included; by default those of the first and last article found. Only articles of these
    days count, also in a week that they cut. Buckets without articles are zeros.

    by: ``stance`` counts articles by their stance over all toward the first subject of the watch; topic and subject name others.
    ``topic-stance`` counts every stance on every topic of the watch toward that subject. ``source``, ``country``, ``language`` and
    ``entity`` show the top values by total.

    share: adds attention, the count as a share of all coverage of the same sources in the bucket: of all that was indexed of the sources
    that the query names (by source, language, country or kind, joined by AND at its top), whatever its subject. Where the dimension is
    source, language or country, of all coverage of that source, language or country.

    unit: ``stories`` counts a story once in each bucket and series, however many of its articles were found there.

    Raises UsageError for a span of too many buckets, a name that the watch does not have, or days in the wrong order.
    """
    request = _Request(reader, watch, within(query, first, last), by, interval, unit, top, topic, subject)
    span = request.span(first, last)
    if span is None:
        return Trend(by, interval, unit, first, last, (), Series("", "", (), 0), ())
    numbers = tuple(calendar.buckets(*span, interval))
    scope = within(coverage_scope(query), *span) if share else None
    buckets = tuple(Bucket(calendar.label(number, interval), calendar.start(number, interval, watch.zone)) for number in numbers)
    totals = request.totals(numbers, scope)
    return Trend(by, interval, unit, *span, buckets, totals, request.series(numbers, scope, totals) if by else ())


class _Request:
    """One trend being computed."""

    def __init__(
        self,
        reader: Reader,
        watch: "Watch",
        query: Query,
        by: By | None,
        interval: Interval,
        unit: Unit,
        top: int,
        topic: str | None,
        subject: str | None,
    ) -> None:
        self._reader = reader
        self._watch = watch
        self._query = query
        self._by = by
        self._interval = interval
        self._unit = unit
        self._top = top
        self._topic = _known(topic, (*Vocabulary.of(watch).topics, OVERALL), "topic") if topic else OVERALL
        self._subject = _known(subject, Vocabulary.of(watch).subjects, "subject") if subject else watch.subjects[0].id

    def span(self, first: date | None, last: date | None) -> tuple[date, date] | None:
        if first is None or last is None:
            found = self._reader.days(self._query)
            if found is None:
                return None
            first = first or calendar.day_of(found[0])
            last = last or calendar.day_of(found[1])
        if last < first:
            raise UsageError(f"the last day {last} is before the first day {first}", mend="name the earlier day first")
        number = len(range(calendar.bucket(first, self._interval), calendar.bucket(last, self._interval) + 1))
        number //= 7 if self._interval == "week" else 1
        if number > MOST_BUCKETS:
            raise UsageError(
                f"from {first} to {last} are {number} {self._interval}s, more than {MOST_BUCKETS}",
                mend="narrow the span, or count by month",
            )
        return first, last

    def totals(self, numbers: Sequence[int], scope: Query | None) -> Series:
        counts = self._count(self._query, (self._interval,))
        whole = self._whole(self._query, ())
        shares = self._count(scope, (self._interval,)) if scope else None
        return Series(
            "",
            "",
            tuple(counts.get((number,), 0) for number in numbers),
            whole.get((), 0),
            tuple(_share(counts.get((number,), 0), shares.get((number,), 0)) for number in numbers) if shares is not None else (),
        )

    def series(self, numbers: Sequence[int], scope: Query | None, totals: Series) -> tuple[Series, ...]:
        column, values = self._column()
        wholes = self._whole(self._query, (column,), values)
        if values is None:
            values = sorted((str(key) for (key,) in wholes), key=lambda key: (-wholes[(key,)], key))[: self._top]
        counts = self._count(self._query, (self._interval, column), values)
        coverage = self._coverage(scope, column, values)
        return tuple(
            Series(
                self._key(value),
                self._label(value),
                tuple(counts.get((number, value), 0) for number in numbers),
                wholes.get((value,), 0),
                tuple(
                    _share(counts.get((number, value), 0), coverage.get((number, value) if column in _OUTLET else (number,), 0))
                    for number in numbers
                )
                if scope
                else (),
            )
            for value in values
        )

    def _coverage(self, scope: Query | None, column: str, values: Sequence[str]) -> Counter[tuple[str | int, ...]]:
        if scope is None:
            return Counter()
        if column in _OUTLET:
            return self._count(scope, (self._interval, column), values)
        return self._count(scope, (self._interval,))

    def _column(self) -> tuple[str, Sequence[str] | None]:
        """The column that holds the dimension, and its values where the watch says them, in the order in which they are shown."""
        match self._by:
            case "topic":
                return "topic", [topic.id for topic in self._watch.topics]
            case "subject":
                return "subject", [subject.id for subject in self._watch.subjects]
            case "stance":
                return "facts", [f"{self._subject}|{self._topic}|{stance}" for stance in STANCES]
            case "topic-stance":
                topics = [topic.id for topic in self._watch.topics]
                return "facts", [f"{self._subject}|{topic}|{stance}" for topic in topics for stance in STANCES]
            case "source" | "language" | "country" | "entity":
                return self._by, None
            case _:
                raise UsageError(f'no trend by "{self._by}"', mend=f"one of: {', '.join(get_args(By))}")

    def _key(self, value: str) -> str:
        if self._by == "stance":
            return value.rpartition("|")[2]
        return value.partition("|")[2] if self._by == "topic-stance" else value

    def _label(self, value: str) -> str:
        """How the watch or the press calls a value."""
        language = self._watch.languages[0]
        match self._by:
            case "topic":
                return next(topic.label_in(language) for topic in self._watch.topics if topic.id == value)
            case "subject":
                return next(subject.name for subject in self._watch.subjects if subject.id == value)
            case "source":
                return next((source.name for source in self._watch.sources if source.id == value), value)
            case "entity":
                return best_spelling(self._reader, value)
            case _:
                return self._key(value).replace("|", ": ")

    def _whole(
        self, query: Query, columns: tuple[str, ...], values: Sequence[str] | None = None
    ) -> Counter[tuple[str | int, ...]]:
        """Counts over the whole span."""
        if not columns:
            return Counter({(): self._reader.count(query) - sum(self._repeats(query, ()).values())})
        (column,) = columns
        if self._unit == "articles" and values is None:
            # Only the top can be shown; the engine finds it without naming all values.
            return Counter({(value,): number for value, number in self._reader.most_frequent(query, column, self._top)})
        return self._count(query, columns, values)

    def _count(
        self, query: Query, columns: tuple[str, ...], values: Sequence[str] | None = None
    ) -> Counter[tuple[str | int, ...]]:
        """Articles, or stories, for each combination of values."""
        only = {columns[-1]: values} if values is not None else None
        counts = Counter(self._reader.cells(query, columns, only=only))
        counts.subtract(self._repeats(query, columns, values))
        return counts

    def _repeats(
        self, query: Query, columns: tuple[str, ...], values: Sequence[str] | None = None
    ) -> Counter[tuple[str | int, ...]]:
        """How many articles tell, for each combination, a story that another of its articles tells already."""
        repeats: Counter[tuple[str | int, ...]] = Counter()
        if self._unit == "stories":
            only = {columns[-1]: values} if columns and values is not None else None
            for (*key, _), number in self._reader.cells(query, (*columns, "shared_story"), only=only, at_least=2).items():
                repeats[tuple(key)] += number - 1
        return repeats


def best_spelling(reader: Reader, entity: str) -> str:
    """The spelling of an entity that most articles use, the first in the alphabet among equals."""
    spellings = reader.spellings(entity)
    return min(spellings, key=lambda name: (-spellings[name], name), default=entity)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _known(name: str, names: Iterable[str], what: str) -> str:
    if name not in names:
        raise UsageError(f'no {what} "{name}" in the watch', mend=f"one of: {', '.join(names)}")
    return name
