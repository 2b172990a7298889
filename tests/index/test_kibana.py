"""The saved objects for Kibana: their schema, their references, their fields, and that they count what the trends count."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from digest import charts
from index import calendar
from index.document import IndexedArticle, indexed_article
from index.embedded import EmbeddedIndex
from index.kibana import GRID_WIDTH, STANCE_COLOURS, saved_objects
from index.query_parser import parse
from index.trends import trend
from index.vocabulary import Vocabulary
from tests.index.corpus import WATCH, small_press
from vigie.article import Stance, StanceLabel
from vigie.cli import search, trends
from vigie.watch import Subject, Topic, Watch, load_watch

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "kibana_schema.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "kibana.md").read_text(encoding="utf-8")

# The fields of an index in Elasticsearch that charts can use, and "the documents themselves".
KEYWORDS = {
    "id", "url", "source", "owner", "country", "kind", "language", "topic", "subject", "facts", "fact_patterns", "entity",
    "spellings", "author", "speaker", "story", "term", "headline",
}  # fmt: skip
FIELDS = KEYWORDS | {"published", "shared_story"}
RECORDS = "___records___"

Json = dict[str, Any]


def watch_of(topics: int = 2, *, name: str = "press", subject: str = "acme") -> Watch:
    """A watch of so many topics."""
    return Watch(
        name=name,
        languages=("fr", "en"),
        subjects=(Subject(id=subject, name='Acme "& Co"'), Subject(id="other", name="Other")),
        topics=tuple(
            Topic(id=f"t{n}", label={"fr": f"Thème «{n}»", "en": f"Theme {n}"}, description={"fr": "x"}) for n in range(topics)
        ),
    )


def objects_of(watch: Watch, alias: str = "vigie-read") -> list[Json]:
    return [json.loads(line) for line in saved_objects(watch, alias).splitlines()]


def of_type(objects: list[Json], kind: str) -> list[Json]:
    return [made for made in objects if made["type"] == kind]


def panels_of(objects: list[Json]) -> list[Json]:
    (dashboard,) = of_type(objects, "dashboard")
    panels: list[Json] = json.loads(dashboard["attributes"]["panelsJSON"])
    return panels


def layers_of(objects: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each chart with its layer."""
    for lens in of_type(objects, "lens"):
        for layer in lens["attributes"]["state"]["datasourceStates"]["formBased"]["layers"].values():
            yield lens, layer


def chart(objects: list[Json], key: str) -> Json:
    """The columns of a chart."""
    return next(layer["columns"] for lens, layer in layers_of(objects) if lens["id"].endswith(f"-{key}"))


def check(made: Any, definition: str = "") -> None:
    """Hold an object, or what a text inside one of them says, against the schema."""
    schema = {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]} if definition else SCHEMA
    Draft202012Validator(schema).validate(made)


def check_all(objects: list[Json]) -> None:
    """Every object and every JSON text inside it against the schema."""
    for made in objects:
        check(made)
        attributes = made["attributes"]
        if "fieldFormatMap" in attributes:
            check(json.loads(attributes["fieldFormatMap"]), "fieldFormatMap")
        if "kibanaSavedObjectMeta" in attributes:
            check(json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]), "searchSource")
        if "panelsJSON" in attributes:
            check(json.loads(attributes["panelsJSON"]), "panels")
            check(json.loads(attributes["optionsJSON"]), "options")


watches = pytest.mark.parametrize("topics", [0, 1, 3, 4, 7])


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_in_the_documentation_is_that_of_the_deepseek_watch() -> None:
    # To write it anew: saved_objects(load_watch(Path("watches/deepseek.toml")), "vigie-read")
    written = (ROOT / "docs" / "kibana" / "vigie.ndjson").read_text(encoding="utf-8")
    assert written == saved_objects(load_watch(ROOT / "watches" / "deepseek.toml"), "vigie-read")


@watches
def test_every_line_follows_the_schema(topics: int) -> None:
    check_all(objects_of(watch_of(topics)))


def test_the_schema_refuses_what_kibana_would_refuse() -> None:
    """A guard on the guard: faults of each type are found."""
    for kind, spoil in [
        ("index-pattern", lambda made: made["attributes"].pop("title")),
        ("lens", lambda made: made["attributes"]["state"].pop("visualization")),
        ("lens", lambda made: made.update(typeMigrationVersion="10.9.0")),
        ("search", lambda made: made["attributes"].update(unknown=1)),
        ("dashboard", lambda made: made["attributes"].pop("timeTo")),
        ("dashboard", lambda made: made["references"][0].update(name="a:panel_b")),
    ]:
        made = of_type(objects_of(watch_of()), kind)[0]
        spoil(made)
        assert not Draft202012Validator(SCHEMA).is_valid(made), kind


