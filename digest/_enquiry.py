"""What a digest asks of index and archive about one subject in one week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from digest._tally import Tally
from digest.model import STANCES, Figure, Series, StanceCount
from digest.record import Record, Week
from digest.words import Words, words
from index import calendar
from index.engine import Reader
from index.query import OVERALL, Everything, FactFilter, FieldValue, Query, all_of, render, within
from index.trends import Trend, trend
from vigie.routine import Edition
from vigie.watch import Subject, Watch

WEEKS_SHOWN = 8
WEEKS_BEFORE = 4


@dataclass(frozen=True)
class Enquiry:
    """The week that begins on monday, as an edition wants it told. reader: the index; record: the archive."""

    reader: Reader
    watch: Watch
    edition: Edition
    monday: date
    record: Record

    # Who, when, and in which words.

    @cached_property
    def subject(self) -> Subject:
        """The subject of the edition, the first of the watch where it names none."""
        return next(one for one in self.watch.subjects if self.edition.subject in (None, one.id))

    @cached_property
    def words(self) -> Words:
        """The language of the edition."""
        return words(self.edition.language)

    @cached_property
    def week(self) -> Week:
        """The week as two instants."""
        monday, zone = calendar.day_number(self.monday), self.watch.zone
        return Week(calendar.start(monday, "week", zone), calendar.start(monday + 7, "week", zone))

    def days(self, weeks_ago: int = 0) -> tuple[date, date]:
        """The first and last day of the week, or of one before it."""
        first = self.monday - timedelta(weeks=weeks_ago)
        return first, first + timedelta(days=6)

    def name(self, source: str) -> str:
        """How an outlet is called; one that has left the watch by its id."""
        return self._names.get(source, source)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {source.id: source.name for source in self.watch.sources}

    # Queries.

    @cached_property
    def about(self) -> Query:
        """What is on the subject."""
        return FieldValue("subject", self.subject.id)

    def stance(self, stance: str, topic: str | None) -> Query:
        """What takes a stance toward the subject, on a topic or over all (None)."""
        return FactFilter(stance, topic or OVERALL, self.subject.id)

    def of_week(self, *parts: Query, weeks_ago: int = 0) -> Query:
        """What satisfies all parts, of this week or of one before it."""
        return within(all_of(parts), *self.days(weeks_ago))

    def of_weeks_before(self, *parts: Query) -> Query:
        """What satisfies all parts, of the four weeks before."""
        return within(all_of(parts), self.days(WEEKS_BEFORE)[0], self.days(1)[1])

    def of_weeks_shown(self, *parts: Query) -> Query:
        """What satisfies all parts, of this week and the seven before."""
        return within(all_of(parts), self.days(WEEKS_SHOWN - 1)[0], self.days()[1])

    # Numbers.

    @cached_property
    def tally(self) -> Tally:
        """What one pass over the articles on the subject finds."""
        topics = [topic.id for topic in self.watch.topics]
        return Tally(self.subject.id, topics).add_all(self.reader.export(self.of_week(self.about)))

    @cached_property
    def collected(self) -> tuple[int, ...]:
        """How many articles, on whatever subject, were collected and read of each of the weeks shown."""
        return self.trend(Everything()).totals.counts

    def trend(self, query: Query, **options: Any) -> Trend:
        """A weekly trend over the weeks shown."""
        first, last = self.days(WEEKS_SHOWN - 1)[0], self.days()[1]
        return trend(self.reader, self.watch, query, first=first, last=last, subject=self.subject.id, **options)

    def figure(self, values: Sequence[float | None], *parts: Query) -> Figure:
        """The last of weekly values, with the one before and the mean of the four before, as far as anything was collected."""
        known = [value if collected else None for value, collected in zip(values, self.collected, strict=True)]
        before = [value for value in known[-1 - WEEKS_BEFORE : -1] if value is not None]
        mean = sum(before) / len(before) if before else None
        queries = (self.of_week(*parts), self.of_week(*parts, weeks_ago=1), self.of_weeks_before(*parts))
        return Figure(round(values[-1] or 0, 4), _rounded(known[-2]), _rounded(mean), len(before), *map(render, queries))

    def stances(self, topic: str | None) -> tuple[StanceCount, ...]:
        """How many articles take each stance."""
        queries = [self.of_week(self.stance(stance, topic)) for stance in STANCES]
        return tuple(StanceCount(s, self.reader.count(q), render(q)) for s, q in zip(STANCES, queries, strict=True))

    def weekly_stances(self, topic: str | None) -> tuple[Series, ...]:
        """The same for each of the weeks shown."""
        found = self.trend(self.about, by="stance", topic=topic)
        counts = {series.key: series.counts for series in found.series}
        return tuple(
            Series(
                stance,
                tuple(
                    count if collected else None
                    for count, collected in zip(counts.get(stance, (0,) * WEEKS_SHOWN), self.collected, strict=True)
                ),
                tuple(render(self.of_week(self.stance(stance, topic), weeks_ago=ago)) for ago in reversed(range(WEEKS_SHOWN))),
            )
            for stance in STANCES
        )

    def by_source(self, query: Query) -> dict[str, int]:
        """How many articles each source has among those found."""
        return {str(source): count for (source,), count in self.reader.cells(query, ("source",)).items()}

    # Why there is nothing.

    def nothing(self) -> str:
        """Why there is nothing on the subject."""
        if self.collected[-1]:
            return self.words.gettext("None of the articles of this week names {subject}.", subject=self.subject.name)
        return self.words.gettext("No article of this week has been collected and read.")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
