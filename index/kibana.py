"""What Kibana imports to show the trends of a watch: a data view, a chart for each trend, the newest articles and a dashboard.

Series are counted with filters on the same keywords as in :mod:`index.trends`, so that a chart and a trend tell the same. All is
made from the watch alone: two calls give the same text, and an import with "overwrite" replaces the one before.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from index.query import OVERALL
from index.vocabulary import STANCES
from vigie.colours import STANCE_COLOURS

if TYPE_CHECKING:
    from vigie.watch import Watch

Json = dict[str, Any]

GRID_WIDTH = 48

# Kibana brings older objects up to its own version on import and refuses newer ones. These are no newer than those of 8.19.
_CORE_VERSION = "8.8.0"
_TYPE_VERSIONS = {"index-pattern": "8.0.0", "lens": "8.9.0", "search": "10.5.0", "dashboard": "10.2.0"}

_TIME_FIELD = "published"
_RECORDS = "___records___"  # Lens's name for "the documents themselves"
_LAYER = "articles"
_SPAN = {"timeFrom": "now-26w/w", "timeTo": "now"}
_TOP = 10  # as vigie trends
_TOP_ENTITIES = 20

# The newest articles. The title as published is in the headline; title holds tokens.
_ARTICLE_COLUMNS = (_TIME_FIELD, "source", "headline", "url", "topic", "facts")


@dataclass(frozen=True, slots=True)
class _Panel:
    """A chart or table, an object of its own, and its size on the dashboard."""

    key: str
    type: Literal["lens", "search"]
    attributes: Json
    reference: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Series:
    """A series of a chart: the articles that a KQL filter finds. KQL takes a quoted value literally, also its ``*``."""

    key: str
    label: str
    filter: str
    colour: str = ""


def saved_objects(watch: "Watch", read_alias: str) -> str:
    """The saved objects of a watch whose index is read under an alias, one JSON object a line, for Kibana 8.19.

    The dashboard is about the first subject of the watch. Ids are made of the watch's name: watches stand side by side.
    """
    prefix = f"vigie-{watch.name}"
    data_view = f"{prefix}-articles"
    bands = _bands(watch)
    panels = [panel for band in bands for panel in band]
    objects = [
        _object("index-pattern", data_view, _data_view(watch, read_alias), ()),
        *(
            _object(panel.type, f"{prefix}-{panel.key}", panel.attributes, [("index-pattern", data_view, panel.reference)])
            for panel in panels
        ),
        _object(
            "dashboard",
            f"{prefix}-coverage",
            _dashboard(watch, bands),
            [(panel.type, f"{prefix}-{panel.key}", f"{panel.key}:panel_{panel.key}") for panel in panels],
        ),
    ]
    return "".join(f"{_json(made)}\n" for made in objects)


def _object(kind: str, identifier: str, attributes: Json, references: Sequence[tuple[str, str, str]]) -> Json:
    return {
        "type": kind,
        "id": identifier,
        "attributes": attributes,
        "references": [{"type": to, "id": of, "name": name} for to, of, name in references],
        "coreMigrationVersion": _CORE_VERSION,
        "typeMigrationVersion": _TYPE_VERSIONS[kind],
        "managed": False,
    }


def _data_view(watch: "Watch", read_alias: str) -> Json:
    return {
        "title": read_alias,
        "name": f"Vigie: {watch.title or watch.name}",
        "timeFieldName": _TIME_FIELD,
        "fieldFormatMap": _json({"url": {"id": "url"}}),
    }


def _bands(watch: "Watch") -> list[list[_Panel]]:
    """The panels from top to bottom; each band begins at the left and breaks into as many rows as it needs."""
    subject = watch.subjects[0]
    ask = f"vigie trends 'subject:{subject.id}'"
    topics = [(topic.id, topic.label_in(watch.languages[0])) for topic in watch.topics]

    def stance(topic: str) -> list[_Series]:
        return [_Series(value, value, f'facts: "{subject.id}|{topic}|{value}"', STANCE_COLOURS[value]) for value in STANCES]

    def chart(
        key: str, title: str, command: str, state: Json, *, kind: str = "lnsXY", width: int = 16, height: int = 12
    ) -> _Panel:
        attributes = {"title": f"{subject.name}: {title}", "description": command, "visualizationType": kind, "state": state}
        return _Panel(key, "lens", attributes, f"indexpattern-datasource-layer-{_LAYER}", width, height)

    by_topic = [
        chart(
            "by-topic",
            "articles a week by topic",
            f"{ask} --by topic",
            _weeks_of([_Series(topic, label, f'topic: "{topic}"') for topic, label in topics]),
            width=24,
        )
    ]
    return [
        [
            chart("number-of-articles", "articles", f"{ask} --by topic: the total of all", _metric(_articles()),
                  kind="lnsMetric", width=24, height=6),
            chart("number-of-stories", "stories", f"{ask} --by topic --unit stories: the total of all", _metric(_stories()),
                  kind="lnsMetric", width=24, height=6),
        ],
        [
            *(by_topic if topics else []),
            chart("stance", "stance over all, articles a week", f"{ask} --by stance", _weeks_of(stance(OVERALL)),
                  width=24 if topics else GRID_WIDTH),
        ],
        [
            chart(f"stance-on-{topic}", f"stance on {label}, articles a week", f"{ask} --by stance --topic {topic}",
                  _weeks_of(stance(topic)))
            for topic, label in topics
        ],
        [
            chart(f"by-{field}", f"articles a week by {field}", f"{ask} --by {field}", _weeks_by(field))
            for field in ("source", "language", "country")
        ],
        [
            chart("entities", "entities named most", f"{ask} --by entity --top {_TOP_ENTITIES}",
                  _table_of("entity", _TOP_ENTITIES), kind="lnsDatatable", height=18),
            _Panel("newest", "search", _newest(watch), "kibanaSavedObjectMeta.searchSourceJSON.index", 32, 18),
        ],
    ]  # fmt: skip


def _weeks_of(series: Sequence[_Series]) -> Json:
    """Stacked bars, a week each: one part for each series."""
    counts = {f"series-{one.key}": _articles(one.label) | {"filter": _kuery(one.filter)} for one in series}
    colours = [{"forAccessor": f"series-{one.key}", "color": one.colour} for one in series if one.colour]
    return _state({"week": _week(), **counts}, _bars(list(counts), yConfig=colours))


def _weeks_by(field: str) -> Json:
    """Stacked bars, a week each: one part for each of the top values of the whole span, so the values come before the weeks."""
    columns = {"value": _values(field, _TOP), "week": _week(), "count": _articles()}
    return _state(columns, _bars(["count"], splitAccessor="value"))


def _table_of(field: str, size: int) -> Json:
    columns = {"value": _values(field, size), "count": _articles()}
    return _state(columns, {"layerId": _LAYER, "layerType": "data", "columns": [{"columnId": name} for name in columns]})


def _metric(column: Json) -> Json:
    return _state({"number": column}, {"layerId": _LAYER, "layerType": "data", "metricAccessor": "number"})


def _state(columns: dict[str, Json], visualization: Json) -> Json:
    """The state of a chart over one layer; the columns are computed in their order, from the outside in."""
    layer = {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}, "sampling": 1}
    return {
        "datasourceStates": {"formBased": {"layers": {_LAYER: layer}}, "textBased": {"layers": {}}},
        "visualization": visualization,
        "query": _kuery(""),
        "filters": [],
        "internalReferences": [],
        "adHocDataViews": {},
    }


def _bars(accessors: list[str], **more: Any) -> Json:
    return {
        "preferredSeriesType": "bar_stacked",
        "legend": {"isVisible": True, "position": "bottom", "showSingleSeries": True},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "layers": [
            {
                "layerId": _LAYER,
                "layerType": "data",
                "seriesType": "bar_stacked",
                "xAccessor": "week",
                "accessors": accessors,
                **more,
            }
        ],
    }


def _week() -> Json:
    """Calendar weeks from Monday on, in the zone of Kibana's settings; weeks without articles are zeros."""
    return {
        "operationType": "date_histogram",
        "sourceField": _TIME_FIELD,
        "label": "week",
        "customLabel": True,
        "dataType": "date",
        "isBucketed": True,
        "scale": "interval",
        "params": {"interval": "1w", "includeEmptyRows": True, "dropPartials": False},
    }


