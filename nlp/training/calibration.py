"""How sure the stances of articles may be: the temperature of their head, from the development texts as they are read.

    python -m nlp.training.calibration [--weights FILE]

Training asks whole texts. Reading mixes in the passages of each topic (nlp.stance.reading), whose answers are sure in another
way; so the temperature (Guo et al. 2017, ICML) is fitted once more on what reading gives. It is written into the file. Beside it
stands how often answers of a low confidence are right: by that nlp.stance.conclude leaves some unsure. nlp.training.stance ends
with this.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from nlp.reader import Reader
from nlp.stance.adapted import FILE
from nlp.stance.head import NONE, Floats, fitted_temperature
from nlp.stance.reading import SHIPPED, StanceModel
from nlp.stance.views import View
from nlp.training.examples import STANCES
from nlp.training.press import analysed, records
from vigie.watch import Watch, load_watch

EDGES = (0.33, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=FILE)
    parser.add_argument("--watch", type=Path, default=Path("watches/deepseek.toml"), help="whose topics are asked")
    arguments = parser.parse_args()
    calibrate(arguments.weights, load_watch(arguments.watch))


def calibrate(file: Path, watch: Watch) -> None:
    """Fit the temperature of the head of articles in this file, and print how far the confidences are to be trusted."""
    logits, gold = as_read(file, watch)
    temperature = fitted_temperature(logits, gold)
    with np.load(file) as kept:
        np.savez_compressed(file, **({**kept} | {"article:temperature": np.array(temperature, np.float32)}))
    print("temperature of articles as they are read", round(temperature, 3))
    chances = softmax(logits / temperature, axis=1)
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == gold
    for low, high in pairwise(EDGES):
        some = (confidence >= low) & (confidence < high)
        if some.any():
            print(f"confidence {low:.2f} to {high:.2f}: {right[some].mean():.2f} right of {some.sum()}")


def as_read(file: Path, watch: Watch) -> tuple[Floats, NDArray[np.int64]]:
    """The logits (n, 3) of critical, neutral and supportive, and which is right (n,): all questions of the development texts."""
    texts = records("dev")
    asked: list[tuple[View, list[str | None]]] = [
        (view, [None, *record["stances"]])
        for record, (_, view) in zip(texts, analysed(Reader(watch), texts), strict=True)
        if record["overall"] != "none"
    ]
    gold = [STANCES[stance] for record in texts for stance in (record["overall"], *record["stances"].values())]
    model = StanceModel(SHIPPED, watch.topics, weights=file)
    features = np.stack([parts.sum(axis=0) for questions in model.parts(asked) for parts in questions])
    answers = np.array([answer for answer in gold if answer != NONE])
    return model.heads.article.logits(features)[:, 1:], answers - 1


if __name__ == "__main__":
    main()
