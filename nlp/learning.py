"""Learning from corrections: the heads of stance and topics are fitted anew, and judged on corrections that were held out.

Only the last, linear step learns, drawn to where it started (L2-SP, Li et al. 2018), so that few answers move it a little and
many move it far. What is learnt is kept in the archive, where every reader finds it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.special import log_expit, log_softmax
from sklearn.metrics import f1_score

from nlp.learnt import Learnt, keep_learnt, load_learnt
from nlp.reader import Analysis, Reader, subject_named
from nlp.stance.conclude import shown_classes
from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE, Head, fitted, fitted_temperature
from nlp.stance.reading import SHIPPED
from nlp.topics import (
    TopicHead,
    TopicModel,
    TopicWeights,
    fitted_head,
    head_for,
    mean_prototype,
    nearest_head,
    zero_shot_log_odds,
)
from nlp.training.press import article_of
from vigie.archive import Archive, Transaction
from vigie.article import Article
from vigie.correction import Answer, Correction
from vigie.errors import VigieError
from vigie.watch import Subject, Watch, load_watch

CLASSES = {Answer.NONE: NONE, Answer.CRITICAL: CRITICAL, Answer.NEUTRAL: NEUTRAL, Answer.SUPPORTIVE: SUPPORTIVE}
# Texts of our own for a model that has no head yet, and the watch whose topics they were judged on.
PRESS = Path(__file__).parents[1] / "benchmarks" / "press" / "train.jsonl"
PRESS_WATCH = Path(__file__).parents[1] / "watches" / "deepseek.toml"
FEWEST = 5
FOLDS = 5
# How dear moved weights are against the mean loss: of 0.003 to 3 the best on the sample newsroom (benchmarks.few_shot).
STANCE_STRENGTH = 1.0
FIRST_STRENGTH = 1e-4

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Classes = NDArray[np.int64]
H = TypeVar("H")
T = TypeVar("T")


def likeliest(predicted: Floats) -> Classes:
    """The likeliest class of each row of log probabilities."""
    return np.asarray(predicted.argmax(axis=1))


@dataclass(frozen=True, slots=True)
class Gain:
    """What learning changed on answers that were held out.

    right: how many were shown right before; gained and lost: how many became right and wrong. likelier: how much the logarithm of
    the probability of the true answer rose, on the mean.
    """

    answers: int
    right: int
    gained: int
    lost: int
    likelier: float

    @classmethod
    def between(cls, before: Floats, after: Floats, gold: Classes, *, shown: Callable[[Floats], Classes] = likeliest) -> "Gain":
        """The gain from one prediction to another: log probabilities (answers, classes); gold: the true classes.

        shown: what a user is shown at such log probabilities, which is right where it is the true class.
        """
        was, became = (shown(found) == gold for found in (before, after))
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
        """Whether it is kept: the true answers are likelier, and not fewer of them are shown."""
        return self.gained >= self.lost and self.likelier > 0


@dataclass(frozen=True, slots=True)
class FirstHead:
    """How good the first head of a model is on a fifth of our own texts that was held out."""

    answers: int
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Untried:
    """Answers that are too few, or too much alike, to judge what they teach, and why."""

    answers: int
    why: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of learning: the gains, whether anything was kept, and what was learnt before and holds no longer.

    first: of a model that had no head. untried: what was answered too little, by topic (None: stance). alike: topics to which
    what was learnt for another one applies as well, since they mean nearly the same; nothing was judged there.
    """

    stance: Gain | None
    topics: dict[str, Gain]
    kept: bool
    stance_removed: bool = False
    topics_removed: tuple[str, ...] = ()
    first: FirstHead | None = None
    untried: dict[str | None, Untried] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """An article in the revision that was judged, with the answers. about: the subjects that were asked about."""

    article: Article
    answers: tuple[Correction, ...]
    about: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """A judged article taken apart, with the answers."""

    analysis: Analysis
    answers: tuple[Correction, ...]


class Answers(Protocol[H]):
    """Answers to learn a head from, each with what the head decides on. articles: that of each answer; gold: the true classes."""

    @property
    def articles(self) -> Sequence[str]: ...

    @property
    def gold(self) -> Classes: ...

    @property
    def lacking(self) -> str:
        """Why nothing can be judged on these answers; empty where it can."""

    def predicted(self, head: H) -> Floats:
        """The log probabilities that a head gives: (answers, classes)."""

    def shown(self, predicted: Floats) -> Classes:
        """What a user is shown at these log probabilities."""

    def taught(self, start: H, chosen: Bools) -> H:
        """The head nearest to start that gives the chosen answers."""


