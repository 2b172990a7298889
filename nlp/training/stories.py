"""Write nlp/weights/stories-MODEL.json: where the languages lie, and what tells that two articles tell one event.

    python -m nlp.training.stories PATH/sib200_11langs.jsonl [MODEL]

The train part of benchmarks/stories gives the weights, and the moves of its languages, since they are those of news; the moves of
further languages come from SIB-200 (CC BY-SA 4.0), whose sentences are the same in all. Only means are kept.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from nlp.background import WEIGHTS, centred, language_mean, language_moves
from nlp.document import paragraphs
from nlp.events import all_pairs, article_vector
from nlp.marks import find_marks
from nlp.models import embed, load_model
from nlp.stories import sketch, telling
from vigie.archive import Fingerprint

Floats = NDArray[np.float32]
TRAIN = Path(__file__).parents[2] / "benchmarks" / "stories" / "train.jsonl"
CLUES = ("cosine", "names", "amounts", "hours", "same_language")


def main(corpus: Path, name: str = "e5-small") -> None:
    file = WEIGHTS / f"stories-{name}.json"
    sib = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    parallel = _texts_by_language([row for row in sib if row["split"] == "train"], lambda row: [row["text"]], key="lang")
    news = load(TRAIN)
    told = _texts_by_language(news, lambda row: [text for text, _, _ in paragraphs(row["title"], row["text"])], key="language")
    moves = {**_moves(name, {lang: texts[:250] for lang, texts in parallel.items()}), **_moves(name, told)}
    content = {"model": name, "languages": {lang: [round(float(x), 4) for x in move] for lang, move in sorted(moves.items())}}
    file.write_text(json.dumps(content) + "\n", encoding="utf-8")
    language_moves.cache_clear()
    pairs = all_pairs([telling(one) for one in fingerprints(news, name)])
    clues = np.array([evidence.clues() for _, _, evidence in pairs])
    same = np.array([news[a]["story"] == news[b]["story"] for a, b, _ in pairs])
    scaler = StandardScaler().fit(clues)
    head = LogisticRegression(max_iter=1000).fit(scaler.transform(clues), same)
    weights = head.coef_[0] / scaler.scale_
    made = {clue: round(float(weight), 3) for clue, weight in zip(CLUES, weights, strict=True)}
    made["bias"] = round(float(head.intercept_[0] - weights @ scaler.mean_), 3)
    file.write_text(json.dumps(content | {"pairs": len(pairs), "weights": made}) + "\n", encoding="utf-8")
    print(len(pairs), "pairs,", int(same.sum()), "of one story", made)


def load(file: Path) -> list[dict[str, Any]]:
    """The articles of a reference file, in the order of publication: id, story, language, outlet, published, title, text."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(rows, key=lambda row: (row["published"], row["id"]))


def fingerprints(rows: Sequence[Mapping[str, Any]], name: str) -> list[Fingerprint]:
    """What the archive would keep of these articles, had a reader with that embedding model read them."""
    pieces = [paragraphs(row["title"], row["text"]) for row in rows]
    model = load_model(name)
    raw = embed(model, [text for found in pieces for text, _, _ in found])
    own = np.split(raw, np.cumsum([len(found) for found in pieces])[:-1])
    return [
        Fingerprint(
            article=row["id"],
            source=row["outlet"],
            published=datetime.fromisoformat(row["published"]).timestamp(),
            language=row["language"],
            embedding=article_vector(centred(vectors, language_mean(name, model, row["language"])), found),
            sketch=sketch(row["text"]),
            marks=find_marks(row["title"], row["text"], row["language"]),
            story=None,
            reprint_of=None,
        )
        for row, found, vectors in zip(rows, pieces, own, strict=True)
    ]


def _texts_by_language(rows: Sequence[Mapping[str, Any]], texts: Any, *, key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row[key], []).extend(texts(row))
    return found


def _moves(name: str, texts: Mapping[str, Sequence[str]]) -> dict[str, Floats]:
    """How far the mean of each language lies from the mean of them all."""
    means = {language: embed(load_model(name), some).mean(axis=0) for language, some in texts.items()}
    middle = np.mean(list(means.values()), axis=0)
    return {language: np.asarray(mean - middle, np.float32) for language, mean in means.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
