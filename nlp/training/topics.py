"""Calibrate zero-shot topics and learn the topics of the shipped watch; write nlp/weights/topics-MODEL.npz.

    python -m nlp.training.topics [MODEL]

Learns from benchmarks/press/train.jsonl. The calibration is one for all topics, so that it serves any; the weights of a topic
are a logistic regression over article vectors on top of it. About three minutes on one core for e5-small.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from nlp.background import WEIGHTS
from nlp.document import paragraphs
from nlp.models import load_model
from nlp.stance.head import Floats
from nlp.topics import TopicHead, TopicModel, TopicWeights, fitted_head, mean_prototype, zero_shot_log_odds
from nlp.training.press import records
from vigie.watch import load_watch

WATCH = Path("watches/deepseek.toml")
# Chosen on dev. Over a thousand texts of one hand want more of it than a few corrections do.
STRENGTH = 0.25


def main(name: str = "e5-small") -> None:
    texts = records("train")
    model = load_model(name)
    topics = TopicModel(model, name, load_watch(WATCH).topics, weights=TopicWeights(1.0, 0.0, 0.0))
    vectors = [topics.passage_vectors(paragraphs(record["title"], record["text"])) for record in texts]
    margins = [topics.margins(found) for found in vectors]
    gold = np.array([[topic in record["topics"] for topic in topics.ids] for record in texts])
    weights = _calibrated(margins, gold)
    zero_shot = np.array([zero_shot_log_odds(found, weights) for found in margins])
    means = np.array([found.mean(axis=0) for found in vectors])
    heads = []
    for column, own in enumerate(topics.prototypes):
        start = TopicHead(mean_prototype(own), np.zeros(means.shape[1], np.float32), 0.0)
        heads.append(fitted_head(start, means, zero_shot[:, column], gold[:, column], strength=STRENGTH))
    made = TopicWeights(weights.best, weights.mean, weights.bias, tuple(heads))
    np.savez_compressed(WEIGHTS / f"topics-{name}.npz", allow_pickle=False, **made.stored())
    print(name, "best", round(made.best, 2), "mean", round(made.mean, 2), "bias", round(made.bias, 2))


def _calibrated(margins: list[Floats], gold: np.ndarray) -> TopicWeights:
    rows = np.concatenate([np.stack([found.max(axis=0), found.mean(axis=0)], axis=1) for found in margins])
    fit = LogisticRegression(C=1000.0).fit(rows, gold.ravel())
    best, mean = fit.coef_[0].tolist()
    return TopicWeights(best, mean, float(fit.intercept_[0]))


if __name__ == "__main__":
    main(*sys.argv[1:2])
