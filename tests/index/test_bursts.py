"""Bursts, turns and silences: the methods against brute force, against another implementation, and on streams with known answers."""

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from benchmarks.alerts import HISTORY, raised_days, silences, stream, told
from benchmarks.alerts import cost as as_defined
from index import bursts, silence, turns

COUNTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), min_size=1, max_size=9)


@settings(max_examples=200, deadline=None)
@given(COUNTS, st.sampled_from((0.2, 1.0, 3.0)))
def test_the_automaton_takes_the_cheapest_of_all_ways(days: list[tuple[int, int]], gamma: float) -> None:
    relevant = [r for r, _ in days]
    every = [r + others for r, others in days]
    way = bursts.states(relevant, every, ratio=2.0, gamma=gamma)
    if not 0 < 2 * sum(relevant) < sum(every):
        assert not any(way)  # no share can be twice the usual one
        return
    cheapest = min(as_defined(other, relevant, every, gamma) for other in product((False, True), repeat=len(days)))
    assert as_defined(way, relevant, every, gamma) == pytest.approx(cheapest, abs=1e-9)


def test_a_day_is_compared_by_median_and_median_absolute_deviation() -> None:
    before = [10, 14, 9, 30, 11, 12, 10, 13]
    one = bursts.surprise(60, before)
    # median 11.5; absolute deviations 0.5 0.5 1.5 1.5 1.5 2.5 2.5 18.5: median 1.5, less than the Poisson spread of 11.5
    assert one.usual == 11.5
    assert one.spread == pytest.approx(math.sqrt(11.5) * math.sqrt(1 + math.pi / 16))
    assert one.z == pytest.approx(48.5 / one.spread)
    wild = bursts.surprise(60, [2, 30, 9, 44, 11, 25, 3, 38])
    assert wild.spread == pytest.approx(1.4826 * 13.5 * math.sqrt(1 + math.pi / 16))


def test_equal_days_do_not_make_every_other_day_a_burst() -> None:
    assert bursts.surprise(6, [4] * 8).z < 2
    assert bursts.surprise(3, [0] * 8).z < 3


def test_a_day_is_compared_with_its_own_weekday_and_not_with_days_of_an_outage() -> None:
    weeks = 12
    relevant = [20, 20, 20, 20, 20, 2, 2] * weeks + [20, 20, 20, 20, 20, 21]
    every = [200, 200, 200, 200, 200, 50, 50] * weeks + [200] * 6
    found = bursts.day_surprises(relevant, every)
    saturday = found[len(relevant) - 1]
    assert (saturday.usual, saturday.days) == (2, 12)
    for week in range(4):  # nothing was collected on four of these Saturdays
        relevant[week * 7 + 5] = every[week * 7 + 5] = 0
    assert bursts.day_surprises(relevant, every)[len(relevant) - 1].days == 8
    for week in range(4, 8):
        relevant[week * 7 + 5] = every[week * 7 + 5] = 0
    assert len(relevant) - 1 not in bursts.day_surprises(relevant, every), "four days are too few to compare with"


def test_a_stretch_of_raised_coverage_is_one_burst_from_its_first_to_its_last_day() -> None:
    relevant = [3, 2, 4, 3, 3, 2, 3] * 12
    every = [60] * len(relevant)
    relevant[50:60] = [7, 9, 7, 8, 9, 7, 8, 9, 8, 7]
    (burst,) = bursts.bursts(relevant, every)
    assert (burst.first, burst.last, burst.articles) == (50, 59, 79)
    assert burst.weight > 10
    assert burst.usual == pytest.approx(30, abs=3)


def test_coverage_that_grows_with_all_coverage_is_no_stretch() -> None:
    relevant, every = [3] * 84, [60] * 84
    for day in range(50, 60):
        relevant[day], every[day] = 8, 160
    assert not any(bursts.states(relevant, every))


def test_news_that_is_livelier_than_chance_needs_more_to_stand_out() -> None:
    calm, lively = stream("weekly", 60, 3), stream("lively", 60, 3)
    assert bursts.dispersion(*calm) < 1.5
    assert bursts.dispersion(*lively) > 6


