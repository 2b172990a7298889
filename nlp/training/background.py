"""Write nlp/weights/background-MODEL.json: the mean vector of varied sentences in many languages (SIB-200, CC BY-SA 4.0).

    python -m nlp.training.background PATH/sib200_11langs.jsonl MODEL

Only the mean is kept: 384 numbers for e5-small, 512 for static.
"""

import json
import sys
from pathlib import Path

from nlp.background import WEIGHTS
from nlp.models import embed, load_model


def main(corpus: Path, name: str) -> None:
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    by_language: dict[str, list[str]] = {}
    for row in rows:
        if row["split"] == "train":
            by_language.setdefault(row["lang"], []).append(row["text"])
    chosen = [text for texts in by_language.values() for text in texts[:250]]
    mean = embed(load_model(name), chosen).mean(axis=0)
    WEIGHTS.mkdir(exist_ok=True)
    content = {"model": name, "texts": len(chosen), "languages": sorted(by_language), "mean": [round(float(x), 5) for x in mean]}
    (WEIGHTS / f"background-{name}.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
