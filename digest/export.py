"""All that is known of articles, as CSV, JSON lines or Parquet: for any number of them, in constant memory.

The index says which articles, the archive what they are: text and labels as they stand there now. CSV holds lists as JSON, so
that nothing is lost; Parquet has them as lists of structures.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO, Literal

from digest.formats.tables import write_csv, write_parquet
from digest.record import batches
from index.document import stance_row
from vigie.archive import Archive, StoredArticle
from vigie.article import Quote, StanceLabel, Voice
from vigie.watch import Watch

ExportFormat = Literal["csv", "jsonl", "parquet"]
Row = dict[str, Any]

# column: (type, what it holds). Types: text, texts, integer, instant, and lists of structures: topics, stances, quotes, voices,
# entities.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "id": ("text", "SHA-256 of the canonical address"),
    "url": ("text", "address as fetched"),
    "canonical_url": ("text", "address by which it is known"),
    "title": ("text", "headline, verbatim"),
    "source": ("text", "id of the outlet in the watch"),
    "outlet": ("text", "its name"),
    "owner": ("text", "its publishing group, the outlet itself where none is named"),
    "country": ("text", "of the outlet (ISO 3166-1), empty where it has left the watch"),
    "language": ("text", "of the article (ISO 639-1)"),
    "authors": ("texts", "as the page names them"),
    "published": ("instant", "when it was published, UTC; empty where no date was found"),
    "published_by": ("text", "how the date was found: the method and its precision"),
    "first_seen": ("instant", "when it was collected, UTC"),
    "revision": ("integer", "1, and one more for each edit that was seen"),
    "section": ("text", "of the outlet"),
    "tags": ("texts", "as the page gives them"),
    "paywalled": ("boolean", "whether the page shows only a part"),
    "topics": ("topics", "topic, score 0..1, by"),
    "stances": (
        "stances",
        "subject, topic (null: over all), stance, score -1..1, confidence 0..1, evidence, by, places (of the evidence)",
    ),
    "quotes": ("quotes", "speaker, text, kind (direct, indirect, according), start, end"),
    "voices": (
        "voices",
        "what quoted speakers convey, apart from the article: speaker, subject, stance, score, confidence, quote, start, end",
    ),
    "entities": ("entities", "name, kind, count"),
    "story": ("text", "id of the story that it tells"),
    "reprint_of": ("text", "id of the article whose text it repeats"),
    "analyser": ("text", "which models made the labels"),
    "notes": ("texts", "what to know of how they were made: entities by rules, stance uncalibrated, topics uncalibrated"),
    "text": ("text", "the whole text; with --text"),
}
STANCE_OF = "stance_"  # and the id of a subject: a column of its stance over all


def columns_of(watch: Watch, *, text: bool) -> dict[str, tuple[str, str]]:
    """The columns of a watch: those of all, and after the stances one for each subject."""
    made: dict[str, tuple[str, str]] = {}
    for name, column in COLUMNS.items():
        if name != "text" or text:
            made[name] = column
        if name == "stances":
            told = ("text", "stance over all: supportive, neutral, critical, unsure; empty where none was read")
            made |= {f"{STANCE_OF}{subject.id}": told for subject in watch.subjects}
    return made


def rows(
    archive: Archive, watch: Watch, ids: Iterable[str], names: Collection[str], *, missing: Callable[[str], object]
) -> Iterator[Row]:
    """A row for each article, with these columns, in the order of ids; missing is told those that the archive does not hold."""
    sources = {source.id: source for source in watch.sources}
    cells: list[tuple[str, Callable[[StoredArticle], Any]]] = [(name, _cell(name, sources)) for name in names]
    for batch in batches(ids):
        # A transaction for each batch: one for all would keep SQLite from emptying its log as long as the export takes.
        with archive.read() as tx:
            found = {one.article.id: one for one in tx.articles.whole(batch)}
        for article in batch:
            if one := found.get(article):
                yield {name: cell(one) for name, cell in cells}
            else:
                missing(article)


def write(
    rows: Iterable[Row], columns: Mapping[str, tuple[str, str]], output: ExportFormat, out: BinaryIO, *, mark: bool = True
) -> None:
    """Write rows as they come. mark: begin CSV with a byte order mark, by which Excel knows UTF-8."""
    match output:
        case "csv":
            write_csv(({name: _in_a_cell(value) for name, value in row.items()} for row in rows), columns, out, mark=mark)
        case "jsonl":
            out.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for row in rows)
        case "parquet":
            write_parquet(rows, columns, out)


def _in_a_cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _cell(name: str, sources: Mapping[str, Any]) -> Callable[[StoredArticle], Any]:
    """What a column takes from an article."""
    if name.startswith(STANCE_OF):
        return partial(_overall, name.removeprefix(STANCE_OF))
    if name in ("outlet", "owner", "country"):
        return partial(_of_source, sources, name)
    return _CELLS[name]


def _of_source(sources: Mapping[str, Any], name: str, one: StoredArticle) -> str:
    source = sources.get(one.article.source)
    if name == "country":
        return source.country if source else ""
    if name == "owner":
        return (source.owner if source else "") or one.article.source
    return source.name if source else one.article.source


def _overall(subject: str, one: StoredArticle) -> str:
    stances = one.labels.stances if one.labels else ()
    return next((label.stance.value for label in stances if label.subject == subject and label.topic is None), "")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _published_by(one: StoredArticle) -> str:
    return f"{one.article.published.method}, {one.article.published.precision}" if one.article.published else ""


def _places(label: StanceLabel) -> list[Row]:
    return [{"start": sentence.start, "end": sentence.end} for sentence in label.evidence]


def _quote(one: Quote) -> Row:
    return {"speaker": one.speaker, "text": one.text, "kind": one.kind, "start": one.start, "end": one.end}


def _voice(one: Voice) -> Row:
    said = one.stance
    return {
        "speaker": one.speaker, "subject": said.subject, "stance": said.stance.value, "score": said.score,
        "confidence": said.confidence, "quote": one.text, "start": one.start, "end": one.end,
    }  # fmt: skip


def _labelled(cell: Callable[[Any], Sequence[Any]]) -> Callable[[StoredArticle], list[Any]]:
    return lambda one: list(cell(one.labels)) if one.labels else []


_CELLS: Mapping[str, Callable[[StoredArticle], Any]] = {
    "id": lambda one: one.article.id,
    "url": lambda one: one.article.url,
    "canonical_url": lambda one: one.article.canonical_url,
    "title": lambda one: one.article.title,
    "source": lambda one: one.article.source,
    "language": lambda one: (one.labels.language if one.labels else "") or one.article.language,
    "authors": lambda one: list(one.article.authors),
    "published": lambda one: _instant(one.article.published.instant) if one.article.published else None,
    "published_by": _published_by,
    "first_seen": lambda one: _instant(datetime.fromtimestamp(one.first_seen, UTC)),
    "revision": lambda one: one.article.revision,
    "section": lambda one: one.article.section,
    "tags": lambda one: list(one.article.tags),
    "paywalled": lambda one: one.article.paywalled,
    "topics": _labelled(lambda labels: [{"topic": one.topic, "score": one.score, "by": one.by} for one in labels.topics]),
    "stances": _labelled(lambda labels: [stance_row(one) | {"places": _places(one)} for one in labels.stances]),
    "quotes": _labelled(lambda labels: [_quote(one) for one in labels.quotes]),
    "voices": _labelled(lambda labels: [_voice(one) for one in labels.voices]),
    "entities": _labelled(lambda labels: [{"name": one.name, "kind": one.kind, "count": one.count} for one in labels.entities]),
    "story": lambda one: one.story or "",
    "reprint_of": lambda one: one.reprint_of or "",
    "analyser": lambda one: one.labels.analyser if one.labels else "",
    "notes": _labelled(lambda labels: labels.notes),
    "text": lambda one: one.article.text,
}
