"""The command line as its users meet it: what it says of bad input, its exit codes, its formats, how fast it starts."""

import csv
import io
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from newsroom.press import load_press
from tests.conftest import Vigie
from vigie.cli import _COMMANDS

HEAVY = ("torch", "spacy", "transformers", "scrapy", "trafilatura", "altair", "sentence_transformers", "pydantic")


# -- help


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_has_help(vigie: Vigie, command: str) -> None:
    told = vigie(command, "--help")
    assert told.code == 0
    assert told.out.startswith("Usage: vigie ")


def test_an_unknown_command_is_told_with_the_nearest(vigie: Vigie) -> None:
    told = vigie("serach")
    assert told.code == 2
    assert "did you mean 'search'?" in told.err


@pytest.mark.parametrize("words", [["--help"], ["search", "deepseek"], ["trends", "--by", "topic"]])
def test_asking_imports_nothing_heavy(filled: Vigie, words: list[str]) -> None:
    script = f"import sys; sys.argv = ['vigie', *{words!r}]\nfrom vigie.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    script += f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], env=filled.environment(), capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("[]")


@pytest.mark.parametrize(("words", "seconds"), [(["--help"], 0.3), (["search", "deepseek", "--format", "json"], 0.5)])
def test_commands_start_fast(filled: Vigie, words: list[str], seconds: float) -> None:
    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        filled(*words)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, and the best of several: what is measured is the command, not what else the machine does.
    assert min(once() for _ in range(7)) < seconds


# -- answers


def test_search_gives_the_contract(filled: Vigie) -> None:
    told = filled("search", "stance:critical@data", "--format", "json", "--sort", "date")
    assert told.code == 0
    hits = told.json
    assert hits
    assert set(hits[0]) == {"id", "url", "title", "source", "language", "published", "topics", "stances", "story", "notes"}
    published = [hit["published"] for hit in hits]
    assert published == sorted(published, reverse=True)
    for hit in hits:
        assert "data" in hit["topics"]
        assert any(label["topic"] == "data" and label["stance"] == "critical" and label["evidence"] for label in hit["stances"])


def test_formats_agree(filled: Vigie) -> None:
    words = ("search", "deepseek", "--limit", "15")
    from_json = filled(*words, "--format", "json").json
    lines = [json.loads(line) for line in filled(*words, "--format", "jsonl").out.splitlines()]
    rows = list(csv.DictReader(io.StringIO(filled(*words, "--format", "csv").out)))
    assert lines == from_json
    assert [row["id"] for row in rows] == [hit["id"] for hit in from_json]
    table = filled(*words).out
    assert all(hit["title"][:30] in table for hit in from_json)


def test_search_says_how_the_labels_were_made(filled: Vigie) -> None:
    (german,) = filled("search", "language:de", "--limit", "1", "--format", "json").json
    assert "entities by rules" in german["notes"]
    assert "entities by rules" in filled("search", f"id:{german['id']}").out
    assert "entities by rules" in filled("search", f"id:{german['id']}", "--format", "csv").out
    assert "entities by rules" not in filled("search", "language:fr", "--limit", "1").out


def test_words_are_found_in_all_their_forms(filled: Vigie) -> None:
    def ids(query: str) -> set[str]:
        return {hit["id"] for hit in filled("search", query, "--limit", "200", "--format", "json").json}

    assert ids("intelligence") >= ids('"l\'intelligence"')
    assert ids("l'intelligence") == ids("l’intelligence")
    assert ids("performance") & ids("language:fr") == ids("performances") & ids("language:fr")
    assert ids("modele") >= ids("title:modèle")


def test_trends_add_up_and_hold_their_zeros(filled: Vigie) -> None:
    told = filled("trends", "--by", "source", "--interval", "week", "--top", "100", "--format", "json").json
    pieces = list(load_press())
    assert told["totals"]["total"] == len(pieces)
    assert sum(series["total"] for series in told["series"]) == len(pieces)
    assert [bucket["label"] for bucket in told["buckets"]] == [f"2025-W{week:02}" for week in range(2, 10)]
    assert any(0 in series["counts"] for series in told["series"])


