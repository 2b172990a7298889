"""What a few corrections change: for topics that a user describes in a few words, and for stance on texts of another kind.

    python -m benchmarks.few_shot [--corrections 20 40] [--json FILE]

Of a random half of the articles are asked: "answers", the questions that vigie review would ask first, each answer one key
pressed; or "articles", every question about so many of them. The reference answers; vigie learn's own functions learn, and
leave alone what they cannot judge. The other half is judged by what would be shown. Each figure is the mean over 20 such halves:
"after" is with what vigie learn keeps, "if all is kept" also with what helps no held-out answers. Topics: the development part of the
press texts, with topics that have a label and nothing else, asked about topics alone. Stance: the articles of the sample newsroom
that name its subject, none of which the shipped head has seen, asked about stances alone; who says that the topic of such a question
is not there teaches no stance.
"""

import argparse
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import compress, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from sklearn.metrics import f1_score

from benchmarks.quality_labels import article_of as newsroom_article
from benchmarks.quality_labels import deepseek_watch
from benchmarks.quality_press import TOPICS
from newsroom.press import load_press
from nlp.learning import (
    Answers,
    Bools,
    H,
    Judged,
    StanceAnswers,
    TopicAnswers,
    examine,
    learn_from,
    stance_answers,
    topic_answers,
)
from nlp.mentions import find_mentions
from nlp.reader import Reader
from nlp.stance.conclude import stance_labels
from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE
from nlp.training.press import article_of, records
from vigie.article import Labels
from vigie.correction import Answer, Correction
from vigie.review import OfArticle, about_article, first_questions
from vigie.watch import Topic, Watch

# What a question is about: the article, the subject (None: the presence of the topic) and the topic (None: over all).
Key = tuple[str, str | None, str | None]

DRAWS = 20
# Labels as a user might put them, and no more; none means the same as a topic of the shipped watch by its wording alone.
LABELS = {"performance": "Est-ce que ça marche bien ?", "data": "Vie privée", "gpus": "Puces"}


class Draw(NamedTuple):
    """What a half of the articles taught: macro-F1 on the other half before, after, and if all is kept; the share of the heads
    that were kept; and the answers learnt from."""

    scores: list[float]
    kept: float
    taught: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--corrections", type=int, nargs="+", default=[20, 40], metavar="N")
    arguments = parser.parse_args()
    watch = deepseek_watch()
    result = {"topics": topics(watch, arguments.corrections), "stance": stance(watch, arguments.corrections)}
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def topics(watch: Watch, counts: Sequence[int]) -> dict[str, dict[str, float]]:
    """Macro-F1 of the topics before and after so many corrections."""
    described = [Topic(id=topic, label={"fr": label}, description={"fr": label}) for topic, label in LABELS.items()]
    reader = Reader(replace(watch, topics=tuple(described)))
    model = reader.topics
    judged = [_judged_topics(record) for record in records("dev")]
    examined = examine(reader, judged, _quietly)
    answers = topic_answers(model, examined)
    questions = []
    for one, apart in zip(judged, examined, strict=True):
        found = apart.analysis.vectors, apart.analysis.margins
        labels = Labels(one.article.id, 1, "", "", topics=model.article_topics(*found), doubtful=model.doubtful_topics(*found))
        questions.append(about_article(labels, (), model.ids))

    def judge(half: Collection[str], asked: Callable[[Key], bool]) -> Draw:
        shown: list[tuple[Any, ...]] = []
        kept, taught = [], 0
        for topic, start in zip(model.ids, model.heads, strict=True):
            own = answers[topic]
            chosen = np.array([asked((article, None, topic)) for article in own.articles])
            rest = np.array([article not in half for article in own.articles])
            heads, helps = _taught(start, _some_topics(own, chosen))
            shown.append((own.gold[rest], *(own.shown(own.predicted(head))[rest] for head in heads)))
            kept.append(helps)
            taught += int(chosen.sum())
        gold, *found_by = (np.stack(columns, axis=1) for columns in zip(*shown, strict=True))
        scores = [float(f1_score(gold, found, average="macro", zero_division=0)) for found in found_by]
        return Draw(scores, float(np.mean(kept)), taught)

    return _gains([one.article.id for one in judged], questions, counts, judge)


def _judged_topics(record: dict[str, Any]) -> Judged:
    article = article_of(record)
    said = {topic: Answer.PRESENT if topic in record["topics"] else Answer.ABSENT for topic in TOPICS}
    return Judged(article, tuple(Correction(0, article.id, 1, None, topic, one, "", 0.0) for topic, one in said.items()), ())


def _some_topics(answers: TopicAnswers, chosen: Bools) -> TopicAnswers:
    return TopicAnswers(
        tuple(compress(answers.articles, chosen)), answers.there[chosen], answers.means[chosen], answers.zero_shot[chosen]
    )


