"""The balance and its interval, checked by counting out every sample that could have been drawn."""

from itertools import product
from math import comb, sqrt

import pytest

from digest.balance import balance


def samples(n: int) -> list[tuple[int, int, int]]:
    """Supportive, neutral and critical articles of n."""
    return [(s, n - s - c, c) for s, c in product(range(n + 1), repeat=2) if s + c <= n]


def chance(sample: tuple[int, int, int], shares: tuple[float, float, float]) -> float:
    s, m, c = sample
    return comb(s + m + c, s) * comb(m + c, m) * shares[0] ** s * shares[1] ** m * shares[2] ** c


def coverage(n: int, shares: tuple[float, float, float]) -> float:
    """How often the interval holds the true balance: exactly, by the chance of each sample."""
    held = 0.0
    for sample in samples(n):
        found = balance(*sample, "")
        assert found.low is not None
        assert found.high is not None
        if found.low <= shares[0] - shares[2] <= found.high:
            held += chance(sample, shares)
    return held


@pytest.mark.parametrize("n", [3, 8, 20, 40])
def test_the_interval_holds_the_truth_in_about_95_of_100_samples(n: int) -> None:
    truths = [(s / 10, (10 - s - c) / 10, c / 10) for s, c in product(range(11), repeat=2) if s + c <= 10]
    covered = [coverage(n, truth) for truth in truths]
    assert sum(covered) / len(covered) >= 0.945
    assert min(covered) >= 0.89


def test_the_plain_interval_would_not() -> None:
    n = 8
    truth = (0.1, 0.9, 0.0)
    held = 0.0
    for sample in samples(n):
        s, c = sample[0] / n, sample[2] / n
        half = 1.96 * sqrt((s + c - (s - c) ** 2) / n)
        held += chance(sample, truth) * (s - c - half <= truth[0] - truth[2] <= s - c + half)
    assert held < 0.6 < 0.89 < coverage(n, truth)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_the_interval_holds_the_value_and_stays_within_bounds(n: int) -> None:
    for sample in samples(n):
        found = balance(*sample, "")
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


def test_it_turns_with_the_sides_and_narrows_with_the_number() -> None:
    one, other = balance(9, 4, 2, ""), balance(2, 4, 9, "")
    assert (one.value, one.low, one.high) == (-(other.value or 0), -(other.high or 0), -(other.low or 0))
    few, many = balance(6, 2, 2, ""), balance(600, 200, 200, "")
    assert (few.high or 0) - (few.low or 0) > 5 * ((many.high or 0) - (many.low or 0))


def test_no_article_no_balance() -> None:
    assert balance(0, 0, 0, "").value is None
