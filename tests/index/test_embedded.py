"""The embedded index finds and counts what a plain reading of the query finds and counts."""

import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from index import embedded as embedded_module
from index.calendar import Interval, bucket
from index.document import indexed_article, turn
from index.embedded import EmbeddedIndex
from index.query import DateRange, Everything, FieldValue, Query, coverage_scope
from index.query_parser import parse
from index.trends import By, Unit, trend
from index.vocabulary import Vocabulary
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
from vigie.errors import UsageError, VigieError

PRESS = small_press()
_SLOWLY = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedIndex:
    made = EmbeddedIndex(tmp_path_factory.mktemp("index"), WATCH)
    with made.writing():
        for start in range(0, len(PRESS), 40):  # several commits, several segments
            made.apply([indexed_article(one, WATCH) for one in PRESS[start : start + 40]], [])
        made.apply([indexed_article(one, WATCH) for one in PRESS[10:20]], [])  # again: nothing doubles
    return made


def ask(text: str) -> Query:
    return parse(text, Vocabulary.of(WATCH))


def ids(index: EmbeddedIndex, query: Query) -> list[str]:
    return [hit["id"] for hit in index.search(query, limit=200, sort="date").hits]


@_SLOWLY
@given(query=queries)
def test_a_query_finds_what_it_means(index: EmbeddedIndex, query: Query) -> None:
    expected = sorted(found(query, PRESS), key=lambda one: -turn(instant_of(one), one.article.id))
    assert ids(index, query) == [one.article.id for one in expected]
    assert index.count(query) == len(expected)
    ranked = index.search(query, limit=200)
    assert ranked.total == len(expected)
    assert {hit["id"] for hit in ranked.hits} == {one.article.id for one in expected}


@_SLOWLY
@given(query=queries)
def test_cells_days_and_stories_are_exact(index: EmbeddedIndex, query: Query) -> None:
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
def test_a_trend_counts_what_is_there(index: EmbeddedIndex, query: Query, interval: Interval, unit: Unit) -> None:
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
def test_a_dimension_shows_its_top_exactly(index: EmbeddedIndex, by: By, unit: Unit) -> None:
    made = trend(index, WATCH, Everything(), by=by, interval="month", unit=unit, top=3, share=True)
    groups: dict[str, list[StoredArticle]] = {}
    for one in PRESS:
        groups.setdefault(one.article.source if by == "source" else one.article.language, []).append(one)
    totals = {key: stories(group) if unit == "stories" else len(group) for key, group in groups.items()}
    top = sorted(totals, key=lambda key: (-totals[key], key))[:3]
    assert [(series.key, series.total) for series in made.series] == [(key, totals[key]) for key in top]
    assert {share for series in made.series for share in series.shares} == {1.0, None}  # of its own coverage


def test_entities_are_shown_as_the_press_spells_them(index: EmbeddedIndex) -> None:
    made = trend(index, WATCH, Everything(), by="entity", interval="month")
    nvidia = next(series for series in made.series if series.key == "nvidia")
    assert nvidia.label in ("NVIDIA", "Nvidia")
    assert index.spellings("nvidia")[nvidia.label] == max(index.spellings("nvidia").values())
    assert nvidia.total == len(found(FieldValue("entity", "nvidia"), PRESS))
    assert {"oreal", "jensen huang"} <= {series.key for series in made.series}


