"""Quality of quotes and their speakers, on reference texts of our own, beside a naive baseline: all that stands in marks, by the nearest name.

    python -m benchmarks.quality_quotes [--json FILE] [--errors dev]

The rules were chosen on "dev"; "test" was written before them and is for reporting only.
"""

import argparse
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality_labels import deepseek_watch
from nlp.document import take_apart
from nlp.quotes import find_quotes
from vigie.article import Quote
from vigie.names import known_names, name_key

REFERENCE = Path(__file__).parent / "quotes"
LANGUAGES = ("fr", "en", "de", "es", "it")
KINDS = ("direct", "indirect", "according")
# Of the characters of their union, what a found quote shares with the one that is meant.
OVERLAP = 0.8

NAMES = known_names(deepseek_watch())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--errors", choices=("dev", "test"), help="show what is missed, too much, or given to somebody else")
    arguments = parser.parse_args()
    if arguments.errors:
        show_errors(arguments.errors)
        return
    result: dict[str, Any] = {split: scores(split) for split in ("dev", "test")}
    result["texts a second"] = round(speed())
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def reference(split: str) -> list[dict[str, Any]]:
    """The texts of a half, with their quotes."""
    return [json.loads(line) for line in (REFERENCE / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def scores(split: str) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of quotes, the share of right speakers on those found, and the baseline's; over all, by language and kind."""
    rows = reference(split)
    gold = [[_quote(quote) for quote in row["quotes"]] for row in rows]
    found, naive = _found(rows), [_naive(row["text"]) for row in rows]
    every = range(len(rows))
    groups: dict[str, Any] = {"all": every}
    groups |= {language: [n for n in every if rows[n]["language"] == language] for language in LANGUAGES}
    result = {}
    for name, chosen in groups.items():
        result[name] = _score([gold[n] for n in chosen], [found[n] for n in chosen])
        base = _score([gold[n] for n in chosen], [naive[n] for n in chosen])
        result[name] |= {"baseline F1": base["F1"], "baseline speakers": base["speakers"]}
    for kind in KINDS:
        result[kind] = _score(*([[quote for quote in quotes if quote.kind == kind] for quotes in side] for side in (gold, found)))
    return result


def _quote(record: dict[str, Any]) -> Quote:
    return Quote(record["speaker"], record["text"], record["start"], record["start"] + len(record["text"]), record["kind"])


def _found(rows: Sequence[dict[str, Any]]) -> list[list[Quote]]:
    documents = take_apart([("", row["text"], row["language"]) for row in rows], names=NAMES)
    return [list(find_quotes(document.text, document.named, document.language)) for document in documents]


def _naive(text: str) -> list[Quote]:
    """Everything in marks, said by the capitalised name that stands nearest."""
    quotes = []
    for match in re.finditer(r"«\s*([^«»]+?)\s*»|“([^“”]+)”|„([^„“”]+)“|\"([^\"]+)\"|»([^«»]+)«", text):
        said = next(group for group in match.groups() if group)
        start = match.start() + match[0].index(said)
        names = [
            name for name in re.finditer(r"[A-ZÀ-Þ]\w+(?: [A-ZÀ-Þ]\w+)*", text) if not match.start() <= name.start() < match.end()
        ]
        near = min(names, key=lambda name: max(match.start() - name.end(), name.start() - match.end()), default=None)
        quotes.append(Quote(near[0] if near else "", said, start, start + len(said)))
    return quotes


def _score(gold: Sequence[Sequence[Quote]], found: Sequence[Sequence[Quote]]) -> dict[str, float]:
    pairs = [pair for wanted, made in zip(gold, found, strict=True) for pair in matched(wanted, made)]
    precision = len(pairs) / max(1, sum(map(len, found)))
    recall = len(pairs) / max(1, sum(map(len, gold)))
    return {
        "quotes": sum(map(len, gold)),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "F1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
        "speakers": round(sum(same_speaker(*pair) for pair in pairs) / max(1, len(pairs)), 3),
    }


def matched(gold: Sequence[Quote], found: Sequence[Quote]) -> list[tuple[Quote, Quote]]:
    """Pairs of the meant and the found that are of one kind and share most of their characters; each found once."""
    left, pairs = list(found), []
    for wanted in gold:
        hit = next((made for made in left if made.kind == wanted.kind and _overlap(wanted, made) >= OVERLAP), None)
        if hit:
            left.remove(hit)
            pairs.append((wanted, hit))
    return pairs


def _overlap(one: Quote, other: Quote) -> float:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(0, shared) / (max(one.end, other.end) - min(one.start, other.start))


def same_speaker(one: Quote, other: Quote) -> bool:
    """Whether two quotes are given to the same speaker, under whatever name."""
    keys = {name_key(known.name if (known := NAMES.get(quote.speaker)) else quote.speaker) for quote in (one, other)}
    return len(keys) == 1


def show_errors(split: str) -> None:
    """Each text with what is missed, what is too much and who was taken for the speaker."""
    rows = reference(split)
    for row, made in zip(rows, _found(rows), strict=True):
        gold = [_quote(quote) for quote in row["quotes"]]
        pairs = matched(gold, made)
        faults = [("missed", quote) for quote in gold if quote not in [pair[0] for pair in pairs]]
        faults += [("too much", quote) for quote in made if quote not in [pair[1] for pair in pairs]]
        lines = [f"   {what} {quote.kind} [{quote.speaker}] {quote.text}" for what, quote in faults]
        lines += [f"   [{other.speaker}] for [{one.speaker}]: {one.text}" for one, other in pairs if not same_speaker(one, other)]
        if lines:
            print(f"{row['id']}: {row['text']}", *lines, sep="\n")


def speed() -> float:
    """Texts of the newsroom whose quotes are found in a second, without what finds their names."""
    from newsroom.press import load_press

    pieces = [(piece.title, "\n\n".join(piece.paragraphs), piece.outlet.language) for piece in load_press()]
    documents = take_apart(pieces, names=NAMES)
    started = time.perf_counter()
    for document in documents:
        find_quotes(document.text, document.named, document.language)
    return len(documents) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
