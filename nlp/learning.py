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
from scipy.special import log_expit, log_softmax
from sklearn.metrics import f1_score

from nlp.document import paragraphs, take_apart
from nlp.learnt import keep_learnt, load_learnt
from nlp.reader import Reader, subject_named
from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE, Head, Heads, fitted, fitted_temperature
from nlp.stance.reading import SHIPPED
from nlp.stance.views import View, view_of
from nlp.topics import TopicHead, TopicModel, TopicWeights, fitted_head, head_for, zero_shot_log_odds
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

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Gain:
    """What learning changed on answers that were held out.

    right: how many were right before; gained and lost: how many became right and wrong. likelier: how much the logarithm of the
    probability of the true answer rose, on the mean.
    """

    answers: int
    right: int
    gained: int
    lost: int
    likelier: float

    @classmethod
    def between(cls, before: Floats, after: Floats, gold: NDArray[np.int64]) -> "Gain":
        """The gain from one prediction to another: log probabilities (answers, classes); gold: the true classes."""
        was, became = (found.argmax(axis=1) == gold for found in (before, after))
        every = np.arange(len(gold))
        likelier = float((after[every, gold] - before[every, gold]).mean())
        return cls(len(gold), int(was.sum()), int((became & ~was).sum()), int((was & ~became).sum()), likelier)

    @property
    def before(self) -> float:
        """The share that was right."""
        return self.right / self.answers

    @property
    def after(self) -> float:
        """The share that is right."""
        return (self.right + self.gained - self.lost) / self.answers

    @property
    def helps(self) -> bool:
        """Whether it is kept: the true answers are likelier, and not fewer of them are the likeliest."""
        return self.gained >= self.lost and self.likelier > 0


@dataclass(frozen=True, slots=True)
class FirstHead:
    """How good the first head of a model is on a fifth of our own texts that was held out."""

    answers: int
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of learning: the gains, whether anything was kept, and what was learnt before and holds no longer.

    first: of a model that had no head.
    """

    stance: Gain | None
    topics: dict[str, Gain]
    kept: bool
    stance_removed: bool = False
    topics_removed: tuple[str, ...] = ()
    first: FirstHead | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """An article in the revision that was judged, with the answers."""

    article: Article
    answers: tuple[Correction, ...]


def learn(archive: Archive, watch: Watch, *, at: float, progress: Callable[..., None]) -> Lesson:
    """Fit the heads of the watch's models on the corrections of the archive; what helps on held-out ones is kept there.

    What was learnt before is replaced, or removed where it helps no longer. A stance model without a head is given one from our
    own texts first, which stays whatever the corrections say. at: seconds since the epoch. Raises VigieError where there is too
    little to learn from and nothing to remove.
    """
    with archive.read() as tx:
        judged, earlier = _judged(tx), load_learnt(tx, watch)
    shipped = watch.models.stance == SHIPPED
    if len(judged) < FEWEST and shipped and earlier.at is None:
        raise VigieError(
            f"{len(judged)} corrected articles are too few to learn from; {FEWEST} are the least",
            mend="vigie review asks for more",
        )
    reader = Reader(watch)
    first = None
    if not shipped:
        head, first = _first_head(reader, progress)
        reader.stance.heads = Heads(head, head)
    stance = _learn_stance(reader, judged, progress)
    topics = _learn_topics(reader, judged)
    learnt = stance[1] if stance and stance[0].helps else None if shipped else reader.stance.heads.article
    helpful = [head for gain, head in topics.values() if gain.helps]
    own = reader.topics.weights
    weights = TopicWeights(own.best, own.mean, own.bias, (*helpful, *own.heads)) if helpful else None
    archive.write(lambda tx: keep_learnt(tx, watch, stance=learnt, topics=weights, answers=len(judged), at=at))
    taught, still = _taught(reader.topics, earlier.topics), _taught(reader.topics, weights)
    return Lesson(
        stance[0] if stance else None,
        {topic: gain for topic, (gain, _) in topics.items()},
        kept=learnt is not None or weights is not None,
        stance_removed=earlier.stance is not None and learnt is None,
        topics_removed=tuple(topic for topic in taught if topic not in still),
        first=first,
    )


def _taught(model: TopicModel, weights: TopicWeights | None) -> list[str]:
    """The topics on which learnt weights say something else than the model's own."""
    if weights is None:
        return []
    columns = zip(model.ids, model.prototypes, model.heads, strict=True)
    return [topic for topic, own, head in columns if not np.array_equal(head_for(own, weights.heads).weight, head.weight)]


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
        (analysis,) = reader.analyse([one.article], about=[list(subjects.values())])
        for answer in one.answers:
            if answer.subject in subjects and answer.answer in CLASSES and (answer.topic is None or answer.topic in topics):
                asked.append((analysis.views[answer.subject], [answer.topic]))
                gold.append(CLASSES[answer.answer])
                folds.append(place % FOLDS)
        progress()
    if len(set(folds)) < FOLDS:
        return None
    rows = np.stack([parts.sum(axis=0) for (parts,) in reader.stance.parts(asked)])
    wanted, start = np.array(gold), reader.stance.heads.article
    return stance_gain(start, rows, wanted, np.array(folds)), fitted(rows, wanted, start=start, strength=STANCE_STRENGTH)