@dataclass(frozen=True, slots=True)
class StanceAnswers:
    """What people said of stances. features: those that reading has for the question, (answers, width)."""

    said: tuple[Correction, ...]
    features: Floats

    @property
    def articles(self) -> Sequence[str]:
        return [one.article for one in self.said]

    @property
    def gold(self) -> Classes:
        return np.array([CLASSES[one.answer] for one in self.said], np.int64)

    @property
    def lacking(self) -> str:
        return _too_few(self.articles)

    def predicted(self, head: Head) -> Floats:
        return np.asarray(log_softmax(head.logits(self.features) / head.temperature, axis=1))

    def shown(self, predicted: Floats) -> Classes:
        """The stances as they are shown, of each question by itself; one that is left unsure is none of the classes."""
        return shown_classes(np.exp(predicted), over_all=[one.topic is None for one in self.said])

    def taught(self, start: Head, chosen: Bools) -> Head:
        return fitted(self.features[chosen], self.gold[chosen], start=start, strength=STANCE_STRENGTH)


@dataclass(frozen=True, slots=True)
class TopicAnswers:
    """Whether articles treat a topic. means: their mean vectors, (answers, dimension); zero_shot: the log odds without a head."""

    articles: tuple[str, ...]
    there: Bools
    means: Floats
    zero_shot: Floats

    @property
    def gold(self) -> Classes:
        return self.there.astype(np.int64)

    @property
    def lacking(self) -> str:
        if why := _too_few(self.articles):
            return why
        if len(set(self.there.tolist())) > 1:
            return ""
        said, other = (Answer.PRESENT, Answer.ABSENT) if self.there.all() else (Answer.ABSENT, Answer.PRESENT)
        return f"all say {said}, some must say {other}"

    def predicted(self, head: TopicHead) -> Floats:
        odds = self.zero_shot + self.means @ head.weight + head.shift
        return np.stack([log_expit(-odds), log_expit(odds)], axis=1)

    def shown(self, predicted: Floats) -> Classes:
        return likeliest(predicted)

    def taught(self, start: TopicHead, chosen: Bools) -> TopicHead:
        return fitted_head(start, self.means[chosen], self.zero_shot[chosen], self.there[chosen])


def _too_few(articles: Sequence[str]) -> str:
    count = len(set(articles))
    return "" if count >= FEWEST else f"on {count} article{'s' if count > 1 else ''}, {FEWEST} are the least"


def learn(archive: Archive, watch: Watch, *, at: float, progress: Callable[..., None]) -> Lesson:
    """Fit the heads of the watch's models on the corrections of the archive; what helps on held-out ones is kept there.

    What was learnt before is replaced, or removed where it helps no longer. A stance model without a head is given one from our
    own texts first, where they are here, which stays whatever the corrections say. at: seconds since the epoch. Raises VigieError
    where there is too little to learn from and nothing to remove.
    """
    with archive.read() as tx:
        judged, earlier = _judged(tx, watch), load_learnt(tx, watch)
    shipped = watch.models.stance == SHIPPED
    corrected = len({one.article.id for one in judged})
    if corrected < FEWEST and earlier.at is None:
        if not shipped:
            need_press(watch.models.stance)
        else:
            raise VigieError(
                f"{corrected} corrected articles are too few to learn from; {FEWEST} are the least",
                mend="vigie review asks for more",
            )
    press = [] if shipped or not has_press() else _judged_press()
    progress(0, total=2 * (len(press) + len(judged)))
    head, first = _first_head(watch, press, progress) if press else (None if shipped else earlier.stance, None)
    reader = Reader(watch)
    examined = examine(reader, judged, progress)
    on_topics = topic_answers(reader.topics, examined)
    heads = dict(zip(reader.topics.ids, reader.topics.heads, strict=True))
    topics = {topic: learn_from(heads[topic], answers) for topic, answers in on_topics.items() if not answers.lacking}
    helpful = {topic: found for topic, (gain, found) in topics.items() if gain.helps}
    own = reader.topics.weights
    weights = TopicWeights(own.best, own.mean, own.bias, (*helpful.values(), *own.heads)) if helpful else None
    # What is found decides which topics reading asks about, so stance is learnt with the topics as they will be.
    becoming = Reader(watch, Learnt(stance=head, topics=weights))
    on_stance = stance_answers(becoming, examined, progress)
    stance = None if on_stance.lacking else learn_from(becoming.stance.heads.article, on_stance)
    learnt = stance[1] if stance and stance[0].helps else head
    archive.write(lambda tx: keep_learnt(tx, watch, stance=learnt, topics=weights, answers=corrected, at=at))
    taught, still = _taught(reader.topics, earlier.topics), _taught(reader.topics, weights)
    return Lesson(
        stance[0] if stance else None,
        {topic: gain for topic, (gain, _) in topics.items()},
        kept=learnt is not None or weights is not None,
        stance_removed=earlier.stance is not None and learnt is None,
        topics_removed=tuple(topic for topic in taught if topic not in still),
        first=first,
        untried=_untried([(None, on_stance), *on_topics.items()]),
        alike=_alike(reader.topics, helpful),
    )


