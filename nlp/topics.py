"""Topics, multi-label: which topics of the watch an article treats with substance.

Zero-shot: each topic is a set of prototypes (its descriptions and examples, in every language given), and a paragraph is about it
as far as it is nearer to them than to the general topics of the press (nlp.background). Two margins of an article, that of its
best paragraph and the mean, give a probability that is calibrated on our own texts (nlp.training.topics).

Learnt: where articles have been labelled, a topic also has weights over the mean vector of the article, which add to that. They
serve every topic that means the same, whatever its id: wholly from a cosine of SAME_TOPIC between the means of the prototypes on,
not at all below OTHER_TOPIC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from nlp.background import WEIGHTS, background, centred, centred_vectors
from nlp.models import embed
from vigie.article import TopicLabel
from vigie.watch import Topic

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]

# The mean over the nearest prototypes: one alone is at the mercy of a shared name, all of them of the widest description.
NEAREST, NEAREST_OF_GENERAL = 8, 4
# Against so many of the nearest general topics: an article on a topic of the watch is always about something else as well.
GENERAL_TOPICS = 3
THRESHOLD = 0.5
# From here on a topic that was not found is asked about: as sure that it is not there (1 - SURE of vigie.review) are the rest.
DOUBTFUL = 0.2
# How fast a margin turns into a probability under a model that nobody has measured: as under e5-small.
UNMEASURED_SLOPE = 36.0
# What labels say where the topics rest on these unmeasured constants.
UNCALIBRATED = "topics uncalibrated"
# How dear the weights of a topic are against the loss of one article, where a few dozen are learnt from: of 0.1 to 0.003 little
# is gained below this (benchmarks.few_shot, on the development texts).
STRENGTH = 0.01
# One description in one language reaches a cosine of .6 to .7 to the whole topic, with examples .75; other topics stay below .6.
OTHER_TOPIC, SAME_TOPIC = 0.6, 0.75


@dataclass(frozen=True, slots=True)
class TopicHead:
    """What was learnt for a topic: its mean prototype (a unit vector), weights over article vectors, a shift of the log odds."""

    prototype: Floats
    weight: Floats
    shift: float


@dataclass(frozen=True, slots=True)
class TopicWeights:
    """The log odds of a topic: best · margin of the best paragraph + mean · mean margin + bias, and what was learnt."""

    best: float
    mean: float
    bias: float
    heads: tuple[TopicHead, ...] = ()

    def stored(self) -> dict[str, NDArray[np.float32]]:
        """The arrays that ``restored`` reads."""
        heads = self.heads
        return {
            "calibration": np.array([self.best, self.mean, self.bias], np.float32),
            "prototypes": np.array([head.prototype for head in heads], np.float32),
            "weights": np.array([head.weight for head in heads], np.float32),
            "shifts": np.array([head.shift for head in heads], np.float32),
        }

    @classmethod
    def restored(cls, stored: "dict[str, NDArray[np.float32]] | np.lib.npyio.NpzFile") -> "TopicWeights":
        """The weights of these arrays."""
        heads = zip(stored["prototypes"], stored["weights"], stored["shifts"].tolist(), strict=True)
        best, mean, bias = stored["calibration"].tolist()
        return cls(best, mean, bias, tuple(TopicHead(prototype, weight, shift) for prototype, weight, shift in heads))


def shipped_weights(model_name: str) -> TopicWeights | None:
    """The weights for a model that was calibrated; None for others."""
    file = WEIGHTS / f"topics-{model_name}.npz"
    if not file.exists():
        return None
    with np.load(file) as stored:
        return TopicWeights.restored(stored)


class TopicModel:
    """The topics of a watch under an embedding model."""

    def __init__(
        self, model: "SentenceTransformer", model_name: str, topics: Sequence[Topic], *, weights: TopicWeights | None = None
    ) -> None:
        self._model = model
        self.ids = tuple(topic.id for topic in topics)
        self.prototypes = [prototypes(model, model_name, topic) for topic in topics]
        self._background = background(model_name, model)
        shipped = shipped_weights(model_name)
        # A head that was learnt on top of unmeasured constants leaves them unmeasured.
        self.calibrated = shipped is not None
        self.weights = weights or shipped or self.self_calibrated()
        self.heads = [head_for(own, self.weights.heads) for own in self.prototypes]
        self._even = -self.weights.bias / (self.weights.best + self.weights.mean)

    def self_calibrated(self) -> TopicWeights:
        """A calibration for a model that nobody has measured, from the margins at which general texts lie toward the topics.

        A paragraph is about a topic when it is nearer to it than nearly all of them: by two standard deviations.
        """
        margins = self.margins(np.concatenate(self._background.topics)).ravel() if self.ids else np.zeros(1, np.float32)
        even = float(margins.mean() + 2 * margins.std())
        return TopicWeights(UNMEASURED_SLOPE, 0.0, -UNMEASURED_SLOPE * even)

    def passage_vectors(self, pieces: Sequence[tuple[str, int, int]]) -> Floats:
        """The centred vectors of an article's paragraphs (nlp.document.paragraphs): (paragraphs, dimension)."""
        return self.centre(embed(self._model, [text for text, _, _ in pieces]))

    def centre(self, vectors: Floats) -> Floats:
        """Raw unit vectors of this model, centred."""
        return centred(vectors, self._background.mean)

    def margins(self, vectors: Floats) -> Floats:
        """How much nearer centred paragraph vectors are to each topic than to the press at large: (paragraphs, topics)."""
        if not self.ids or not len(vectors):
            return np.zeros((len(vectors), len(self.ids)), np.float32)
        general = np.stack([_nearest(vectors, topic, NEAREST_OF_GENERAL) for topic in self._background.topics], axis=1)
        elsewhere = np.sort(general, axis=1)[:, -GENERAL_TOPICS:].mean(axis=1)
        near = np.stack([self.likeness(vectors, column) for column in range(len(self.ids))], axis=1)
        return np.asarray(near - elsewhere[:, None], np.float32)

    def likeness(self, vectors: Floats, column: int) -> Floats:
        """How near centred paragraph vectors are to one topic, as a cosine: (paragraphs,)."""
        return _nearest(vectors, self.prototypes[column], NEAREST)

    def on_topic(self, margins: Floats) -> NDArray[np.bool_]:
        """Which paragraphs are more likely than not about each topic: (paragraphs, topics)."""
        return np.asarray(margins >= self._even)

    def log_odds(self, vectors: Floats, margins: Floats) -> Floats:
        """The log odds of each topic in an article of these paragraphs: (topics,)."""
        if not len(vectors) or not self.ids:
            return np.full(len(self.ids), -np.inf, np.float32)
        zero_shot = zero_shot_log_odds(margins, self.weights)
        mean = vectors.mean(axis=0)
        learnt = [float(head.weight @ mean) + head.shift for head in self.heads]
        return np.asarray(zero_shot + np.array(learnt), np.float32)

    def article_topics(self, vectors: Floats, margins: Floats) -> tuple[TopicLabel, ...]:
        """The topics of an article, the strongest first."""
        return self._labels(vectors, margins, lambda score: score >= THRESHOLD)

    def doubtful_topics(self, vectors: Floats, margins: Floats) -> tuple[TopicLabel, ...]:
        """Topics that an article does not treat by these scores, and might, the likeliest first."""
        return self._labels(vectors, margins, lambda score: DOUBTFUL <= score < THRESHOLD)

    def _labels(self, vectors: Floats, margins: Floats, fits: Callable[[float], bool]) -> tuple[TopicLabel, ...]:
        scores = expit(self.log_odds(vectors, margins)).tolist()
        labels = [TopicLabel(topic, round(score, 4)) for topic, score in zip(self.ids, scores, strict=True) if fits(score)]
        return tuple(sorted(labels, key=lambda label: (-label.score, label.topic)))


