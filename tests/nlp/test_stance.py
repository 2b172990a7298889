"""Stance: what is read, how the answer follows from it, and that every part of it can be told."""

import numpy as np
import pytest

from nlp.document import Document, take_apart
from nlp.stance.conclude import Balance, Conclusion, conclude, shown_stances, stance_labels
from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE, Head, fitted, fitted_temperature, joined, standardised
from nlp.stance.views import LONGEST_VIEW, View, compose, part_of, passages_on, view_of
from vigie.article import Sentence, Stance
from vigie.watch import Subject

OCELOT = Subject(id="ocelot", name="Ocelot AI", aliases=("Ocelot",))


def taken_apart(title: str, text: str, language: str = "en") -> Document:
    (document,) = take_apart([(title, text, language)])
    return document


def test_a_short_text_is_read_whole_with_the_places_of_the_name() -> None:
    view = view_of(taken_apart("Ocelot ships", "The model is fast. Users of Ocelot AI are happy."), OCELOT)
    assert [view.text[start:end] for start, end in view.mentions] == ["Ocelot", "Ocelot AI"]
    assert [view.text[start:end] for start, end in view.places] == [sentence.text for sentence in view.sentences]
    assert view.text == "Ocelot ships. The model is fast. Users of Ocelot AI are happy."


def test_of_a_long_text_the_lead_the_name_and_the_topic_are_read() -> None:
    filler = [f"Sentence number {n} speaks of the weather and of nothing else at all, at some length." for n in range(80)]
    filler[60] = "Only here does the text name Ocelot AI."
    filler[70] = "Accelerators are scarce."
    document = taken_apart("A long day", " ".join(filler))
    view = view_of(document, OCELOT, relevant={70})
    assert len(view.text) <= LONGEST_VIEW
    texts = [sentence.text for sentence in view.sentences]
    assert texts[:4] == ["A long day", *filler[:3]]
    assert {filler[60], filler[70]} <= set(texts)
    starts = [sentence.start for sentence in view.sentences[1:]]
    assert starts == sorted(starts)


def test_a_single_sentence_keeps_its_place() -> None:
    sentence = Sentence("Ocelot failed.", 120, 134)
    assert compose(OCELOT, [sentence]).sentences == (sentence,)


TWO_TOPICS = {"speed": (0.4, 0.4, -0.1, 0.1), "rights": (-0.2, -0.2, 0.3, 0.1)}


def on_two_topics() -> View:
    """The first paragraph, of two sentences, is about speed, the next about rights, the last as near to the one as to the other."""
    text = "Ocelot is fast. Nobody is faster than Ocelot AI. Ocelot AI sells what its users write. Its price is fair."
    return view_of(taken_apart("Ocelot ships", text), OCELOT, nearness=TWO_TOPICS)


def test_a_topic_has_the_title_and_the_passages_that_are_nearer_to_it_than_to_the_other_topics() -> None:
    view = on_two_topics()
    speed = part_of(view, passages_on(view, "speed", ["speed", "rights"]))
    assert speed.text == "Ocelot ships. Ocelot is fast. Nobody is faster than Ocelot AI. Its price is fair."
    assert [speed.text[start:end] for start, end in speed.mentions] == ["Ocelot", "Ocelot", "Ocelot AI"]
    assert [speed.text[start:end] for start, end in speed.places] == [sentence.text for sentence in speed.sentences]
    rights = part_of(view, passages_on(view, "rights", ["speed", "rights"]))
    assert rights.text == "Ocelot ships. Ocelot AI sells what its users write. Its price is fair."


def test_a_topic_that_is_asked_about_alone_or_whose_passages_are_not_known_has_no_passages_of_its_own() -> None:
    assert passages_on(on_two_topics(), "speed", ["speed"]) == ()
    assert passages_on(compose(OCELOT, on_two_topics().sentences), "speed", ["speed", "rights"]) == ()


def test_a_long_text_keeps_the_nearness_of_what_is_read_of_it() -> None:
    filler = [f"Sentence number {n} speaks of the weather and of nothing else at all, at some length." for n in range(80)]
    view = view_of(taken_apart("A long day", " ".join(filler)), OCELOT, relevant={70}, nearness={"speed": range(80)})
    read = [filler.index(sentence.text) for sentence in view.sentences[1:]]
    assert 70 in read
    assert view.nearness["speed"] == (np.inf, *read)


def a_head(width: int = 12) -> Head:
    random = np.random.default_rng(3)
    return Head(random.normal(size=(4, width)).astype(np.float32), np.array([0.1, -0.2, 0.3, 0.0], np.float32), 1.4)


