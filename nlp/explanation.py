"""Why an article got its labels: the sentences, the nearest prototypes, and what each part weighs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nlp.mentions import subjects_of
from nlp.quotes import find_quotes
from nlp.reader import Analysis, Reader
from nlp.stance.conclude import Balance, Conclusion, needed, shown_stances
from nlp.stance.views import View
from nlp.topics import NEAREST, THRESHOLD, prototype_texts
from vigie.article import Article, Labels, Sentence, Stance, Voice
from vigie.correction import Answer, Correction, corrected

# The label that an answer is about: a topic (no subject), or the stance toward a subject, on a topic or over all (None).
Asked = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class WhyTopic:
    """Why a topic was found, or not.

    score: its probability, found from THRESHOLD on. passage: the paragraph that is nearest to it; prototypes: the texts of the
    topic that are nearest to that paragraph, with their cosines; near: the mean of these; elsewhere: how near the general topics
    of the press are to it. The log odds are the sum of best (which weighs near - elsewhere), mean (the same of all paragraphs),
    learnt (weights of labelled articles) and bias.
    """

    topic: str
    score: float
    passage: str
    start: int
    end: int
    prototypes: tuple[tuple[str, float], ...]
    near: float
    elsewhere: float
    best: float
    mean: float
    learnt: float
    bias: float

    @property
    def found(self) -> bool:
        return self.score >= THRESHOLD


@dataclass(frozen=True, slots=True)
class WhyStance:
    """Why a stance was concluded, or none.

    sentences: all that were read, with what each weighs for the likeliest stance or, where none is shown, for none; balance: that
    and all else that weighs. dropped: none is shown on this topic since the article over all is not about the subject.
    """

    subject: str
    topic: str | None
    shown: Stance | None
    dropped: bool
    conclusion: Conclusion
    balance: Balance
    sentences: tuple[tuple[Sentence, float], ...]

    @property
    def needed(self) -> float:
        """How likely it must be that the article speaks of the subject for a stance to be shown."""
        return needed(self.topic)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that an article's topics and stances rest on, and what the speakers that it quotes convey, apart from it.

    notes: what to know of how they were made.
    """

    topics: tuple[WhyTopic, ...]
    stances: tuple[WhyStance, ...]
    voices: tuple[Voice, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A label that the archive shows otherwise than it is explained: what it shows, and why."""

    subject: str | None
    topic: str | None
    stored: str
    why: str


def explain(reader: Reader, article: Article) -> Explanation:
    """The explanation of an article read with these models, toward the subjects of the watch that it names."""
    (analysis,) = reader.analyse([article])
    document = analysis.document
    topics = _topics(reader, analysis)
    asked: list[str | None] = [None, *(why.topic for why in topics if why.found)]
    views = analysis.views
    concluded = reader.stance.conclusions([(view, asked) for view in views.values()])
    stances = [
        why
        for (subject, view), conclusions in zip(views.items(), concluded, strict=True)
        for why in _stances(subject, view, conclusions)
    ]
    quotes = find_quotes(document.text, document.named, document.language)
    treated = subjects_of([why for why in stances if why.shown], reader.watch.subjects)
    (voices,) = reader.voices([document], [quotes], [treated])
    return Explanation(topics, tuple(stances), voices, reader.notes(analysis))


def _stances(subject: str, view: View, conclusions: Mapping[str | None, Conclusion]) -> list[WhyStance]:
    shown = shown_stances(conclusions)
    made = []
    for topic, found in conclusions.items():
        balance = found.for_stance if topic in shown else found.for_none
        weighed = tuple(zip(view.sentences, balance.pulls, strict=True))
        dropped = topic is not None and not shown
        made.append(WhyStance(subject, topic, shown.get(topic), dropped, found, balance, weighed))
    return made


def _topics(reader: Reader, analysis: Analysis) -> tuple[WhyTopic, ...]:
    model, pieces, vectors, margins = reader.topics, analysis.pieces, analysis.vectors, analysis.margins
    odds = model.log_odds(vectors, margins)
    found = []
    for column, topic in enumerate(reader.watch.topics):
        best = int(np.argmax(margins[:, column]))
        likeness = model.prototypes[column] @ vectors[best]
        nearest = np.argsort(-likeness)[:NEAREST].tolist()
        texts = prototype_texts(topic)
        near = float(model.likeness(vectors[best : best + 1], column)[0])
        head = model.heads[column]
        found.append(
            WhyTopic(
                topic=topic.id,
                score=float(expit(odds[column])),
                passage=pieces[best][0],
                start=pieces[best][1],
                end=pieces[best][2],
                prototypes=tuple((texts[n], float(likeness[n])) for n in nearest),
                near=near,
                elsewhere=near - float(margins[best, column]),
                best=model.weights.best * float(margins[best, column]),
                mean=model.weights.mean * float(margins[:, column].mean()),
                learnt=float(head.weight @ vectors.mean(axis=0)) + head.shift,
                bias=model.weights.bias,
            )
        )
    return tuple(sorted(found, key=lambda why: -why.score))


def stored_otherwise(
    found: Explanation, article: Article, own: Labels, corrections: Sequence[Correction], *, analyser: str
) -> list[Otherwise]:
    """Where the archive shows other labels than were explained with this analyser; own: those it has of the models."""
    explained: dict[Asked, str] = {(None, why.topic): "found" for why in found.topics if why.found}
    explained |= {(why.subject, why.topic): str(why.shown) for why in found.stances if why.shown}
    stored = _answers(corrected(own, corrections))
    if own.revision < article.revision:
        age = f"read of revision {own.revision}, this is {article.revision}"
    elif own.analyser != analyser:
        age = f"read by {own.analyser}"
    else:
        age = "read by the same models; the watch has changed since, or it lies at a threshold"
    return [
        Otherwise(
            *asked,
            stored=stored.get(asked) or _nothing(asked),
            why=f"said by {person}" if (person := _person(asked, corrections)) else age,
        )
        for asked in dict.fromkeys((*explained, *stored))
        if stored.get(asked) != explained.get(asked)
    ]


def _answers(labels: Labels) -> dict[Asked, str]:
    topics: dict[Asked, str] = {(None, label.topic): "found" for label in labels.topics}
    return topics | {(label.subject, label.topic): str(label.stance) for label in labels.stances}


def _nothing(asked: Asked) -> str:
    return "not found" if asked[0] is None else "none"


def _person(asked: Asked, corrections: Sequence[Correction]) -> str | None:
    """Who decided a label last: by an answer to its question, or by one that brings it or takes it away (vigie.correction)."""
    subject, topic = asked

    def decides(one: Correction) -> bool:
        if subject is None:
            return one.topic == topic and one.answer is not Answer.NONE
        over_all = one.topic is None and one.answer is Answer.NONE
        absent = one.topic == topic and one.answer is Answer.ABSENT
        return absent or (one.subject == subject and (one.topic == topic or over_all))

    return next((one.author for one in reversed(corrections) if decides(one)), None)
