"""Quality of the stories: are articles that tell one event together, in whatever languages, and those of other events apart?

    python -m benchmarks.quality_stories [--json FILE]

Over all articles of a part: precision, recall and F1 of pairs (all, of one language, across languages, with an article of each
language), and B³ (Bagga and Baldwin 1998). Beside it the cosine alone, as it was before: vectors centred alike for all languages, at the threshold best on the train part.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality_labels import article_of
from newsroom.press import load_press
from nlp.background import centred_vectors
from nlp.document import paragraphs
from nlp.events import EventModel, article_vector, event_model
from nlp.models import load_model
from nlp.stories import ONE_EVENT, group
from nlp.training.stories import fingerprints, load
from vigie.archive import Fingerprint

MODEL = "e5-small"
FOLDER = Path(__file__).parent / "stories"
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    parts = {part: load(FOLDER / f"{part}.jsonl") for part in ("train", "dev", "test")} | {"newsroom": newsroom_rows()}
    result = {part: story_scores(rows) for part, rows in parts.items()}
    train = _alike(parts["train"])
    thresholds = [round(0.4 + 0.01 * n, 2) for n in range(50)]
    best = max(thresholds, key=lambda threshold: _by_cosine(parts["train"], train, threshold)["all"]["F1"])
    result |= {f"{part}, cosine ≥ {best} alone": _by_cosine(rows, _alike(rows), best) for part, rows in parts.items()}
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def newsroom_rows() -> list[Row]:
    """The sample newsroom, which nothing was chosen on. Its stories are wider: they take in reactions and portraits."""
    rows = []
    for piece in load_press():
        article = article_of(piece)
        rows.append(
            {
                "id": article.id,
                "story": piece.reference.story or article.id,
                "language": piece.outlet.language,
                "outlet": piece.outlet.id,
                "published": piece.published.isoformat(),
                "title": article.title,
                "text": article.text,
            }
        )
    return sorted(rows, key=lambda row: (datetime.fromisoformat(row["published"]), row["id"]))


def story_scores(rows: Sequence[Row], model: str = MODEL) -> dict[str, Any]:
    """The scores of the stories that Vigie makes of these articles with an embedding model."""
    return _scores(rows, fingerprints(rows, model), event_model(model))


def _alike(rows: Sequence[Row]) -> list[Fingerprint]:
    """Fingerprints whose vectors are centred alike for all languages."""
    pieces = [paragraphs(row["title"], row["text"]) for row in rows]
    raw = centred_vectors(load_model(MODEL), MODEL, [text for found in pieces for text, _, _ in found])
    own = np.split(raw, np.cumsum([len(found) for found in pieces])[:-1])
    vectors = [article_vector(some, found) for some, found in zip(own, pieces, strict=True)]
    return [replace(one, embedding=vector) for one, vector in zip(fingerprints(rows, MODEL), vectors, strict=True)]


def _by_cosine(rows: Sequence[Row], prints: Sequence[Fingerprint], threshold: float) -> dict[str, Any]:
    """The scores where the cosine alone decides."""
    even = float(np.log(ONE_EVENT / (1 - ONE_EVENT)))
    return _scores(rows, prints, EventModel(100.0, 0.0, 0.0, 0.0, 0.0, even - 100.0 * threshold))


def _scores(rows: Sequence[Row], prints: Sequence[Fingerprint], model: EventModel) -> dict[str, Any]:
    places = group(prints, model, since=None)
    found = [places[row["id"]].story for row in rows]
    gold = [row["story"] for row in rows]
    return {
        "articles": len(rows),
        "all": _pairs(rows, gold, found, lambda _a, _b: True),
        "one language": _pairs(rows, gold, found, lambda a, b: a["language"] == b["language"]),
        "across languages": _pairs(rows, gold, found, lambda a, b: a["language"] != b["language"]),
        **{f"with {language}": _pairs(rows, gold, found, _with(language)) for language in ("fr", "en", "de", "es", "it")},
        "B³": _b_cubed(gold, found),
    }


def _with(language: str) -> Callable[[Row, Row], bool]:
    return lambda a, b: language in (a["language"], b["language"])


def _pairs(rows: Sequence[Row], gold: Sequence[str], found: Sequence[str], of: Callable[[Row, Row], bool]) -> dict[str, float]:
    chosen = [(gold[a] == gold[b], found[a] == found[b]) for a, b in combinations(range(len(rows)), 2) if of(rows[a], rows[b])]
    right = sum(true and taken for true, taken in chosen)
    taken, true = sum(taken for _, taken in chosen), sum(true for true, _ in chosen)
    return {"pairs": true} | _prf(right / max(1, taken), right / max(1, true))


def _b_cubed(gold: Sequence[str], found: Sequence[str]) -> dict[str, float]:
    """For each article, how much of its found story is of its true story, and how much of that was found; the means."""
    places = range(len(gold))
    together = [sum(gold[a] == gold[b] and found[a] == found[b] for b in places) for a in places]
    return _prf(
        float(np.mean([together[a] / found.count(found[a]) for a in places])),
        float(np.mean([together[a] / gold.count(gold[a]) for a in places])),
    )


def _prf(precision: float, recall: float) -> dict[str, float]:
    return {
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "F1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
    }


if __name__ == "__main__":
    main()
