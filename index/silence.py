"""A source that has fallen silent: how likely its silence is under its own rhythm.

The rhythm is the share of the days on which a source wrote, weekday by weekday, in the weeks up to its last article: days
rather than articles, since articles come in clusters. A share of k in n days is estimated as (k + 1/2) / (n + 1) (Jeffreys'
prior), so that eight Mondays out of eight are no certainty. The silence since then is as likely as that none of its days is a
day of writing. This takes the days as independent, as a Bernoulli process; what that costs in false alarms is measured by
``benchmarks/alerts.py``.
"""

from collections.abc import Collection
from dataclasses import dataclass

# Days of the rhythm, up to and with the last article.
RHYTHM = 56
# With fewer days of writing, or in fewer of the weeks, nobody "usually writes".
FEWEST_DAYS = 6
FEWEST_WEEKS = 4
# A silence that is less likely is told.
UNLIKELY = 1e-5
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Rhythm:
    """On how many of the days a source wrote, by weekday (of the day number modulo 7). last: the day of its last article."""

    wrote: tuple[int, ...]
    of: tuple[int, ...]
    last: int

    def chance_of_silence(self, until: int) -> float:
        """The probability that the source writes nothing after its last article, up to and with a day."""
        chance = 1.0
        for day in range(self.last + 1, until + 1):
            weekday = day % _WEEK
            chance *= 1 - (self.wrote[weekday] + 0.5) / (self.of[weekday] + 1)
        return chance


def rhythm(wrote: Collection[int], collected: Collection[int]) -> Rhythm | None:
    """The rhythm of a source that wrote on these days, of the days on which it was collected; None where it has none.

    Days are numbers without order; a day of writing is a day of collection.
    """
    if not wrote:
        return None
    last = max(wrote)
    days = {day for day in wrote if day > last - RHYTHM}
    if len(days) < FEWEST_DAYS or len({(last - day) // _WEEK for day in days}) < FEWEST_WEEKS:
        return None
    # Before its first article nothing was expected of it.
    known = {day for day in (*wrote, *collected) if max(min(wrote), last - RHYTHM + 1) <= day <= last}
    return Rhythm(_by_weekday(days), _by_weekday(known), last)


def _by_weekday(days: Collection[int]) -> tuple[int, ...]:
    return tuple(sum(day % _WEEK == weekday for day in days) for weekday in range(_WEEK))
