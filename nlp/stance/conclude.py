"""From what each sentence adds to a stance, with its probability and the sentences that show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE, Floats, Head
from nlp.stance.views import View
from vigie.article import Sentence, Stance, StanceLabel

STANCES = {CRITICAL: Stance.CRITICAL, NEUTRAL: Stance.NEUTRAL, SUPPORTIVE: Stance.SUPPORTIVE}
# The class of what is shown without a stance.
UNSURE = -1
MOST_EVIDENCE = 3
# Checked on benchmarks/press/dev.jsonl: below UNSURE_BELOW the stance shown would be wrong as often as right.
UNSURE_BELOW = 0.45
SPEAKS_OF_SUBJECT = 0.5
# A topic that the article treats is seldom not about its subject: only clear cases are left out.
SPEAKS_ON_TOPIC = 0.1


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The stance of a view on one question, and why.

    chances: of NONE, CRITICAL, NEUTRAL, SUPPORTIVE. pulls: how much each sentence of the view speaks for the stance shown, rather
    than for the other two, in log odds; rest: the same of what belongs to no sentence; with the bias they sum to the margin.
    """

    chances: tuple[float, float, float, float]
    stance: Stance
    confidence: float
    pulls: tuple[float, ...]
    rest: float
    bias: float

    @property
    def of_subject(self) -> float:
        """The probability that the text speaks of the subject at all."""
        return 1 - self.chances[NONE]


def conclude(parts: Floats, head: Head, view: View) -> Conclusion:
    """The conclusion from parts (sentences or one more, width)."""
    chances = head.probabilities(parts.sum(axis=0, keepdims=True))[0]
    likeliest = int(np.argmax(chances[1:])) + 1
    others = [other for other in STANCES if other != likeliest]
    shares = head.shares(parts) / head.temperature
    pulls = shares[:, likeliest] - shares[:, others].mean(axis=1)
    bias = float(head.bias[likeliest] - head.bias[others].mean()) / head.temperature
    among = chances[1:].sum()
    return Conclusion(
        chances=tuple(float(chance) for chance in chances),  # type: ignore[arg-type]  # there are four
        stance=STANCES[likeliest],
        confidence=float(chances[likeliest] / among),
        pulls=tuple(float(pull) for pull in pulls[: len(view.sentences)]),
        rest=float(pulls[len(view.sentences) :].sum()),
        bias=bias,
    )


def stance_labels(view: View, subject: str, conclusions: Mapping[str | None, Conclusion]) -> list[StanceLabel]:
    """The labels of a subject, over all first; none where it is named only in passing, nor on topics that are not about it."""
    if shown_stance(conclusions[None], over_all=True) is None:
        return []
    shown = {topic: shown_stance(found, over_all=topic is None) for topic, found in conclusions.items()}
    return [_label(view, subject, topic, stance, conclusions[topic]) for topic, stance in shown.items() if stance]


def shown_stance(found: Conclusion, *, over_all: bool) -> Stance | None:
    """The stance that is shown: UNSURE at low confidence, None where the text does not speak of the subject."""
    (shown,) = shown_classes(np.array([found.chances]), over_all=[over_all]).tolist()
    return {NONE: None, UNSURE: Stance.UNSURE, **STANCES}[shown]


def shown_classes(chances: Floats, *, over_all: Sequence[bool]) -> NDArray[np.int64]:
    """The class that is shown at each row of chances: UNSURE at low confidence, NONE where the subject is not spoken of."""
    stances = chances[:, 1:]
    silent = 1 - chances[:, NONE] < np.where(over_all, SPEAKS_OF_SUBJECT, SPEAKS_ON_TOPIC)
    unsure = stances.max(axis=1) < UNSURE_BELOW * stances.sum(axis=1)
    return np.where(silent, NONE, np.where(unsure, UNSURE, stances.argmax(axis=1) + 1))


def _label(view: View, subject: str, topic: str | None, stance: Stance, found: Conclusion) -> StanceLabel:
    return StanceLabel(
        subject=subject,
        topic=topic,
        stance=stance,
        score=round((found.chances[SUPPORTIVE] - found.chances[CRITICAL]) / max(found.of_subject, 1e-6), 4),
        confidence=round(found.confidence, 4),
        evidence=_evidence(view, found.pulls),
    )


def _evidence(view: View, pulls: tuple[float, ...]) -> tuple[Sentence, ...]:
    """The sentences that speak most for the stance, in the order of the text; one at least."""
    strongest = sorted(range(len(pulls)), key=lambda n: (-pulls[n], n))[:MOST_EVIDENCE]
    chosen = [n for n in strongest if pulls[n] > 0] or strongest[:1]
    return tuple(view.sentences[n] for n in sorted(chosen))