def test_many_buckets_are_counted_in_parts(index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the engine's limit set to a few, every way of splitting a request gives the same numbers."""
    wanted = {"term": ["nvidia", "deepseek", "données"]}
    requests = [
        (("day", "entity"), None, 1), (("week", "topic"), None, 2), (("month", "source", "shared_story"), None, 2),
        (("term",), None, 3), (("term", "owner"), wanted, 1), (("entity", "shared_story"), None, 2),
    ]  # fmt: skip
    whole = [index.cells(Everything(), columns, only=only, at_least=least) for columns, only, least in requests]
    stories_whole = index.repeated_stories(Everything())
    monkeypatch.setattr(embedded_module, "MOST_BUCKETS", 3)
    assert [index.cells(Everything(), columns, only=only, at_least=least) for columns, only, least in requests] == whole
    monkeypatch.setattr(embedded_module, "MOST_BUCKETS", 4)
    assert index.repeated_stories(Everything()) == stories_whole
    assert all(whole)


def test_facts_are_never_mixed_up(index: EmbeddedIndex) -> None:
    """Critical on data and supportive on performance is not critical on performance."""
    for text in ("stance:critical@data", "stance:critical@*", "stance:critical@data/mistral", "stance:critical/mistral"):
        assert set(ids(index, ask(text))) == {one.article.id for one in PRESS if matches(ask(text), one)}
    made = trend(index, WATCH, Everything(), by="topic-stance", subject="mistral", interval="month")
    numbers = {series.key: series.total for series in made.series}
    assert numbers["data|critical"] == len(found(ask("stance:critical@data/mistral"), PRESS))
    assert len(numbers) == 12


def test_negations_find_what_tantivys_own_parser_misses(index: EmbeddedIndex) -> None:
    for text in (
        "nvidia AND NOT stance:critical",
        "NOT nvidia",
        "(nvidia OR data) AND (NOT carte)",
        "NOT (NOT nvidia)",
        "-nvidia -data",
    ):
        assert index.count(ask(text)) == len(found(ask(text), PRESS)), text
    assert index.count(ask("nvidia AND NOT stance:critical")) > 0


def test_both_spellings_of_an_apostrophe_and_of_an_accent_find_the_same(index: EmbeddedIndex) -> None:
    assert ids(index, ask("l'enquête")) == ids(index, ask("l’enquête")) == ids(index, ask("enquete")) != []
    assert ids(index, ask("C++")) == [one.article.id for one in found(ask("C++"), PRESS)] or index.count(ask("C++")) > 0
    assert index.count(ask("GPT-4o")) == index.count(ask('"gpt 4o"')) > 0


def test_a_phrase_does_not_run_from_the_title_into_the_body(index: EmbeddedIndex) -> None:
    assert index.count(ask('"performances le modèle"')) == 0
    assert index.count(ask('"le modèle"')) > 0


def test_more_words_than_fifty_can_begin_alike(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(n, text=f"perf{n}a"), WATCH) for n in range(300)], [])
    assert made.count(ask("perf*")) == 300


def test_a_hit_is_the_contract_of_search_results(tmp_path: Path) -> None:
    one = stored(
        1,
        title="Titre",
        text="Preuve.",
        topics=("data",),
        stances=(("deepseek", None, Stance.CRITICAL), ("deepseek", "data", Stance.UNSURE)),
    )
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(one, WATCH)], [])
    assert made.search(Everything()).hits == (
        {
            "id": one.article.id, "url": "https://lemonde.example/1", "title": "Titre", "source": "lemonde", "language": "fr",
            "published": "2025-01-27T10:00:00+01:00", "topics": ["data"],
            "stances": [
                {"subject": "deepseek", "topic": None, "stance": "critical", "score": 0.5, "confidence": 0.8, "evidence": ["Preuve."]},
                {"subject": "deepseek", "topic": "data", "stance": "unsure", "score": 0.5, "confidence": 0.8, "evidence": ["Preuve."]},
            ],
            "story": one.article.id,
        },
    )  # fmt: skip


def test_pages_follow_one_another(index: EmbeddedIndex) -> None:
    whole = ids(index, Everything())
    pages = [hit["id"] for at in range(0, 90, 25) for hit in index.search(Everything(), limit=25, offset=at, sort="date").hits]
    assert pages == whole
    assert index.search(Everything(), limit=0).total == 90
    with pytest.raises(UsageError, match="10000"):
        index.search(Everything(), limit=10, offset=10_000)


def test_titles_weigh_more(tmp_path: Path) -> None:
    filler = "mot " * 30
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply(
            [
                indexed_article(stored(1, title="Autre chose ici", text=f"{filler} nvidia {filler}"), WATCH),
                indexed_article(stored(2, title="Autre nvidia ici", text=f"{filler} chose {filler}"), WATCH),
            ],
            [],
        )
    assert made.search(ask("nvidia")).hits[0]["title"] == "Autre nvidia ici"


def test_an_article_takes_the_place_of_its_former_self(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(1, text="ancien"), WATCH), indexed_article(stored(2), WATCH)], [])
        made.apply([indexed_article(stored(1, text="nouveau"), WATCH)], [stored(2).article.id])
    assert (made.count(ask("ancien")), made.count(ask("nouveau")), made.size) == (0, 1, 1)