def stance_gain(start: Head, rows: Floats, wanted: NDArray[np.int64], fold: NDArray[np.int64]) -> Gain:
    """What fitting a head changes on the answers of each fold, learnt from the others: rows (n, width), wanted and fold (n,)."""

    def predicted(head: Head, chosen: NDArray[np.bool_]) -> Floats:
        return np.asarray(log_softmax(head.logits(rows[chosen]) / head.temperature, axis=1))

    before = predicted(start, fold >= 0)
    after = np.zeros_like(before)
    for held_out in range(FOLDS):
        out = fold == held_out
        after[out] = predicted(fitted(rows[~out], wanted[~out], start=start, strength=STANCE_STRENGTH), out)
    return Gain.between(before, after, wanted)


def _learn_topics(reader: Reader, judged: Sequence[_Judged]) -> dict[str, tuple[Gain, TopicHead]]:
    """For each topic that was judged often enough its gain and its head."""
    model = reader.topics
    said = [_topics_said(one.answers) for one in judged]
    chosen = [n for n, answers in enumerate(said) if answers]
    articles = [judged[n].article for n in chosen]
    vectors = [model.passage_vectors(paragraphs(one.title, one.text)) for one in articles]
    zero_shot = np.array([zero_shot_log_odds(model.margins(found), model.weights) for found in vectors])
    means = np.array([found.mean(axis=0) for found in vectors])
    made = {}
    for column, topic in enumerate(model.ids):
        rows = [place for place, n in enumerate(chosen) if topic in said[n]]
        gold = np.array([said[chosen[place]][topic] for place in rows], bool)
        if len(rows) < FEWEST or not 0 < gold.sum() < len(gold):
            continue
        answered = model.heads[column], means[rows], zero_shot[rows, column], gold
        made[topic] = topic_gain(*answered), fitted_head(*answered)
    return made


def topic_gain(start: TopicHead, means: Floats, zero_shot: Floats, gold: NDArray[np.bool_]) -> Gain:
    """What fitting the head of a topic changes on each fifth of the answers, learnt from the others (as in fitted_head)."""

    def predicted(head: TopicHead, chosen: NDArray[np.bool_]) -> Floats:
        odds = zero_shot[chosen] + means[chosen] @ head.weight + head.shift
        return np.stack([log_expit(-odds), log_expit(odds)], axis=1)

    fold = np.arange(len(gold)) % FOLDS
    before = predicted(start, fold >= 0)
    after = np.zeros_like(before)
    for held_out in range(FOLDS):
        out = fold == held_out
        after[out] = predicted(fitted_head(start, means[~out], zero_shot[~out], gold[~out]), out)
    return Gain.between(before, after, gold.astype(np.int64))


def _topics_said(answers: Sequence[Correction]) -> dict[str, bool]:
    """Which topics people said are there, or are not; who gives a stance on a topic has said that it is there."""
    said: dict[str, bool] = {}
    for one in answers:
        if one.topic and one.answer is not Answer.NONE:
            said[one.topic] = one.answer is not Answer.ABSENT
    return said


def _first_head(reader: Reader, progress: Callable[..., None]) -> tuple[Head, FirstHead]:
    """A head for a model that has none, from our own texts; a fifth that is held out says its temperature and how good it is."""
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
    logits = trial.logits(rows[out])
    whole = fitted(rows, wanted, start=start, strength=FIRST_STRENGTH)
    head = Head(whole.weight, whole.bias, fitted_temperature(logits, wanted[out]))
    return head, _quality(wanted[out], logits.argmax(axis=1))


def _quality(wanted: NDArray[np.int64], found: NDArray[np.int64]) -> FirstHead:
    """Macro-F1 of the three stances over the questions whose answer is one of them, as benchmarks.quality_press reckons it."""
    asked = wanted != NONE
    stances = [CRITICAL, NEUTRAL, SUPPORTIVE]
    score = f1_score(wanted[asked], found[asked], labels=stances, average="macro", zero_division=0)
    return FirstHead(int(asked.sum()), float(score))
