"""vigie export: what is written is what the archive holds, field by field, in every format, whatever stands in it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from digest.export import COLUMNS, STANCE_OF, columns_of
from tests.conftest import Vigie
from tests.digest.press import WATCH_TEXT, indexed, put_stored
from tests.index.corpus import WATCH, small_press, stored
from vigie.archive import Archive, StoredArticle
from vigie.article import Entity, Quote, Stance, StanceLabel, Voice
from vigie.cells import cell_text, csv_cell
from vigie.watch import load_watch

HOSTILE = (
    "=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\tindent", "\r\nline", "'=quoted", "''+", "'tis the season", "＝１", "a,b;c\td",
    'say "no"', "two\nlines", "two\r\nlines", "emoji 🦊 and ﷺ", "\u202egnip\u202c", "<b>&amp;</b>", "{{ 7 * 7 }}", "NaN", "null", "007", " ", "é\u0301",
)  # fmt: skip


def hostile_press() -> list[StoredArticle]:
    """An article for each hostile text, which stands wherever text may stand."""
    made = []
    for number, words in enumerate(HOSTILE, 1000):
        one = stored(
            number, title=words, text=words * 3, authors=(words, "Anne Durand"), topics=("data",), story=f"story {words}",
            stances=(("deepseek", None, Stance.CRITICAL), ("deepseek", "data", Stance.UNSURE)),
            published=datetime(2025, 2, 1, 12, number % 60, tzinfo=UTC),
        )  # fmt: skip
        labels = one.labels
        assert labels is not None
        made.append(
            replace(
                one,
                article=replace(one.article, section=words, tags=(words, words[::-1]), text=one.article.text),
                labels=replace(
                    labels,
                    quotes=(Quote(words, words, 0, 1, "according"),),
                    voices=(Voice(words, StanceLabel("deepseek", None, Stance.CRITICAL, -0.7, 0.8), words, 3, 9),),
                    entities=(Entity(words, "person", 2),),
                    notes=("entities by rules",),
                ),
            )
        )
    long = stored(2000, title="long", text="Un texte très long. " * 5000, published=datetime(2025, 2, 2, tzinfo=UTC))
    return [*made, long, stored(2001, title="NUL \0 here", text="NUL \0", topics=("data",))]


def quiet_press() -> list[StoredArticle]:
    """The small press; whoever has a stance is a subject of the article."""
    return [replace(one, labels=replace(one.labels, subjects=("deepseek", "mistral"))) for one in small_press() if one.labels]


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("press")
    (folder / "watch.toml").write_text(WATCH_TEXT, encoding="utf-8")
    archive = Archive.open(folder)
    put_stored(archive, [*quiet_press(), *hostile_press()])
    indexed(archive, folder, load_watch(folder / "watch.toml"))
    archive.close()
    return folder


@pytest.fixture
def export(press: Path, vigie: Vigie) -> Vigie:
    vigie.watch, vigie.data = press / "watch.toml", press
    return vigie


def held(press: Path) -> dict[str, StoredArticle]:
    archive = Archive.open(press)
    with archive.read() as tx:
        found = {one.article.id: one for one in tx.articles.all()}
    archive.close()
    return found


def expected(one: StoredArticle) -> dict[str, Any]:
    """The row of an article, written down apart from the code that makes it."""
    article, labels = one.article, one.labels
    assert labels is not None
    source = WATCH.source(article.source)
    over_all = {label.subject: label.stance.value for label in labels.stances if label.topic is None}
    return {
        "id": article.id, "url": article.url, "canonical_url": article.canonical_url, "title": article.title, "source": article.source,
        "outlet": source.name, "owner": source.owner or source.id, "country": source.country, "language": labels.language,
        "authors": list(article.authors), "published": article.published.instant if article.published else None,
        "published_by": f"{article.published.method}, {article.published.precision}" if article.published else "",
        "first_seen": datetime.fromtimestamp(one.first_seen, UTC), "revision": article.revision, "section": article.section,
        "tags": list(article.tags), "paywalled": article.paywalled,
        "topics": [{"topic": label.topic, "score": label.score, "by": label.by} for label in labels.topics],
        "stances": [
            {
                "subject": label.subject, "topic": label.topic, "stance": label.stance.value, "score": label.score,
                "confidence": label.confidence, "evidence": [sentence.text for sentence in label.evidence], "by": label.by,
                "places": [{"start": sentence.start, "end": sentence.end} for sentence in label.evidence],
            }
            for label in labels.stances
        ],
        "stance_deepseek": over_all.get("deepseek", ""),
        "quotes": [
            {"speaker": quote.speaker, "text": quote.text, "kind": quote.kind, "start": quote.start, "end": quote.end}
            for quote in labels.quotes
        ],
        "voices": [
            {
                "speaker": voice.speaker, "subject": "deepseek", "stance": "critical", "score": -0.7, "confidence": 0.8,
                "quote": voice.speaker, "start": 3, "end": 9,
            }
            for voice in labels.voices
        ],
        "entities": [{"name": entity.name, "kind": entity.kind, "count": entity.count} for entity in labels.entities],
        "story": one.story or "", "reprint_of": one.reprint_of or "", "analyser": labels.analyser, "notes": list(labels.notes), "text": article.text,
    }  # fmt: skip


def read_csv(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as source:
        for row in csv.DictReader(source):
            yield {name: typed(name, cell_text(cell)) for name, cell in row.items()}


def read_jsonl(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_bytes().splitlines():
        row = json.loads(line)
        yield row | {name: instant(row[name]) for name in ("published", "first_seen")}


def read_parquet(file: Path) -> Iterator[dict[str, Any]]:
    yield from parquet.read_table(file).to_pylist()


def typed(name: str, cell: str) -> Any:
    match "text" if name.startswith(STANCE_OF) else COLUMNS[name][0]:
        case "text":
            return cell
        case "integer":
            return int(cell)
        case "boolean":
            return {"True": True, "False": False}[cell]
        case "instant":
            return instant(cell)
        case _:
            return json.loads(cell)


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


READERS = {"csv": read_csv, "jsonl": read_jsonl, "parquet": read_parquet}


@pytest.mark.parametrize("form", READERS)
def test_an_export_read_back_is_what_the_archive_holds(form: str, export: Vigie, press: Path, tmp_path: Path) -> None:
    file = tmp_path / f"all.{form}"
    told = export("export", "--text", "--out", str(file))
    assert told.code == 0, told.err
    rows = list(READERS[form](file))
    articles = held(press)
    assert len(rows) == len(articles) == 90 + len(HOSTILE) + 2
    for row in rows:
        assert row == expected(articles.pop(row["id"]))
    assert articles == {}
    assert sum(len(row["voices"]) for row in rows) == len(HOSTILE)


def test_the_columns_are_those_that_are_described(export: Vigie, press: Path, tmp_path: Path) -> None:
    assert export("export", "--out", str(tmp_path / "all.parquet")).code == 0
    schema = parquet.read_schema(tmp_path / "all.parquet")
    columns = columns_of(load_watch(press / "watch.toml"), text=False)
    assert schema.names == list(columns)
    assert "text" not in columns
    assert {field.name: field.metadata[b"description"].decode() for field in schema} == {
        name: told for name, (_, told) in columns.items()
    }


def test_no_cell_is_a_formula_and_each_gives_its_text_back(export: Vigie, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    assert export("export", "--out", str(file), "--text").code == 0
    with file.open(encoding="utf-8-sig", newline="") as source:
        cells = [cell for row in csv.reader(source) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))] == []
    for text in HOSTILE:
        assert cell_text(str(csv_cell(text))) == text
    assert csv_cell("'tis") == "'tis"


def test_the_newest_come_first_and_the_query_and_days_bound_them(export: Vigie, tmp_path: Path) -> None:
    told = export(
        "export", "topic:data", "--from", "2025-02-01", "--to", "2025-02-01", "--fields", "published,id", "--format", "jsonl"
    )
    assert told.code == 0
    rows = [json.loads(line) for line in told.out.splitlines()]
    hits = export("search", "topic:data published:2025-02-01", "--sort", "date", "--limit", "1000", "--format", "json").json
    assert [row["id"] for row in rows] == [hit["id"] for hit in hits]
    assert all(list(row) == ["published", "id"] for row in rows)
    assert [row["published"] for row in rows] == sorted((row["published"] for row in rows), reverse=True)


def test_standard_output_is_plain_csv(export: Vigie) -> None:
    told = export("export", "source:heise", "--fields", "title,url")
    assert told.code == 0
    assert told.out.splitlines()[0] == "title,url"


def test_what_cannot_be_done_is_said(export: Vigie, tmp_path: Path) -> None:
    assert export("export", "--format", "parquet").code == 2
    unknown = export("export", "--out", str(tmp_path / "a.xlsx"))
    assert (unknown.code, "csv, jsonl, parquet" in unknown.err, (tmp_path / "a.xlsx").exists()) == (2, True, False), unknown.err
    assert export("export", "--out", str(tmp_path / "a.xlsx"), "--format", "csv").code == 0
    assert export("export", "--out", str(tmp_path / "A.JSONL")).code == 0
    assert json.loads((tmp_path / "A.JSONL").read_text(encoding="utf-8").splitlines()[0])
    assert "titel" in (told := export("export", "--fields", "titel")).err
    assert 'did you mean "title"' in told.err
    assert export("export", "subject:deepseek AND source:", "--out", str(tmp_path / "a.csv")).code == 2
    assert export("export", "--out", str(tmp_path / "nowhere" / "a.csv")).code == 1
    assert export("export", "rienrien", "--out", str(tmp_path / "none.csv")).code == 3
    assert len((tmp_path / "none.csv").read_text(encoding="utf-8-sig").splitlines()) == 1
    assert export("export", "--data", str(tmp_path / "empty")).code == 1 or not (tmp_path / "empty").exists()


def test_an_article_that_the_archive_does_not_hold_is_told(export: Vigie, press: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["cp", "-r", str(press), str(other)], check=True)
    for file in other.glob("archive.db*"):
        file.unlink()
    archive = Archive.open(other)
    put_stored(archive, quiet_press()[:5])
    archive.close()
    told = export("export", "--fields", "id", "--data", str(other))
    assert told.code == 4
    assert len(told.out.splitlines()) == 1 + 5
    assert "are not in this archive" in told.err


def test_killed_an_export_leaves_no_file_that_looks_whole(press: Path, vigie: Vigie, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text("what was there before\n", encoding="utf-8")
    vigie.watch, vigie.data = press / "watch.toml", press
    slow = "import time, digest.export as e; rows = e.rows\ndef slowly(*a, **k):\n    for row in rows(*a, **k):\n        time.sleep(0.05)\n        yield row\ne.rows = slowly\nfrom vigie.cli import main; import sys; sys.argv[0] = 'vigie'; main()"
    process = subprocess.Popen([sys.executable, "-c", slow, "export", "--text", "--out", str(file)], env=vigie.environment())
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".all.csv.*.part")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert file.read_text(encoding="utf-8") == "what was there before\n"
    assert vigie("export", "--out", str(file)).code == 0
    assert len(list(read_csv(file))) > 90


def test_from_elasticsearch_the_same_file_comes(export: Vigie, press: Path, tmp_path: Path, elastic_url: str) -> None:
    url = f"{elastic_url}/export"
    assert export("index", "--index", url).code == 0
    for form in ("csv", "jsonl"):
        assert export("export", "--text", "--out", str(tmp_path / f"a.{form}"), "--index", url).code == 0
        assert export("export", "--text", "--out", str(tmp_path / f"b.{form}")).code == 0
        assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / f"b.{form}").read_bytes()
