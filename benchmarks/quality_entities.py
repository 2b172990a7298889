"""Quality of entities under one name, on reference texts of our own in five languages, beside the spans as the models see them.

    python -m benchmarks.quality_entities [--json FILE] [--errors dev]

The rules and the table of aliases were chosen on "dev"; "test" was written before them and is for reporting only.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality_labels import deepseek_watch
from nlp.document import Document, take_apart
from vigie.names import known_names

REFERENCE = Path(__file__).parent / "entities"
LANGUAGES = ("fr", "en", "de", "es", "it")

Pairs = set[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--errors", choices=("dev", "test"), help="show what is missed and what is too much")
    arguments = parser.parse_args()
    if arguments.errors:
        show_errors(arguments.errors)
        return
    result = {split: scores(split) for split in ("dev", "test")}
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def reference(split: str) -> list[dict[str, Any]]:
    """The texts of a half, with their entities."""
    return [json.loads(line) for line in (REFERENCE / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def scores(split: str) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of names, the share of right kinds on names found, and the F1 of the baseline; over all and by language."""
    rows = reference(split)
    gold = [{(entity["name"].casefold(), entity["kind"]) for entity in row["entities"]} for row in rows]
    found = [_pairs(document) for document in _documents(rows)]
    raw = [_as_seen(row) for row in rows]
    groups = {"all": list(range(len(rows)))} | {
        language: [n for n, row in enumerate(rows) if row["language"] == language] for language in LANGUAGES
    }
    return {
        name: _score([gold[n] for n in chosen], [found[n] for n in chosen])
        | {"baseline F1": _score([gold[n] for n in chosen], [raw[n] for n in chosen])["F1"]}
        for name, chosen in groups.items()
    }


def _documents(rows: Sequence[dict[str, Any]]) -> list[Document]:
    return take_apart([("", row["text"], row["language"]) for row in rows], names=known_names(deepseek_watch()))


def _pairs(document: Document) -> Pairs:
    return {(entity.name.casefold(), entity.kind) for entity in document.entities}


def _as_seen(row: dict[str, Any]) -> Pairs:
    """The spans of the language's model as they are written; of languages without one, runs of capitalised words."""
    from nlp.document import _KINDS, _pipeline, _ruled_names

    pipeline, trained = _pipeline(row["language"])
    doc = pipeline(row["text"])
    if trained:
        return {(span.text.casefold(), _KINDS[span.label_]) for span in doc.ents if span.label_ in _KINDS}
    return {(named.name.casefold(), named.kind) for named in _ruled_names(doc)}


def _score(gold: Sequence[Pairs], found: Sequence[Pairs]) -> dict[str, float]:
    names = [({name for name, _ in wanted}, {name for name, _ in made}) for wanted, made in zip(gold, found, strict=True)]
    hits = sum(len(wanted & made) for wanted, made in names)
    precision = hits / max(1, sum(len(made) for _, made in names))
    recall = hits / max(1, sum(len(wanted) for wanted, _ in names))
    kinds = sum(len(wanted & made) for wanted, made in zip(gold, found, strict=True))
    return {
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "F1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
        "kinds right": round(kinds / max(1, hits), 3),
    }


def show_errors(split: str) -> None:
    """Each text with what is missed and what is too much."""
    rows = reference(split)
    for row, document in zip(rows, _documents(rows), strict=True):
        wanted, made = {(entity["name"].casefold(), entity["kind"]) for entity in row["entities"]}, _pairs(document)
        if wanted != made:
            print(f"{row['id']}: {row['text']}\n   missed {sorted(wanted - made)}\n   too much {sorted(made - wanted)}")


if __name__ == "__main__":
    main()
