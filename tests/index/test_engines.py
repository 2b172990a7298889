"""Every engine finds and counts what a plain reading of the query finds and counts."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from index.calendar import Interval, bucket
from index.document import indexed_article, turn
from index.engine import Engine
from index.query import DateRange, Everything, FieldValue, Query, coverage_scope
from index.query_parser import parse
from index.trends import By, Unit, trend
from index.vocabulary import Vocabulary
from tests.index.conftest import NewIndex
from tests.index.corpus import (
    WATCH,
    bucket_label,
    counted,
    day_of,
    found,
    instant_of,
    matches,
    queries,
    shared_story,
    small_press,
    stored,
    stories,
)
from vigie.archive import StoredArticle
from vigie.article import Stance
from vigie.errors import UsageError

PRESS = small_press()
_SLOWLY = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def index(new_index: NewIndex) -> Engine:
    made = new_index(WATCH)
    with made.writing():
        for start in range(0, len(PRESS), 40):  # several commits, several segments
            made.apply([indexed_article(one, WATCH) for one in PRESS[start : start + 40]], [])
        made.apply([indexed_article(one, WATCH) for one in PRESS[10:20]], [])  # again: nothing doubles
    return made


def ask(text: str) -> Query:
    return parse(text, Vocabulary.of(WATCH))


def ids(index: Engine, query: Query) -> list[str]:
    return [hit["id"] for hit in index.search(query, limit=200, sort="date").hits]


@_SLOWLY
@given(query=queries)
def test_a_query_finds_what_it_means(index: Engine, query: Query) -> None:
    expected = sorted(found(query, PRESS), key=lambda one: -turn(instant_of(one), one.article.id))
    assert ids(index, query) == [one.article.id for one in expected]
    assert index.count(query) == len(expected)
    ranked = index.search(query, limit=200)
    assert ranked.total == len(expected)
    assert {hit["id"] for hit in ranked.hits} == {one.article.id for one in expected}


@_SLOWLY
@given(query=queries)
def test_cells_days_and_stories_are_exact(index: Engine, query: Query) -> None:
    expected = found(query, PRESS)
    assert index.cells(query, ("week", "topic")) == Counter(
        (bucket(day_of(one), "week"), label.topic) for one in expected for label in (one.labels.topics if one.labels else ())
    )
    days = [bucket(day_of(one), "day") for one in expected]
    assert index.days(query) == ((min(days), max(days)) if days else None)
    told = Counter(story for one in expected if (story := shared_story(one)))
    firsts = {
        story: min(turn(instant_of(one), one.article.id) for one in expected if shared_story(one) == story)
        for story, number in told.items()
        if number > 1
    }
    assert index.repeated_stories(query) == firsts


@_SLOWLY
@given(query=queries)
@pytest.mark.parametrize("unit", ["articles", "stories"])
@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_a_trend_counts_what_is_there(index: Engine, query: Query, interval: Interval, unit: Unit) -> None:
    made = trend(index, WATCH, query, by="stance", interval=interval, unit=unit, share=True)
    expected = found(query, PRESS)
    labels = [one.label for one in made.buckets]
    assert dict(zip(labels, made.totals.counts, strict=True)) == dict.fromkeys(labels, 0) | counted(expected, interval, unit)
    assert made.totals.total == (stories(expected) if unit == "stories" else len(expected))
    assert [series.key for series in made.series] == ([stance.value for stance in Stance] if expected else [])
    for series in made.series:
        holders = [one for one in expected if _overall(one) & {series.key}]
        assert dict(zip(labels, series.counts, strict=True)) == dict.fromkeys(labels, 0) | counted(holders, interval, unit)
    if expected:
        coverage = counted(found(coverage_scope(query), PRESS), interval, unit)  # of whole buckets
        for label, count, share in zip(labels, made.totals.counts, made.totals.shares, strict=True):
            assert share == (count / coverage[label] if coverage[label] else None)


def _overall(one: StoredArticle) -> set[str]:
    stances = one.labels.stances if one.labels else ()
    return {label.stance for label in stances if label.topic is None and label.subject == "deepseek"}


@pytest.mark.parametrize("unit", ["articles", "stories"])
@pytest.mark.parametrize("by", ["source", "language"])
def test_a_dimension_shows_its_top_exactly(index: Engine, by: By, unit: Unit) -> None:
    made = trend(index, WATCH, Everything(), by=by, interval="month", unit=unit, top=3, share=True)
    groups: dict[str, list[StoredArticle]] = {}
    for one in PRESS:
        groups.setdefault(one.article.source if by == "source" else one.article.language, []).append(one)
    totals = {key: stories(group) if unit == "stories" else len(group) for key, group in groups.items()}
    top = sorted(totals, key=lambda key: (-totals[key], key))[:3]
    assert [(series.key, series.total) for series in made.series] == [(key, totals[key]) for key in top]
    assert {share for series in made.series for share in series.shares} == {1.0, None}  # of its own coverage


def test_entities_are_shown_as_the_press_spells_them(index: Engine) -> None:
    made = trend(index, WATCH, Everything(), by="entity", interval="month")
    nvidia = next(series for series in made.series if series.key == "nvidia")
    assert nvidia.label in ("NVIDIA", "Nvidia")
    assert index.spellings("nvidia")[nvidia.label] == max(index.spellings("nvidia").values())
    assert nvidia.total == len(found(FieldValue("entity", "nvidia"), PRESS))
    assert {"oreal", "jensen huang"} <= {series.key for series in made.series}


def test_many_buckets_are_counted_in_parts(index: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the engine's limit set to a few, every way of splitting a request gives the same numbers."""
    wanted = {"term": ["nvidia", "deepseek", "données"]}
    requests = [
        (("day", "entity"), None, 1), (("week", "topic"), None, 2), (("month", "source", "shared_story"), None, 2),
        (("term",), None, 3), (("term", "owner"), wanted, 1), (("entity", "shared_story"), None, 2),
    ]  # fmt: skip
    whole = [index.cells(Everything(), columns, only=only, at_least=least) for columns, only, least in requests]
    stories_whole = index.repeated_stories(Everything())
    monkeypatch.setattr(sys.modules[type(index).__module__], "MOST_BUCKETS", 3)
    assert [index.cells(Everything(), columns, only=only, at_least=least) for columns, only, least in requests] == whole
    monkeypatch.setattr(sys.modules[type(index).__module__], "MOST_BUCKETS", 4)
    assert index.repeated_stories(Everything()) == stories_whole
    assert all(whole)


