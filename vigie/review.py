"""What to ask a person about the labels: the questions on which the models are least sure, each with what it was decided on.

Asking first where the model is least certain is uncertainty sampling (Lewis & Gale 1994, SIGIR). Answers to such questions alone
teach little about topics (benchmarks.few_shot): what a topic misses is far below its threshold. So whoever has an article before
them is asked about all topics of which few answers speak.
"""

import heapq
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from vigie.archive import Transaction
from vigie.article import Article, Labels, Sentence, Stance
from vigie.correction import Answer, Correction, corrected, settles

# Stances and topics given less than this probability are doubtful; they are asked before those that are merely unanswered.
SURE = 0.8
# Answers on a topic from which on it is known well enough to trust that a topic without a label is not there.
FEW = 40


@dataclass(frozen=True, slots=True)
class Question:
    """A label to be judged: a stance toward a subject, or (subject None) whether the article treats a topic, also one not found.

    revision: the text that was labelled, and is to be judged. answer: what is held now, None for an unsure stance.
    confidence: the probability given to it, 0 where the labels say nothing of it. by: the person who said so of an earlier
    revision, empty for the models. evidence: the sentences that the models decided on.
    """

    article: str
    revision: int
    subject: str | None
    topic: str | None
    answer: Answer | None
    confidence: float
    by: str = ""
    evidence: tuple[Sentence, ...] = ()

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What is asked: the article, the subject and the topic."""
        return self.article, self.subject, self.topic

    @property
    def turn(self) -> tuple[int, float, str]:
        """Its place among others: answers to a text since edited, unsure stances, doubtful stances, doubtful topics, the rest."""
        if self.by:
            group = 0
        elif self.answer is None:
            group = 1
        elif self.confidence < SURE:
            group = 3 if self.subject is None else 2
        else:
            group = 4
        return group, self.confidence, self.article


def open_questions(
    tx: Transaction,
    *,
    limit: int,
    topics: Sequence[str] = (),
    subject: str | None = None,
    topic: str | None = None,
    among: Container[str] | None = None,
) -> tuple[list[Question], int]:
    """The questions to ask next, and how many are open in all.

    topics: those of the watch. Of one that fewer than FEW answers speak of, it is also asked whether these articles treat it
    where the models say nothing of it: it may be missed where nobody doubts. subject, topic and among (article ids) narrow the
    questions down. Reprints are left out: their text is asked about once.
    """
    answers = tx.corrections.by_article()
    judged = Counter(one.topic for corrections in answers.values() for one in corrections)
    little_known = [one for one in topics if judged[one] < FEW]
    count = 0

    def by_article() -> Iterator[OfArticle]:
        nonlocal count
        for labels in tx.labels.originals():
            if among is None or labels.article_id in among:
                one = about_article(labels, answers.get(labels.article_id, ()), little_known)
                fitting = OfArticle(
                    *([it for it in some if subject in (None, it.subject) and topic in (None, it.topic)] for some in one)
                )
                if fitting.open:
                    count += len({it.key for some in fitting for it in some})
                    yield fitting

    return first_questions(by_article(), limit), count


class OfArticle(NamedTuple):
    """The questions of an article: the open ones, and whether it treats each of some topics, labelled or not."""

    open: list[Question]
    topics: list[Question]


def first_questions(by_article: Iterable[OfArticle], limit: int) -> list[Question]:
    """So many questions, the least sure first. Those of one article follow each other, and then come its topics: whoever has read
    it can judge them all.
    """
    every = ((question, one) for one in by_article for question in one.open)
    chosen = heapq.nsmallest(limit, every, key=lambda pair: pair[0].turn)
    asked: dict[str, list[Question]] = {}
    for question, _ in chosen:
        asked.setdefault(question.article, []).append(question)
    for question, one in chosen:
        asked[question.article] += one.topics
    return list(islice(dict.fromkeys(chain.from_iterable(asked.values())), limit))


def about_article(labels: Labels, corrections: Sequence[Correction], topics: Sequence[str]) -> OfArticle:
    """The questions of an article; labels and corrections as in :func:`questions_of`, topics: those to be asked about."""
    questions = list(questions_of(labels, corrections))
    if not topics:  # the usual case once enough has been judged
        return OfArticle(questions, [])
    labelled = [one for one in questions if one.subject is None and one.topic in topics]
    return OfArticle(questions, [*labelled, *_unasked(labels, corrections, questions, (), topics)])


def questions_of(labels: Labels, corrections: Sequence[Correction]) -> Iterator[Question]:
    """The open questions of an article: those that no correction of this revision answers.

    labels are the models', corrections those in effect.
    """
    article, revision = labels.article_id, labels.revision
    evidence = {(label.subject, label.topic): label.evidence for label in labels.stances}
    corrections = [one for one in corrections if not (one.revision < revision and _settled(one, corrections, revision))]
    for one in corrections:
        if one.revision < revision:
            shown = evidence.get((one.subject or "", one.topic), ()) if one.subject else _on_topic(labels, one.topic)
            yield Question(article, revision, one.subject, one.topic, one.answer, 1.0, one.author, shown)
    answered = {(one.subject, one.topic) for one in corrections}
    held = corrected(labels, corrections)
    for label in held.stances:
        if (label.subject, label.topic) not in answered:
            answer = None if label.stance is Stance.UNSURE else Answer(label.stance)
            yield Question(article, revision, label.subject, label.topic, answer, label.confidence, evidence=label.evidence)
    # Whoever gave a stance on a topic has said that it is there; who gave none has said nothing of that.
    settled = {one.topic for one in corrections if one.answer is not Answer.NONE}
    for topic in held.topics:
        if topic.topic not in settled:
            shown = _on_topic(labels, topic.topic)
            yield Question(article, revision, None, topic.topic, Answer.PRESENT, topic.score, evidence=shown)
    for topic in labels.doubtful:
        if topic.topic not in settled:
            yield Question(article, revision, None, topic.topic, Answer.ABSENT, round(1 - topic.score, 4))


def _settled(earlier: Correction, corrections: Iterable[Correction], revision: int) -> bool:
    """Whether a later answer of this revision leaves nothing of an earlier one."""
    return any(one.id > earlier.id and one.revision >= revision and settles(one, earlier) for one in corrections)


def _on_topic(labels: Labels, topic: str | None) -> tuple[Sentence, ...]:
    return tuple(dict.fromkeys(sentence for label in labels.stances if label.topic == topic for sentence in label.evidence))


def _unasked(
    labels: Labels,
    corrections: Sequence[Correction],
    questions: Iterable[Question],
    subjects: Iterable[str],
    topics: Iterable[str],
) -> Iterator[Question]:
    """What nobody asks about since the labels say nothing of it: stances over all, topics, and stances on the topics found.

    questions: the open ones of the article. subjects, topics: those to say something of. labels and corrections as in
    :func:`questions_of`.
    """
    held = corrected(labels, corrections)
    there = [label.topic for label in held.topics]
    known = {question.key[1:] for question in questions}
    known |= {(one.subject, one.topic) for one in corrections}
    known |= {(None, one.topic) for one in corrections if one.answer is not Answer.NONE}
    in_passing = {one.subject for one in corrections if one.answer is Answer.NONE and one.topic is None}
    possible: list[tuple[str | None, str | None]] = [(subject, None) for subject in subjects]
    possible += [(subject, topic) for subject in subjects if subject in held.subjects for topic in there]
    possible += [(None, topic) for topic in topics if topic not in there]
    for subject, topic in possible:
        if (subject, topic) not in known and subject not in in_passing:
            answer = Answer.NONE if subject else Answer.ABSENT
            yield Question(labels.article_id, labels.revision, subject, topic, answer, 0.0)


def further_questions(tx: Transaction, article: str, subjects: Sequence[str], topics: Sequence[str]) -> list[Question]:
    """All that can still be said of an article: its open questions, and what nobody asks about."""
    labels, corrections = _known(tx, article)
    if labels is None:
        return []
    questions = list(questions_of(labels, corrections))
    return [*questions, *_unasked(labels, corrections, questions, subjects, topics)]


def look_again(tx: Transaction, question: Question) -> tuple[Question, Article] | None:
    """A question as it stands now, with the text to be judged; None when it has been answered, or has no object left."""
    labels, corrections = _known(tx, question.article)
    if labels is None:
        return None
    possible = list(questions_of(labels, corrections))
    if not question.confidence:
        possible += _unasked(labels, corrections, possible, [question.subject or ""], [question.topic or ""])
    found = next((one for one in possible if one.key == question.key), None)
    text = next((one for one in tx.articles.revisions(question.article) if one.revision == labels.revision), None)
    return (found, text) if found and text else None


def _known(tx: Transaction, article: str) -> tuple[Labels | None, list[Correction]]:
    """The models' labels of an article, and the corrections in effect."""
    return tx.labels.get([article]).get(article), tx.corrections.by_article([article]).get(article, [])


