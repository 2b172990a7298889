"""When weeks and days fall due: across both changes of the clocks, week 53, and zones that are ahead of the watch's or behind it."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from scheduler.periods import digest_of, digests_after, monday_of, upkeep_before, upkeep_of, week_name
from vigie.routine import Edition

PARIS = ZoneInfo("Europe/Paris")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("week", "edition", "due"),
    [
        # The clocks go back on 25 October 2026, forward on 28 March 2027: seven in the morning stays seven in the morning.
        ("2026-W42", Edition(id="e"), "2026-10-19T07:00:00+02:00"),
        ("2026-W43", Edition(id="e"), "2026-10-26T07:00:00+01:00"),
        ("2027-W11", Edition(id="e"), "2027-03-22T07:00:00+01:00"),
        ("2027-W12", Edition(id="e"), "2027-03-29T07:00:00+02:00"),
        # 2026 has a week 53; the first week of 2027 begins on 4 January.
        ("2026-W52", Edition(id="e"), "2026-12-28T07:00:00+01:00"),
        ("2026-W53", Edition(id="e"), "2027-01-04T07:00:00+01:00"),
        ("2027-W01", Edition(id="e"), "2027-01-11T07:00:00+01:00"),
        # New York changes a week later in autumn and two weeks earlier in spring.
        ("2026-W43", Edition(id="e", timezone="America/New_York"), "2026-10-26T07:00:00-04:00"),
        ("2026-W44", Edition(id="e", timezone="America/New_York"), "2026-11-02T07:00:00-05:00"),
        ("2027-W10", Edition(id="e", timezone="America/New_York"), "2027-03-15T07:00:00-04:00"),
        # Another day, and a minute.
        ("2026-W43", Edition(id="e", day="wed", hour=18, minute=30), "2026-10-28T18:30:00+01:00"),
        # In Tokyo, Monday seven o'clock is Sunday in Paris: the digest waits until the week is over there.
        ("2026-W44", Edition(id="e", timezone="Asia/Tokyo"), "2026-11-02T08:00:00+09:00"),
        ("2026-W30", Edition(id="e", timezone="Asia/Tokyo"), "2026-07-27T07:00:00+09:00"),
    ],
)
def test_a_digest_is_due_at_the_hour_of_its_edition_and_not_before_the_week_is_over(
    week: str, edition: Edition, due: str
) -> None:
    period = digest_of(monday_of(week), edition, PARIS)
    assert (period.name, period.due) == (week, instant(due))


def test_weeks_follow_each_other_without_a_gap_through_week_53() -> None:
    since = instant("2026-12-14T12:00:00+01:00")
    names = [period.name for period in islice(digests_after(None, since, Edition(id="e"), PARIS), 5)]
    assert names == ["2026-W51", "2026-W52", "2026-W53", "2027-W01", "2027-W02"]
    after = [period.name for period in islice(digests_after("2026-W53", since, Edition(id="e"), PARIS), 2)]
    assert after == ["2027-W01", "2027-W02"]


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", ["mon", "sun"])
def test_for_ten_years_each_week_is_due_once_in_order_within_the_week_after_it(zone: str, day: str) -> None:
    edition = Edition.of({"id": "e", "timezone": zone, "day": day, "hour": 0})
    periods = list(islice(digests_after(None, instant("2020-01-01T00:00:00Z"), edition, PARIS), 520))
    assert len({period.name for period in periods}) == 520
    assert [period.due for period in periods] == sorted(period.due for period in periods)
    for period in periods:
        over = datetime.combine(monday_of(period.name) + timedelta(days=7), datetime.min.time(), PARIS)
        assert timedelta(0) <= period.due - over < timedelta(days=7, hours=12)


def test_what_fell_due_before_is_left_out_and_what_falls_due_at_that_very_instant_too() -> None:
    due = instant("2026-10-26T07:00:00+01:00")
    assert next(digests_after(None, due - timedelta(seconds=1), Edition(id="e"), PARIS)).name == "2026-W43"
    assert next(digests_after(None, due, Edition(id="e"), PARIS)).name == "2026-W44"


def test_week_names_are_read_and_written() -> None:
    assert week_name(date(2026, 12, 28)) == "2026-W53"
    assert monday_of("2026-W53") == date(2026, 12, 28)


def test_upkeep_is_due_once_a_day_on_days_of_23_and_25_hours_too() -> None:
    for day in (date(2026, 10, 25), date(2027, 3, 28)):
        period = upkeep_of(day, 5, PARIS)
        assert upkeep_before(period.due, 5, PARIS) == period
        assert upkeep_before(period.due - timedelta(seconds=1), 5, PARIS).name == (day - timedelta(days=1)).isoformat()
    assert upkeep_of(date(2026, 10, 25), 5, PARIS).due - upkeep_of(date(2026, 10, 24), 5, PARIS).due == timedelta(hours=25)
