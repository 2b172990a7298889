"""How alike the texts of benchmarks/press are: runs of words in common, and nearness of meaning across the parts.

    python -m benchmarks.press_texts [--json FILE]

Paraphrases and translations share no runs of words, but their vectors (e5-small, title and text, centred as for topics) are near.
For each part the nearest text of another part, and the nearest other one of its own, is told, as quantiles, beside what two random
texts on the same topics have.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np

from nlp.background import centred_vectors
from nlp.models import load_model
from nlp.training.press import records

RUN = 5
QUANTILES = (0.5, 0.9, 0.99, 1.0)


def shared_runs(texts: Sequence[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """For each pair of texts (ids) how many runs of RUN words both have; reprints and close rewritings share dozens."""
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text in texts:
        found = words(text["text"])
        for run in {tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1)}:
            holders[run].append(text["id"])
    return Counter(pair for ids in holders.values() for pair in combinations(ids, 2))


def words(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return re.findall(r"\w+", text.casefold())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    parts = {part: records(part) for part in ("train", "dev", "compare", "hard", "test")}
    runs = Counter(shared_runs([text for texts in parts.values() for text in texts]).values())
    result: dict[str, Any] = {"pairs by shared runs of five words": dict(sorted(runs.items()))}
    model = load_model("e5-small")
    vectors = {
        part: centred_vectors(model, "e5-small", [f"{text['title']}\n{text['text']}" for text in texts])
        for part, texts in parts.items()
    }
    for part, other in product(parts, repeat=2):
        likeness = vectors[part] @ vectors[other].T
        if part == other:
            np.fill_diagonal(likeness, -1.0)
        alike = np.array([[one["topics"] == two["topics"] for two in parts[other]] for one in parts[part]])
        result[f"{part}, nearest in {other}"] = _quantiles(likeness.max(axis=1))
        result[f"{part}, any in {other} on the same topics"] = _quantiles(likeness[alike])
        row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
        result[f"{part}, nearest in {other}"]["pair"] = f"{parts[part][row]['id']}, {parts[other][column]['id']}"
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def _quantiles(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {f"{share:.0%}": round(float(np.quantile(values, share)), 3) for share in QUANTILES}


if __name__ == "__main__":
    main()
