"""Whether two articles tell the same event, in any two languages, and why.

A logistic regression over five clues: the cosine of the article vectors, the rare names and the amounts that both give, the hours
between them, and whether they share a language (two articles of one language share more words by chance). The rarity of a mark is
its inverse document frequency (Spärck Jones 1972) over what was published in the days before. The weights come from
nlp.training.stories.
"""

import json
import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlp.background import WEIGHTS

WINDOW_S = 3 * 86400.0
# In a small archive every name is rare: as if so many other articles had been read that hold none of its marks.
UNSEEN_ARTICLES = 50
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is compared of an article: its unit vector (centred for its language), marks, instant (seconds) and language."""

    vector: Floats
    marks: frozenset[str]
    published: float
    language: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why two articles may tell one event. names, amounts: the marks that both give, with their rarity, the rarest first."""

    cosine: float
    names: tuple[tuple[str, float], ...]
    amounts: tuple[tuple[str, float], ...]
    hours: float
    same_language: bool

    def clues(self) -> tuple[float, float, float, float, float]:
        """The numbers that EventModel weighs, in the order of its weights."""
        return (
            self.cosine,
            math.log1p(sum(rarity for _, rarity in self.names)),
            math.log1p(sum(rarity for _, rarity in self.amounts)),
            math.log1p(self.hours),
            float(self.same_language),
        )


class Window:
    """What was published in the three days before an article: how rare a mark is there."""

    def __init__(self) -> None:
        self._articles: deque[Telling] = deque()
        self._frequency: Counter[str] = Counter()

    def add(self, telling: Telling) -> None:
        """Move on to an article; articles come in the order of publication."""
        while self._articles and self._articles[0].published < telling.published - WINDOW_S:
            self._frequency.subtract(self._articles.popleft().marks)
        self._articles.append(telling)
        self._frequency.update(telling.marks)

    def rarity(self, mark: str) -> float:
        """The inverse document frequency of a mark."""
        return math.log((len(self._articles) + UNSEEN_ARTICLES) / (self._frequency[mark] + 1))

    def compare(self, earlier: Telling, later: Telling) -> Evidence:
        """The evidence that two articles tell one event; the later one was added last."""
        shared = sorted(
            ((mark, self.rarity(mark)) for mark in earlier.marks & later.marks), key=lambda found: (-found[1], found[0])
        )
        return Evidence(
            cosine=float(earlier.vector @ later.vector),
            names=tuple(found for found in shared if not found[0].startswith("#")),
            amounts=tuple(found for found in shared if found[0].startswith("#")),
            hours=(later.published - earlier.published) / 3600,
            same_language=earlier.language == later.language,
        )


@dataclass(frozen=True, slots=True)
class EventModel:
    """Weights of the clues, in the order of Evidence.clues, and the bias."""

    cosine: float
    names: float
    amounts: float
    hours: float
    same_language: float
    bias: float

    def probability(self, evidence: Evidence) -> float:
        """How likely two articles tell one event: 0..1."""
        weights = (self.cosine, self.names, self.amounts, self.hours, self.same_language)
        odds = self.bias + sum(weight * clue for weight, clue in zip(weights, evidence.clues(), strict=True))
        return 1 / (1 + math.exp(-odds))

    def least_cosines(self, probability: float, later: Telling, hours: Floats, window: Window) -> Floats:
        """The cosines that articles so many hours before need to reach that probability if they share every mark.

        What lies below need not be compared. For an article of another language, which needs less.
        """
        most = [0.0, 0.0]
        for mark in later.marks:
            most[mark.startswith("#")] += window.rarity(mark)
        given = self.bias + self.names * math.log1p(most[0]) + self.amounts * math.log1p(most[1]) + self.hours * np.log1p(hours)
        needed = (math.log(probability / (1 - probability)) - given - max(0.0, self.same_language)) / self.cosine
        return np.asarray(needed, np.float32)


# For models without trained weights: the cosine alone, and only of texts that say the same almost word by word.
BY_COSINE = EventModel(cosine=40.0, names=0.0, amounts=0.0, hours=0.0, same_language=0.0, bias=-33.0)


@cache
def event_model(embedding: str) -> EventModel:
    """The weights for vectors of an embedding model; BY_COSINE where none were trained."""
    file = WEIGHTS / f"stories-{embedding}.json"
    if not file.exists():
        return BY_COSINE
    return EventModel(**json.loads(file.read_text(encoding="utf-8"))["weights"])


def article_vector(vectors: Floats, pieces: Sequence[tuple[str, int, int]]) -> bytes:
    """The mean of the vectors of an article's pieces by their length, of unit length: float16 bytes."""
    lengths = np.array([len(text) for text, _, _ in pieces], np.float32)
    mean = (vectors * lengths[:, None]).sum(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float16).tobytes()


def why(pair: tuple[Telling, Telling], among: Iterable[Telling]) -> Evidence:
    """Why two articles (in the order of publication) may tell one event. among: what was published around them."""
    earlier, later = pair
    window = Window()
    for telling in sorted(among, key=lambda one: one.published):
        if telling is not later and telling.published <= later.published:
            window.add(telling)
    window.add(later)
    return window.compare(earlier, later)


def all_pairs(tellings: Sequence[Telling]) -> list[tuple[int, int, Evidence]]:
    """Every two articles within three days, as (place of the earlier, of the later, evidence). In the order of publication."""
    window = Window()
    found = []
    for later, telling in enumerate(tellings):
        window.add(telling)
        for earlier in range(later - 1, -1, -1):
            if tellings[earlier].published < telling.published - WINDOW_S:
                break
            found.append((earlier, later, window.compare(tellings[earlier], telling)))
    return found