def test_facts_are_never_mixed_up(index: Engine) -> None:
    """Critical on data and supportive on performance is not critical on performance."""
    for text in ("stance:critical@data", "stance:critical@*", "stance:critical@data/mistral", "stance:critical/mistral"):
        assert set(ids(index, ask(text))) == {one.article.id for one in PRESS if matches(ask(text), one)}
    made = trend(index, WATCH, Everything(), by="topic-stance", subject="mistral", interval="month")
    numbers = {series.key: series.total for series in made.series}
    assert numbers["data|critical"] == len(found(ask("stance:critical@data/mistral"), PRESS))
    assert len(numbers) == 12


def test_negations_find_what_tantivys_own_parser_misses(index: Engine) -> None:
    for text in (
        "nvidia AND NOT stance:critical",
        "NOT nvidia",
        "(nvidia OR data) AND (NOT carte)",
        "NOT (NOT nvidia)",
        "-nvidia -data",
    ):
        assert index.count(ask(text)) == len(found(ask(text), PRESS)), text
    assert index.count(ask("nvidia AND NOT stance:critical")) > 0


def test_both_spellings_of_an_apostrophe_and_of_an_accent_find_the_same(index: Engine) -> None:
    assert ids(index, ask("l'enquête")) == ids(index, ask("l’enquête")) == ids(index, ask("enquete")) != []
    assert ids(index, ask("C++")) == [one.article.id for one in found(ask("C++"), PRESS)] or index.count(ask("C++")) > 0
    assert index.count(ask("GPT-4o")) == index.count(ask('"gpt 4o"')) > 0


def test_a_phrase_does_not_run_from_the_title_into_the_body(index: Engine) -> None:
    assert index.count(ask('"performances le modèle"')) == 0
    assert index.count(ask('"le modèle"')) > 0


