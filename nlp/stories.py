"""Which articles tell the same story: reprints of a text, and its close rewritings and translations.

Reprints: MinHash over word trigrams (Broder 1997). Rewritings: cosine of centred embeddings. Both within three days.

A story is a star: its first article in time, and those that are close to that one. Chains do not merge events that only share
a neighbour, and the result depends on the set of articles alone, not on the order or the batches in which they were read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from vigie.archive import Fingerprint, Transaction

PERMUTATIONS = 128
WINDOW_S = 3 * 86400.0
# Other articles of the newsroom on the same subject share less than 0.05 of their trigrams, shortened reprints over 0.5.
REPRINT = 0.3
# A wrong merge is worse than a miss: articles on one subject reach a cosine of 0.7 without telling the same event.
SAME_TEXT = 0.85
Floats = NDArray[np.float32]


def sketch(text: str) -> bytes:
    """The MinHash of a text: 128 values of 32 bits."""
    words = re.findall(r"\w+", text.casefold())
    made = RMinHash(num_perm=PERMUTATIONS, seed=1)
    made.update([" ".join(words[n : n + 3]) for n in range(max(1, len(words) - 2))])
    return np.array(made.digest(), np.uint32).tobytes()


@dataclass(frozen=True, slots=True)
class _Place:
    story: str
    reprint_of: str | None


def group_stories(tx: Transaction) -> int:
    """Group the articles published since the first that has no story yet, and write what differs; how many moved.

    What was published before cannot change by what comes after, so that a part gives the same stories as the whole. The
    articles of every story that grew or shrank go into the change log, since their indexed form changes.
    """
    tx.stories.lock()
    ungrouped, since = tx.stories.ungrouped()
    if not ungrouped:
        return 0
    prints = tx.labels.fingerprints(since=None if since is None else since - WINDOW_S)
    before = {one.article: _Place(one.story, one.reprint_of) for one in prints if one.story is not None}
    after = _group(prints, since=since)
    moved = [article for article, place in after.items() if before.get(article) != place]
    for article in sorted(moved):
        tx.stories.set(article, after[article].story, reprint_of=after[article].reprint_of)
    stories = {after[article].story for article in moved} | {before[article].story for article in moved if article in before}
    tx.changes.append(article for article, place in (before | after).items() if place.story in stories)
    return len(moved)


def _group(prints: Sequence[Fingerprint], *, since: float | None) -> dict[str, _Place]:
    """The story of each article published since an instant. prints are in the order of publication, then id."""
    places = {one.article: _Place(one.article, None) for one in prints if one.published is None}
    dated = [one for one in prints if one.published is not None]
    if not dated:
        return places
    vectors = _of_one_width([_vector(one) for one in dated])
    sketches = np.stack([np.frombuffer(one.sketch or bytes(4 * PERMUTATIONS), np.uint32) for one in dated])
    times = np.array([one.published for one in dated])
    leaders: list[int] = []
    first_open = 0
    for n, one in enumerate(dated):
        if since is not None and times[n] < since:
            if one.story == one.article:
                leaders.append(n)
            continue
        while first_open < len(leaders) and times[leaders[first_open]] < times[n] - WINDOW_S:
            first_open += 1
        leader, is_reprint = _closest(leaders[first_open:], n, vectors, sketches)
        if leader is None:
            leaders.append(n)
            places[one.article] = _Place(one.article, None)
        else:
            places[one.article] = _Place(dated[leader].article, dated[leader].article if is_reprint else None)
    return places


def _closest(leaders: Sequence[int], n: int, vectors: Floats, sketches: NDArray[np.uint32]) -> tuple[int | None, bool]:
    """The leader whose story the n-th article tells (None: its own), and whether it reprints that leader's text."""
    if not leaders:
        return None, False
    shared = (sketches[leaders] == sketches[n]).mean(axis=1)
    if shared.max() >= REPRINT:
        return leaders[int(np.argmax(shared))], True
    likeness = vectors[leaders] @ vectors[n]
    return (leaders[int(np.argmax(likeness))], False) if likeness.max() >= SAME_TEXT else (None, False)


def _vector(one: Fingerprint) -> Floats:
    return np.frombuffer(one.embedding or b"", np.float16).astype(np.float32)


def _of_one_width(vectors: Sequence[Floats]) -> Floats:
    """Vectors as rows. Those of another model may be shorter; their likeness to these means nothing, and is about nothing."""
    width = max(len(vector) for vector in vectors)
    return np.stack([np.pad(vector, (0, width - len(vector))) for vector in vectors])