def _untried(asked: Sequence[tuple[str | None, StanceAnswers | TopicAnswers]]) -> dict[str | None, Untried]:
    """The questions that were answered, and not often enough."""
    return {topic: Untried(len(own.articles), own.lacking) for topic, own in asked if own.articles and own.lacking}


def learn_from(start: H, answers: Answers[H]) -> tuple[Gain, H]:
    """The head that answers teach, and what is changed on the answers of each fold by what the other folds teach."""
    fold = folds(answers.articles)
    before = answers.predicted(start)
    by_others = np.stack([answers.predicted(answers.taught(start, fold != held_out)) for held_out in range(FOLDS)])
    after = by_others[fold, np.arange(len(fold))]
    return Gain.between(before, after, answers.gold, shown=answers.shown), answers.taught(start, fold >= 0)


def folds(articles: Sequence[str]) -> Classes:
    """The fold of each answer, given its article: articles are dealt by turns, so that all answers on one stay together."""
    place = {article: n for n, article in enumerate(sorted(set(articles)))}
    return np.array([place[article] % FOLDS for article in articles], np.int64)


def _taught(model: TopicModel, weights: TopicWeights | None) -> list[str]:
    """The topics on which learnt weights say something else than the model's own."""
    if weights is None:
        return []
    columns = zip(model.ids, model.prototypes, model.heads, strict=True)
    return [topic for topic, own, head in columns if not np.array_equal(head_for(own, weights.heads).weight, head.weight)]


def _alike(model: TopicModel, helpful: dict[str, TopicHead]) -> dict[str, str]:
    """The other topics to which what was learnt applies, by their meaning; each with the topic that it was learnt for."""
    heads = [*helpful.values(), *model.weights.heads]
    made = {}
    for topic, own in zip(model.ids, model.prototypes, strict=True):
        nearest, share = nearest_head(mean_prototype(own), heads)
        source = next((name for name, head in helpful.items() if head is nearest), topic)
        if share and source != topic:
            made[topic] = source
    return made


def _judged(tx: Transaction, watch: Watch) -> list[Judged]:
    """The corrected articles, each with the answers on its judged revision, in the order of their ids."""
    made = []
    for article, corrections in sorted(tx.corrections.by_article().items()):
        revisions = {one.revision: one for one in tx.articles.revisions(article)}
        for revision in sorted({one.revision for one in corrections} & revisions.keys()):
            answers = tuple(one for one in corrections if one.revision == revision)
            asked = {one.subject for one in answers}
            about = tuple(subject for subject in watch.subjects if subject.id in asked)
            made.append(Judged(revisions[revision], answers, about))
    return made


def examine(reader: Reader, judged: Sequence[Judged], progress: Callable[..., None]) -> list[Examined]:
    """The judged articles taken apart, a batch at a time."""
    made = []
    for some in _portions(judged, reader.watch.models.batch):
        analyses = reader.analyse([one.article for one in some], about=[one.about for one in some])
        made += [Examined(analysis, one.answers) for analysis, one in zip(analyses, some, strict=True)]
        progress(len(some))
    return made


