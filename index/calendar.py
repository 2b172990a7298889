"""Days, ISO weeks and months as numbers that can be counted over, in the time zone of the watch.

A day is the number of days since 1970-01-01; a week is the day number of its Monday; a month is ``year * 12 + month - 1``.
An index holds all three of the local publication date, so that buckets are exact across changes of clock and on every engine.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Interval = Literal["day", "week", "month"]

_EPOCH = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """The number of a day."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The day of a number."""
    return date.fromordinal(number + _EPOCH)


def bucket(day: date, interval: Interval) -> int:
    """The number of the day, week or month that a day falls into."""
    if interval == "month":
        return day.year * 12 + day.month - 1
    return day_number(day) - (day.weekday() if interval == "week" else 0)


def first_day(number: int, interval: Interval) -> date:
    """The first day of a bucket."""
    return date(number // 12, number % 12 + 1, 1) if interval == "month" else day_of(number)


def last_day(number: int, interval: Interval) -> date:
    """The last day of a bucket."""
    if interval == "month":
        return first_day(number + 1, interval) - timedelta(days=1)
    return day_of(number + (6 if interval == "week" else 0))


def buckets(first: date, last: date, interval: Interval) -> Iterator[int]:
    """All buckets from the one of the first day to the one of the last."""
    return iter(_range(first, last, interval))


def how_many(first: date, last: date, interval: Interval) -> int:
    """The number of those buckets."""
    return len(_range(first, last, interval))


def _range(first: date, last: date, interval: Interval) -> range:
    return range(bucket(first, interval), bucket(last, interval) + 1, 7 if interval == "week" else 1)


def label(number: int, interval: Interval) -> str:
    """``2025-01-27``, ``2025-W05`` or ``2025-01``."""
    day = first_day(number, interval)
    if interval == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat() if interval == "day" else f"{day.year:04}-{day.month:02}"


def start(number: int, interval: Interval, zone: ZoneInfo) -> datetime:
    """The first instant of a bucket, in the zone (where midnight is skipped by a change of clock, the instant after it)."""
    midnight = datetime.combine(first_day(number, interval), time.min, zone)
    return midnight.astimezone(UTC).astimezone(zone)
