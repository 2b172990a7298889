"""Why an article got its labels: the sentences, the nearest prototypes, and what each part weighs."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nlp.reader import Analysis, Reader
from nlp.stance.conclude import Conclusion, shown_stance
from nlp.topics import THRESHOLD, prototype_texts, zero_shot_log_odds
from vigie.article import Article, Sentence, Stance

PROTOTYPES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class WhyTopic:
    """Why a topic was found, or not.

    score: its probability, found from THRESHOLD on. passage: the paragraph that is nearest to it; prototypes: the texts of the
    topic that are nearest to that paragraph, with their cosines; elsewhere: how near the general topics of the press are to it.
    The log odds are the sum of best, mean and learnt (weights of labelled articles) and bias.
    """

    topic: str
    score: float
    passage: str
    start: int
    end: int
    prototypes: tuple[tuple[str, float], ...]
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
    """Why a stance was concluded. sentences: all that were read, with what each weighs for that stance, in log odds.

    rest and bias weigh likewise; with the sentences they sum to the margin over the other two stances.
    """

    subject: str
    topic: str | None
    shown: Stance | None
    conclusion: Conclusion
    sentences: tuple[tuple[Sentence, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that an article's topics and stances rest on. notes: what to know of how they were made."""

    topics: tuple[WhyTopic, ...]
    stances: tuple[WhyStance, ...]
    notes: tuple[str, ...]


def explain(reader: Reader, article: Article) -> Explanation:
    """The explanation of an article read with these models, toward the subjects of the watch that it names."""
    (analysis,) = reader.analyse([article])
    topics = _topics(reader, analysis)
    asked: list[str | None] = [None, *(why.topic for why in topics if why.found)]
    views = analysis.views
    concluded = reader.stance.conclusions([(view, asked) for view in views.values()])
    stances = [
        WhyStance(
            subject,
            topic,
            shown_stance(found, over_all=topic is None),
            found,
            tuple(zip(view.sentences, found.pulls, strict=True)),
        )
        for (subject, view), conclusions in zip(views.items(), concluded, strict=True)
        for topic, found in conclusions.items()
    ]
    return Explanation(topics, tuple(stances), reader.notes(analysis))


def _topics(reader: Reader, analysis: Analysis) -> tuple[WhyTopic, ...]:
    model, pieces, vectors, margins = reader.topics, analysis.pieces, analysis.vectors, analysis.margins
    odds = model.log_odds(vectors, margins)
    found = []
    for column, topic in enumerate(reader.watch.topics):
        best = int(np.argmax(margins[:, column]))
        likeness = model.prototypes[column] @ vectors[best]
        nearest = np.argsort(-likeness)[:PROTOTYPES_SHOWN].tolist()
        texts = prototype_texts(topic)
        parts = model.weights.best * float(margins[best, column]), model.weights.mean * float(margins[:, column].mean())
        zero_shot = float(zero_shot_log_odds(margins[:, column : column + 1], model.weights)[0])
        found.append(
            WhyTopic(
                topic=topic.id,
                score=float(expit(odds[column])),
                passage=pieces[best][0],
                start=pieces[best][1],
                end=pieces[best][2],
                prototypes=tuple((texts[n], float(likeness[n])) for n in nearest),
                elsewhere=float(model.likeness(vectors[best : best + 1], column)[0]) - float(margins[best, column]),
                best=parts[0],
                mean=parts[1],
                learnt=float(odds[column]) - zero_shot,
                bias=model.weights.bias,
            )
        )
    return tuple(sorted(found, key=lambda why: -why.score))
