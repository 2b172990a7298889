"""When a URL is next due."""

from hypothesis import given
from hypothesis import strategies as st

from crawlers.outcomes import Outcome
from crawlers.rhythm import (
    DAY,
    HOUR,
    LONGEST_INTERVAL,
    MINUTE,
    SHORTEST_INTERVAL,
    gives_up,
    next_interval,
    next_recheck,
    retry_after,
    wait_after_failure,
)


@given(st.one_of(st.none(), st.floats(1, 1e6)), st.integers(0, 500), st.integers(0, 500), st.floats(0, 1e6))
def test_intervals_stay_within_the_clamp(interval: float | None, new: int, known: int, at_least: float) -> None:
    assert SHORTEST_INTERVAL <= next_interval(interval, new=new, known=known, at_least=at_least) <= LONGEST_INTERVAL


def test_a_busy_feed_is_polled_sooner_and_a_quiet_one_later() -> None:
    assert next_interval(HOUR, new=20, known=0) < HOUR
    assert next_interval(HOUR, new=0, known=20) > HOUR
    assert next_interval(HOUR, new=0, known=20, at_least=6 * HOUR) == 6 * HOUR


def test_waits_grow_with_each_failure_up_to_a_day() -> None:
    waits = [wait_after_failure(Outcome.UNREACHABLE, attempts) for attempts in range(2000)]
    assert waits[0] == MINUTE
    assert waits == sorted(waits)
    assert waits[-1] == DAY


def test_what_no_second_try_changes_is_given_up_at_once() -> None:
    assert gives_up(Outcome.GONE, 0)
    assert not gives_up(Outcome.UNREACHABLE, 0)
    assert gives_up(Outcome.UNREACHABLE, 7)


def test_articles_are_looked_at_twice_again() -> None:
    first = next_recheck(discovered=0, now=10)
    assert first == 6 * HOUR
    second = next_recheck(discovered=0, now=first + 1)
    assert second == 2 * DAY
    assert next_recheck(discovered=0, now=second + 1) is None


def test_retry_after_is_read_in_both_forms() -> None:
    assert retry_after("120", now=0) == 120
    assert retry_after("Thu, 01 Jan 1970 00:10:00 GMT", now=60) == 540
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now=60) == 0
    assert retry_after("soon", now=0) is None
    assert retry_after("99999999", now=0) == DAY
