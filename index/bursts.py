"""Bursts in daily counts: days with far more articles than usual, and longer stretches of raised coverage.

A day is compared with the same weekday of the weeks before by a robust z-score (median and median absolute deviation: Iglewicz
and Hoaglin, *How to Detect and Handle Outliers*, ASQC 1993; the factor 1.4826 makes the deviation that of a normal
distribution). A stretch is found by the two-state automaton of Kleinberg (*Bursty and Hierarchical Structure in Streams*, KDD
2002, section 4: batches of relevant documents out of all documents), whose cheapest sequence of states Viterbi's algorithm
finds exactly.

Counts stand in lists with one number for each day, without gaps, the last being the newest; a day is named by its place in the
list. How the thresholds were chosen is measured by ``benchmarks/alerts.py`` and told in docs/alerts.md.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

WEEK = 7

# The day: so many weeks are looked back on, and with fewer comparable days nothing is said.
WEEKS = 12
FEWEST_WEEKS = 6
# The day stands out from this z on, and with fewer articles nothing is a burst.
Z = 6.0
FEWEST_ARTICLES = 5
# A day was collected when the sources published at least this part of what they usually do on that weekday.
COLLECTED = 0.25

# The stretch: in a burst the share of relevant articles is RATIO times the usual one; GAMMA weighs the step up.
RATIO = 2.0
GAMMA = 2.0
FEWEST_DAYS = 28
# Bursts with so many quiet days between them are one.
PAUSE = 2

_NORMAL = 1.4826


@dataclass(frozen=True, slots=True)
class Surprise:
    """How far a day's count stands out: (count - usual) / spread. days: how many days it was compared with."""

    count: int
    usual: float
    spread: float
    days: int

    @property
    def z(self) -> float:
        """The robust z-score."""
        return (self.count - self.usual) / self.spread


def surprise(count: int, before: Sequence[int]) -> Surprise:
    """A count against comparable ones (at least one).

    The spread is never less than that of a Poisson count of the usual size, and of 1 where usually nothing is written; it is
    widened by what the median of so few days may itself be off (its variance is pi/2n of theirs).
    """
    usual = median(before)
    deviation = _NORMAL * median(abs(one - usual) for one in before)
    spread = max(deviation, math.sqrt(max(usual, 1.0)))
    return Surprise(count, usual, spread * math.sqrt(1 + math.pi / (2 * len(before))), len(before))


def collected(every: Sequence[int]) -> list[bool]:
    """Of each day, whether its sources were collected: not in an outage, nor before the collection began in earnest."""
    usual = [median([count for count in every[weekday::WEEK] if count] or [1]) for weekday in range(WEEK)]
    return [count >= max(1, COLLECTED * usual[day % WEEK]) for day, count in enumerate(every)]


def day_surprises(relevant: Sequence[int], every: Sequence[int], *, since: int = 0) -> dict[int, Surprise]:
    """Each day from since on that can be compared with enough of the same weekdays before it; days not collected are left out.

    relevant: articles that the search finds; every: all articles of the same sources.
    """
    usable = collected(every)
    found: dict[int, Surprise] = {}
    for day in range(max(0, since), len(relevant)):
        count = relevant[day]
        earlier = range(day - WEEK, max(-1, day - WEEK * WEEKS - 1), -WEEK)
        before = [relevant[other] for other in earlier if usable[other]]
        if len(before) >= FEWEST_WEEKS:
            found[day] = surprise(count, before)
    return found


def dispersion(relevant: Sequence[int], every: Sequence[int]) -> float:
    """How many times larger the variance of the counts is than a binomial one, 1 at least.

    Stories come in clusters, so that news is livelier than chance. The variance is that of the Pearson residuals (McCullagh and
    Nelder, *Generalized Linear Models*, 2nd ed. 1989, § 4.5), taken from their median absolute deviation so that bursts do not
    count.
    """
    share = sum(relevant) / sum(every) if sum(every) else 0.0
    if not 0 < share < 1:
        return 1.0
    residuals = [(r - d * share) / math.sqrt(d * share * (1 - share)) for r, d in zip(relevant, every, strict=True) if d]
    middle = median(residuals)
    return max(1.0, (_NORMAL * median(abs(one - middle) for one in residuals)) ** 2)


