"""Which articles tell the same story: reprints of a text, and accounts of one event in whatever words and language.

Reprints: MinHash over word trigrams (Broder 1997). Accounts: nlp.events. Both within three days.

A story is a star: its first article in time, those that tell the event of that one, and reprints of either. Chains do not
merge events that only share a neighbour, and the result depends on the set of articles alone, not on the order or the batches
in which they were read: whether an article joins depends on what was published in the three days before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from nlp.events import WINDOW_S, EventModel, Telling, Window, event_model
from vigie.archive import Fingerprint, Transaction

PERMUTATIONS = 128
# Other articles of the newsroom on the same subject share less than 0.05 of their trigrams, shortened reprints over 0.5.
REPRINT = 0.3
# The probability from which two articles tell one event. A wrong merge is worse than a miss: chosen on the dev part of
# benchmarks/stories, where every second article has neighbours that are easily taken for it.
ONE_EVENT = 0.7


def sketch(text: str) -> bytes:
    """The MinHash of a text: 128 values of 32 bits."""
    words = re.findall(r"\w+", text.casefold())
    made = RMinHash(num_perm=PERMUTATIONS, seed=1)
    made.update([" ".join(words[n : n + 3]) for n in range(max(1, len(words) - 2))])
    return np.array(made.digest(), np.uint32).tobytes()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article stands: the id of its story (that of its first article), and the article whose text it repeats."""

    story: str
    reprint_of: str | None


def group_stories(tx: Transaction, embedding: str) -> int:
    """Group the articles published since the first that has no story yet, and write what differs; how many moved.

    What was published before cannot change by what comes after, so that a part gives the same stories as the whole. The
    articles of every story that grew or shrank go into the change log, since their indexed form changes. embedding: the
    model that made the vectors.
    """
    tx.stories.lock()
    ungrouped, since = tx.stories.ungrouped()
    if not ungrouped:
        return 0
    prints = tx.labels.fingerprints(since=None if since is None else since - WINDOW_S)
    before = {one.article: Place(one.story, one.reprint_of) for one in prints if one.story is not None}
    after = group(prints, event_model(embedding), since=since)
    moved = [article for article, place in after.items() if before.get(article) != place]
    for article in sorted(moved):
        tx.stories.set(article, after[article].story, reprint_of=after[article].reprint_of)
    stories = {after[article].story for article in moved} | {before[article].story for article in moved if article in before}
    seen = before | after
    tx.changes.append(article for article, place in seen.items() if place.story in stories)
    for story in sorted(stories - seen.keys()):  # begun before what was looked at: a reprint of a late account
        tx.changes.append(tx.stories.members(story))
    return len(moved)


def group(prints: Sequence[Fingerprint], model: EventModel, *, since: float | None) -> dict[str, Place]:
    """The story of each article published since an instant. prints are in the order of publication, then id."""
    places = {one.article: Place(one.article, None) for one in prints if one.published is None}
    dated = [one for one in prints if one.published is not None]
    if not dated:
        return places
    width = max(len(one.embedding or b"") for one in dated) // 2
    tellings = [telling(one, width=width) for one in dated]
    sketches = np.stack([np.frombuffer(one.sketch or bytes(4 * PERMUTATIONS), np.uint32) for one in dated])
    leaders, window = _Leaders(tellings), Window()
    known: list[Place] = []
    first = 0
    for n, one in enumerate(dated):
        window.add(tellings[n])
        while tellings[first].published < tellings[n].published - WINDOW_S:
            first += 1
        if since is not None and tellings[n].published < since:
            known.append(Place(one.story or one.article, one.reprint_of))
        elif (repeated := _most_alike(sketches, first, n)) is not None:
            known.append(Place(known[repeated].story, known[repeated].reprint_of or dated[repeated].article))
        else:
            leader = leaders.told_by(n, model, window)
            known.append(Place(one.article if leader is None else dated[leader].article, None))
        if known[n].story == one.article:
            leaders.add(n)
        if since is None or tellings[n].published >= since:
            places[one.article] = known[n]
    return places


def _most_alike(sketches: NDArray[np.uint32], first: int, n: int) -> int | None:
    """The article from the first on whose text the n-th repeats, if there is one."""
    if first == n:
        return None
    shared = (sketches[first:n] == sketches[n]).mean(axis=1)
    return first + int(np.argmax(shared)) if shared.max() >= REPRINT else None


class _Leaders:
    """The first articles of the stories of three days; their vectors stand in a row, to be compared at once."""

    def __init__(self, tellings: Sequence[Telling]) -> None:
        self._tellings = tellings
        self._members: list[int] = []
        self._vectors = np.zeros((len(tellings), len(tellings[0].vector)), np.float32)
        self._times = np.zeros(len(tellings))
        self._first_open = 0

    def add(self, n: int) -> None:
        """The n-th article opens a story."""
        at = len(self._members)
        self._members.append(n)
        self._vectors[at], self._times[at] = self._tellings[n].vector, self._tellings[n].published

    def told_by(self, n: int, model: EventModel, window: Window) -> int | None:
        """The leader whose story the n-th article tells; None: its own."""
        later = self._tellings[n]
        while self._first_open < len(self._members) and self._times[self._first_open] < later.published - WINDOW_S:
            self._first_open += 1
        near = slice(self._first_open, len(self._members))
        hours = np.asarray((later.published - self._times[near]) / 3600, np.float32)
        cosines = self._vectors[near] @ later.vector
        worth_a_look = np.flatnonzero(cosines >= model.least_cosines(ONE_EVENT, later, hours, window))
        best: tuple[float, int | None] = (ONE_EVENT, None)
        for leader in (self._members[near.start + int(place)] for place in worth_a_look):
            likely = model.probability(window.compare(self._tellings[leader], later))
            if likely > best[0] or (likely == best[0] and best[1] is None):
                best = (likely, leader)
        return best[1]


def telling(one: Fingerprint, *, width: int | None = None) -> Telling:
    """What nlp.events compares of an article that has a date.

    Vectors of another model may be shorter than width; their likeness to these means nothing, and is about nothing.
    """
    vector = np.frombuffer(one.embedding or b"", np.float16).astype(np.float32)
    padded = np.pad(vector, (0, (len(vector) if width is None else width) - len(vector)))
    return Telling(padded, frozenset(one.marks.split()), one.published or 0.0, one.language)
