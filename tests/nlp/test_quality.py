"""The pinned floors of the labels: a change that lowers one is seen here, and no floor is lowered without saying so."""

import json
from pathlib import Path

import pytest

from benchmarks.quality_labels import article_of, newsmtsc_scores, reprint_scores, scores
from benchmarks.quality_stories import FOLDER, newsroom_rows, story_scores
from newsroom.press import load_press
from nlp.reader import Reader
from nlp.training.stories import load

pytestmark = pytest.mark.gate

FLOORS = json.loads((Path(__file__).parents[2] / "benchmarks" / "floors.json").read_text(encoding="utf-8"))["labels"]


def test_labels_of_the_newsroom(reader: Reader) -> None:
    pieces = sorted((piece for piece in load_press() if not piece.reprint_of), key=lambda piece: piece.published)
    found = scores(pieces, reader.read([article_of(piece) for piece in pieces]))
    for group, floors in FLOORS["newsroom"].items():
        for name, floor in floors.items():
            assert found[group][name] >= floor, (group, name)


def test_reprints() -> None:
    found = reprint_scores()
    assert found["precision"] >= FLOORS["reprints"]["precision"]
    assert found["recall"] >= FLOORS["reprints"]["recall"]


@pytest.mark.parametrize("part", ["dev", "test", "newsroom"])
def test_stories(part: str) -> None:
    found = story_scores(newsroom_rows() if part == "newsroom" else load(FOLDER / f"{part}.jsonl"))
    for group, floors in FLOORS["stories"][part].items():
        for name, floor in floors.items():
            assert found[group][name] >= floor, (group, name)


@pytest.mark.shared
def test_stance_of_sentences(shared: Path) -> None:
    found = newsmtsc_scores(shared / "stance" / "newsmtsc.jsonl")
    for split, floor in FLOORS["newsmtsc"].items():
        assert found[split] >= floor, split