def test_attention_is_a_share_of_all_coverage(filled: Vigie) -> None:
    told = filled("trends", "subject:deepseek", "--by", "language", "--share", "--format", "json").json
    everything = filled("trends", "--by", "language", "--format", "json").json
    whole = {series["key"]: series["counts"] for series in everything["series"]}
    for series in told["series"]:
        for count, share, all_of_it in zip(series["counts"], series["shares"], whole[series["key"]], strict=True):
            assert share == (pytest.approx(count / all_of_it) if all_of_it else None)
    assert any(share is not None and 0 < share < 1 for share in told["totals"]["shares"])


def test_stories_are_counted_once(filled: Vigie) -> None:
    articles = filled("trends", "--by", "topic", "--format", "json").json["totals"]["total"]
    stories = filled("trends", "--by", "topic", "--unit", "stories", "--format", "json").json["totals"]["total"]
    reprints = sum(bool(piece.reprint_of) for piece in load_press())
    assert articles - stories >= reprints


def test_nothing_found_is_told_by_the_exit_code(filled: Vigie) -> None:
    told = filled("search", "xyzzyplugh", "--format", "json")
    assert (told.code, told.out.strip()) == (3, "[]")


def test_label_answers_line_by_line(filled: Vigie) -> None:
    lines = [
        {
            "title": "La Cnil s'inquiète",
            "text": "DeepSeek envoie en Chine les données personnelles de ses utilisateurs, sans aucune garantie. La CNIL a relevé trois manquements au RGPD ; l'entreprise n'a pas répondu.",
            "subject": "DeepSeek",
        },
        {
            "title": "Ocelot convainc",
            "text": "Ocelot est un excellent modèle, rapide et précis, salué par tous.",
            "subject": "Ocelot",
            "language": "fr",
        },
        {"title": "Météo", "text": "Il pleuvra demain sur la Bretagne.", "subject": "DeepSeek"},
        {"text": "Il pleuvra demain sur la Bretagne.", "subject": ""},
    ]
    told = filled("label", "--jsonl", "-", stdin="\n".join(map(json.dumps, lines)) + "\nno json\n")
    assert told.code == 4
    first, second, third, fourth, fifth = map(json.loads, told.out.splitlines())
    assert first["language"] == "fr"
    assert first["overall"] == "critical"
    assert {"language", "topics", "stances", "overall", "voices", "notes"} == set(first)
    assert "data" in {topic["topic"] for topic in first["topics"]}
    assert second["overall"] == "supportive"
    assert second["stances"][0]["subject"] == "Ocelot"
    assert third["topics"] == []
    assert fourth["error"] == "line 4: name: must be a text that is not empty (it is '')"
    assert fifth["error"].startswith("line 5, column 1: not JSON")


def test_extract_answers_line_by_line(vigie: Vigie, tmp_path: Path) -> None:
    from tests.site import article

    page = tmp_path / "page.html"
    page.write_bytes(article("Un titre d'essai"))
    lines = [
        {"path": str(page), "url": "https://silex.example/a"},
        {"path": "/none", "url": "https://silex.example/b"},
        {"url": "https://c.example/"},
    ]
    told = vigie("extract", "--jsonl", "-", stdin="\n".join(map(json.dumps, lines)))
    assert told.code == 4
    first, second, third = map(json.loads, told.out.splitlines())
    assert first["title"] == "Un titre d'essai"
    assert first["published"] == "2025-01-20T08:00:00+01:00"
    assert first["language"] == "fr"
    assert "cannot be read" in second["error"]
    assert "line 3" in third["error"]


# -- bad input


def test_a_bad_query_is_shown_with_a_caret(filled: Vigie) -> None:
    told = filled("search", "deepseek AND (gpu OR")
    assert told.code == 2
    lines = told.err.splitlines()
    assert "deepseek AND (gpu OR" in lines[1]
    assert lines[2].strip() == "^"
    assert filled("search", "topic:gpuz").err.count('"gpus"') == 1


def test_a_missing_index_and_a_missing_watch_say_what_to_do(vigie: Vigie) -> None:
    told = vigie("search", "x")
    assert told.code == 2
    assert "no such watch file" in told.err
    vigie.write_watch("")
    told = vigie("search", "x")
    assert told.code == 1
    assert "vigie index" in told.err


