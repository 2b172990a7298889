"""The articles of a week and its trends as tables: CSV for spreadsheets, Parquet for programs.

``articles``: a row for each article that names the subject, the newest first. ``trends``: articles a week by stance, over all
(topic empty) and on each topic, for the weeks that the digest shows.

CSV is that of RFC 4180, in UTF-8 with a byte order mark: Excel reads accents wrong without it, and pandas, polars, R and DuckDB
pass over it. Parquet has typed columns: instants in UTC, lists as lists.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from digest.model import Digest
from vigie.cells import csv_cell
from vigie.watch import Watch

if TYPE_CHECKING:
    import pyarrow

Row = dict[str, Any]

# column: (type, what it holds). Types: text, number, integer, boolean, instant, day, texts, and those of
# structures (digest.export).
ARTICLES: Mapping[str, tuple[str, str]] = {
    "id": ("text", "SHA-256 of the canonical address"),
    "url": ("text", "address"),
    "title": ("text", "headline, verbatim"),
    "source": ("text", "id of the outlet in the watch"),
    "outlet": ("text", "its name"),
    "country": ("text", "its country (ISO 3166-1), empty where the outlet has left the watch"),
    "language": ("text", "of the article (ISO 639-1)"),
    "published": ("instant", "when it was published; CSV: ISO 8601 in the watch's zone"),
    "topics": ("texts", "ids of its topics; CSV: separated by spaces"),
    "stance": ("text", "toward the subject, over all: supportive, neutral, critical, unsure; empty where none was read"),
    "score": ("number", "of that stance, −1 critical to 1 supportive"),
    "confidence": ("number", "of that stance, 0 to 1"),
    "evidence": ("text", "the sentence that speaks most for it, verbatim"),
    "stances": ("texts", "toward the subject on each topic, topic:stance; CSV: separated by spaces"),
    "judged_by": ("text", "the person who says so, empty for the models"),
    "story": ("text", "id of the story that it tells"),
}
TRENDS: Mapping[str, tuple[str, str]] = {
    "week": ("text", "ISO week"),
    "monday": ("day", "its first day"),
    "topic": ("text", "id of the topic, empty over all"),
    "label": ("text", "of the topic, in the language of the edition"),
    "stance": ("text", "supportive, neutral, critical, unsure"),
    "articles": ("integer", "how many; empty where nothing of the week was collected"),
}
# Rows that are held at a time, and a row group of a Parquet file.
BATCH = 5_000


def article_rows(hits: Iterable[Mapping[str, Any]], watch: Watch, subject: str) -> Iterator[Row]:
    """A row of ARTICLES for each search result."""
    sources = {source.id: source for source in watch.sources}
    for hit in hits:
        source = sources.get(hit["source"])
        mine = [label for label in hit["stances"] if label["subject"] == subject]
        overall = next((label for label in mine if label["topic"] is None), None)
        yield {
            "id": hit["id"],
            "url": hit["url"],
            "title": hit["title"],
            "source": hit["source"],
            "outlet": source.name if source else hit["source"],
            "country": source.country if source else "",
            "language": hit["language"],
            "published": hit["published"],
            "topics": list(hit["topics"]),
            "stance": overall["stance"] if overall else "",
            "score": overall["score"] if overall else None,
            "confidence": overall["confidence"] if overall else None,
            "evidence": next(iter(overall["evidence"]), "") if overall else "",
            "stances": [f"{label['topic']}:{label['stance']}" for label in mine if label["topic"] is not None],
            "judged_by": (overall["by"] or "") if overall else "",
            "story": hit["story"] or "",
        }


def trend_rows(digest: Digest) -> Iterator[Row]:
    """A row of TRENDS for each week, topic and stance, zeros included."""
    for topic, label, weekly in (("", "", digest.weekly), *((one.id, one.label, one.weekly) for one in digest.topics)):
        for series in weekly:
            for week, count in zip(digest.weeks, series.values, strict=True):
                year, number = week.split("-W")
                monday = date.fromisocalendar(int(year), int(number), 1).isoformat()
                yield {"week": week, "monday": monday, "topic": topic, "label": label, "stance": series.name, "articles": count}


def write_csv(rows: Iterable[Row], columns: Mapping[str, tuple[str, str]], out: BinaryIO, *, mark: bool = True) -> None:
    """Write rows as CSV, as they come. mark: with a byte order mark."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig" if mark else "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([csv_cell(row[column]) for column in columns])
    text.detach()


def write_parquet(rows: Iterable[Row], columns: Mapping[str, tuple[str, str]], out: BinaryIO) -> None:
    """Write rows as Parquet, as they come, a batch of them at a time."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema(
        [pyarrow.field(name, _type(kind), metadata={"description": told}) for name, (kind, told) in columns.items()]
    )
    left = iter(rows)
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        while batch := list(islice(left, BATCH)):
            writer.write_batch(pyarrow.RecordBatch.from_pydict(_columns(batch, columns), schema=schema))


def _columns(rows: Sequence[Row], columns: Mapping[str, tuple[str, str]]) -> dict[str, list[Any]]:
    return {name: [_typed(row[name], kind) for row in rows] for name, (kind, _) in columns.items()}


def _typed(value: Any, kind: str) -> Any:
    if kind == "instant":
        return datetime.fromisoformat(value).astimezone(UTC) if value else None
    return date.fromisoformat(value) if kind == "day" else value


def _type(kind: str) -> "pyarrow.DataType":
    import pyarrow

    text, number, integer = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
    place = {"start": integer, "end": integer}
    structures = {
        "topics": {"topic": text, "score": number, "by": text},
        "stances": {
            "subject": text, "topic": text, "stance": text, "score": number, "confidence": number,
            "evidence": pyarrow.list_(text), "by": text, "places": pyarrow.list_(pyarrow.struct(list(place.items()))),
        },
        "quotes": {"speaker": text, "text": text, "kind": text, **place},
        "voices": {
            "speaker": text, "subject": text, "stance": text, "score": number, "confidence": number, "quote": text, **place,
        },
        "entities": {"name": text, "kind": text, "count": integer},
    }  # fmt: skip
    if kind in structures:
        return pyarrow.list_(pyarrow.struct(list(structures[kind].items())))
    return {
        "text": text,
        "number": number,
        "boolean": pyarrow.bool_(),
        "integer": integer,
        "instant": pyarrow.timestamp("us", tz="UTC"),
        "day": pyarrow.date32(),
        "texts": pyarrow.list_(text),
    }[kind]
