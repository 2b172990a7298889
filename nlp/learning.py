"""Learning from corrections: the heads of stance and topics are fitted anew, and judged on corrections that were held out.

Only the last, linear step learns, drawn to where it started (L2-SP, Li et al. 2018), so that few answers move it a little and
many move it far. What is learnt is kept in the archive, where every reader finds it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.document import paragraphs, take_apart
from nlp.learnt import keep_learnt
from nlp.reader import Reader, subject_named
from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE, Head, Heads, fitted, fitted_temperature
from nlp.stance.reading import SHIPPED
from nlp.stance.views import View, view_of
from nlp.topics import TopicHead, TopicWeights, fitted_head, zero_shot_log_odds
from vigie.archive import Archive, Transaction
from vigie.article import Article
from vigie.correction import Answer, Correction
from vigie.errors import VigieError
from vigie.watch import Watch

CLASSES = {Answer.NONE: NONE, Answer.CRITICAL: CRITICAL, Answer.NEUTRAL: NEUTRAL, Answer.SUPPORTIVE: SUPPORTIVE}
# Texts of our own for a model that has no head yet.
PRESS = Path(__file__).parents[1] / "benchmarks" / "press" / "train.jsonl"
FEWEST = 5
FOLDS = 5
# How dear moved weights are against the mean loss: of 0.003 to 3 the best on the sample newsroom (benchmarks.few_shot).
STANCE_STRENGTH = 1.0
FIRST_STRENGTH = 1e-4


@dataclass(frozen=True, slots=True)
class Gain:
    """What learning changed on answers that were held out: their number, and the share that was right before and after."""

    answers: int
    before: float
    after: float

    @property
    def helps(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of learning: the gains, and whether anything was kept."""

    stance: Gain | None
    topics: dict[str, Gain]
    kept: bool


@dataclass(frozen=True, slots=True)
class _Judged:
    """An article in the revision that was judged, with the answers."""

    article: Article
    answers: tuple[Correction, ...]


def learn(archive: Archive, watch: Watch, *, at: float, progress: Callable[..., None]) -> Lesson:
    """Fit the heads of the watch's models on the corrections of the archive; what helps on held-out ones is kept there.

    A stance model without a head is given one from our own texts first. at: seconds since the epoch. Raises VigieError where
    there is too little to learn from.
    """
    with archive.read() as tx:
        judged = _judged(tx)
    shipped = watch.models.stance == SHIPPED
    if len(judged) < FEWEST and shipped:
        raise VigieError(
            f"{len(judged)} corrected articles are too few to learn from; {FEWEST} are the least",
            mend="vigie review asks for more",
        )
    reader = Reader(watch)
    if not shipped:
        first = _first_head(reader, progress)
        reader.stance.heads = Heads(first, first)
    stance = _learn_stance(reader, judged, progress)
    topics = _learn_topics(reader, judged)
    head = stance[1] if stance and stance[0].helps else None if shipped else reader.stance.heads.article
    helpful = [head for gain, head in topics.values() if gain.helps]
    own = reader.topics.weights
    weights = TopicWeights(own.best, own.mean, own.bias, (*helpful, *own.heads)) if helpful else None
    archive.write(lambda tx: keep_learnt(tx, watch, stance=head, topics=weights, answers=len(judged), at=at))
    gains = {topic: gain for topic, (gain, _) in topics.items()}
    return Lesson(stance[0] if stance else None, gains, kept=head is not None or weights is not None)


def _judged(tx: Transaction) -> list[_Judged]:
    """The corrected articles, each with the answers on its judged revision, in the order of their ids."""
    made = []
    for article, answers in sorted(tx.corrections.by_article().items()):
        revisions = {one.revision: one for one in tx.articles.revisions(article)}
        made += [
            _Judged(revisions[revision], tuple(one for one in answers if one.revision == revision))
            for revision in sorted({one.revision for one in answers} & revisions.keys())
        ]
    return made