def _values(field: str, size: int) -> Json:
    return {
        "operationType": "terms",
        "sourceField": field,
        "label": field,
        "customLabel": True,
        "dataType": "string",
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": size,
            "orderBy": {"type": "column", "columnId": "count"},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def _articles(label: str = "articles") -> Json:
    return _number("count", _RECORDS, label)


def _stories() -> Json:
    return _number("unique_count", "story", "stories")


def _number(operation: str, field: str, label: str) -> Json:
    return {
        "operationType": operation,
        "sourceField": field,
        "label": label,
        "customLabel": True,
        "dataType": "number",
        "isBucketed": False,
        "scale": "ratio",
        "params": {"emptyAsNull": False},
    }


def _newest(watch: "Watch") -> Json:
    return {
        "title": f"{watch.subjects[0].name}: newest articles",
        "description": f"vigie search 'subject:{watch.subjects[0].id}'",
        "columns": list(_ARTICLE_COLUMNS),
        "sort": [[_TIME_FIELD, "desc"]],
        "grid": {},
        "hideChart": True,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _json(
                {"query": _kuery(""), "filter": [], "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index"}
            )
        },
    }


def _dashboard(watch: "Watch", bands: Sequence[Sequence[_Panel]]) -> Json:
    subject = watch.subjects[0]
    return {
        "title": f"Vigie: the coverage of {subject.name}",
        "description": "Each chart names the command that gives the same numbers.",
        "panelsJSON": _json(list(_placed(bands))),
        "optionsJSON": _json(
            {"useMargins": True, "syncColors": False, "syncCursor": True, "syncTooltips": False, "hidePanelTitles": False}
        ),
        "timeRestore": True,
        **_SPAN,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _json({"query": _kuery(f'subject: "{subject.id}"'), "filter": []})},
    }


def _placed(bands: Sequence[Sequence[_Panel]]) -> Iterator[Json]:
    """The panels with their places on Kibana's grid."""
    top = 0
    for band in bands:
        left = height = 0
        for panel in band:
            if left + panel.width > GRID_WIDTH:
                top, left, height = top + height, 0, 0
            yield {
                "type": panel.type,
                "panelIndex": panel.key,
                "panelRefName": f"panel_{panel.key}",
                "gridData": {"x": left, "y": top, "w": panel.width, "h": panel.height, "i": panel.key},
                "embeddableConfig": {"enhancements": {}},
            }
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _kuery(query: str) -> Json:
    return {"query": query, "language": "kuery"}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