@watches
def test_every_reference_resolves(topics: int) -> None:
    objects = objects_of(watch_of(topics))
    there = {(made["type"], made["id"]) for made in objects}
    assert len(there) == len(objects)
    for made in objects:
        assert {(reference["type"], reference["id"]) for reference in made["references"]} <= there
        assert len({reference["name"] for reference in made["references"]}) == len(made["references"])


@watches
def test_every_panel_has_its_object_and_every_object_its_panel(topics: int) -> None:
    objects = objects_of(watch_of(topics))
    (dashboard,) = of_type(objects, "dashboard")
    named = {reference["name"]: (reference["type"], reference["id"]) for reference in dashboard["references"]}
    shown = []
    for panel in panels_of(objects):
        assert panel["gridData"]["i"] == panel["panelIndex"]
        kind, identifier = named[f"{panel['panelIndex']}:{panel['panelRefName']}"]
        assert kind == panel["type"]
        shown.append(identifier)
    assert shown == [made["id"] for made in objects if made["type"] in ("lens", "search")]


@watches
def test_charts_name_columns_and_layers_that_are_there(topics: int) -> None:
    for lens, layer in layers_of(objects_of(watch_of(topics))):
        columns = set(layer["columns"])
        assert set(layer["columnOrder"]) == columns
        (reference,) = lens["references"]
        named = json.dumps(lens["attributes"]["state"]["visualization"])
        assert set(re.findall(r'"(?:layerId)": "([^"]+)"', named)) == {reference["name"].rpartition("-")[2]}
        used = set(re.findall(r'"(?:xAccessor|splitAccessor|metricAccessor|forAccessor|columnId)": "([^"]+)"', named))
        used |= {name for names in re.findall(r'"accessors": \[([^\]]*)\]', named) for name in re.findall(r'"([^"]+)"', names)}
        assert used == columns
        for column in layer["columns"].values():
            if column["operationType"] == "terms":
                assert column["params"]["orderBy"]["columnId"] in columns


def test_charts_use_fields_of_the_index() -> None:
    objects = objects_of(watch_of())
    for _, layer in layers_of(objects):
        for column in layer["columns"].values():
            field, operation = column["sourceField"], column["operationType"]
            assert (
                field
                in {"terms": KEYWORDS, "unique_count": KEYWORDS, "count": {RECORDS}, "date_histogram": {"published"}}[operation]
            )
            if "filter" in column:
                assert re.match(r"(\w+): ", column["filter"]["query"])[1] in KEYWORDS  # type: ignore[index]
    (newest,) = of_type(objects, "search")
    assert set(newest["attributes"]["columns"]) <= FIELDS
    assert {field for field, _ in newest["attributes"]["sort"]} <= FIELDS
    (view,) = of_type(objects, "index-pattern")
    assert view["attributes"]["timeFieldName"] == "published"
    assert set(json.loads(view["attributes"]["fieldFormatMap"])) <= FIELDS


