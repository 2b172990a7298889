"""Stance toward a subject, over all and per topic, with the sentences that show it.

Sentence by sentence: the head (nlp.training.stance) gives probabilities of critical, neutral, supportive toward the mention.
The article's stance is the weighted mean over the sentences that count: those that name the subject, the title more. Low
confidence is UNSURE, never neutral.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.background import WEIGHTS
from nlp.stance_features import Targeted, features
from vigie.article import Sentence, Stance, StanceLabel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]

ORDER = (Stance.CRITICAL, Stance.NEUTRAL, Stance.SUPPORTIVE)
# Below this the likeliest stance is right in less than half of the cases (NewsMTSC dev): it is not shown as a finding.
UNSURE_BELOW = 0.42
TITLE_WEIGHT = 1.5
MOST_EVIDENCE = 3
# Models that have a trained head; others give topics only.
HEADS = ("e5-small",)


@dataclass(frozen=True, slots=True)
class _Head:
    weight: Floats
    bias: Floats
    temperature: float


@cache
def _head(model_name: str) -> _Head:
    stored = np.load(WEIGHTS / f"stance-{model_name}.npz")
    return _Head(stored["weight"].astype(np.float32), stored["bias"], float(stored["temperature"]))


def has_head(model_name: str) -> bool:
    """Whether stance can be read with this embedding model."""
    return model_name in HEADS


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence that speaks of a subject, with its weight in the whole."""

    sentence: Sentence
    targeted: Targeted
    weight: float = 1.0


def sentence_probabilities(
    model: "SentenceTransformer", model_name: str, items: Sequence[Targeted], *, batch: int = 32
) -> Floats:
    """Probabilities (len(items), 3) in the order critical, neutral, supportive."""
    if not items:
        return np.zeros((0, 3), np.float32)
    head = _head(model_name)
    logits = (features(model, items, batch=batch) @ head.weight.T + head.bias) / head.temperature
    logits -= logits.max(axis=1, keepdims=True)
    odds = np.exp(logits)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def conclude(subject: str, topic: str | None, passages: Sequence[Passage], probabilities: Floats) -> StanceLabel:
    """The stance that passages convey together. probabilities: (len(passages), 3); at least one passage."""
    weights = np.array([passage.weight for passage in passages], np.float32)
    # A neutral sentence says less about the stance of a text than one that takes sides.
    weights = weights * (1.25 - probabilities[:, 1])
    mean = (probabilities * weights[:, None]).sum(axis=0) / weights.sum()
    likeliest = int(mean.argmax())
    confidence = float(mean[likeliest])
    stance = ORDER[likeliest] if confidence >= UNSURE_BELOW else Stance.UNSURE
    pull = weights * probabilities[:, likeliest]
    shown = sorted(np.argsort(-pull, kind="stable")[:MOST_EVIDENCE].tolist(), key=lambda n: passages[n].sentence.start)
    return StanceLabel(
        subject=subject,
        topic=topic,
        stance=stance,
        score=round(float(mean[2] - mean[0]), 4),
        confidence=round(confidence, 4),
        evidence=tuple(passages[n].sentence for n in shown),
    )
