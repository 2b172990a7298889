"""The tables: what is in the index, row by row; columns documented; cells that are no formulas; the same bytes each time."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from pyarrow import parquet

from digest.formats import Beside, files
from digest.formats.tables import ARTICLES, TRENDS, article_rows, trend_rows, write_csv, write_parquet
from digest.model import STANCES, Digest
from index.query_parser import parse
from index.vocabulary import Vocabulary
from tests.digest.conftest import Told
from vigie.cells import csv_cell

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hits(told: Told, digest: Digest) -> list[dict[str, Any]]:
    return list(told.engine.export(parse(digest.articles.query, Vocabulary.of(told.watch))))


def made(told: Told, digest: Digest, hits: list[dict[str, Any]], format: str) -> dict[str, bytes]:
    found = {}
    for file in files(digest, format, Beside(told.watch, lambda: hits)):
        out = io.BytesIO()
        file.write(out)
        found[file.name] = out.getvalue()
    return found


def test_there_are_two_files_of_each(told: Told, digest: Digest, hits: list[dict[str, Any]]) -> None:
    for format in ("csv", "parquet"):
        assert list(made(told, digest, hits, format)) == [
            f"newsroom-weekly-2025-W05-articles.{format}",
            f"newsroom-weekly-2025-W05-trends.{format}",
        ]


def test_every_column_is_documented() -> None:
    for table, columns in (("articles", ARTICLES), ("trends", TRENDS)):
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `digest` {table}"))
        assert [name for name in columns if f"`{name}`" not in row] == []


def test_articles_are_those_of_the_index(told: Told, digest: Digest, hits: list[dict[str, Any]]) -> None:
    rows = list(article_rows(hits, told.watch, "deepseek"))
    assert len(rows) == digest.articles.value
    for row, hit in zip(rows, hits, strict=True):
        assert (row["id"], row["url"], row["title"], row["published"]) == (hit["id"], hit["url"], hit["title"], hit["published"])
        assert row["outlet"] == told.watch.source(hit["source"]).name
        stances = {label["topic"]: label["stance"] for label in hit["stances"] if label["subject"] == "deepseek"}
        assert row["stance"] == stances.pop(None, "")
        assert row["stances"] == [f"{topic}:{stance}" for topic, stance in stances.items()]
    for stance in digest.stances:
        assert sum(row["stance"] == stance.stance for row in rows) == stance.count


def test_csv_reads_back_and_holds_no_formula(told: Told, digest: Digest, hits: list[dict[str, Any]]) -> None:
    hostile = [
        {**hits[0], "title": '=HYPERLINK("http://evil.example","x")'},
        {**hits[1], "title": '＠SUM(1)\r\n"quoted", and so on'},
    ]
    articles = made(told, digest, [*hostile, *hits[2:]], "csv")["newsroom-weekly-2025-W05-articles.csv"]
    assert articles.startswith(b"\xef\xbb\xbfid,url,title")
    assert articles.count(b"\r\n") >= len(hits)
    read = list(csv.DictReader(io.StringIO(articles.decode("utf-8-sig"), newline="")))
    assert [row["title"] for row in read[:2]] == ['\'=HYPERLINK("http://evil.example","x")', '\'＠SUM(1)\r\n"quoted", and so on']
    for cells, row in zip(read, article_rows([*hostile, *hits[2:]], told.watch, "deepseek"), strict=True):
        assert cells == {name: "" if row[name] is None else str(csv_cell(row[name])) for name in ARTICLES}
    for cells in read:
        assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells.values())


def test_parquet_reads_back_typed(told: Told, digest: Digest, hits: list[dict[str, Any]]) -> None:
    found = made(told, digest, hits, "parquet")
    table = parquet.read_table(io.BytesIO(found["newsroom-weekly-2025-W05-articles.parquet"]))
    assert str(table.schema.field("published").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("topics").type) == "list<element: string>"
    assert table.schema.field("score").metadata[b"description"]
    for row, expected in zip(table.to_pylist(), article_rows(hits, told.watch, "deepseek"), strict=True):
        assert row["published"] == datetime.fromisoformat(expected["published"]).astimezone(UTC)
        assert {**row, "published": None} == {**expected, "published": None}
    trends = parquet.read_table(io.BytesIO(found["newsroom-weekly-2025-W05-trends.parquet"])).to_pylist()
    assert [row["articles"] for row in trends if row["topic"] == ""] == [count for one in digest.weekly for count in one.values]
    assert {row["monday"] for row in trends if row["week"] == "2025-W05"} == {date(2025, 1, 27)}


def test_trends_have_a_row_for_every_week_topic_and_stance(digest: Digest) -> None:
    rows = list(trend_rows(digest))
    assert len(rows) == len(digest.weeks) * len(STANCES) * (1 + len(digest.topics))
    assert set(rows[0]) == set(TRENDS)
    last = {row["stance"]: row["articles"] for row in rows if row["week"] == digest.week and not row["topic"]}
    assert last == {one.stance: one.count for one in digest.stances}


def test_the_same_rows_are_the_same_bytes(told: Told, digest: Digest, hits: list[dict[str, Any]]) -> None:
    for format in ("csv", "parquet"):
        assert made(told, digest, hits, format) == made(told, digest, hits, format)


def test_an_empty_week_is_a_table_without_rows(told: Told, digest: Digest) -> None:
    empty = made(told, digest, [], "parquet")["newsroom-weekly-2025-W05-articles.parquet"]
    assert parquet.read_table(io.BytesIO(empty)).num_rows == 0
    assert made(told, digest, [], "csv")["newsroom-weekly-2025-W05-articles.csv"].count(b"\r\n") == 1


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_rows_are_written_as_they_come(told: Told, hits: list[dict[str, Any]], write: Any) -> None:
    """However many articles a week has, only a batch of them is held."""
    alive = 0

    class Row(dict[str, Any]):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    most = 0

    def many() -> Iterator[dict[str, Any]]:
        nonlocal alive, most
        for row in article_rows(hits[:1] * 12_000, told.watch, "deepseek"):
            alive += 1
            most = max(most, alive)
            yield Row(row)

    write(many(), ARTICLES, io.BytesIO())
    assert most <= 10_001


def test_an_outlet_that_left_the_watch_keeps_its_articles(told: Told, hits: list[dict[str, Any]]) -> None:
    gone = structs.replace(told.watch, sources=())
    row = next(article_rows(hits, gone, "deepseek"))
    assert (row["outlet"], row["country"]) == (row["source"], "")


def test_files_of_the_default_edition_are_called_after_the_watch(told: Told, digest: Digest) -> None:
    default = replace(digest, edition="default")
    assert [file.name for file in files(default, "json", Beside(told.watch, list))] == ["newsroom-2025-W05.json"]
