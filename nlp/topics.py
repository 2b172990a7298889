"""Zero-shot topics, multi-label: which topics of the watch an article treats with substance.

Each topic is a set of prototypes (its description and examples, in every language given); the press at large is another
(nlp.background). A paragraph belongs to a topic as far as it is nearer to the topic's prototypes than to the background's; an
article, as far as one of its paragraphs does, since a topic needs a sentence or more, and a paragraph of 500 characters is that.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.background import GENERAL, centred, packaged_mean
from nlp.calibration import CALIBRATED, Calibration, self_calibrated
from nlp.models import embed
from vigie.article import TopicLabel
from vigie.watch import Topic

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]

# The mean over the nearest prototypes: one alone is at the mercy of a shared name, all of them of the widest description. The
# background needs fewer, since each of its descriptions is a topic of its own.
NEAREST_OF_TOPIC, NEAREST_OF_BACKGROUND = 5, 2
THRESHOLD = 0.5


class TopicModel:
    """The topics of a watch under an embedding model."""

    def __init__(self, model: "SentenceTransformer", model_name: str, topics: Sequence[Topic]) -> None:
        self.ids = tuple(topic.id for topic in topics)
        general = embed(model, [text for texts in GENERAL.values() for text in texts])
        packaged = packaged_mean(model_name)
        # Of a model that is not packaged, the general descriptions themselves: varied texts in five languages, if few.
        self._mean = general.mean(axis=0) if packaged is None else packaged
        self._general = self.centre(general)
        self._prototypes = [self.centre(embed(model, _texts(topic))) for topic in topics]
        self._calibration = CALIBRATED.get(model_name) or self.self_calibration()

    def self_calibration(self) -> Calibration:
        """The calibration that the texts of the topics give among themselves."""
        toward_others = [
            np.delete(self._margins(prototypes), own, axis=1).ravel() for own, prototypes in enumerate(self._prototypes)
        ]
        return self_calibrated(np.concatenate([np.zeros(0, np.float32), *toward_others]))

    def centre(self, vectors: Floats) -> Floats:
        """Raw unit vectors of this model, centred."""
        return centred(vectors, self._mean)

    def paragraph_scores(self, vectors: Floats) -> Floats:
        """Scores in 0..1 of centred paragraph vectors: (paragraphs, topics)."""
        if not self.ids or not len(vectors):
            return np.zeros((len(vectors), len(self.ids)), np.float32)
        above_even = self._margins(vectors) - self._calibration.even_margin
        return np.asarray(1 / (1 + np.exp(-self._calibration.slope * above_even)), np.float32)

    def _margins(self, vectors: Floats) -> Floats:
        """How much nearer each vector is to each topic than to the background: (vectors, topics)."""
        background = _nearest(vectors, self._general, NEAREST_OF_BACKGROUND)
        near = np.stack([_nearest(vectors, prototypes, NEAREST_OF_TOPIC) for prototypes in self._prototypes], axis=1)
        return np.asarray(near - background[:, None], np.float32)

    def article_topics(self, scores: Floats) -> tuple[TopicLabel, ...]:
        """The topics of an article from the scores of its paragraphs, the strongest first."""
        best = scores.max(axis=0) if len(scores) else np.zeros(len(self.ids))
        labels = [
            TopicLabel(topic, round(float(score), 4)) for topic, score in zip(self.ids, best, strict=True) if score >= THRESHOLD
        ]
        return tuple(sorted(labels, key=lambda label: (-label.score, label.topic)))


def _texts(topic: Topic) -> list[str]:
    examples = [example for texts in topic.examples.values() for example in texts]
    described = [f"{topic.label_in(language)}: {text}" for language, text in topic.description.items()]
    return [*described, *examples]


def _nearest(vectors: Floats, prototypes: Floats, count: int) -> Floats:
    """The mean cosine of each vector to its nearest prototypes."""
    likeness = np.sort(vectors @ prototypes.T, axis=1)
    return np.asarray(likeness[:, -count:].mean(axis=1), np.float32)
