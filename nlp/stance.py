"""Stance toward a subject, over all and per topic, with the sentences that show it.

Sentence by sentence: the head (nlp.training.stance) gives probabilities of critical, neutral, supportive toward the mention.
The tone of an article is their weighted mean, those that name the subject counting most, and decides its stance. Low confidence
is UNSURE, never neutral.
"""

import math
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
# Sentences that do not name the subject still speak of it in an article about it, but less surely.
WEIGHT_WITHOUT_MENTION = 0.4
# The tone of an article (mean of supportive minus critical) at which it is even whether it is critical, and even whether it is
# supportive; and how fast the one turns into the other. News is written soberly: little tone means much. Chosen on the French
# and English part of the sample newsroom; benchmarks/quality_labels.py reports the other languages.
CRITICAL_BELOW, SUPPORTIVE_ABOVE, SOFTNESS = -0.06, 0.08, 0.06
# Below this confidence no stance is shown as a finding.
UNSURE_BELOW = 0.5
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
    """The stance that passages convey together. probabilities: (len(passages), 3); at least one passage.

    The tone of the passages is turned into three probabilities by a cumulative logistic model (McCullagh 1980).
    """
    weights = np.array([passage.weight for passage in passages], np.float32)
    leanings = probabilities[:, 2] - probabilities[:, 0]
    tone = float((leanings * weights).sum() / weights.sum())
    critical = 1 / (1 + math.exp((tone - CRITICAL_BELOW) / SOFTNESS))
    supportive = 1 / (1 + math.exp((SUPPORTIVE_ABOVE - tone) / SOFTNESS))
    chances = (critical, 1 - critical - supportive, supportive)
    confidence = max(chances)
    likeliest = ORDER[chances.index(confidence)]
    return StanceLabel(
        subject=subject,
        topic=topic,
        stance=likeliest if confidence >= UNSURE_BELOW else Stance.UNSURE,
        score=round(supportive - critical, 4),
        confidence=round(confidence, 4),
        evidence=_evidence(passages, probabilities[:, ORDER.index(likeliest)] * weights),
    )


def _evidence(passages: Sequence[Passage], pull: Floats) -> tuple[Sentence, ...]:
    """The sentences that weigh most for the stance, in the order of the text."""
    strongest = np.argsort(-pull, kind="stable")[:MOST_EVIDENCE].tolist()
    return tuple(passages[n].sentence for n in sorted(strongest, key=lambda n: passages[n].sentence.start))