def head_for(own: Floats, heads: Sequence[TopicHead]) -> TopicHead:
    """What was learnt for the topic that is nearest in meaning to these prototypes, as far as it applies."""
    mean = mean_prototype(own)
    nearest, share = nearest_head(mean, heads)
    if nearest is None:
        return TopicHead(mean, np.zeros(len(mean), np.float32), 0.0)
    return TopicHead(mean, share * nearest.weight, share * nearest.shift)


def nearest_head(mean: Floats, heads: Sequence[TopicHead]) -> tuple[TopicHead | None, float]:
    """The head of the topic that is nearest in meaning to a mean prototype, and the share of it that applies there."""
    nearest = max(heads, key=lambda head: float(head.prototype @ mean), default=None)
    if nearest is None:
        return None, 0.0
    likeness = float(nearest.prototype @ mean)
    return nearest, min(1.0, max(0.0, (likeness - OTHER_TOPIC) / (SAME_TOPIC - OTHER_TOPIC)))


def zero_shot_log_odds(margins: Floats, weights: TopicWeights) -> Floats:
    """The log odds that margins (paragraphs, topics) give to each topic: (topics,)."""
    return np.asarray(weights.best * margins.max(axis=0) + weights.mean * margins.mean(axis=0) + weights.bias, np.float32)


def fitted_head(
    start: TopicHead, means: Floats, zero_shot: Floats, gold: NDArray[np.bool_], *, strength: float = STRENGTH
) -> TopicHead:
    """The head nearest to start that answers these articles: means (n, dimension), zero_shot log odds (n,), gold (n,).

    Logistic regression on top of the zero-shot log odds, its weights drawn to those of start (L2-SP, Li et al. 2018).
    """

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = zero_shot + means @ flat[:-1] + flat[-1]
        error = expit(odds) - gold
        moved = flat - np.append(start.weight, start.shift)
        value = np.logaddexp(0, np.where(gold, -odds, odds)).sum() + strength * (moved**2).sum()
        return float(value), np.append(means.T @ error, error.sum()) + 2 * strength * moved

    first = np.append(start.weight, start.shift).astype(np.float64)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return TopicHead(start.prototype, found[:-1].astype(np.float32), float(found[-1]))


def mean_prototype(vectors: Floats) -> Floats:
    """The mean of a topic's prototypes, of unit length."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


def prototypes(model: "SentenceTransformer", model_name: str, topic: Topic) -> Floats:
    """The centred vectors of a topic's descriptions and examples: (texts, dimension)."""
    return _vectors_of(model, model_name, tuple(prototype_texts(topic)))


@lru_cache(maxsize=256)  # the topics and the stances of a watch both ask for them
def _vectors_of(model: "SentenceTransformer", model_name: str, texts: tuple[str, ...]) -> Floats:
    return centred_vectors(model, model_name, texts)


def prototype_texts(topic: Topic) -> list[str]:
    """What a topic is recognised by."""
    examples = [example for texts in topic.examples.values() for example in texts]
    described = [f"{topic.label_in(language)}: {text}" for language, text in topic.description.items()]
    return [*described, *examples]


def _nearest(vectors: Floats, known: Floats, count: int) -> Floats:
    """The mean cosine of each vector to its nearest of those known."""
    likeness = np.sort(vectors @ known.T, axis=1)
    return np.asarray(likeness[:, -count:].mean(axis=1), np.float32)
