"""When a period falls due: ISO weeks for the digests of an edition, days for upkeep.

An edition tells the weeks of the watch's zone, at an hour of its own zone. Hours between 01:00 and 03:59, which may come twice or
never in a year, are refused by the watch file; where clocks change at midnight, zoneinfo's reading of such a time holds (PEP 495:
the first of two, and one that is skipped counts by the offset before the change).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vigie.routine import WEEKDAYS, Edition

WEEK, DAY = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """What a run is about, in the job's own writing, and the instant when it falls due."""

    name: str
    due: datetime


def week_name(monday: date) -> str:
    """An ISO week as 2026-W53, by its Monday."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def monday_of(week: str) -> date:
    """The Monday of an ISO week such as 2026-W53."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def digest_of(monday: date, edition: Edition, zone: ZoneInfo) -> Period:
    """The week that begins on that Monday, as a period of an edition.

    It is due on the edition's day in the week after, at its hour; not before the week is over in the watch's zone. (At 07:00 on a
    Monday in Tokyo it is still Sunday in Paris for half of the year.)
    """
    after = monday + WEEK
    own_zone = ZoneInfo(edition.timezone) if edition.timezone else zone
    day = after + DAY * WEEKDAYS.index(edition.day)
    wanted = datetime.combine(day, time(edition.hour, edition.minute), own_zone)
    over = datetime.combine(after, time.min, zone)
    return Period(week_name(monday), max(wanted.astimezone(UTC), over.astimezone(UTC)))


def digests_after(week: str | None, since: datetime, edition: Edition, zone: ZoneInfo) -> Iterator[Period]:
    """The weeks of an edition one after another: those after a week, that fall due later than an instant."""
    # Two weeks before the instant nothing can fall due after it, whatever zone and day.
    monday = since.astimezone(zone).date() - 3 * WEEK
    monday -= DAY * monday.weekday()
    if week is not None:
        monday = max(monday, monday_of(week) + WEEK)
    while True:
        period = digest_of(monday, edition, zone)
        if period.due > since:
            yield period
        monday += WEEK


def upkeep_of(day: date, hour: int, zone: ZoneInfo) -> Period:
    """A day as a period of upkeep: due at that hour."""
    return Period(day.isoformat(), datetime.combine(day, time(hour), zone).astimezone(UTC))


def upkeep_before(now: datetime, hour: int, zone: ZoneInfo) -> Period:
    """The newest day whose upkeep has fallen due. Days that were missed are not made up: one upkeep does the work of all."""
    today = now.astimezone(zone).date()
    period = upkeep_of(today, hour, zone)
    return period if period.due <= now else upkeep_of(today - DAY, hour, zone)
