"""Write nlp/weights/background-MODEL.npz: the mean vector of varied sentences in many languages (SIB-200, CC BY-SA 4.0), and the
vectors of the general topics.

    python -m nlp.training.background PATH/sib200_11langs.jsonl MODEL

Of the corpus only the mean is kept: 384 numbers for e5-small, 512 for static.
"""

import json
import sys
from pathlib import Path

import numpy as np

from nlp.background import WEIGHTS, make_background
from nlp.models import embed, load_model


def main(corpus: Path, name: str) -> None:
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    by_language: dict[str, list[str]] = {}
    for row in rows:
        if row["split"] == "train":
            by_language.setdefault(row["lang"], []).append(row["text"])
    model = load_model(name)
    made = make_background(model, embed(model, [text for texts in by_language.values() for text in texts[:250]]).mean(axis=0))
    topics = {f"topic{n}": vectors.astype(np.float16) for n, vectors in enumerate(made.topics)}
    np.savez_compressed(WEIGHTS / f"background-{name}.npz", allow_pickle=False, mean=made.mean, **topics)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
