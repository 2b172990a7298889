"""What people say of articles, and what becomes of the labels by it.

A correction answers one question: does the article treat a topic, or what does it convey about a subject, over all or on a
topic. It wins over the models, whatever their version, until a later one answers the same question or it is withdrawn.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from vigie.article import Labels, Stance, StanceLabel, TopicLabel


class Answer(StrEnum):
    """What a person can say: a stance, NONE (the subject is named in passing), or whether a topic is there."""

    SUPPORTIVE = "supportive"
    NEUTRAL = "neutral"
    CRITICAL = "critical"
    NONE = "none"
    PRESENT = "present"
    ABSENT = "absent"


TOPIC_ANSWERS = (Answer.PRESENT, Answer.ABSENT)
STANCE_ANSWERS = tuple(answer for answer in Answer if answer not in TOPIC_ANSWERS)
# The share of word trigrams from which a reprint says what its original says. Those of the newsroom, some with an introduction of
# their own, share 0.90 to 1.00, and convey the same; one that was cut by a quarter may not.
SAME_TEXT = 0.8
_SCORES = {Answer.SUPPORTIVE: 1.0, Answer.NEUTRAL: 0.0, Answer.CRITICAL: -1.0}


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's answer, also where it confirms the models.

    revision: the text that was judged. subject: None where the question is whether the topic is there; topic: None where the
    stance is meant over all. at: seconds since the epoch. stale: the article has been edited since.
    """

    id: int
    article: str
    revision: int
    subject: str | None
    topic: str | None
    answer: Answer
    author: str
    at: float
    note: str = ""
    stale: bool = False


def corrected(labels: Labels, corrections: Iterable[Correction]) -> Labels:
    """The labels of an article as people have corrected them; corrections are those in effect, in the order of their making.

    Where answers touch each other, the later one decides: no topic, no stance on it; no stance over all, none on any topic; a
    stance on a topic puts the topic there. A stance that a person gave has confidence 1, and shows the models' evidence only
    where they agree: nobody has said which sentences speak for the other answer.
    """
    subjects = dict.fromkeys(labels.subjects)
    topics = {label.topic: label for label in labels.topics}
    stances = {(label.subject, label.topic): label for label in labels.stances}
    for one in corrections:
        stale = one.revision < labels.revision
        if one.answer is Answer.ABSENT:
            topics.pop(one.topic or "", None)
            stances = {key: label for key, label in stances.items() if key[1] != one.topic}
        elif one.answer is Answer.NONE:
            stances = {
                key: label for key, label in stances.items() if key[0] != one.subject or (one.topic and key[1] != one.topic)
            }
        else:
            if one.topic and (one.subject is None or one.topic not in topics):
                topics[one.topic] = TopicLabel(one.topic, 1.0, one.author, stale)
            if one.subject:
                subjects[one.subject] = None
                found = stances.get((one.subject, one.topic))
                stances[one.subject, one.topic] = _stance(one, one.subject, found, stale=stale)
    order = list(subjects)
    return replace(
        labels,
        subjects=tuple(subjects),
        topics=tuple(sorted(topics.values(), key=lambda label: (-label.score, label.topic))),
        stances=tuple(sorted(stances.values(), key=lambda label: (order.index(label.subject), label.topic is not None))),
    )


def settles(later: Correction, earlier: Correction) -> bool:
    """Whether an answer leaves nothing of an earlier one to another question, by the rules of :func:`corrected`."""
    if later.answer is Answer.ABSENT:
        return later.topic == earlier.topic
    if later.answer is Answer.NONE:
        return later.topic is None and later.subject == earlier.subject
    return earlier.answer is Answer.ABSENT and later.topic == earlier.topic


def same_text(one: str, other: str) -> bool:
    """Whether what a person says of one text holds for the other: but for a credit, or an introduction, they are the same."""
    first, second = _trigrams(one), _trigrams(other)
    return len(first & second) >= SAME_TEXT * len(first | second)


def _trigrams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[n : n + 3]) for n in range(max(1, len(words) - 2))}


def _stance(one: Correction, subject: str, found: StanceLabel | None, *, stale: bool) -> StanceLabel:
    stance = Stance(one.answer)
    evidence = found.evidence if found and found.stance is stance else ()
    return StanceLabel(subject, one.topic, stance, _SCORES[one.answer], 1.0, evidence, one.author, stale)
