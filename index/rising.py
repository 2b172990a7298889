"""What is rising: words, pairs of words and entities that this week's stories name far more often than those of the weeks before.

Document frequencies over stories are compared exactly, nothing is sampled. A story counts once in the week and once in the weeks
before: its earliest article that the query finds stands for it. Two questions are asked of each term, both answers are shown:

* is it chance? The log-likelihood ratio G² of the 2 × 2 table of stories with and without the term (Dunning 1993, "Accurate
  Methods for the Statistics of Surprise and Coincidence"), signed; 15.13 is the critical value of p < 0.0001 at one degree of
  freedom (Rayson, Berridge & Francis 2004).
* is it much? The log ratio, the binary logarithm of how many times the frequency has grown (Hardie 2014); a term that was never
  seen before counts as half a story there.

Terms must come from several owners, so that one publisher's campaign or reprints do not make a trend.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Literal

from index import calendar
from index.engine import Reader
from index.query import Everything, FieldValue, Not, OneOf, Query, all_of, any_of, within
from index.trends import best_spelling

SIGNIFICANT = 15.13
MUCH = 1.0  # twice as often
OWNERS = 3
BASELINE_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Span:
    """Days from first to last, both included, and the stories that the query finds in them."""

    first: date
    last: date
    stories: int


@dataclass(frozen=True, slots=True)
class RisingTerm:
    """A term on the rise.

    term: its normal form, for ``term:`` or ``entity:``; label: how to show it. count and before: the stories that name it in the
    week and in the baseline. g2: signed log-likelihood. log_ratio: binary logarithm of the growth. owners: of the outlets that
    name it in the week. example: the earliest of its articles in the week, as in the contract of search results.
    """

    kind: Literal["term", "entity"]
    term: str
    label: str
    count: int
    before: int
    g2: float
    log_ratio: float
    owners: int
    example: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rising:
    """What is rising in a week against a baseline, the most significant first.

    baseline is None where nothing older is indexed: then nothing can be said. weeks: how long the baseline is; where the index is
    younger than BASELINE_WEEKS it is shorter, and note says so.
    """

    week: str
    window: Span
    baseline: Span | None
    weeks: int
    note: str
    terms: tuple[RisingTerm, ...]
    entities: tuple[RisingTerm, ...]


def rising(reader: Reader, query: Query, week: date, *, limit: int = 20, owners: int = OWNERS) -> Rising:
    """What is rising, among the articles that a query finds, in the ISO week of a day; up to limit terms and as many entities."""
    monday = week - timedelta(days=week.weekday())
    window = _Stories(reader, query, monday, monday + timedelta(days=6))
    label = calendar.label(calendar.day_number(monday), "week")
    oldest = reader.days(within(Everything(), None, monday - timedelta(days=1)))
    if oldest is None:
        note = "nothing older is indexed to compare with"
        return Rising(label, window.span, None, 0, note, (), ())
    weeks = min(BASELINE_WEEKS, (calendar.day_number(monday) - calendar.bucket(calendar.day_of(oldest[0]), "week")) // 7)
    baseline = _Stories(reader, query, monday - timedelta(weeks=weeks), monday - timedelta(days=1))
    note = "" if weeks == BASELINE_WEEKS else f"the index goes back {weeks} of {BASELINE_WEEKS} weeks before"
    comparison = _Comparison(reader, window, baseline, owners)
    return Rising(
        label, window.span, baseline.span, weeks, note, comparison.rising("term", limit), comparison.rising("entity", limit)
    )


class _Stories:
    """The articles that stand for the stories of some days."""

    def __init__(self, reader: Reader, query: Query, first: date, last: date) -> None:
        found = within(query, first, last)
        repeated = reader.repeated_stories(found)
        if repeated:
            told_once = Not(OneOf("shared_story", tuple(repeated)))
            found = all_of((found, any_of((told_once, OneOf("turn", tuple(repeated.values()))))))
        self.query = found
        self.span = Span(first, last, reader.count(found))


@dataclass(frozen=True, slots=True)
class _Candidate:
    term: str
    count: int
    before: int
    g2: float
    log_ratio: float


class _Comparison:
    """A week against its baseline."""

    def __init__(self, reader: Reader, window: _Stories, baseline: _Stories, owners: int) -> None:
        self._reader = reader
        self._window = window
        self._baseline = baseline
        self._owners = owners

    def rising(self, column: Literal["term", "entity"], limit: int) -> tuple[RisingTerm, ...]:
        """The best candidates that enough owners name."""
        passed = (shown for one in self._candidates(column) if (shown := self._shown(column, one)).owners >= self._owners)
        return tuple(islice(passed, limit))

    def _candidates(self, column: str) -> list[_Candidate]:
        """The terms that pass both questions, the most significant first."""
        here, there = self._window.span.stories, self._baseline.span.stories
        enough = fewest(here, there)
        if enough is None:
            return []
        counts = _by_term(self._reader.cells(self._window.query, (column,), at_least=max(enough, self._owners)))
        before = self._before(column, counts)
        found = (
            _Candidate(term, count, old, signed_g2(count, here, old, there), log_ratio(count, here, old, there))
            for term, count, old in ((term, count, before[term]) for term, count in counts.items())
        )
        kept = [one for one in found if one.g2 >= SIGNIFICANT and one.log_ratio >= MUCH]
        return sorted(kept, key=lambda one: (-one.g2, one.term))

    def _before(self, column: str, terms: Iterable[str]) -> Counter[str]:
        wanted = tuple(terms)
        if not wanted:
            return Counter()
        return _by_term(self._reader.cells(self._baseline.query, (column,), only={column: wanted}))

    def _shown(self, column: Literal["term", "entity"], candidate: _Candidate) -> RisingTerm:
        naming = all_of((self._window.query, FieldValue(column, candidate.term)))
        return RisingTerm(
            column,
            candidate.term,
            candidate.term if column == "term" else best_spelling(self._reader, candidate.term),
            candidate.count,
            candidate.before,
            candidate.g2,
            candidate.log_ratio,
            len(self._reader.cells(naming, ("owner",))),
            self._reader.search(naming, limit=1, offset=candidate.count - 1, sort="date").hits[0],
        )


def _by_term(cells: dict[tuple[str | int, ...], int]) -> Counter[str]:
    return Counter({str(term): number for (term,), number in cells.items()})


def signed_g2(count: int, stories: int, before: int, stories_before: int) -> float:
    """The log-likelihood ratio of the table of stories with and without a term, negative where the term has become rarer."""
    table = ((count, before), (stories - count, stories_before - before))
    total = stories + stories_before
    g2 = 0.0
    for with_or_without in table:
        for observed, column in zip(with_or_without, (stories, stories_before), strict=True):
            if observed:
                g2 += observed * math.log(observed * total / (sum(with_or_without) * column))
    grown = count * stories_before >= before * stories
    return max(0.0, 2 * g2) if grown else min(0.0, -2 * g2)


def log_ratio(count: int, stories: int, before: int, stories_before: int) -> float:
    """The binary logarithm of the growth of a term's frequency; a term never seen before counts as half a story there."""
    return math.log2(count / stories) - math.log2((before or 0.5) / stories_before)


def fewest(stories: int, stories_before: int) -> int | None:
    """The smallest count that can be significant, that of a term never seen before; None where no count can be."""
    return next(_significant(stories, stories_before), None) if stories and stories_before else None


def _significant(stories: int, stories_before: int) -> Iterator[int]:
    return (count for count in range(1, stories + 1) if signed_g2(count, stories, 0, stories_before) >= SIGNIFICANT)