Passage = tuple[tuple[str, bool], ...]


def passages(text: str, evidence: Iterable[Sentence], *, around: int = 200, opening: int = 700) -> list[Passage]:
    """Where the evidence stands in a text: pieces of it, each cut into parts that are evidence (True) and parts around them.

    around: characters of context on either side, cut at white space. Without evidence in the text, its first ``opening``
    characters.
    """
    places = sorted((one.start, one.end) for one in evidence if one.end)
    if not places:
        places, around = [(0, 0)], opening
    spans: list[tuple[int, int]] = []
    for start, end in places:
        left, right = _window(text, start, end, around)
        if spans and left <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], right))
        else:
            spans.append((left, right))
    return [tuple(part for part in _parts(text, span, places) if part[0]) for span in spans if text]


def _window(text: str, start: int, end: int, around: int) -> tuple[int, int]:
    """The interval with so many characters on either side, less the halves of words at its ends."""
    left, right = max(0, start - around), min(len(text), end + around)
    while 0 < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < len(text) and not text[right].isspace():
        right -= 1
    return left, right


def _parts(text: str, span: tuple[int, int], places: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    at, last = span
    if at and text[at - 1] != "\n":
        yield "… ", False
    for start, end in places:
        if at < end and start < last:
            yield text[at:start], False
            yield text[max(at, start) : end], True
            at = max(at, end)
    yield text[at:last], False
    if last < len(text) and text[last] != "\n":
        yield " …", False
