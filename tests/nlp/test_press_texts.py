"""What the texts are that stance and topics are learnt from and judged on: enough, of every kind, and the parts strangers to each other."""

from itertools import combinations

import pytest

from benchmarks.press_agreement import agreement, second_reading
from benchmarks.press_texts import shared_runs, words
from benchmarks.quality_press import LANGUAGES, STANCES, TOPICS
from nlp.training.press import records

PARTS = {part: records(part) for part in ("train", "dev", "compare", "hard", "test")}
PAIRS = list(combinations(PARTS, 2))
HARD_CASES = {
    "reported speech", "conditional", "negation", "irony", "praise of a competitor", "company statement relayed",
    "regulator clears the subject", "mixed across topics", "mention in passing", "topic words in another sense", "periphrasis",
    "flattering headline over a critical text", "no topic at all",
}  # fmt: skip


@pytest.mark.parametrize(("part", "least"), [("train", 1_500), ("dev", 200), ("compare", 300), ("hard", 1_300), ("test", 200)])
def test_there_are_enough_in_every_language_and_of_every_hard_case(part: str, least: int) -> None:
    texts = PARTS[part]
    assert len(texts) >= least
    shares = {language: sum(text["language"] == language for text in texts) / len(texts) for language in LANGUAGES}
    assert 0.38 <= shares["fr"] <= 0.45
    assert min(shares.values()) > 0.1
    assert {case for text in texts for case in text["cases"]} == HARD_CASES
    assert 0.38 <= sum(text["subject"] == "DeepSeek" for text in texts) / len(texts) <= 0.45
    assert max(len(words(text["text"])) for text in texts) > (240 if part == "train" else 200)


@pytest.mark.parametrize("part", PARTS)
def test_labels_are_of_the_known_ones_and_a_mention_in_passing_has_no_stance(part: str) -> None:
    for text in PARTS[part]:
        assert set(text["topics"]) <= set(TOPICS), text["id"]
        assert set(text["stances"].values()) <= set(STANCES), text["id"]
        assert text["overall"] in (*STANCES, "none"), text["id"]
        assert set(text["stances"]) == (set() if text["overall"] == "none" else set(text["topics"])), text["id"]


@pytest.mark.parametrize(("one", "other"), PAIRS)
@pytest.mark.parametrize("kind", ["plot", "outlet", "id"])
def test_no_two_parts_share_a_plot_or_an_outlet(one: str, other: str, kind: str) -> None:
    assert not {text[kind] for text in PARTS[one]} & {text[kind] for text in PARTS[other]}


def test_no_two_texts_are_near_duplicates() -> None:
    """At most five runs of five words are in both; reprints and paraphrases share dozens."""
    (pair, most), *_ = shared_runs([text for part in PARTS.values() for text in part]).most_common(1)
    assert most <= 5, pair


@pytest.mark.parametrize("part", ["dev", "compare", "hard", "test"])
def test_a_second_reader_who_saw_no_labels_decides_alike(part: str) -> None:
    found = agreement(PARTS[part], second_reading())
    assert found["texts"] == len(PARTS[part])
    assert found["stance over all, kappa"] > 0.95
    assert found["stance by topic, same"] > 0.98
    assert found["topics, all the same"] > 0.93
