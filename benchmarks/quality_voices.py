"""Quality of voices: what named speakers convey about a subject, in statements of our own press texts (benchmarks/voices).

    python -m benchmarks.quality_voices [--json FILE] [--errors]

Nothing is fitted on these statements, but what is read of a quote (nlp.voices) was chosen with them. Two measures: with the
quotes given, and as `vigie read` finds them. Beside them the article's own stance, which a reader would assume of every speaker
who knew nothing of voices.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.metrics import f1_score

from benchmarks.quality_labels import deepseek_watch
from nlp.mentions import subjects_of
from nlp.quotes import find_quotes
from nlp.reader import Reader, subject_named
from nlp.training.press import analysed, records
from vigie.article import Quote, Voice

REFERENCE = Path(__file__).parent / "voices" / "reference.jsonl"
PARTS = ("dev", "compare")
STANCES = ("critical", "neutral", "supportive")


class Statement(NamedTuple):
    """A statement of a text about its subject: what it conveys, and what is found with its quote given and as it is read.

    "none" stands for what does not speak of the subject, and for what is not heard.
    """

    record: dict[str, Any]
    quote: Quote
    gold: str
    given: str
    found: str

    @property
    def article(self) -> str:
        """The stance of the whole text."""
        return str(self.record["overall"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--errors", action="store_true", help="show what is heard otherwise than it is meant, or not at all")
    arguments = parser.parse_args()
    statements = read(Reader(deepseek_watch()))
    result = scores(statements)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.errors:
        for one in statements:
            if one.gold != one.given:
                print(f"{one.record['id']} {one.quote.speaker}: {one.gold}, heard {one.given}: {one.quote.text}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def read(reader: Reader) -> list[Statement]:
    """Every statement of the reference, as the reader hears it."""
    rows = [json.loads(line) for line in REFERENCE.read_text(encoding="utf-8").splitlines()]
    spoken = {row["id"] for row in rows}
    texts = [record for part in PARTS for record in records(part) if record["id"] in spoken]
    analyses = [analysis for analysis, _ in analysed(reader, texts)]
    documents = [one.document for one in analyses]
    meant = [[(row, _quote(row, text)) for row in rows if row["id"] == text["id"]] for text in texts]
    stances = reader.stances(analyses, [()] * len(texts))
    subjects = [
        subjects_of(labels, [subject_named(reader.watch, text["subject"])]) for text, labels in zip(texts, stances, strict=True)
    ]
    given = reader.voices(documents, [tuple(quote for _, quote in some) for some in meant], subjects)
    found = reader.voices(documents, [find_quotes(one.text, one.named, one.language) for one in documents], subjects)
    return [
        Statement(text, quote, row["stance"], _heard(quote, by_hand), _heard(quote, by_rules))
        for text, some, by_hand, by_rules in zip(texts, meant, given, found, strict=True)
        for row, quote in some
    ]


def _quote(row: dict[str, str], text: dict[str, Any]) -> Quote:
    start = text["text"].index(row["text"])
    return Quote(row["speaker"], row["text"], start, start + len(row["text"]))


def _heard(quote: Quote, voices: Sequence[Voice]) -> str:
    """The stance of the voice that shares most characters with a quote; none where no voice shares any."""
    shared = [(min(quote.end, voice.end) - max(quote.start, voice.start), voice) for voice in voices]
    most, voice = max(shared, key=lambda pair: pair[0], default=(0, None))
    return str(voice.stance.stance) if voice and most > 0 else "none"


def scores(statements: Sequence[Statement]) -> dict[str, Any]:
    """For both measures and the baseline: macro-F1, what is not heard counting as wrong; how much is heard, and right of it."""
    asked = [one for one in statements if one.gold != "none"]
    passing = [one for one in statements if one.gold == "none"]
    result: dict[str, Any] = {"statements": len(asked), "that speak of something else": len(passing)}
    for name in ("given", "found", "article"):
        said = [getattr(one, name) for one in asked]
        heard = [one for one in asked if getattr(one, name) != "none"]
        result[name] = {
            "macro-F1": _f1([one.gold for one in asked], said),
            "heard": _share([one != "none" for one in said]),
            "macro-F1 of what is heard": _f1([one.gold for one in heard], [getattr(one, name) for one in heard]),
            "right of what is heard": _share([one.gold == getattr(one, name) for one in heard]),
            "unsure": _share([one == "unsure" for one in said]),
            "heard of what speaks of something else": _share([getattr(one, name) != "none" for one in passing]),
        }
    return result


def _f1(gold: Sequence[str], said: Sequence[str]) -> float:
    return round(float(f1_score(gold, said, labels=STANCES, average="macro", zero_division=0)), 3)


def _share(hits: Sequence[bool]) -> float:
    return round(sum(hits) / max(1, len(hits)), 3)


if __name__ == "__main__":
    main()
