"""Quality of stance and topics on our own press texts (benchmarks/press), by language and by hard case, beside simple baselines.

    python -m benchmarks.quality_press [dev|compare|hard|test] [--model NAME] [--json FILE] [--diagram FILE.svg] [--worst N]

dev chose the thresholds; compare and hard tell one training from another; test is for reporting only. A stance that is left
unsure counts as wrong. --model: what gives topics and stances, the shipped e5-small by default.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs
from scipy.special import logit
from sklearn.metrics import confusion_matrix, f1_score

from benchmarks.quality_labels import deepseek_watch
from nlp.reader import Analysis, Reader
from nlp.stance.conclude import SPEAKS_OF_SUBJECT, UNSURE_BELOW, Conclusion
from nlp.stance.reading import SHIPPED
from nlp.topics import THRESHOLD, zero_shot_log_odds
from nlp.training.press import analysed, records
from vigie.watch import Models

TOPICS = ("performance", "data", "gpus")
STANCES = ("critical", "neutral", "supportive")
LANGUAGES = ("fr", "en", "de", "es", "it")
# The stances that a user is shown of a text, by topic; None: over all.
Shown = dict[str | None, str]


@dataclass(frozen=True)
class Answer:
    """One question about one text: what it should be, what was found, how surely, and what else is known of the text."""

    record: dict[str, Any]
    topic: str | None
    gold: str
    found: str
    confidence: float

    @property
    def said(self) -> str:
        """The stance shown to the user."""
        return self.found if self.confidence >= UNSURE_BELOW else "unsure"


class Reading(NamedTuple):
    """What was found in texts: an answer to every gold question; of each text the topics, those that their descriptions alone
    would give, without what was learnt for the shipped ones, and the stances that a user is shown."""

    answers: list[Answer]
    topics: list[set[str]]
    zero_shot: list[set[str]]
    shown: list[Shown]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="dev", choices=("dev", "compare", "hard", "test"))
    parser.add_argument("--model", default=SHIPPED)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--diagram", type=Path, help="draw how often answers of a confidence are right")
    parser.add_argument("--worst", type=int, default=0, help="show the surest of the wrong answers")
    arguments = parser.parse_args()
    texts = records(arguments.part)
    watch = structs.replace(deepseek_watch(), models=Models(embedding=arguments.model, stance=arguments.model))
    found = read(Reader(watch), texts)
    answers = found.answers
    result = scores(answers) | {
        "as shown, topics found and stances": shown_scores(texts, found.shown),
        "topics": topic_scores(texts, found.topics),
        "topics, zero-shot": topic_scores(texts, found.zero_shot),
        "baselines": baselines(answers),
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))
    for answer in worst(answers, arguments.worst):
        print(
            f"{answer.record['id']} {answer.topic or 'over all'}: {answer.gold}, found {answer.found} ({answer.confidence:.2f})"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")
    if arguments.diagram:
        draw(result["reliability"], arguments.diagram)


def read(reader: Reader, texts: Sequence[dict[str, Any]]) -> Reading:
    """What the reader finds in texts with gold answers, asked about the subject that each has."""
    analyses, views = zip(*analysed(reader, texts), strict=True)
    asked = [(view, (None, *record["stances"])) for view, record in zip(views, texts, strict=True)]
    answers = []
    for record, found in zip(texts, reader.stance.conclusions(asked), strict=True):
        answers += [_answer(record, topic, conclusion) for topic, conclusion in found.items()]
    topics = [reader.topics.article_topics(one.vectors, one.margins) for one in analyses]
    shown = [{label.topic: str(label.stance) for label in labels} for labels in reader.stances(analyses, topics)]
    return Reading(answers, [{label.topic for label in found} for found in topics], _zero_shot(reader, analyses), shown)


def _zero_shot(reader: Reader, analyses: Sequence[Analysis]) -> list[set[str]]:
    model = reader.topics
    even = logit(THRESHOLD)
    odds = [zero_shot_log_odds(one.margins, model.weights) for one in analyses]
    return [{topic for topic, own in zip(model.ids, row, strict=True) if own >= even} for row in odds]


def _answer(record: dict[str, Any], topic: str | None, conclusion: Conclusion) -> Answer:
    gold = record["overall"] if topic is None else record["stances"][topic]
    found = str(conclusion.stance)
    if topic is None and conclusion.of_subject < SPEAKS_OF_SUBJECT:
        return Answer(record, topic, gold, "none", 1 - conclusion.of_subject)
    return Answer(record, topic, gold, found, conclusion.confidence)


def scores(answers: Sequence[Answer]) -> dict[str, Any]:
    """Macro-F1 of critical, neutral, supportive over all questions whose answer is one of them, and what else tells the quality."""
    asked = [answer for answer in answers if answer.gold != "none"]
    passing = [answer for answer in answers if answer.topic is None]
    cases = sorted({case for answer in asked for case in answer.record["cases"]})
    return {
        "stance": {
            "all": _group(asked),
            "over all": _group([answer for answer in asked if answer.topic is None]),
            "by topic": _group([answer for answer in asked if answer.topic]),
            **{language: _group([a for a in asked if a.record["language"] == language]) for language in LANGUAGES},
        },
        "by topic": {topic: _group([a for a in asked if a.topic == topic]) for topic in TOPICS},
        "by case": {case: _group([a for a in asked if case in a.record["cases"]]) for case in cases}
        | {"no hard case": _group([a for a in asked if not a.record["cases"]])},
        "in passing": {
            "precision": _share([a.gold == "none" for a in passing if a.found == "none"]),
            "recall": _share([a.found == "none" for a in passing if a.gold == "none"]),
        },
        "confusion (rows: should be)": confusion_matrix(
            [a.gold for a in asked], [a.said for a in asked], labels=[*STANCES, "unsure", "none"]
        ).tolist()[:3],
        "reliability": reliability(asked),
    }


def shown_scores(texts: Sequence[dict[str, Any]], shown: Sequence[Shown]) -> dict[str, float]:
    """Macro-F1 of what a user sees: a topic or a subject that is missed counts against it, and so does one found where none is."""
    over_all, by_topic = [], []
    for record, found in zip(texts, shown, strict=True):
        over_all.append((record["overall"], found.get(None, "none")))
        asked = {*record["stances"], *found} - {None}
        by_topic += [(record["stances"].get(topic, "none"), found.get(topic, "none")) for topic in asked]
    pairs = {"over all": over_all, "by topic": by_topic}
    return {name: _f1([gold for gold, _ in some], [said for _, said in some]) for name, some in pairs.items()}


def _group(answers: Sequence[Answer]) -> dict[str, Any]:
    gold, said = [answer.gold for answer in answers], [answer.said for answer in answers]
    sure = [answer for answer in answers if answer.said != "unsure"]
    return {
        "questions": len(answers),
        "macro-F1": _f1(gold, said),
        "macro-F1 without unsure": _f1(gold, [answer.found for answer in answers]),
        "right where sure": _share([answer.gold == answer.said for answer in sure]),
        "unsure": _share([one == "unsure" for one in said]),
    }


def _f1(gold: Sequence[str], found: Sequence[str]) -> float:
    return round(float(f1_score(gold, found, labels=STANCES, average="macro", zero_division=0)), 3)


def _share(hits: Sequence[bool]) -> float:
    return round(sum(hits) / max(1, len(hits)), 3)


def reliability(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """How often answers of a confidence are right: the rows of a reliability diagram (DeGroot & Fienberg 1983)."""
    edges = (0.33, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.01)
    bins = [[answer for answer in answers if low <= answer.confidence < high] for low, high in pairwise(edges)]
    return [
        {
            "confidence": round(float(np.mean([answer.confidence for answer in some])), 3),
            "right": _share([answer.gold == answer.found for answer in some]),
            "answers": len(some),
        }
        for some in bins
        if some
    ]


def draw(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """The reliability diagram: points on the diagonal are as right as they are sure, larger ones stand for more answers."""
    import altair as alt

    axis = alt.Scale(domain=[0.3, 1.0])
    confidence = alt.X("confidence:Q", scale=axis, title="confidence", axis=alt.Axis(format=".0%"))
    right = alt.Y("right:Q", scale=axis, title="share of answers that are right", axis=alt.Axis(format=".0%"))
    honest = alt.Chart(alt.Data(values=[{"confidence": end, "right": end} for end in axis.domain])).mark_line(
        strokeDash=[4, 4], color="#888888"
    )
    answers = alt.Chart(alt.Data(values=list(rows))).mark_circle(color="#1f4e79", opacity=0.9)
    size = alt.Size("answers:Q", scale=alt.Scale(range=[40, 600]), legend=alt.Legend(title="answers", symbolOpacity=0.9))
    diagram = honest.encode(confidence, right) + answers.encode(confidence, right, size)
    diagram.properties(width=320, height=320, background="white").save(file)


def topic_scores(texts: Sequence[dict[str, Any]], found: Sequence[set[str]]) -> dict[str, Any]:
    """Macro- and micro-F1 of the topics; "with none" counts the absence of every topic as a class of its own."""

    def table(rows: Sequence[int]) -> dict[str, float]:
        gold = np.array([[topic in texts[n]["topics"] for topic in TOPICS] + [not texts[n]["topics"]] for n in rows])
        said = np.array([[topic in found[n] for topic in TOPICS] + [not found[n]] for n in rows])
        return {
            "macro-F1": round(float(f1_score(gold[:, :3], said[:, :3], average="macro", zero_division=0)), 3),
            "micro-F1": round(float(f1_score(gold[:, :3], said[:, :3], average="micro", zero_division=0)), 3),
            "macro-F1 with none": round(float(f1_score(gold, said, average="macro", zero_division=0)), 3),
            "micro-F1 with none": round(float(f1_score(gold, said, average="micro", zero_division=0)), 3),
            "every topic always, micro-F1": round(float(f1_score(gold[:, :3], np.ones_like(gold[:, :3]), average="micro")), 3),
        }

    groups = {language: [n for n, record in enumerate(texts) if record["language"] == language] for language in LANGUAGES}
    return {"all": table(range(len(texts))), **{language: table(rows) for language, rows in groups.items()}}


def baselines(answers: Sequence[Answer]) -> dict[str, float]:
    """The macro-F1 that simpler ways reach on the same questions."""
    asked = [answer for answer in answers if answer.gold != "none"]
    gold = [answer.gold for answer in asked]
    return {"majority": _f1(gold, [Counter(gold).most_common(1)[0][0]] * len(gold))}


def worst(answers: Sequence[Answer], count: int) -> list[Answer]:
    """The wrong answers of the highest confidence."""
    wrong = [answer for answer in answers if answer.gold != answer.found]
    return sorted(wrong, key=lambda answer: -answer.confidence)[:count]


if __name__ == "__main__":
    main()
