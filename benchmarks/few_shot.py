"""What twenty corrections change: for topics that a user describes in a few words, and for stance on texts of another kind.

    python -m benchmarks.few_shot [--json FILE] [--corrections N]

Each figure is the mean over 20 random choices of the corrected articles, judged on all articles that were not chosen; "kept" is the
share of heads that vigie learn would keep of the chosen articles alone, "after, where kept" what comes of those. Topics: the
development part of the press texts, with topics that have a label and nothing else. Stance: the sample newsroom, whose articles
the shipped head has never seen.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.quality_labels import article_of as newsroom_article
from benchmarks.quality_labels import deepseek_watch
from benchmarks.quality_press import TOPICS, records
from newsroom.press import load_press
from nlp.document import paragraphs
from nlp.learning import FOLDS, STANCE_STRENGTH, stance_gain, topic_gain
from nlp.reader import Reader
from nlp.stance.head import CRITICAL, NEUTRAL, SUPPORTIVE, fitted
from nlp.topics import TopicModel, fitted_head, zero_shot_log_odds
from vigie.watch import Topic

DRAWS = 20
CLASSES = {"critical": CRITICAL, "neutral": NEUTRAL, "supportive": SUPPORTIVE}
# Labels as a user might put them, and no more; none means the same as a topic of the shipped watch by its wording alone.
LABELS = {"performance": "Est-ce que ça marche bien ?", "data": "Vie privée", "gpus": "Puces"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--corrections", type=int, default=20)
    arguments = parser.parse_args()
    reader = Reader(deepseek_watch())
    result = {
        "corrections": arguments.corrections,
        "topics": topics(reader, arguments.corrections),
        "stance": stance(reader, arguments.corrections),
    }
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def topics(reader: Reader, count: int) -> dict[str, float]:
    """Macro-F1 of the topics before and after."""
    described = [Topic(id=topic, label={"fr": label}, description={"fr": label}) for topic, label in LABELS.items()]
    model = TopicModel(reader.model, reader.model_name, described)
    texts = records("dev")
    vectors = [model.passage_vectors(paragraphs(record["title"], record["text"])) for record in texts]
    margins = [model.margins(found) for found in vectors]
    before = np.array([model.log_odds(own, found) for own, found in zip(vectors, margins, strict=True)])
    zero_shot = np.array([zero_shot_log_odds(found, model.weights) for found in margins])
    means = np.array([found.mean(axis=0) for found in vectors])
    gold = np.array([[topic in record["topics"] for topic in TOPICS] for record in texts])
    scores, kept = [], []
    for draw in range(DRAWS):
        chosen = np.random.default_rng(draw).permutation(len(texts))[:count]
        rest = np.setdiff1d(np.arange(len(texts)), chosen)
        after = np.zeros((len(rest), len(TOPICS)), bool)
        helps = np.zeros(len(TOPICS), bool)
        for column in range(len(TOPICS)):
            answered = model.heads[column], means[chosen], zero_shot[chosen, column], gold[chosen, column]
            head = fitted_head(*answered)
            after[:, column] = zero_shot[rest, column] + means[rest] @ head.weight + head.shift >= 0
            helps[column] = topic_gain(*answered).helps
        found = before[rest] >= 0, after, np.where(helps, after, before[rest] >= 0)
        scores.append([f1_score(gold[rest], one, average="macro", zero_division=0) for one in found])
        kept += helps.tolist()
    return _gain(scores, kept)


def stance(reader: Reader, count: int) -> dict[str, float]:
    """Macro-F1 of the stance, over all and on the topics, before and after."""
    subject = reader.watch.subjects[0]
    features, gold, owner = [], [], []
    pieces = [piece for piece in load_press() if not piece.reprint_of and piece.reference.overall != "none"]
    found = reader.analyse([newsroom_article(piece) for piece in pieces], about=[(subject,)] * len(pieces))
    for n, (piece, analysis) in enumerate(zip(pieces, found, strict=True)):
        asked = {None: piece.reference.overall, **{t: s for t, s in piece.reference.topics.items() if s != "none"}}
        (parts_of_each,) = reader.stance.parts([(analysis.views[subject.id], list(asked))])
        for parts, answer in zip(parts_of_each, asked.values(), strict=True):
            features.append(parts.sum(axis=0))
            gold.append(CLASSES[answer])
            owner.append(n)
    rows, wanted, of = np.stack(features), np.array(gold), np.array(owner)
    start = reader.stance.heads.article
    scores, kept = [], []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(pieces))[:count]
        chosen = np.isin(of, order)
        head = fitted(rows[chosen], wanted[chosen], start=start, strength=STANCE_STRENGTH)
        place = {article: n for n, article in enumerate(sorted(order.tolist()))}
        fold = np.array([place[article] % FOLDS for article in of[chosen].tolist()])
        kept.append(stance_gain(start, rows[chosen], wanted[chosen], fold).helps)
        scores.append(
            [
                f1_score(wanted[~chosen], one.logits(rows[~chosen])[:, 1:].argmax(axis=1) + 1, average="macro")
                for one in (start, head, head if kept[-1] else start)
            ]
        )
    return _gain(scores, kept)


def _gain(scores: list[list[float]], kept: list[bool]) -> dict[str, float]:
    before, after, after_where_kept = np.mean(scores, axis=0).tolist()
    figures = {
        "before": before,
        "after": after,
        "share of choices that helped": np.mean([row[1] > row[0] for row in scores]),
        "kept": np.mean(kept),
        "after, where kept": after_where_kept,
    }
    return {name: round(float(figure), 3) for name, figure in figures.items()}


if __name__ == "__main__":
    main()
