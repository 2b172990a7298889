"""Stories: marks, evidence, and what joins an event, on the dev part of the reference."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.events import BY_COSINE, EventModel, Telling, Window, event_model, why
from nlp.marks import find_marks
from nlp.stories import ONE_EVENT, group, telling
from nlp.training.stories import fingerprints, load
from vigie.archive import Fingerprint

DEV = Path(__file__).parents[2] / "benchmarks" / "stories" / "dev.jsonl"
EVENTS = ("openai-bid", "apple-alibaba", "arm-chip", "baidu-free", "prudent-round")


@pytest.fixture(scope="module")
def prints() -> list[Fingerprint]:
    """Five events of two days, with what else was written about them."""
    rows = [
        row for row in load(DEV) if row["story"] in EVENTS or (row["published"] >= "2025-02-10" and row["story"] == row["id"])
    ]
    return [replace(one, story=row["story"]) for one, row in zip(fingerprints(rows, "e5-small"), rows, strict=True)]


@pytest.mark.parametrize(
    ("language", "text", "mark"),
    [
        ("fr", "une perte de 589 milliards de dollars", "#5.89e+11"),
        ("en", "erasing $589bn of value", "#5.89e+11"),
        ("en", "some 589 billion dollars", "#5.89e+11"),
        ("de", "rund 589 Milliarden Dollar", "#5.89e+11"),
        ("es", "unos 589.000 millones", "#5.89e+11"),
        ("it", "circa 589 miliardi", "#5.89e+11"),
        ("fr", "500 000 couronnes", "#5e+05"),
        ("en", "500,000 kroner", "#5e+05"),
        ("de", "500.000 Kronen", "#5e+05"),
        ("it", "30 mila pezzi", "#3e+04"),
        ("es", "8,5 mil millones", "#8.5e+09"),
        ("fr", "recule de 4,3 %", "#4.3%"),
        ("en", "fell 4.3 per cent", "#4.3%"),
        ("fr", "recule de 4,3 pour cent", "#4.3%"),
        ("fr", "un câble de 40 m", "#40"),
        ("fr", "un câble de 40m", "#40"),
        ("en", "a 40 m cable", "#40"),
        ("fr", "40 M de comptes", "#4e+07"),
        ("fr", "40 m€", "#4e+07"),
        ("fr", "40 M d'euros", "#4e+07"),
        ("en", "some $40m", "#4e+07"),
        ("en", "40m users", "#4e+07"),
        ("en", "raised $500k", "#5e+05"),
        ("fr", "500 k€", "#5e+05"),
        ("en", "cooled to 500 K", "#500"),
        ("de", "verlor 4,3 Prozent", "#4.3%"),
        ("en", "costs $1.234", "#1.234"),
        ("de", "kostet 1.234 Euro", "#1234"),
        ("de", "eine Billion", ""),
        ("fr", "3 billions de dollars", "#3e+12"),
    ],
)
def test_an_amount_is_the_same_mark_in_every_language(language: str, text: str, mark: str) -> None:
    amounts = [found for found in find_marks("", text, language).split() if found.startswith("#")]
    assert amounts == ([mark] if mark else [])


def test_years_days_and_small_counts_are_no_marks() -> None:
    assert find_marks("", "on 29 january 2025 three of 12 were seen", "en") == ""


def test_names_are_folded() -> None:
    assert find_marks("Múnich", "noémie Castaing tried R1", "fr").split() == ["castaing", "munich", "r1"]


def test_an_event_is_one_story_in_all_languages_and_its_neighbours_are_others(prints: list[Fingerprint]) -> None:
    places = group([replace(one, story=None) for one in prints], event_model("e5-small"), since=None)
    bid = {places[one.article].story for one in prints if one.story == "openai-bid"}
    assert len(bid) == 1
    assert {one.story for one in prints if places[one.article].story in bid} == {"openai-bid"}
    assert {one.language for one in prints if places[one.article].story in bid} == {"en", "fr", "de", "es"}


def test_a_reprint_belongs_to_the_story_of_its_text_and_names_the_first_that_had_it(prints: list[Fingerprint]) -> None:
    german = next(one for one in prints if one.story == "openai-bid" and one.language == "de")
    assert german.published is not None
    copy = replace(german, article="copy", published=german.published + 2 * 3600)
    again = replace(german, article="again", published=german.published + 50 * 3600)
    fresh = sorted(
        (replace(one, story=None) for one in (*prints, copy, again)), key=lambda one: (one.published or 0, one.article)
    )
    places = group(fresh, event_model("e5-small"), since=None)
    assert places["copy"].story == places["again"].story == places[german.article].story != german.article
    assert places["copy"].reprint_of == places["again"].reprint_of == german.article
    assert places[german.article].reprint_of is None


def test_grouping_a_part_gives_what_grouping_the_whole_gives(prints: list[Fingerprint]) -> None:
    model = event_model("e5-small")
    whole = group([replace(one, story=None) for one in prints], model, since=None)
    known = [replace(one, story=whole[one.article].story, reprint_of=whole[one.article].reprint_of) for one in prints]
    for middle in (one.published for one in prints):
        assert middle is not None
        window = [one for one in known if one.published is not None and one.published >= middle - 3 * 86400]
        part = group([replace(one, story=None) if one.published >= middle else one for one in window], model, since=middle)
        assert part.items() <= whole.items()
        assert part.keys() == {one.article for one in window if one.published >= middle}


def test_what_comes_later_changes_nothing_before(prints: list[Fingerprint]) -> None:
    fresh = [replace(one, story=None) for one in prints]
    whole = group(fresh, event_model("e5-small"), since=None)
    for end in range(1, len(fresh), 4):
        assert group(fresh[:end], event_model("e5-small"), since=None).items() <= whole.items()


def test_the_evidence_names_what_two_accounts_share(prints: list[Fingerprint]) -> None:
    english, french = (
        telling(next(one for one in prints if one.story == "openai-bid" and one.language == language))
        for language in ("en", "fr")
    )
    evidence = why((english, french), [telling(one) for one in prints])
    assert "openai" in {name for name, _ in evidence.names}
    assert "#9.74e+10" in {amount for amount, _ in evidence.amounts}
    assert evidence.hours == 8
    assert not evidence.same_language
    assert event_model("e5-small").probability(evidence) >= ONE_EVENT


def test_a_mark_that_everybody_names_counts_little(prints: list[Fingerprint]) -> None:
    window = Window()
    for one in prints:
        window.add(telling(one))
    assert window.rarity("openai") < window.rarity("lexora")


def test_nothing_that_would_join_is_left_out_of_the_comparison(prints: list[Fingerprint]) -> None:
    model, window = event_model("e5-small"), Window()
    tellings = [telling(one) for one in prints]
    for n, later in enumerate(tellings):
        window.add(later)
        for earlier in tellings[:n]:
            evidence = window.compare(earlier, later)
            (least,) = model.least_cosines(ONE_EVENT, later, np.array([evidence.hours], np.float32), window)
            if model.probability(evidence) >= ONE_EVENT:
                assert evidence.cosine >= least - 1e-5


def test_without_trained_weights_only_close_rewritings_join() -> None:
    assert event_model("some/other-model") is BY_COSINE
    vector = np.array([1.0, 0.0], np.float32)
    first = Telling(vector, frozenset(), 0.0, "en")
    for cosine, joins in ((0.80, False), (0.90, True)):
        second = Telling(np.array([cosine, math.sqrt(1 - cosine**2)], np.float32), frozenset(), 3600.0, "fr")
        assert (BY_COSINE.probability(why((first, second), [first])) >= ONE_EVENT) is joins


def test_a_rare_name_and_an_early_hour_speak_for_one_event() -> None:
    model: EventModel = event_model("e5-small")
    near, far = np.array([1.0, 0.0], np.float32), np.array([0.55, math.sqrt(1 - 0.55**2)], np.float32)
    first = Telling(near, frozenset({"delacroix"}), 0.0, "en")

    def likely(marks: set[str], hours: float) -> float:
        second = Telling(far, frozenset(marks), hours * 3600, "fr")
        return model.probability(why((first, second), [first]))

    assert likely({"delacroix"}, 2) > likely(set(), 2)
    assert likely({"delacroix"}, 2) > likely({"delacroix"}, 60)
