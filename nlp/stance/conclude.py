"""From what each sentence adds to a stance, with its probability and the sentences that show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE, Floats, Head
from nlp.stance.views import View
from vigie.article import Sentence, Stance, StanceLabel

STANCES = {CRITICAL: Stance.CRITICAL, NEUTRAL: Stance.NEUTRAL, SUPPORTIVE: Stance.SUPPORTIVE}
# The class of what is shown without a stance.
UNSURE = -1
SHOWN = STANCES | {UNSURE: Stance.UNSURE}
MOST_EVIDENCE = 3
# On benchmarks/press/dev.jsonl one in three answers below this is right; of those up to 0.60 about one in two is, which are too
# many to be withheld (nlp.training.calibration).
UNSURE_BELOW = 0.45
SPEAKS_OF_SUBJECT = 0.5
# A topic that the article treats is seldom not about its subject: only clear cases are left out.
SPEAKS_ON_TOPIC = 0.1


@dataclass(frozen=True, slots=True)
class Balance:
    """What speaks for one answer against others, in log odds: each sentence of the view, what belongs to none of them, the bias.

    spread: what it takes away that several answers stand against it, and not the likeliest of them alone.
    """

    pulls: tuple[float, ...]
    rest: float
    bias: float
    spread: float = 0.0

    @property
    def whole(self) -> float:
        """The sum of all of it."""
        return sum(self.pulls) + self.rest + self.bias + self.spread


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The stance of a view on one question, and why.

    chances: of NONE, CRITICAL, NEUTRAL, SUPPORTIVE. for_stance: what speaks for the likeliest stance rather than for the other
    two; the whole is its margin over their mean. for_none: what speaks for NONE against all three; the whole is its log odds.
    """

    chances: tuple[float, float, float, float]
    stance: Stance
    confidence: float
    for_stance: Balance
    for_none: Balance

    @property
    def of_subject(self) -> float:
        """The probability that the text speaks of the subject at all."""
        return 1 - self.chances[NONE]


def conclude(parts: Floats, head: Head, view: View) -> Conclusion:
    """The conclusion from parts (sentences or one more, width)."""
    chances = head.probabilities(parts.sum(axis=0, keepdims=True))[0]
    likeliest = int(np.argmax(chances[1:])) + 1
    others = [other for other in STANCES if other != likeliest]
    shares, bias = head.shares(parts) / head.temperature, head.bias / head.temperature
    among = chances[1:] / chances[1:].sum()

    def balance(answer: int, against: list[int], weights: Floats, spread: float = 0.0) -> Balance:
        pulls = shares[:, answer] - shares[:, against] @ weights
        count = len(view.sentences)
        own = float(bias[answer] - bias[against] @ weights)
        return Balance(tuple(pulls[:count].tolist()), float(pulls[count:].sum()), own, spread)

    return Conclusion(
        chances=tuple(float(chance) for chance in chances),  # type: ignore[arg-type]  # there are four
        stance=STANCES[likeliest],
        confidence=float(among[likeliest - 1]),
        for_stance=balance(likeliest, others, np.full(2, 0.5, np.float32)),
        # The log of a sum is the mean under the shares of its terms, and their entropy: so the log odds are linear, exactly.
        for_none=balance(NONE, list(STANCES), among, spread=float(xlogy(among, among).sum())),
    )


def stance_labels(view: View, subject: str, conclusions: Mapping[str | None, Conclusion]) -> list[StanceLabel]:
    """The labels of a subject, over all first, for the stances that are shown."""
    shown = shown_stances(conclusions)
    return [_label(view, subject, topic, stance, conclusions[topic]) for topic, stance in shown.items()]


def shown_stances(conclusions: Mapping[str | None, Conclusion]) -> dict[str | None, Stance]:
    """The stances that are shown, UNSURE at low confidence: none where the subject is named only in passing, nor on topics that
    are not about it.
    """
    chances = np.array([one.chances for one in conclusions.values()])
    classes = shown_classes(chances, over_all=[topic is None for topic in conclusions]).tolist()
    shown = {topic: SHOWN[one] for topic, one in zip(conclusions, classes, strict=True) if one != NONE}
    return shown if None in shown else {}


def shown_classes(chances: Floats, *, over_all: Sequence[bool]) -> NDArray[np.int64]:
    """The class that is shown at each row of chances: UNSURE at low confidence, NONE where the subject is not spoken of."""
    stances = chances[:, 1:]
    silent = 1 - chances[:, NONE] < np.where(over_all, SPEAKS_OF_SUBJECT, SPEAKS_ON_TOPIC)
    unsure = stances.max(axis=1) < UNSURE_BELOW * stances.sum(axis=1)
    return np.where(silent, NONE, np.where(unsure, UNSURE, stances.argmax(axis=1) + 1))


def needed(topic: str | None) -> float:
    """How likely it must be that a text speaks of its subject for a stance to be shown, over all (None) or on a topic."""
    return SPEAKS_OF_SUBJECT if topic is None else SPEAKS_ON_TOPIC


def _label(view: View, subject: str, topic: str | None, stance: Stance, found: Conclusion) -> StanceLabel:
    return StanceLabel(
        subject=subject,
        topic=topic,
        stance=stance,
        score=round((found.chances[SUPPORTIVE] - found.chances[CRITICAL]) / max(found.of_subject, 1e-6), 4),
        confidence=round(found.confidence, 4),
        evidence=_evidence(view, found.for_stance.pulls),
    )


def _evidence(view: View, pulls: tuple[float, ...]) -> tuple[Sentence, ...]:
    """The sentences that speak most for the stance, in the order of the text; one at least."""
    strongest = sorted(range(len(pulls)), key=lambda n: (-pulls[n], n))[:MOST_EVIDENCE]
    chosen = [n for n in strongest if pulls[n] > 0] or strongest[:1]
    return tuple(view.sentences[n] for n in sorted(chosen))