@pytest.mark.parametrize("press", ["even", "weekly"])
def test_injected_bursts_are_told_once_each_and_quiet_years_stay_quiet(press: str) -> None:
    assert told(*stream(press, 15, 11)) == []
    planned = raised_days(11, "stretch")
    alerts = told(*stream(press, 15, 11, {day: factor for _, days in planned for day, factor in days.items()}))
    begun = [begin for begin, _ in planned]
    assert len(alerts) == len(begun)
    for (day, first), begin in zip(alerts, begun, strict=True):
        assert begin - 3 <= first <= begin + 3
        assert begin <= day <= begin + 9
    assert all(day >= HISTORY for day, _ in alerts)


def test_a_burst_whose_first_day_is_seen_elsewhere_later_is_the_same_burst() -> None:
    burst = bursts.Burst(10, 14, 40, 10, None, 9)
    assert bursts.told_before(burst, [12])  # it now begins earlier than was told
    assert bursts.told_before(burst, [8])  # it now begins later
    assert not bursts.told_before(burst, [2, 18])


@settings(max_examples=300, deadline=None)
@given(*(st.integers(0, 40) for _ in range(4)))
def test_fishers_test_gives_the_p_value_of_scipy(a: int, b: int, c: int, d: int) -> None:
    assert turns.fisher(a, b, c, d) == pytest.approx(float(fisher_exact([[a, b], [c, d]]).pvalue), rel=1e-6)


def test_a_turn_needs_enough_stories_a_change_and_significance() -> None:
    before = turns.Sides(10, 20)
    found = turns.turn(turns.Sides(14, 2), before)
    assert found is not None
    assert found.direction == "critical"
    assert found.p < turns.P
    assert turns.turn(turns.Sides(5, 0), before) is None  # five stories are too few
    assert turns.turn(turns.Sides(110, 90), turns.Sides(400, 600)) is None  # significant, and small
    assert turns.turn(turns.Sides(6, 3), before) is None  # large, and may be chance
    back = turns.turn(turns.Sides(1, 15), turns.Sides(20, 10))
    assert back is not None
    assert back.direction == "supportive"


def test_a_story_counts_once_for_each_side_it_takes() -> None:
    cells = {
        (1, "critical", 0): 3,
        (1, "critical", 77): 9,
        (2, "critical", 77): 4,
        (2, "supportive", 77): 1,
        (9, "critical", 5): 2,
    }
    assert turns.sides(cells, 1, 2) == turns.Sides(critical=4, supportive=1)


def test_a_turn_is_told_once_in_a_direction() -> None:
    assert turns.told_before(110, "critical", {100: "critical"})
    assert not turns.told_before(110, "supportive", {100: "critical"})
    assert not turns.told_before(129, "critical", {100: "critical"})


def test_the_chance_of_silence_is_that_no_day_of_it_is_a_day_of_writing() -> None:
    wrote = [day for day in range(56) if day % 7 < 5]
    known = silence.rhythm(wrote, range(56))
    assert known is not None
    assert known.last == 53
    written, quiet = 1 - 8.5 / 9, 1 - 0.5 / 8
    assert known.chance_of_silence(53) == 1
    assert known.chance_of_silence(55) == pytest.approx(quiet**2)  # a weekend says little
    assert known.chance_of_silence(58) == pytest.approx(quiet**2 * written**3)


def test_whoever_writes_now_and_then_has_no_rhythm_to_break() -> None:
    assert silence.rhythm([], []) is None
    assert silence.rhythm([3, 20, 41], range(56)) is None
    assert silence.rhythm(range(40, 50), range(56)) is None, "ten days in a row are one affair"


def test_days_without_collection_say_nothing_of_the_rhythm() -> None:
    wrote = [day for day in range(56) if day % 7 == 1]
    rare = silence.rhythm(wrote, range(56))
    usual = silence.rhythm(wrote, wrote)
    assert rare is not None
    assert usual is not None
    assert sum(rare.of) > sum(usual.of)
    assert usual.of[1] == 8


def test_a_source_that_stops_is_told_once_and_one_that_goes_on_is_not() -> None:
    working_days = [0.9] * 5 + [0.1] * 2
    assert silences(4, working_days, 0.0, None) == []
    (day,) = silences(4, working_days, 0.0, 250)
    assert 253 <= day <= 264