@given(st.integers(0, 40))
def test_panels_fit_the_grid_and_do_not_overlap(topics: int) -> None:
    places = [panel["gridData"] for panel in panels_of(objects_of(watch_of(topics)))]
    assert all(place["x"] + place["w"] <= GRID_WIDTH == 48 for place in places)
    for one, other in combinations(places, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_series_count_the_facts_of_the_first_subject() -> None:
    objects = objects_of(watch_of(topics=2))
    for key, topic in [("stance", None), ("stance-on-t0", "t0"), ("stance-on-t1", "t1")]:
        facts = [StanceLabel("acme", topic, stance, 0, 1).fact for stance in Stance]
        columns = chart(objects, key)
        assert [columns[f"series-{stance}"]["filter"]["query"] for stance in Stance] == [f'facts: "{fact}"' for fact in facts]
    topics = chart(objects, "by-topic")
    assert {topics[f"series-t{n}"]["filter"]["query"] for n in range(2)} == {'topic: "t0"', 'topic: "t1"'}
    assert topics["series-t0"]["label"] == "Thème «0»"
    (dashboard,) = of_type(objects, "dashboard")
    asked = json.loads(dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert asked["query"] == {"query": 'subject: "acme"', "language": "kuery"}


def found(press: list[IndexedArticle], query: Json) -> list[IndexedArticle]:
    """What a KQL query of the form ``field: "value"`` finds."""
    match = re.fullmatch(r'(\w+): "([^"]*)"', query["query"])
    assert match
    field, value = match.groups()
    held = [(one, getattr(one, field)) for one in press]
    return [one for one, values in held if (value in values if isinstance(values, tuple) else value == values)]


def by_value(press: list[IndexedArticle], field: str, size: int) -> dict[str, list[IndexedArticle]]:
    """The top values of a field and their articles."""
    articles: dict[str, list[IndexedArticle]] = {}
    for one in press:
        values = getattr(one, field)
        for value in values if isinstance(values, tuple) else (values,):
            articles.setdefault(value, []).append(one)
    return dict(sorted(articles.items(), key=lambda item: (-len(item[1]), item[0]))[:size])


def test_charts_count_what_the_trends_count(tmp_path: Path) -> None:
    """Computed plainly over a small press and held against the trends: the same series, weeks and numbers."""
    everything = [indexed_article(one, WATCH) for one in small_press()]
    index = EmbeddedIndex(tmp_path, WATCH)
    with index.writing():
        index.apply(everything, [])
    query = parse("subject:deepseek", Vocabulary.of(WATCH))
    objects = objects_of(WATCH)
    (dashboard,) = of_type(objects, "dashboard")
    press = found(everything, json.loads(dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"])

    def weekly(articles: list[IndexedArticle], labels: list[str]) -> tuple[int, ...]:
        counts = Counter(calendar.label(one.week, "week") for one in articles)
        return tuple(counts[label] for label in labels)

    asked: list[Json] = [{"by": "topic"}, {"by": "stance"}, *({"by": "stance", "topic": topic.id} for topic in WATCH.topics)]
    for options, key in zip(asked, ("by-topic", "stance", *(f"stance-on-{topic.id}" for topic in WATCH.topics)), strict=True):
        made = trend(index, WATCH, query, **options)
        weeks = [bucket.label for bucket in made.buckets]
        series = [column for column in chart(objects, key).values() if "filter" in column]
        drawn = {column["label"]: weekly(found(press, column["filter"]), weeks) for column in series}
        assert drawn == {one.label: one.counts for one in made.series}
        assert any(sum(counts) for counts in drawn.values())
    for field in ("source", "language", "country"):
        made = trend(index, WATCH, query, by=field)  # type: ignore[arg-type]
        weeks = [bucket.label for bucket in made.buckets]
        column = chart(objects, f"by-{field}")["value"]
        drawn = {
            value: weekly(articles, weeks)
            for value, articles in by_value(press, column["sourceField"], column["params"]["size"]).items()
        }
        assert list(drawn.items()) == [(one.key, one.counts) for one in made.series]
    column = chart(objects, "entities")["value"]
    entities = by_value(press, column["sourceField"], column["params"]["size"])
    made = trend(index, WATCH, query, by="entity", top=20)
    assert [(value, len(articles)) for value, articles in entities.items()] == [(one.key, one.total) for one in made.series]
    assert len(press) == made.totals.total
    stories = {getattr(one, chart(objects, "number-of-stories")["number"]["sourceField"]) for one in press}
    assert len(stories) == trend(index, WATCH, query, unit="stories").totals.total


def test_top_values_are_those_of_the_whole_span() -> None:
    """Lens computes columns in their order: values before weeks rank over the span, after them they would rank in each week."""
    for key in ("by-source", "by-language", "by-country"):
        order = next(layer["columnOrder"] for lens, layer in layers_of(objects_of(watch_of())) if lens["id"].endswith(key))
        assert order == ["value", "week", "count"]


def test_stances_are_drawn_as_in_the_digest() -> None:
    assert dict(charts.STANCE_COLOURS) == STANCE_COLOURS


def test_ids_are_stable_and_made_of_the_watch() -> None:
    assert saved_objects(watch_of(), "vigie-read") == saved_objects(watch_of(), "vigie-read")
    ids = [made["id"] for made in objects_of(watch_of(topics=1))]
    assert ids == [made["id"] for made in objects_of(watch_of(topics=1, subject="zeta"), "other-read")]
    assert ids == [
        "vigie-press-articles", "vigie-press-number-of-articles", "vigie-press-number-of-stories", "vigie-press-by-topic",
        "vigie-press-stance", "vigie-press-stance-on-t0", "vigie-press-by-source", "vigie-press-by-language",
        "vigie-press-by-country", "vigie-press-entities", "vigie-press-newest", "vigie-press-coverage",
    ]  # fmt: skip
    assert not set(ids) & {made["id"] for made in objects_of(watch_of(name="other"))}


def test_the_data_view_reads_the_alias() -> None:
    (view,) = of_type(objects_of(watch_of(), "press-read"), "index-pattern")
    assert view["attributes"]["title"] == "press-read"


def test_every_chart_names_a_command_that_there_is_and_the_documentation_has_both() -> None:
    for made in objects_of(load_watch(ROOT / "watches" / "deepseek.toml")):
        if made["type"] in ("lens", "search"):
            command = made["attributes"]["description"].partition(": the total")[0]
            _, name, *words = shlex.split(command)
            {"trends": trends, "search": search}[name].command.make_context(name, words)  # raises on a wrong option or value
            assert f"`{command}`" in PAGE
            assert made["attributes"]["title"].removeprefix("DeepSeek: ") in PAGE
