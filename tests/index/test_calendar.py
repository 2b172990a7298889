"""Days, ISO weeks and months in a time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.calendar import Interval, bucket, buckets, first_day, how_many, label, last_day, start

PARIS = ZoneInfo("Europe/Paris")
_intervals: st.SearchStrategy[Interval] = st.sampled_from(("day", "week", "month"))
_days = st.dates(date(1900, 1, 1), date(2200, 1, 1))


@given(_days, _intervals)
def test_a_day_lies_in_its_bucket_and_in_no_other(day: date, interval: Interval) -> None:
    number = bucket(day, interval)
    assert first_day(number, interval) <= day <= last_day(number, interval)
    assert bucket(first_day(number, interval), interval) == bucket(last_day(number, interval), interval) == number
    assert bucket(last_day(number, interval) + timedelta(days=1), interval) > number


@given(_days, st.integers(0, 800), _intervals)
def test_buckets_leave_no_gap(first: date, length: int, interval: Interval) -> None:
    last = first + timedelta(days=length)
    numbers = list(buckets(first, last, interval))
    assert len(numbers) == how_many(first, last, interval)
    assert numbers == sorted({bucket(first + timedelta(days=at), interval) for at in range(length + 1)})


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2025, 1, 27), "2025-W05"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2026, 12, 31), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
    ],
)
def test_weeks_are_named_by_iso_8601(day: date, week: str) -> None:
    assert label(bucket(day, "week"), "week") == week


def test_weeks_of_a_change_of_clock_are_an_hour_short_or_long() -> None:
    for day, hours in ((date(2025, 3, 24), 167), (date(2025, 10, 20), 169), (date(2025, 6, 2), 168)):
        monday = start(bucket(day, "week"), "week", PARIS)
        following = start(bucket(day, "week") + 7, "week", PARIS)
        assert (following.astimezone(UTC) - monday.astimezone(UTC)) == timedelta(hours=hours)
        assert (monday.hour, monday.weekday()) == (0, 0)


def test_a_day_without_midnight_starts_when_it_starts() -> None:
    santiago = ZoneInfo("America/Santiago")  # on 2024-09-08 clocks went from 24:00 to 01:00
    assert start(bucket(date(2024, 9, 8), "day"), "day", santiago) == datetime(2024, 9, 8, 1, tzinfo=santiago)
    assert start(bucket(date(2024, 9, 8), "day"), "day", santiago).hour == 1
