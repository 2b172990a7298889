"""kill -9 at any moment of crawl, read or index, then the same step again: the archive and the index end as without the kill.

The kill points are counted in work done (the k-th fetch, label or change that is committed), and in time inside the start of each
step, so that they fall before, between and inside transactions.
"""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from newsroom.press import OUTLETS
from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from tests.conftest import Vigie

pytestmark = pytest.mark.slow

# Two weeks of the newsroom are enough work to be killed in, and little enough to be repeated forty times.
MOMENT = "2025-01-22T12:00:00+01:00"
QUICK = ("fil-numerique", "silex", "agence-meridienne", "circuit-post", "rechenzeit", "diario-del-bit")


@pytest.fixture(scope="module")
def press() -> Iterator[Newsroom]:
    with Newsroom(port=0, clock=datetime.fromisoformat(MOMENT)) as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def stages(press: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Data folders as they stand after each step of an undisturbed run."""
    vigie = Vigie(tmp_path_factory.mktemp("undisturbed"))
    write_watch(vigie, press)
    vigie.data.mkdir()
    folders = {"start": vigie.data}
    for step in ("crawl", "read", "index"):
        told = run(vigie, step)
        assert told.returncode in (0, 4), told.stderr
        folders[step] = vigie.folder / f"after-{step}"
        shutil.copytree(vigie.data, folders[step])
    shutil.rmtree(vigie.data)
    return folders


def write_watch(vigie: Vigie, press: Newsroom) -> None:
    text = watch_text(press)
    for outlet in OUTLETS:
        if outlet.id not in QUICK:
            before, _, after = text.partition(f'[[sources]]\nid = "{outlet.id}"\n')
            text = before + (after[after.index("[[sources]]") :] if "[[sources]]" in after else "")
    vigie.watch.write_text(text, encoding="utf-8")


def run(vigie: Vigie, step: str) -> "subprocess.CompletedProcess[str]":
    words = [step, *(["--once"] if step == "crawl" else [])]
    return subprocess.run(
        vigie.command(*words), env=vigie.environment(VIGIE_NOW=MOMENT), capture_output=True, text=True, timeout=120, check=False
    )


def kill_when(vigie: Vigie, step: str, table: str, count: int) -> bool:
    """Start a step and kill it when count rows more stand in a table; whether it was still running then."""
    words = [step, *(["--once"] if step == "crawl" else [])]
    before = rows(vigie.data, table)
    child = subprocess.Popen(
        vigie.command(*words), env=vigie.environment(VIGIE_NOW=MOMENT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while child.poll() is None and rows(vigie.data, table) < before + count and time.monotonic() < until:
        time.sleep(0.003)
    return kill(child)


def kill_after(vigie: Vigie, step: str, seconds: float) -> bool:
    """Start a step and kill it after some seconds."""
    words = [step, *(["--once"] if step == "crawl" else [])]
    child = subprocess.Popen(
        vigie.command(*words), env=vigie.environment(VIGIE_NOW=MOMENT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    return kill(child)


def kill(child: "subprocess.Popen[bytes]") -> bool:
    running = child.poll() is None
    if running:
        os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return running


def rows(data: Path, table: str) -> int:
    if not (data / "archive.db").exists():
        return 0
    connection = sqlite3.connect(f"file:{data / 'archive.db'}?mode=ro", uri=True, timeout=5)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


STATE = {
    "frontier": "SELECT url, source, kind, next_try, attempts, outcome, etag, modified, hint, parent FROM frontier ORDER BY url",
    "articles": "SELECT id, source, revision, published, record FROM articles ORDER BY id",
    "revisions": "SELECT article, revision, record FROM revisions ORDER BY article, revision",
    "pages": "SELECT url, digest, status FROM pages ORDER BY url, digest",
    "labels": "SELECT article, author, revision, analyser, record, embedding, sketch FROM labels ORDER BY article",
    "stories": "SELECT article, story, reprint_of FROM stories ORDER BY article",
    "to_read": "SELECT article FROM to_read ORDER BY article",
    "quarantine": "SELECT step, key, reason FROM quarantine ORDER BY step, key",
}


def state(data: Path) -> dict[str, Any]:
    """Everything that the archive holds but instants of writing, row counts first so that a difference is readable."""
    connection = sqlite3.connect(data / "archive.db")
    try:
        found = {}
        for table, query in STATE.items():
            content = connection.execute(query).fetchall()
            found[table] = (len(content), hashlib.sha256(repr(content).encode()).hexdigest())
        return found
    finally:
        connection.close()


def resume(vigie: Vigie, stages: dict[str, Path], press: Newsroom, after: str) -> None:
    write_watch(vigie, press)
    if stages[after].exists():
        shutil.copytree(stages[after], vigie.data)
    else:
        vigie.data.mkdir()


@pytest.mark.parametrize("fetches", [1, 2, 4, 7, 11, 16, 22, 29, 37, 46])
def test_a_crawl_that_is_killed_at_a_fetch(vigie: Vigie, stages: dict[str, Path], press: Newsroom, fetches: int) -> None:
    resume(vigie, stages, press, "start")
    kill_when(vigie, "crawl", "fetches", fetches)
    told = run(vigie, "crawl")
    assert told.returncode in (0, 4), told.stderr
    assert state(vigie.data) == state(stages["crawl"])


@pytest.mark.parametrize("seconds", [0.3, 0.6, 0.9, 1.2])
def test_a_crawl_that_is_killed_while_it_starts(vigie: Vigie, stages: dict[str, Path], press: Newsroom, seconds: float) -> None:
    resume(vigie, stages, press, "start")
    kill_after(vigie, "crawl", seconds)
    assert run(vigie, "crawl").returncode in (0, 4)
    assert state(vigie.data) == state(stages["crawl"])


@pytest.mark.parametrize(("table", "count"), [("workers", 1), ("labels", 1), ("labels", 33), ("stories", 1)])
def test_a_reading_that_is_killed(vigie: Vigie, stages: dict[str, Path], press: Newsroom, table: str, count: int) -> None:
    resume(vigie, stages, press, "crawl")
    kill_when(vigie, "read", table, count)
    told = run(vigie, "read")
    assert told.returncode == 0, told.stderr
    assert state(vigie.data) == state(stages["read"])


@pytest.mark.parametrize("seconds", [0.4, 1.5, 4.0, 8.0])
def test_a_reading_that_is_killed_at_some_time(vigie: Vigie, stages: dict[str, Path], press: Newsroom, seconds: float) -> None:
    resume(vigie, stages, press, "crawl")
    kill_after(vigie, "read", seconds)
    assert run(vigie, "read").returncode == 0
    assert state(vigie.data) == state(stages["read"])


@pytest.mark.parametrize("seconds", [0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8])
def test_an_indexing_that_is_killed(vigie: Vigie, stages: dict[str, Path], press: Newsroom, seconds: float) -> None:
    resume(vigie, stages, press, "read")
    kill_after(vigie, "index", seconds)
    told = run(vigie, "index")
    assert told.returncode == 0, told.stderr
    assert found(vigie) == found_in(vigie, stages["index"])


@pytest.mark.parametrize("seconds", [1.5, 12.0, 16.0])
def test_a_whole_run_that_is_killed(vigie: Vigie, stages: dict[str, Path], press: Newsroom, seconds: float) -> None:
    resume(vigie, stages, press, "start")
    child = subprocess.Popen(
        vigie.command("run"),
        env=vigie.environment(VIGIE_NOW=MOMENT),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    told = vigie("run", now=MOMENT)
    assert told.code in (0, 4), told.err
    assert state(vigie.data) == state(stages["index"])
    assert found(vigie) == found_in(vigie, stages["index"])


def found(vigie: Vigie) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = vigie("search", "--limit", "1000", "--format", "json").json
    return hits


def found_in(vigie: Vigie, data: Path) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = vigie("search", "--limit", "1000", "--format", "json", "--data", str(data)).json
    return hits