@pytest.mark.parametrize(
    "words",
    ["status", "alerts", "digest", "export", "quarantine", "upkeep", "review --list", "explain x", "learn", "topics try x"],
)
def test_a_folder_without_an_archive_is_told_and_stays_as_it_is(vigie: Vigie, words: str) -> None:
    vigie.write_watch("")
    told = vigie(*words.split())
    assert (told.code, f"{vigie.data}: there is no archive" in told.err) == (2, True), told.err
    assert not vigie.data.exists()


def test_a_missing_model_is_one_clear_line(filled: Vigie, tmp_path: Path) -> None:
    other = tmp_path / "watch.toml"
    other.write_text(
        filled.watch.read_text(encoding="utf-8") + '\n[models]\nembedding = "intfloat/no-such-model"\n', encoding="utf-8"
    )
    data = tmp_path / "data"
    shutil.copytree(filled.data, data)
    told = filled("read", "--all", "--watch", str(other), "--data", str(data))
    assert told.code == 1
    assert "Traceback" not in told.err
    assert "intfloat/no-such-model" in told.err
    assert "packaged: e5-small" in told.err


def test_data_of_a_newer_version_is_refused_by_every_step(filled: Vigie, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(filled.data, data)
    connection = sqlite3.connect(data / "archive.db")
    connection.execute("UPDATE about SET value = '999' WHERE key = 'schema'")
    connection.commit()
    connection.close()
    for step in ("crawl", "read", "index", "quarantine"):
        told = filled(step, "--data", str(data))
        assert told.code == 1
        assert "newer Vigie" in told.err


def test_an_index_of_another_time_zone_asks_to_be_rebuilt(filled: Vigie, tmp_path: Path) -> None:
    other = tmp_path / "watch.toml"
    other.write_text(filled.watch.read_text(encoding="utf-8").replace("Europe/Paris", "America/New_York"), encoding="utf-8")
    data = tmp_path / "data"
    shutil.copytree(filled.data, data)
    told = filled("search", "deepseek", "--watch", str(other), "--data", str(data))
    assert told.code == 1
    assert "vigie index --rebuild" in told.err
    assert filled("index", "--rebuild", "--watch", str(other), "--data", str(data)).code == 0
    assert filled("search", "deepseek", "--watch", str(other), "--data", str(data)).code == 0


def test_a_full_disk_is_told_and_what_was_done_is_kept(vigie: Vigie, tmp_path: Path) -> None:
    from tests.site import Answer, Site, article, rss

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here (not root)")
    try:
        with Site() as site:
            slugs = [f"a{n}" for n in range(60)]
            site.pages |= {f"/{slug}": Answer(article(slug, extra=os.urandom(9000).hex())) for slug in slugs}
            site.pages["/feed"] = Answer(rss(site.base, slugs))
            vigie.write_watch(
                f'[[sources]]\nid = "s"\nname = "s"\nhome = "{site.base}/"\nfeeds = ["{site.base}/feed"]\nlanguage = "fr"\ncountry = "FR"\n'
            )
            told = vigie("crawl", "--once", "--data", str(small))
        assert told.code == 1
        assert "Traceback" not in told.err
        assert "no space left" in told.err or "disk I/O error" in told.err
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        assert "archive" in vigie("doctor", "--data", str(small)).out
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_doctor_says_what_is_in_use_and_how_far_each_step_has_come(filled: Vigie) -> None:
    rows = {row["what"]: row for row in filled("doctor", "--format", "json").json}
    assert rows["embedding"]["says"].startswith("e5-small")
    assert "fr_core_news_sm" in rows["entities fr"]["says"]
    assert rows["entities de"]["state"] == "note"
    assert rows["index"]["says"].endswith("0 changes behind")
    assert rows["reading"]["state"] == "good"


def test_csv_cells_are_no_formulas() -> None:
    from vigie.cli._output import csv_cell

    assert csv_cell("=HYPERLINK()") == "'=HYPERLINK()"
    assert csv_cell("DeepSeek") == "DeepSeek"
    assert csv_cell(-3) == -3


def test_a_reader_that_goes_away_is_no_error(filled: Vigie) -> None:
    words = " ".join(filled.command("search", "--limit", "1000", "--format", "json"))
    done = subprocess.run(
        ["bash", "-c", f"{words} | head -1; exit ${{PIPESTATUS[0]}}"],
        env=filled.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
