"""The pinned floors of the labels: a change that lowers one is seen here, and no floor is lowered without saying so."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import few_shot, quality_entities, quality_press, quality_quotes, quality_voices
from benchmarks.models import newsroom_topics, speed, watch_with
from benchmarks.quality_labels import deepseek_watch, newsmtsc_scores, newsroom_scores, reprint_scores
from benchmarks.quality_stories import FOLDER, newsroom_rows, story_scores
from nlp.reader import Reader
from nlp.training.press import records
from nlp.training.stories import load

pytestmark = pytest.mark.gate

PINNED = json.loads((Path(__file__).parents[2] / "benchmarks" / "floors.json").read_text(encoding="utf-8"))
FLOORS = PINNED["labels"]


def test_labels_of_the_newsroom(reader: Reader) -> None:
    found = newsroom_scores(reader)
    for group, floors in FLOORS["newsroom"].items():
        for name, floor in floors.items():
            assert found[group][name] >= floor, (group, name)


def test_press_texts(reader: Reader) -> None:
    texts = records("dev")
    found = quality_press.read(reader, texts)
    scores, floors = quality_press.scores(found.answers), FLOORS["press dev"]
    for group, floor in floors["stance"].items():
        assert scores["stance"][group]["macro-F1"] >= floor, group
    for case, floor in floors["right where sure"].items():
        assert scores["by case"][case]["right where sure"] >= floor, case
    for group, most in floors["unsure at most"].items():
        assert scores["stance"][group]["unsure"] <= most, group
    as_shown = quality_press.shown_scores(texts, found.shown)
    for group, floor in floors["as shown"].items():
        assert as_shown[group] >= floor, group
    assert_topics(quality_press.topic_scores(texts, found.topics), floors["topics"])
    assert_topics(quality_press.topic_scores(texts, found.zero_shot), floors["topics, zero-shot"])


def assert_topics(found: dict[str, Any], floors: dict[str, Any]) -> None:
    for group, own in floors.items():
        for name, floor in own.items():
            assert found[group][name] >= floor, (group, name)


def test_topics_of_the_fast_model() -> None:
    fast = Reader(watch_with("static", "static", named=False))
    newsroom = newsroom_topics(fast)
    for group, floor in FLOORS["static"]["topics"].items():
        assert newsroom[group] >= floor, group
    texts = records("dev")
    found = quality_press.read(fast, texts).topics
    assert_topics(quality_press.topic_scores(texts, found), FLOORS["static"]["press dev"]["topics"])


def test_twenty_corrected_articles_help_a_badly_described_topic() -> None:
    found = few_shot.topics(deepseek_watch(), [20])["20 articles"]
    floors = FLOORS["few shot"]
    assert found["after"] - found["before"] >= floors["gain of topics"]
    assert found["better, of 20"] >= floors["better, of 20"]


def test_reading_with_the_fast_model_takes_little_more_than_its_sentences_and_entities() -> None:
    """A share, since machines differ: spaCy is the raw limit of this chain, and what is ours must stay small beside it."""
    floors, found = FLOORS["static"]["speed"], speed(("static", "static"), 1, named=True, count=32)
    assert found["shares"]["sentences and entities"] >= floors["share of sentences and entities"]
    assert found["MiB peak"] <= floors["MiB at most"]


@pytest.mark.parametrize("part", ["dev", "test"])
def test_stories_of_the_fast_model(part: str) -> None:
    found = story_scores(load(FOLDER / f"{part}.jsonl"), "static")
    for group, floors in FLOORS["static"]["stories"][part].items():
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


def test_voices(reader: Reader) -> None:
    found = quality_voices.scores(quality_voices.read(reader))
    for measure, floors in FLOORS["voices"].items():
        for name, floor in floors.items():
            assert found[measure][name] >= floor, (measure, name)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_quotes_and_their_speakers(split: str) -> None:
    found = quality_quotes.scores(split)
    for group, floors in PINNED["quotes"][split].items():
        for name, floor in floors.items():
            assert found[group][name] >= floor, (group, name)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_entities_under_one_name(split: str) -> None:
    found = quality_entities.scores(split)
    for group, floors in PINNED["entities"][split].items():
        for name, floor in floors.items():
            assert found[group][name] >= floor, (group, name)
