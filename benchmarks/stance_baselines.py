"""What simpler ways reach on the questions of benchmarks.quality_press, and on the sentences of NewsMTSC.

    python -m benchmarks.stance_baselines [dev|test] [--newsmtsc PATH] [--lexicon] [--package FOLDER] [--json FILE]

majority: the commonest answer. embedding prototypes: sentences that praise, criticise or do neither, under e5-small, as a model
without a trained head is read. embedding and a head: the same looks at the sentences, with a head fitted on the training part; the
encoder stays as it came. --lexicon: SenticNet's polarities of the words of the sentences that name the subject (needs the
package senticnet). --package FOLDER: multilang-sentiment, a sentiment package for 103 languages, on the whole text (needs node
and the unpacked package). The last two give a number; where it turns into critical and supportive is chosen on the training part.
"""

import argparse
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.quality_press import STANCES, records
from nlp.document import take_apart
from nlp.learning import FIRST_STRENGTH
from nlp.models import load_model
from nlp.stance.conclude import conclude
from nlp.stance.general import SentenceLooks, prototype_head
from nlp.stance.head import Floats, Head, fitted
from nlp.stance.views import View, view_of
from vigie.article import Sentence
from vigie.watch import Subject


@dataclass(frozen=True)
class Asked:
    """A text with the stances toward its subject."""

    language: str
    view: View
    gold: tuple[str, ...]

    @property
    def naming(self) -> str:
        """The sentences that name the subject, or all."""
        places = zip(self.view.places, self.view.sentences, strict=True)
        found = [one.text for (start, end), one in places if any(start <= at < end for at, _ in self.view.mentions)]
        return " ".join(found) or self.view.text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="dev", choices=("dev", "test"))
    parser.add_argument("--newsmtsc", type=Path)
    parser.add_argument("--lexicon", action="store_true")
    parser.add_argument("--package", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sets = {f"press {arguments.part}": (_press("train"), _press(arguments.part))}
    if arguments.newsmtsc:
        rows = [json.loads(line) for line in arguments.newsmtsc.read_text(encoding="utf-8").splitlines()]
        for split in ("dev_rw", "dev_mt"):
            sets[f"NewsMTSC {split}"] = (_newsmtsc(rows, "train"), _newsmtsc(rows, split))
    result = {name: _scores(train, part, arguments) for name, (train, part) in sets.items()}
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def _press(part: str) -> list[Asked]:
    texts = records(part)
    documents = take_apart([(record["title"], record["text"], "xx") for record in texts])
    made = []
    for record, document in zip(texts, documents, strict=True):
        gold = tuple(stance for stance in (record["overall"], *record["stances"].values()) if stance != "none")
        made.append(Asked(record["language"], view_of(document, Subject(id="subject", name=record["subject"])), gold))
    return made


def _newsmtsc(rows: Sequence[dict[str, Any]], split: str) -> list[Asked]:
    stances = {"negative": "critical", "neutral": "neutral", "positive": "supportive"}
    return [
        Asked(
            "en",
            View(
                row["target"],
                row["text"],
                ((row["start"], row["end"]),),
                (Sentence(row["text"], 0, len(row["text"])),),
                ((0, len(row["text"])),),
            ),
            (stances[row["label"]],),
        )
        for row in rows
        if row["split"] == split
    ]


def _scores(train: Sequence[Asked], part: Sequence[Asked], arguments: argparse.Namespace) -> dict[str, float]:
    majority = Counter(stance for one in train for stance in one.gold).most_common(1)[0][0]
    made = {
        "majority": _f1(part, [majority] * len(part)),
        "embedding prototypes": _f1(part, _by_prototypes(part)),
        "embedding and a head": _f1(part, _by_head(train, part)),
    }
    numbers: dict[str, Callable[[Sequence[Asked]], list[float]]] = {}
    if arguments.lexicon:
        numbers["lexicon"] = _by_lexicon
    if arguments.package:
        numbers["sentiment package"] = lambda some: _by_package(some, arguments.package)
    for name, number in numbers.items():
        low, high = _cuts(number(train), train)
        made[name] = _f1(part, [_stance(one, low, high) for one in number(part)])
    return made


def _by_prototypes(part: Sequence[Asked]) -> list[str]:
    model = load_model("e5-small")
    looks, head = SentenceLooks(model, "e5-small", batch=32), prototype_head(model, "e5-small")
    found = looks.parts([one.view for one in part], [[None]] * len(part))
    return [str(conclude(parts[0], head, one.view).stance) for one, parts in zip(part, found, strict=True)]


def _by_head(train: Sequence[Asked], part: Sequence[Asked]) -> list[str]:
    looks = SentenceLooks(load_model("e5-small"), "e5-small", batch=32)

    def features(some: Sequence[Asked]) -> Floats:
        return np.stack([parts[0].sum(axis=0) for parts in looks.parts([one.view for one in some], [[None]] * len(some))])

    rows = np.repeat(features(train), [len(one.gold) for one in train], axis=0)
    gold = np.array([1 + STANCES.index(stance) for one in train for stance in one.gold])
    untrained = Head(np.zeros((4, rows.shape[1]), np.float32), np.zeros(4, np.float32))
    head = fitted(rows, gold, start=untrained, strength=FIRST_STRENGTH)
    return [STANCES[likeliest] for likeliest in head.logits(features(part))[:, 1:].argmax(axis=1)]


def _by_lexicon(part: Sequence[Asked]) -> list[float]:
    from senticnet.babelsenticnet import BabelSenticNet
    from senticnet.senticnet import SenticNet

    lexicons = {
        language: SenticNet() if language == "en" else BabelSenticNet(language) for language in ("fr", "en", "de", "es", "it")
    }
    made = []
    for one in part:
        known = lexicons[one.language].data
        words = [
            float(known[word][6]) if one.language != "en" else float(known[word][7])
            for word in _words(one.naming)
            if word in known
        ]
        made.append(float(np.mean(words)) if words else 0.0)
    return made


def _by_package(part: Sequence[Asked], folder: Path) -> list[float]:
    script = (
        f"const s = require({json.dumps(str(folder.resolve()))});"
        "const rows = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(rows.map(r => s(r[0], r[1]).comparative)))"
    )
    rows = json.dumps([(one.view.text, one.language) for one in part])
    done = subprocess.run(["node", "-e", script], input=rows, capture_output=True, text=True, check=True)
    made: list[float] = json.loads(done.stdout)
    return made


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _cuts(numbers: Sequence[float], train: Sequence[Asked]) -> tuple[float, float]:
    """The two numbers between which a text is neutral, by macro-F1 on the training part."""
    edges = np.unique(np.quantile(numbers, np.linspace(0.05, 0.95, 19)))
    pairs = list(combinations(edges, 2)) or [(0.0, 0.0)]
    return max(pairs, key=lambda cut: _f1(train, [_stance(one, *cut) for one in numbers]))


def _stance(number: float, low: float, high: float) -> str:
    return "critical" if number < low else "supportive" if number > high else "neutral"


def _f1(part: Sequence[Asked], found: Sequence[str]) -> float:
    gold = [stance for one in part for stance in one.gold]
    said = [stance for one, stance in zip(part, found, strict=True) for _ in one.gold]
    return round(float(f1_score(gold, said, labels=STANCES, average="macro", zero_division=0)), 3)


if __name__ == "__main__":
    main()
