"""A turn of the stance: the last days against the weeks before.

Two proportions, the critical among the critical and the supportive, are compared by Fisher's exact test (R. A. Fisher,
*Statistical Methods for Research Workers*, 5th ed. 1934, § 21.02), two-sided as in R: the probability of all tables with the
same margins that are no likelier than the one seen. Significance alone tells nothing of size: the share must have moved by a
floor as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Literal

Direction = Literal["critical", "supportive"]

# Days of the window that is looked at, and of the one before it that it is compared with.
WINDOW = 7
BEFORE = 28
# Chosen by benchmarks/alerts.py.
P = 0.001
CHANGE = 0.25  # of the share of critical ones
FEWEST = 6  # in the window
FEWEST_BEFORE = 12


@dataclass(frozen=True, slots=True)
class Sides:
    """How many are critical and how many supportive."""

    critical: int
    supportive: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.critical + self.supportive

    @property
    def balance(self) -> float:
        """Supportive less critical, as a share of both: -1..1, 0 where there are none."""
        return (self.supportive - self.critical) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A window whose sides differ from those before. p: Fisher's, two-sided."""

    direction: Direction
    now: Sides
    before: Sides
    p: float


def turn(now: Sides, before: Sides) -> Turn | None:
    """The turn between two windows, or None: too few on a side, too small a change, or one that chance may give."""
    if now.total < FEWEST or before.total < FEWEST_BEFORE:
        return None
    if abs(now.balance - before.balance) < 2 * CHANGE:
        return None
    p = fisher(now.critical, now.supportive, before.critical, before.supportive)
    if p > P:
        return None
    return Turn("critical" if now.balance < before.balance else "supportive", now, before, p)


def fisher(a: int, b: int, c: int, d: int) -> float:
    """The two-sided p-value of the table ((a, b), (c, d)), in exact integers up to the last division."""
    row, column, total = a + b, a + c, a + b + c + d
    ways = [comb(column, k) * comb(total - column, row - k) for k in range(max(0, row + column - total), min(row, column) + 1)]
    seen = comb(column, a) * comb(total - column, row - a)
    return sum(one for one in ways if one <= seen) / sum(ways)


Told = Mapping[tuple[int, str, int], int]


def sides(cells: Told, first: int, last: int) -> Sides:
    """How many stories take each side in the days from first to last.

    cells: by (day, side, story) how many articles; story 0 holds articles that tell a story alone. Reprints are no independent
    observations, so that a story counts once for each side that it takes.
    """
    alone = {"critical": 0, "supportive": 0}
    shared: dict[str, set[int]] = {"critical": set(), "supportive": set()}
    for (day, side, story), number in cells.items():
        if first <= day <= last:
            if story:
                shared[side].add(story)
            else:
                alone[side] += number
    return Sides(*(alone[side] + len(shared[side]) for side in ("critical", "supportive")))


def turn_on(cells: Told, day: int) -> Turn | None:
    """The turn that the window which ends on a day shows."""
    now = sides(cells, day - WINDOW + 1, day)
    return turn(now, sides(cells, day - WINDOW - BEFORE + 1, day - WINDOW))


def told_before(day: int, direction: str, told: Mapping[int, str]) -> bool:
    """Whether a turn is one of those told already (day → direction).

    A turn shows on many days, until the days before have turned as well: in the same direction it is told again after BEFORE days
    at the earliest.
    """
    return any(abs(day - other) <= BEFORE and direction == known for other, known in told.items())
