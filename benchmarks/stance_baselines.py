"""What simpler ways reach on the questions of benchmarks.quality_press, and on the sentences of NewsMTSC.

    python -m benchmarks.stance_baselines [dev|compare|hard|test] [--newsmtsc PATH] [--lexicon] [--package FOLDER] [--json FILE]

majority: the commonest answer. embedding prototypes: sentences that praise, criticise or do neither, under e5-small, as a model
without a trained head is read. sentence polarity (with --newsmtsc): where this work started, a head fitted on the training
sentences of NewsMTSC alone; a text has the stance of the mean of its sentences that name the subject (none: all). How far its
weights may go is chosen on the dev sentences of NewsMTSC, so its figures there flatter. embedding and a head: looks at the
sentences, with a head fitted on the whole training part; the encoder stays as it came in all of these. --lexicon: SenticNet's
polarities of the words of the sentences that name the subject (needs the package senticnet). --package FOLDER:
multilang-sentiment, a sentiment package for 103 languages, on the whole text (needs node; the folder is that of the package where
npm has installed it). The last two give a number; where it turns into critical and supportive is chosen on the whole training
part.
"""

import argparse
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.quality_press import STANCES
from nlp.document import take_apart
from nlp.learning import FIRST_STRENGTH
from nlp.models import load_model
from nlp.stance.general import LOOKS, SentenceLooks, prototype_head
from nlp.stance.head import Floats, Head, fitted
from nlp.stance.views import View, view_of
from nlp.training.press import records
from vigie.article import Sentence
from vigie.watch import Subject

# How dear the weights of the head of sentences are against the mean loss, one of these.
STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)


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


@dataclass(frozen=True)
class Part:
    """Texts that are learnt from, or that judge."""

    asked: tuple[Asked, ...]

    @property
    def gold(self) -> list[str]:
        """The answers to all questions."""
        return [stance for one in self.asked for stance in one.gold]

    @cached_property
    def looks(self) -> Floats:
        """What e5-small as it comes sees of each text: (texts, LOOKS · dimension)."""
        looks = SentenceLooks(load_model("e5-small"), "e5-small", batch=32)
        found = looks.parts([one.view for one in self.asked], [[None]] * len(self.asked))
        return np.stack([parts[0].sum(axis=0) for parts in found])

    @property
    def naming(self) -> Floats:
        """The look at the sentences that name the subject, which is their mean: (texts, dimension)."""
        return self.looks.reshape(len(self.asked), LOOKS, -1)[:, 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="dev", choices=("dev", "compare", "hard", "test"))
    parser.add_argument("--newsmtsc", type=Path)
    parser.add_argument("--lexicon", action="store_true")
    parser.add_argument("--package", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sets = {f"press {arguments.part}": (_press("train"), _press(arguments.part))}
    polarity = None
    if arguments.newsmtsc:
        rows = [json.loads(line) for line in arguments.newsmtsc.read_text(encoding="utf-8").splitlines()]
        train, *judges = (_newsmtsc(rows, split) for split in ("train", "dev_rw", "dev_mt"))
        sets |= {name: (train, part) for name, part in zip(("NewsMTSC dev_rw", "NewsMTSC dev_mt"), judges, strict=True)}
        polarity = _polarity_head(train, judges)
    result = {name: _scores(train, part, polarity, arguments) for name, (train, part) in sets.items()}
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def _press(part: str) -> Part:
    texts = records(part)
    documents = take_apart([(record["title"], record["text"], "xx") for record in texts])
    made = []
    for record, document in zip(texts, documents, strict=True):
        gold = tuple(stance for stance in (record["overall"], *record["stances"].values()) if stance != "none")
        made.append(Asked(record["language"], view_of(document, Subject(id="subject", name=record["subject"])), gold))
    return Part(tuple(made))


def _newsmtsc(rows: Sequence[dict[str, Any]], split: str) -> Part:
    stances = {"negative": "critical", "neutral": "neutral", "positive": "supportive"}
    made = [
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
    return Part(tuple(made))


def _polarity_head(train: Part, judges: Sequence[Part]) -> Head:
    """The head of single sentences, of the strength that answers those of the judges best."""
    heads = [_head(train.naming, train, strength) for strength in STRENGTHS]
    return max(heads, key=lambda head: sum(_f1(one, _stances(head, one.naming)) for one in judges))


def _head(rows: Floats, part: Part, strength: float) -> Head:
    """The head that gives the answers of a part, of which rows are what it sees of each text."""
    counts = [len(one.gold) for one in part.asked]
    gold = np.array([1 + STANCES.index(stance) for stance in part.gold])
    return fitted(np.repeat(rows, counts, axis=0), gold, start=Head.blank(rows.shape[1]), strength=strength)


def _stances(head: Head, rows: Floats) -> list[str]:
    return [STANCES[likeliest] for likeliest in head.logits(rows)[:, 1:].argmax(axis=1)]


def _scores(train: Part, part: Part, polarity: Head | None, arguments: argparse.Namespace) -> dict[str, float]:
    """Macro-F1 of every way on a part. polarity: the head of single sentences, where there is one."""
    found = {
        "majority": [Counter(train.gold).most_common(1)[0][0]] * len(part.asked),
        "embedding prototypes": _stances(prototype_head(load_model("e5-small"), "e5-small"), part.looks),
    }
    if polarity:
        found["sentence polarity"] = _stances(polarity, part.naming)
    found["embedding and a head"] = _stances(_head(train.looks, train, FIRST_STRENGTH), part.looks)
    numbers: dict[str, Callable[[Sequence[Asked]], list[float]]] = {}
    if arguments.lexicon:
        numbers["lexicon"] = _by_lexicon
    if arguments.package:
        numbers["sentiment package"] = lambda some: _by_package(some, arguments.package)
    for name, number in numbers.items():
        low, high = _cuts(number(train.asked), train)
        found[name] = [_stance(one, low, high) for one in number(part.asked)]
    return {name: _f1(part, said) for name, said in found.items()}


def _by_lexicon(part: Sequence[Asked]) -> list[float]:
    made = []
    for one in part:
        known = polarities(one.language)
        words = [known[word] for word in _words(one.naming) if word in known]
        made.append(float(np.mean(words)) if words else 0.0)
    return made


@cache
def polarities(language: str) -> dict[str, float]:
    """SenticNet's polarities of words and phrases of a language, whose words are joined by underscores."""
    from senticnet.babelsenticnet import BabelSenticNet
    from senticnet.senticnet import SenticNet

    data, place = (SenticNet().data, 7) if language == "en" else (BabelSenticNet(language).data, 6)
    return {words: float(row[place]) for words, row in data.items()}


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


def _cuts(numbers: Sequence[float], train: Part) -> tuple[float, float]:
    """The two numbers between which a text is neutral, by macro-F1 on the training part."""
    edges = np.unique(np.quantile(numbers, np.linspace(0.05, 0.95, 19)))
    pairs = list(combinations(edges, 2)) or [(0.0, 0.0)]
    return max(pairs, key=lambda cut: _f1(train, [_stance(one, *cut) for one in numbers]))


def _stance(number: float, low: float, high: float) -> str:
    return "critical" if number < low else "supportive" if number > high else "neutral"


def _f1(part: Part, found: Sequence[str]) -> float:
    said = [stance for one, stance in zip(part.asked, found, strict=True) for _ in one.gold]
    return round(float(f1_score(part.gold, said, labels=STANCES, average="macro", zero_division=0)), 3)


if __name__ == "__main__":
    main()