def test_what_is_not_unicode_is_refused_and_its_neighbours_are_not(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    broken = stored(1, title="a\ud800b")
    with made.writing():
        refused = made.apply([indexed_article(broken, WATCH), indexed_article(stored(2), WATCH)], [])
    assert set(refused) == {broken.article.id}
    assert made.size == 1


def test_a_missing_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match="vigie index"):
        EmbeddedIndex(tmp_path / "index", WATCH).search(Everything())
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 99}, "update Vigie"),
        ({"schema": 0}, "older Vigie"),
        ({"analysis": "0/other"}, "--rebuild"),
        ({"zone": "America/New_York"}, "New_York"),
        ({"schema": None}, "not an index"),
        ({"generation": "generation-gone"}, "--rebuild"),
    ],
)
def test_an_index_that_does_not_fit_says_what_to_do(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([], [])
    about = tmp_path / "index.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | changes))
    with pytest.raises(VigieError, match=says):
        EmbeddedIndex(tmp_path, WATCH).count(Everything())
    with EmbeddedIndex(tmp_path, WATCH).rebuilding() as fresh:  # and a rebuild mends all of them
        fresh.apply([indexed_article(stored(1), WATCH)], [])
    assert EmbeddedIndex(tmp_path, WATCH).size == 1


def test_readers_see_the_old_index_until_the_new_one_takes_its_place(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(1), WATCH)], [])
    reader = EmbeddedIndex(tmp_path, WATCH)
    name = reader.name
    with made.rebuilding() as fresh:
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(5)], [])
        reader.reload()
        assert (reader.size, EmbeddedIndex(tmp_path, WATCH).size) == (1, 1)
    assert reader.size == 1  # what it had open stays whole
    reader.reload()
    assert reader.size == 5
    assert reader.name != name
    assert len(list(tmp_path.glob("generation-*"))) == 1


def test_readers_in_threads_never_fail_while_the_index_is_written_and_rebuilt(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(n), WATCH) for n in range(20)], [])
    shared, over = EmbeddedIndex(tmp_path, WATCH), threading.Event()
    sizes: list[int] = []

    def read() -> None:
        while not over.is_set():
            shared.reload()
            sizes.append(len(shared.search(Everything(), limit=50).hits))
            sizes.append(EmbeddedIndex(tmp_path, WATCH).count(Everything()))

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for _ in range(6):
            with made.rebuilding() as fresh:
                fresh.apply([indexed_article(stored(n), WATCH) for n in range(20)], [])
            with made.writing():
                made.apply([indexed_article(stored(n), WATCH) for n in range(5)], [])
        over.set()
        for reader in readers:
            reader.result()
    assert set(sizes) == {20}


def test_a_rebuild_that_fails_leaves_the_old_index(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(1), WATCH)], [])
    with pytest.raises(KeyboardInterrupt), made.rebuilding():
        raise KeyboardInterrupt
    made.reload()
    assert made.size == 1
    assert len(list(tmp_path.glob("generation-*"))) == 1


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.generations._WAIT_S", 0.2)
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing(), pytest.raises(VigieError, match="another process is writing"), EmbeddedIndex(tmp_path, WATCH).writing():
        pass
    monkeypatch.setattr("index.generations._WAIT_S", 5)
    begun, free = threading.Event(), threading.Event()

    def hold() -> None:
        with EmbeddedIndex(tmp_path, WATCH).writing():
            begun.set()
            free.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(5)
    threading.Timer(0.3, free.set).start()
    with made.writing():
        made.apply([indexed_article(stored(1), WATCH)], [])
    holder.join()
    assert made.size == 1


def test_unknown_columns_are_an_error_not_an_empty_answer(index: EmbeddedIndex) -> None:
    with pytest.raises(ValueError, match="topics"):
        index.cells(Everything(), ("week", "topics"))


def test_days_of_a_query_are_those_of_the_zone(index: EmbeddedIndex) -> None:
    paris_monday = DateRange(date(2025, 1, 27), date(2025, 1, 27))
    assert all(hit["published"].startswith("2025-01-27") for hit in index.search(paris_monday, limit=50).hits)
    assert index.count(paris_monday) == sum(instant_of(one).date() == date(2025, 1, 27) for one in PRESS) > 0
    assert {bucket_label(day_of(one), "week") for one in PRESS} >= {"2026-W53", "2027-W01"}


def test_searching_imports_nothing_heavy() -> None:
    code = (
        "import sys, index.embedded, index.query_parser, index.trends, index.rising\n"
        "heavy = {'torch', 'spacy', 'transformers', 'scrapy', 'trafilatura', 'altair', 'sqlalchemy', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_article_without_date_counts_from_when_it_was_seen() -> None:
    made = indexed_article(stored(1, published=None, first_seen=datetime(2025, 2, 3, 23, 30, tzinfo=UTC).timestamp()), WATCH)
    assert json.loads(made.payload)["published"] == "2025-02-04T00:30:00+01:00"
    assert made.day == bucket(date(2025, 2, 4), "day")