def stance(watch: Watch, counts: Sequence[int]) -> dict[str, dict[str, float]]:
    """Macro-F1 of the stances, over all and on the topics, before and after so many corrections; unsure is wrong."""
    reader, subject = Reader(watch), watch.subjects[0].id
    judged = list(_judged_stances(watch))
    examined = examine(reader, judged, _quietly)
    answers = stance_answers(reader, examined, _quietly)
    found = [reader.topics.article_topics(one.analysis.vectors, one.analysis.margins) for one in examined]
    views = [one.analysis.views[subject] for one in examined]
    concluded = reader.stance.conclusions(
        [(view, (None, *(it.topic for it in own))) for view, own in zip(views, found, strict=True)]
    )
    questions = []
    for one, view, conclusions in zip(judged, views, concluded, strict=True):
        stances = stance_labels(view, subject, conclusions)
        labels = Labels(one.article.id, 1, "", "", subjects=(subject,), stances=tuple(stances))
        questions.append(about_article(labels, (), ()))
    start = reader.stance.heads.article

    def judge(half: Collection[str], asked: Callable[[Key], bool]) -> Draw:
        chosen = np.array([asked((one.article, one.subject, one.topic)) for one in answers.said])
        rest = (answers.gold != NONE) & np.array([article not in half for article in answers.articles])
        heads, helps = _taught(start, StanceAnswers(tuple(compress(answers.said, chosen)), answers.features[chosen]))
        shown = [answers.shown(answers.predicted(head))[rest] for head in heads]
        stances = [CRITICAL, NEUTRAL, SUPPORTIVE]
        scores = [f1_score(answers.gold[rest], one, labels=stances, average="macro", zero_division=0) for one in shown]
        return Draw([float(one) for one in scores], float(helps), int(chosen.sum()))

    return _gains([one.article.id for one in judged], questions, counts, judge)


def _judged_stances(watch: Watch) -> Iterator[Judged]:
    """The newsroom's articles that name the subject, with the stances that the reference has."""
    subject = watch.subjects[0]
    for piece in load_press():
        article = newsroom_article(piece)
        if piece.reprint_of or not find_mentions(f"{article.title}\n{article.text}", (subject,)):
            continue
        said = {None: piece.reference.overall, **piece.reference.topics}
        answers = [Correction(0, article.id, 1, subject.id, topic, Answer(one), "", 0.0) for topic, one in said.items()]
        yield Judged(article, tuple(answers), (subject,))


def _gains(
    articles: Sequence[str],
    questions: Sequence[OfArticle],
    counts: Sequence[int],
    judge: Callable[[Collection[str], Callable[[Key], bool]], Draw],
) -> dict[str, dict[str, float]]:
    """For so many answers, and for all answers about so many articles: the mean over the draws."""
    return {
        f"{count} articles" if wholly else f"{count} answers": _gain(
            [judge(half, asked) for half, asked in _draws(articles, questions, count, wholly=wholly)]
        )
        for count, wholly in product(counts, (False, True))
    }


def _draws(
    articles: Sequence[str], questions: Sequence[OfArticle], count: int, *, wholly: bool
) -> Iterator[tuple[Collection[str], Callable[[Key], bool]]]:
    """Random halves of the articles, each with what is asked about it: the first questions, or all about its first articles."""
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(articles))
        half = [articles[n] for n in order[: len(order) // 2]]
        asked = first_questions((one for one in questions if one.open and one.open[0].article in half), count)
        first, keys = set(half[:count]), {one.key for one in asked}
        yield half, (lambda key, first=first: key[0] in first) if wholly else keys.__contains__


def _taught(start: H, answers: Answers[H]) -> tuple[tuple[H, H, H], bool]:
    """The head before, after what is kept, and after everything; and whether it is kept."""
    if answers.lacking:
        return (start, start, start), False
    gain, head = learn_from(start, answers)
    return (start, head if gain.helps else start, head), gain.helps


def _gain(draws: list[Draw]) -> dict[str, float]:
    before, after, if_all = np.mean([one.scores for one in draws], axis=0).tolist()
    figures = {
        "answers learnt from": np.mean([one.taught for one in draws]),
        "before": before,
        "after": after,
        "better, of 20": sum(one.scores[1] > one.scores[0] for one in draws),
        "worse, of 20": sum(one.scores[1] < one.scores[0] for one in draws),
        "kept": np.mean([one.kept for one in draws]),
        "if all is kept": if_all,
    }
    return {name: round(float(figure), 3) for name, figure in figures.items()}


def _quietly(*_: object, **__: object) -> None:
    """No progress is shown."""


if __name__ == "__main__":
    main()