def stance_answers(reader: Reader, examined: Sequence[Examined], progress: Callable[..., None]) -> StanceAnswers:
    """The answers on stance with the features of reading: all topics that are found, and those answered, are asked together."""
    said: list[Correction] = []
    features: list[Floats] = []
    for some in _portions(examined, reader.watch.models.batch):
        asked, answers = [], []
        for one in some:
            found = [label.topic for label in reader.topics.article_topics(one.analysis.vectors, one.analysis.margins)]
            for subject, view in one.analysis.views.items():
                if reader.stance.heads.of(view) is not reader.stance.heads.article:
                    continue  # a sentence by itself is read by another head, which does not learn
                own = [it for it in one.answers if it.subject == subject and it.topic in (None, *reader.topics.ids)]
                asked.append((view, list(dict.fromkeys((None, *found, *(it.topic for it in own))))))
                answers.append(own)
        for (_, topics), parts, own in zip(asked, reader.stance.parts(asked), answers, strict=True):
            said += own
            features += [parts[topics.index(it.topic)].sum(axis=0) for it in own]
        progress(len(some))
    return StanceAnswers(tuple(said), np.array(features, np.float32))


def topic_answers(model: TopicModel, examined: Sequence[Examined]) -> dict[str, TopicAnswers]:
    """For each topic that was answered the answers on whether articles treat it."""
    said = [_topics_said(one.answers) for one in examined]
    made = {}
    for column, topic in enumerate(model.ids):
        chosen = [(one, own[topic]) for one, own in zip(examined, said, strict=True) if topic in own]
        if chosen:
            made[topic] = TopicAnswers(
                tuple(one.answers[0].article for one, _ in chosen),
                np.array([there for _, there in chosen], bool),
                np.array([one.analysis.vectors.mean(axis=0) for one, _ in chosen], np.float32),
                np.array([zero_shot_log_odds(one.analysis.margins, model.weights)[column] for one, _ in chosen], np.float32),
            )
    return made


def _topics_said(answers: Sequence[Correction]) -> dict[str, bool]:
    """Which topics people said are there, or are not; who gives a stance on a topic has said that it is there."""
    said: dict[str, bool] = {}
    for one in answers:
        if one.topic and one.answer is not Answer.NONE:
            said[one.topic] = one.answer is not Answer.ABSENT
    return said


def _portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def has_press() -> bool:
    """Whether our own texts are here; they come with the source only."""
    return PRESS.exists() and PRESS_WATCH.exists()


def need_press(stance_model: str) -> None:
    """Raise VigieError where our own texts are not here, which a model without a head learns from first."""
    if not has_press():
        raise VigieError(
            f"{stance_model} has no stance head, and the texts to train one on are not here ({PRESS})",
            mend="they come with Vigie's source only: run vigie learn --model in a checkout, with the same VIGIE_DATA",
        )


def _judged_press() -> list[Judged]:
    """Our own texts for a model without a head, with the answers on the subject of each."""
    watch, made = load_watch(PRESS_WATCH), []
    for record in map(json.loads, PRESS.read_text(encoding="utf-8").splitlines()):
        subject = subject_named(watch, record["subject"])
        article = article_of(record)
        said = {None: record["overall"], **record["stances"]}
        answers = [Correction(0, article.id, 1, subject.id, topic, Answer(one), "", 0.0) for topic, one in said.items()]
        made.append(Judged(article, tuple(answers), (subject,)))
    return made


def _first_head(watch: Watch, press: Sequence[Judged], progress: Callable[..., None]) -> tuple[Head, FirstHead]:
    """A head for a model that has none, from our own texts; a fifth that is held out says its temperature and how good it is.

    The models of the watch read them for the watch that they were judged for: an answer on a topic belongs to what the topic
    means there, whatever this watch calls by the same id.
    """
    reader = Reader(replace(load_watch(PRESS_WATCH), models=watch.models))
    answers = stance_answers(reader, examine(reader, press, progress), progress)
    gold, out = answers.gold, folds(answers.articles) == 0
    start = Head.blank(answers.features.shape[1])
    trial = fitted(answers.features[~out], gold[~out], start=start, strength=FIRST_STRENGTH)
    logits = trial.logits(answers.features[out])
    whole = fitted(answers.features, gold, start=start, strength=FIRST_STRENGTH)
    head = Head(whole.weight, whole.bias, fitted_temperature(logits, gold[out]))
    return head, _quality(gold[out], likeliest(logits))


def _quality(wanted: Classes, found: Classes) -> FirstHead:
    """Macro-F1 of the three stances over the questions whose answer is one of them; none is left unsure."""
    asked = wanted != NONE
    stances = [CRITICAL, NEUTRAL, SUPPORTIVE]
    score = f1_score(wanted[asked], found[asked], labels=stances, average="macro", zero_division=0)
    return FirstHead(int(asked.sum()), float(score))