def states(
    relevant: Sequence[int], every: Sequence[int], *, ratio: float = RATIO, gamma: float = GAMMA, spread: float = 1.0
) -> list[bool]:
    """Of each day, whether the automaton is in its burst state, on its cheapest way through all days.

    It begins in the usual state. The usual share p is that of all days together, the raised one ratio * p. A day of r relevant
    out of d articles costs -ln(p^r (1-p)^(d-r)) (the binomial coefficient is the same in both states); the step up costs
    gamma * ln(days), the step down nothing. spread: the dispersion, by which the costs of days are divided. Of equal ways the
    calmer is taken. Where the raised share would be 1 or more there is no burst state.
    """
    found, looked_at = sum(relevant), sum(every)
    usual = found / looked_at if looked_at else 0.0
    if not 0 < usual < 1 / ratio:
        return [False] * len(relevant)
    excess = [_excess(r, d, usual, ratio) / spread for r, d in zip(relevant, every, strict=True)]
    up = gamma * math.log(len(relevant))
    calm, burst = 0.0, math.inf  # what the cheapest way to each state costs, more than always staying calm
    came_up: list[bool] = []
    came_down: list[bool] = []
    for cost in excess:
        came_up.append(calm + up <= burst)
        came_down.append(burst < calm)
        calm, burst = min(calm, burst), min(burst, calm + up) + cost
    way: list[bool] = []
    bursting = burst < calm
    for day in reversed(range(len(excess))):
        way.append(bursting)
        bursting = not came_up[day] if bursting else came_down[day]
    return way[::-1]


def _excess(relevant: int, every: int, usual: float, ratio: float) -> float:
    """What a day costs more in the burst state than in the usual one; negative on a day that speaks for a burst."""
    return -relevant * math.log(ratio) - (every - relevant) * (math.log1p(-ratio * usual) - math.log1p(-usual))


@dataclass(frozen=True, slots=True)
class Burst:
    """Days from first to last, both included. articles: found in them; usual: how many would be usual.

    z: the greatest of the days that stand out, None where none does. weight: by how much (in nats) the burst state explains the
    stretch better than the usual one, 0 where the automaton saw none.
    """

    first: int
    last: int
    articles: int
    usual: float
    z: float | None
    weight: float


def bursts(relevant: Sequence[int], every: Sequence[int], *, since: int = 0) -> list[Burst]:
    """The bursts, oldest first: days that stand out and stretches together, those with a pause of up to PAUSE days joined.

    since: before that day, single days are not looked at.
    """
    surprises = day_surprises(relevant, every, since=since)
    out = {day: one for day, one in surprises.items() if one.z >= Z and one.count >= FEWEST_ARTICLES}
    usable = collected(every)
    spread = dispersion(relevant, every)
    raised = _stretches(relevant, every, spread) if sum(usable) >= FEWEST_DAYS else []
    days = sorted({*out, *(day for stretch in raised for day in stretch)})
    share = sum(relevant) / sum(every) if sum(every) else 0.0
    return [
        Burst(
            first,
            last,
            sum(relevant[first : last + 1]),
            # What the same weekdays had, and where they are too few to say, the usual share of that day's articles.
            sum(surprises[day].usual if day in surprises else share * every[day] for day in range(first, last + 1)),
            max((one.z for day, one in out.items() if first <= day <= last), default=None),
            sum(_weight(relevant, every, stretch) / spread for stretch in raised if first <= stretch.start <= last),
        )
        for first, last in _joined(days)
    ]


def _stretches(relevant: Sequence[int], every: Sequence[int], spread: float) -> list[range]:
    """The stretches in the burst state that hold enough articles."""
    way = enumerate(states(relevant, every, spread=spread))
    runs = [[day for day, _ in run] for burst, run in groupby(way, lambda one: one[1]) if burst]
    found = [range(run[0], run[-1] + 1) for run in runs]
    return [days for days in found if sum(relevant[day] for day in days) >= FEWEST_ARTICLES]


def _weight(relevant: Sequence[int], every: Sequence[int], days: range) -> float:
    """Kleinberg's weight of a burst: what staying in the usual state would have cost more."""
    usual = sum(relevant) / sum(every)
    return -sum(_excess(relevant[day], every[day], usual, RATIO) for day in days)


def _joined(days: Iterable[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for day in days:
        if spans and day - spans[-1][1] <= PAUSE + 1:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def told_before(burst: Burst, first_days: Iterable[int]) -> bool:
    """Whether a burst is one of those told already, of which the first days are known.

    The first day that is seen may move when more days or late articles are known, so that a burst is the same when the other
    began within it, or at most a pause before.
    """
    return any(burst.first - PAUSE - 1 <= first <= burst.last for first in first_days)