def test_more_words_than_fifty_can_begin_alike(new_index: NewIndex) -> None:
    made = new_index(WATCH)
    with made.writing():
        made.apply([indexed_article(stored(n, text=f"perf{n}a"), WATCH) for n in range(300)], [])
    assert made.count(ask("perf*")) == 300


def test_a_hit_is_the_contract_of_search_results(new_index: NewIndex) -> None:
    one = stored(
        1,
        title="Titre",
        text="Preuve.",
        topics=("data",),
        stances=(("deepseek", None, Stance.CRITICAL), ("deepseek", "data", Stance.UNSURE)),
    )
    assert one.labels is not None
    one = replace(one, labels=replace(one.labels, notes=("stance uncalibrated",)))
    made = new_index(WATCH)
    with made.writing():
        made.apply([indexed_article(one, WATCH)], [])
    assert made.search(Everything()).hits == (
        {
            "id": one.article.id, "url": "https://lemonde.example/1", "title": "Titre", "source": "lemonde", "language": "fr",
            "published": "2025-01-27T10:00:00+01:00", "topics": ["data"],
            "stances": [
                {"subject": "deepseek", "topic": None, "stance": "critical", "score": 0.5, "confidence": 0.8, "evidence": ["Preuve."], "by": ""},
                {"subject": "deepseek", "topic": "data", "stance": "unsure", "score": 0.5, "confidence": 0.8, "evidence": ["Preuve."], "by": ""},
            ],
            "story": one.article.id, "notes": ["stance uncalibrated"],
        },
    )  # fmt: skip


def test_pages_follow_one_another(index: Engine) -> None:
    whole = ids(index, Everything())
    pages = [hit["id"] for at in range(0, 90, 25) for hit in index.search(Everything(), limit=25, offset=at, sort="date").hits]
    assert pages == whole
    assert index.search(Everything(), limit=0).total == 90
    with pytest.raises(UsageError, match="10000"):
        index.search(Everything(), limit=10, offset=10_000)


def test_titles_weigh_more(new_index: NewIndex) -> None:
    filler = "mot " * 30
    made = new_index(WATCH)
    with made.writing():
        made.apply(
            [
                indexed_article(stored(1, title="Autre chose ici", text=f"{filler} nvidia {filler}"), WATCH),
                indexed_article(stored(2, title="Autre nvidia ici", text=f"{filler} chose {filler}"), WATCH),
            ],
            [],
        )
    assert made.search(ask("nvidia")).hits[0]["title"] == "Autre nvidia ici"


def test_an_article_takes_the_place_of_its_former_self(new_index: NewIndex) -> None:
    made = new_index(WATCH)
    with made.writing():
        made.apply([indexed_article(stored(1, text="ancien"), WATCH), indexed_article(stored(2), WATCH)], [])
        made.apply([indexed_article(stored(1, text="nouveau"), WATCH)], [stored(2).article.id])
    assert (made.count(ask("ancien")), made.count(ask("nouveau")), made.size) == (0, 1, 1)


def test_what_is_not_unicode_is_refused_and_its_neighbours_are_not(new_index: NewIndex) -> None:
    made = new_index(WATCH)
    broken = stored(1, title="a\ud800b")
    with made.writing():
        refused = made.apply([indexed_article(broken, WATCH), indexed_article(stored(2), WATCH)], [])
    assert set(refused) == {broken.article.id}
    assert made.size == 1


def test_unknown_columns_are_an_error_not_an_empty_answer(index: Engine) -> None:
    with pytest.raises(ValueError, match="topics"):
        index.cells(Everything(), ("week", "topics"))


def test_days_of_a_query_are_those_of_the_zone(index: Engine) -> None:
    paris_monday = DateRange(date(2025, 1, 27), date(2025, 1, 27))
    assert all(hit["published"].startswith("2025-01-27") for hit in index.search(paris_monday, limit=50).hits)
    assert index.count(paris_monday) == sum(instant_of(one).date() == date(2025, 1, 27) for one in PRESS) > 0
    assert {bucket_label(day_of(one), "week") for one in PRESS} >= {"2026-W53", "2027-W01"}