def test_a_joined_head_says_the_mean_of_what_each_head_says_of_the_features_of_its_own_encoder() -> None:
    random = np.random.default_rng(5)
    heads = [a_head(), Head(random.normal(size=(4, 12)).astype(np.float32), np.array([0.5, 0.0, -0.3, 0.2], np.float32))]
    features = [standardised(random.normal(size=(7, 12)).astype(np.float32)) for _ in heads]
    each = [head.logits(own) for head, own in zip(heads, features, strict=True)]
    assert np.allclose(joined(heads).logits(np.concatenate(features, axis=1)), np.mean(each, axis=0), atol=1e-5)


def test_the_shares_of_the_sentences_and_the_bias_are_the_whole_answer() -> None:
    head, parts = a_head(), np.random.default_rng(5).normal(size=(6, 12)).astype(np.float32)
    logits = head.logits(parts.sum(axis=0, keepdims=True))[0]
    assert head.shares(parts).sum(axis=0) + head.bias == pytest.approx(logits, abs=1e-4)


def test_a_conclusion_tells_what_each_sentence_weighs() -> None:
    view = view_of(taken_apart("Ocelot ships", "The model is fast. Users of Ocelot AI are happy."), OCELOT)
    head, parts = a_head(), np.random.default_rng(7).normal(size=(4, 12)).astype(np.float32)
    found = conclude(parts, head, view)
    likeliest = int(np.argmax(found.chances[1:])) + 1
    others = [other for other in (CRITICAL, NEUTRAL, SUPPORTIVE) if other != likeliest]
    logits = head.logits(parts.sum(axis=0, keepdims=True))[0] / head.temperature
    why = found.for_stance
    assert sum(why.pulls) + why.rest + why.bias == pytest.approx(logits[likeliest] - logits[others].mean(), abs=1e-4)
    none = found.for_none
    odds = np.log(found.chances[NONE] / found.of_subject)
    assert sum(none.pulls) + none.rest + none.bias + none.spread == pytest.approx(odds, abs=1e-4)
    assert len(why.pulls) == len(none.pulls) == len(view.sentences)
    (label,) = stance_labels(view, "ocelot", {None: found}) or [None]
    assert label is None or set(label.evidence) <= set(view.sentences)


def test_a_head_learns_and_stays_near_where_it_began() -> None:
    random = np.random.default_rng(11)
    rows = random.normal(size=(60, 12)).astype(np.float32)
    gold = np.where(standardised(rows)[:, 0] > 0, SUPPORTIVE, CRITICAL)
    start = a_head()

    def right(head: Head) -> float:
        return float((head.logits(rows).argmax(axis=1) == gold).mean())

    assert right(fitted(rows, gold, start=start, strength=0.001)) > 0.9 > right(start)
    tied = fitted(rows, gold, start=start, strength=1e6)
    assert np.abs(tied.weight - start.weight).max() < 1e-3


def test_temperature_takes_back_what_is_too_sure() -> None:
    random = np.random.default_rng(2)
    gold = random.integers(0, 3, 500)
    logits = np.eye(3)[gold] * 2 + random.normal(size=(500, 3))
    assert fitted_temperature(logits * 5, gold) > 2 * fitted_temperature(logits, gold)


def test_low_confidence_is_unsure() -> None:
    view = compose(OCELOT, [Sentence("Ocelot is here.", 0, 15)])
    even = Head(np.zeros((4, 12), np.float32), np.array([-9, 0, 0.01, 0], np.float32))
    (label,) = stance_labels(view, "ocelot", {None: conclude(np.ones((2, 12), np.float32), even, view)})
    assert label.stance is Stance.UNSURE
    assert label.evidence == view.sentences


def concluded(none: float, critical: float = 0.9) -> Conclusion:
    """A conclusion with this probability of none, and of critical among the stances."""
    rest = 1 - none
    chances = (none, critical * rest, (1 - critical) * rest / 2, (1 - critical) * rest / 2)
    return Conclusion(chances, Stance.CRITICAL, critical, Balance((), 0, 0), Balance((), 0, 0))


def test_where_the_article_is_not_about_the_subject_no_topic_has_a_stance() -> None:
    sure = {"data": concluded(0.02), "gpus": concluded(0.95), "performance": concluded(0.6, critical=0.4)}
    assert shown_stances({None: concluded(0.6), **sure}) == {}
    shown = shown_stances({None: concluded(0.4), **sure})
    assert shown == {None: Stance.CRITICAL, "data": Stance.CRITICAL, "performance": Stance.UNSURE}