def _learn_stance(reader: Reader, judged: Sequence[_Judged], progress: Callable[..., None]) -> tuple[Gain, Head] | None:
    subjects = {subject.id: subject for subject in reader.watch.subjects}
    topics = {topic.id for topic in reader.watch.topics}
    asked: list[tuple[View, list[str | None]]] = []
    gold, folds = [], []
    progress(0, total=len(judged))
    for place, one in enumerate(judged):
        views = reader.views(one.article, list(subjects.values()))
        for answer in one.answers:
            if answer.subject in subjects and answer.answer in CLASSES and (answer.topic is None or answer.topic in topics):
                asked.append((views[answer.subject], [answer.topic]))
                gold.append(CLASSES[answer.answer])
                folds.append(place % FOLDS)
        progress()
    if len(set(folds)) < FOLDS:
        return None
    rows = np.stack([parts.sum(axis=0) for (parts,) in reader.stance.parts(asked)])
    wanted, fold = np.array(gold), np.array(folds)
    start = reader.stance.heads.article

    def right(head: Head, chosen: NDArray[np.bool_]) -> int:
        return int((head.logits(rows[chosen]).argmax(axis=1) == wanted[chosen]).sum())

    before = after = 0
    for held_out in range(FOLDS):
        out = fold == held_out
        before += right(start, out)
        after += right(fitted(rows[~out], wanted[~out], start=start, strength=STANCE_STRENGTH), out)
    gain = Gain(len(wanted), before / len(wanted), after / len(wanted))
    return gain, fitted(rows, wanted, start=start, strength=STANCE_STRENGTH)


def _learn_topics(reader: Reader, judged: Sequence[_Judged]) -> dict[str, tuple[Gain, TopicHead]]:
    """For each topic that was judged often enough its gain and its head."""
    model = reader.topics
    said = [_topics_said(one.answers) for one in judged]
    chosen = [n for n, answers in enumerate(said) if answers]
    articles = [judged[n].article for n in chosen]
    vectors = [model.passage_vectors(paragraphs(one.title, one.text)) for one in articles]
    margins = [model.margins(found) for found in vectors]
    zero_shot = np.array([zero_shot_log_odds(found, model.weights) for found in margins])
    log_odds = np.array([model.log_odds(own, found) for own, found in zip(vectors, margins, strict=True)])
    means = np.array([found.mean(axis=0) for found in vectors])
    made = {}
    for column, topic in enumerate(model.ids):
        rows = [place for place, n in enumerate(chosen) if topic in said[n]]
        gold = np.array([said[chosen[place]][topic] for place in rows], bool)
        if len(rows) < FEWEST or not 0 < gold.sum() < len(gold):
            continue
        start = model.heads[column]
        fold = np.arange(len(rows)) % FOLDS
        before, after = log_odds[rows, column] >= 0, np.zeros(len(rows), bool)
        for held_out in range(FOLDS):
            out = fold == held_out
            head = fitted_head(start, means[rows][~out], zero_shot[rows, column][~out], gold[~out])
            after[out] = zero_shot[rows, column][out] + means[rows][out] @ head.weight + head.shift >= 0
        gain = Gain(len(rows), float((before == gold).mean()), float((after == gold).mean()))
        made[topic] = gain, fitted_head(start, means[rows], zero_shot[rows, column], gold)
    return made


def _topics_said(answers: Sequence[Correction]) -> dict[str, bool]:
    """Which topics people said are there, or are not; who gives a stance on a topic has said that it is there."""
    said: dict[str, bool] = {}
    for one in answers:
        if one.topic and one.answer is not Answer.NONE:
            said[one.topic] = one.answer is not Answer.ABSENT
    return said


def _first_head(reader: Reader, progress: Callable[..., None]) -> Head:
    """A head for a model that has none, from our own texts; its temperature from a fifth that was held out."""
    if not PRESS.exists():
        raise VigieError(f"{PRESS} is missing: a first head is learnt from it", mend="take it from a checkout of Vigie")
    records = [json.loads(line) for line in PRESS.read_text(encoding="utf-8").splitlines()]
    progress(0, total=len(records))
    # Sentences by rules are good enough to learn from, and twenty times as fast.
    documents = take_apart([(record["title"], record["text"], "xx") for record in records])
    features, gold, held_out = [], [], []
    for place, (record, document) in enumerate(zip(records, documents, strict=True)):
        view = view_of(document, subject_named(reader.watch, record["subject"]))
        known = {topic: answer for topic, answer in record["stances"].items() if topic in reader.topics.ids}
        asked = {None: record["overall"], **known}
        for parts, answer in zip(reader.stance.parts([(view, list(asked))])[0], asked.values(), strict=True):
            features.append(parts.sum(axis=0))
            gold.append(CLASSES[Answer(answer)])
            held_out.append(place % FOLDS == 0)
        progress()
    rows, wanted, out = np.stack(features), np.array(gold), np.array(held_out)
    start = Head(np.zeros((4, rows.shape[1]), np.float32), np.zeros(4, np.float32))
    trial = fitted(rows[~out], wanted[~out], start=start, strength=FIRST_STRENGTH)
    temperature = fitted_temperature(trial.logits(rows[out]), wanted[out])
    whole = fitted(rows, wanted, start=start, strength=FIRST_STRENGTH)
    return Head(whole.weight, whole.bias, temperature)
