"""The daemon as a process: signals, the lock, a bad watch, health over HTTP, kill -9 in the middle of a step, and status."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Vigie
from tests.site import Answer, Site, article, rss
from vigie.archive import INTERRUPTED

# Generous, since the machine may be doing other things; what is measured below is measured apart.
PATIENCE_S = 300.0

EVERY_SECOND = '[daemon]\nwake_seconds = 1\nhealth = "127.0.0.1:0"\n'


class Daemon:
    """A daemon that a test has started; log is what it has said."""

    def __init__(self, vigie: Vigie, *options: str) -> None:
        self.vigie = vigie
        self.file = vigie.folder / f"log-{time.monotonic_ns()}"
        with self.file.open("wb") as log:
            self.process = subprocess.Popen(vigie.command("daemon", *options), env=vigie.environment(), stderr=log)

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines() if line.startswith("{")]

    def events(self, event: str) -> list[dict[str, Any]]:
        return [told for told in self.log if told["event"] == event]

    def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        eventually(lambda: len(self.events(event)) >= count, lambda: self.file.read_text())
        return self.events(event)[count - 1]

    def ask(self, path: str) -> tuple[int, str]:
        address = self.wait_for("daemon begins")["health"]
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def eventually(holds: Callable[[], bool], told: Callable[[], str] = lambda: "") -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, told()
        time.sleep(0.05)


def children_of(pid: int) -> set[int]:
    """The processes that descend from one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            parents[int(stat.parent.name)] = int(parent)
    found, wanted = set[int](), {pid}
    while wanted := {child for child, parent in parents.items() if parent in wanted} - found:
        found |= wanted
    return found


@contextmanager
def started(vigie: Vigie, *options: str) -> Iterator[Daemon]:
    daemon = Daemon(vigie, *options)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


@pytest.fixture
def slow(vigie: Vigie) -> Iterator[Site]:
    """A watch on a site whose feed answers after half an hour: whoever crawls it is in the middle of it."""
    with Site() as site:
        site.pages["/feed"] = Answer(rss(site.base, ["un"]), type="application/rss+xml", delay=1800)
        vigie.write_watch(source_of(site), crawl="delay = 0\ntimeout = 600", more=EVERY_SECOND)
        yield site


def source_of(site: Site) -> str:
    return f'[[sources]]\nid = "s"\nname = "S"\nhome = "{site.base}/"\nfeeds = ["{site.base}/feed"]\nlanguage = "fr"\ncountry = "FR"\n'


def test_it_gathers_by_itself_and_ends_cleanly(vigie: Vigie) -> None:
    with Site() as site:
        site.pages["/feed"] = Answer(rss(site.base, ["un"]), type="application/rss+xml")
        site.pages["/un"] = Answer(article("Un titre qui se lit"))
        vigie.write_watch(source_of(site), more=EVERY_SECOND + '[[editions]]\nid = "paris"\n')
        with started(vigie) as daemon:
            done = daemon.wait_for("run done")
            assert done["job"] == "gather"
            assert {told["step"] for told in daemon.events("step ended")} == {"crawl", "read", "index"}
            with vigie.archive.read() as tx:
                assert (tx.articles.count(), tx.to_read.waiting(), tx.changes.unindexed_by_any("embedded:")) == (1, 0, 0)
            told = vigie("status", "--format", "json")
            assert told.code == 0, told.out + told.err
            assert told.json["daemon"]["running"]
            assert told.json["sources"] == {"reached": 1, "unreached": []}
            assert told.json["daemon"]["pid"] == daemon.process.pid
            assert [row["job"] for row in told.json["jobs"]] == ["gather", "digest:paris", "upkeep"]
            assert daemon.end() == 0
            assert daemon.events("daemon ended")
            assert daemon.events("no source reached") == []
        assert not vigie("status", "--format", "json").json["daemon"]["running"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_in_the_middle_of_a_step_it_ends_within_30_seconds_and_leaves_nothing_running(
    vigie: Vigie, slow: Site, number: int
) -> None:
    with started(vigie) as daemon:
        eventually(lambda: slow.requests["/feed"] > 0, lambda: daemon.file.read_text())
        children = children_of(daemon.process.pid)
        assert children
        asked = time.monotonic()
        assert daemon.end(number) == 0
        assert time.monotonic() - asked < 30
        eventually(lambda: not any(Path(f"/proc/{child}/exe").exists() for child in children))
        assert daemon.events("run interrupted")
    with vigie.archive.read() as tx:
        (run,) = tx.runs.of("gather")
        assert (run.state, run.detail) == ("failed", INTERRUPTED)


def test_killed_its_children_die_with_it_and_the_next_takes_the_run_up_again(vigie: Vigie, slow: Site) -> None:
    with started(vigie) as daemon:
        eventually(lambda: slow.requests["/feed"] > 0, lambda: daemon.file.read_text())
        children = children_of(daemon.process.pid)
        daemon.end(signal.SIGKILL)
        eventually(lambda: not any(Path(f"/proc/{child}/exe").exists() for child in children), lambda: str(children))
    slow.pages["/feed"] = Answer(rss(slow.base, []), type="application/rss+xml")
    with started(vigie) as daemon:
        done = daemon.wait_for("run done")
        assert daemon.events("run begins")[0]["attempt"] == 2
        with vigie.archive.read() as tx:
            run = tx.runs.get("gather", done["period"])
            assert run
            assert (run.state, run.attempts) == ("done", 2)
        assert daemon.end() == 0


def test_a_second_daemon_on_the_data_folder_is_refused_and_told_of_the_first(vigie: Vigie) -> None:
    vigie.write_watch("", more=EVERY_SECOND)
    with started(vigie) as daemon:
        daemon.wait_for("daemon begins")
        told = vigie("daemon")
        assert told.code == 1
        assert f"another daemon works on this data folder (process {daemon.process.pid})" in told.err
        assert daemon.end() == 0


def test_a_bad_watch_is_refused_and_the_old_one_stays_in_use(vigie: Vigie) -> None:
    vigie.write_watch("", more=EVERY_SECOND)
    good = vigie.watch.read_text()
    with started(vigie) as daemon:
        daemon.wait_for("run done")
        assert daemon.ask("/readyz")[0] == 200
        vigie.watch.write_text(good.replace("[daemon]", "[deamon]"))
        daemon.process.send_signal(signal.SIGHUP)
        refused = daemon.wait_for("watch refused")
        assert re.search(r'watch.toml:\d+: unknown key "deamon"; did you mean "daemon"\?', refused["error"])
        status, why = daemon.ask("/readyz")
        assert status == 503
        assert 'did you mean \\"daemon\\"?' in why
        assert "vigie_watch_good 0.0" in daemon.ask("/metrics")[1]
        told = vigie("status", "--format", "json")
        assert told.code == 4
        assert 'unknown key "deamon"' in told.json["watch"]["error"]
        vigie.watch.write_text(good + '[[editions]]\nid = "paris"\n')
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.wait_for("watch read again")["jobs"] == ["gather", "digest:paris", "upkeep"]
        # The children get the new watch: what is new in it is gathered at once.
        daemon.wait_for("run done", 2)
        assert 'id = "paris"' in (vigie.data / "daemon" / "watch.toml").read_text()
        assert daemon.ask("/readyz")[0] == 200
        assert daemon.end() == 0


def test_it_does_not_start_on_a_bad_watch(vigie: Vigie) -> None:
    vigie.watch.write_text("nome = 1\n")
    told = vigie("daemon")
    assert told.code == 2
    assert "watch.toml:1: unknown key" in told.err


BAD_SEARCH = '[[searches]]\nid = "bad"\nquery = "topic:dta AND"\n'


def test_a_saved_search_that_cannot_be_read_makes_a_bad_watch(vigie: Vigie) -> None:
    vigie.write_watch("", more=EVERY_SECOND + BAD_SEARCH)
    for words in (["config", "check"], ["daemon"], ["status"]):
        told = vigie(*words)
        assert told.code == 2, words
        assert re.search(r'watch.toml:\d+: "query" in \[\[searches\]\] "bad": query, character 14: ', told.err), told.err
        assert "topic:dta AND\n" in told.err
    vigie.write_watch("", more=EVERY_SECOND)
    with started(vigie) as daemon:
        daemon.wait_for("run done")
        vigie.write_watch("", more=EVERY_SECOND + BAD_SEARCH)
        daemon.process.send_signal(signal.SIGHUP)
        assert '[[searches]] "bad"' in daemon.wait_for("watch refused")["error"]
        assert "[[searches]]" not in (vigie.data / "daemon" / "watch.toml").read_text()
        assert daemon.end() == 0


def test_health_is_told_over_http(vigie: Vigie) -> None:
    vigie.write_watch("", more=EVERY_SECOND)
    with started(vigie) as daemon:
        daemon.wait_for("run done")
        assert daemon.ask("/livez") == (200, "ok\n")
        assert daemon.ask("/readyz") == (200, '{"ready": true, "why": []}\n')
        assert daemon.ask("/elsewhere")[0] == 404
        metrics = daemon.ask("/metrics")[1]
        assert 'vigie_runs_total{job="gather",outcome="done"} 1.0' in metrics
        assert 'vigie_steps_total{how="done",step="crawl"} 1.0' in metrics
        assert "vigie_archive_reachable 1.0" in metrics
        labels = set(re.findall(r'[{,](\w+)="', metrics))
        assert labels <= {"job", "outcome", "step", "how", "lane", "le", "version"}
        daemon.end()


def test_it_is_not_ready_when_the_archive_cannot_be_reached(vigie: Vigie) -> None:
    vigie.write_watch("", more=EVERY_SECOND)
    with started(vigie) as daemon:
        daemon.wait_for("run done")
        for file in vigie.data.glob("archive.db*"):
            file.unlink()
        (vigie.data / "archive.db").write_text("this is not a database at all, and it says so in so many words" * 20)
        daemon.wait_for("archive unreachable")
        status, why = daemon.ask("/readyz")
        assert status == 503
        assert "not an archive of Vigie" in why
        assert daemon.end() == 0


def test_a_port_that_is_taken_is_told(vigie: Vigie) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        vigie.write_watch("", more=f'[daemon]\nhealth = "{address}"\n')
        told = vigie("daemon")
    assert told.code == 1
    assert f"[daemon] health: {address} cannot be listened at: Address already in use" in told.err


def test_an_address_of_health_that_is_none_is_told_with_the_watch(vigie: Vigie) -> None:
    vigie.write_watch("", more='[daemon]\nhealth = "8650"\n')
    told = vigie("config", "check")
    assert told.code == 2
    assert "write 127.0.0.1:8650" in told.err


def test_the_log_is_text_where_that_is_asked_for(vigie: Vigie) -> None:
    vigie.write_watch("", more='[daemon]\nwake_seconds = 1\nhealth = ""\n')
    with started(vigie, "--log-format", "text") as daemon:
        eventually(lambda: "run done" in daemon.file.read_text(), lambda: daemon.file.read_text())
        assert "\x1b" not in daemon.file.read_text()
        assert daemon.end() == 0


@pytest.mark.skipif(not os.path.exists("/proc"), reason="memory is read from /proc")
def test_idle_it_needs_little_memory_and_has_loaded_nothing_heavy(vigie: Vigie) -> None:
    vigie.write_watch("", more=EVERY_SECOND)
    with started(vigie) as daemon:
        daemon.wait_for("run done")
        time.sleep(3)
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        maps = Path(f"/proc/{daemon.process.pid}/maps").read_text()
        daemon.end()
    assert int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) < 150 * 1024
    assert re.findall(r"torch|spacy|tantivy|lxml|pyarrow|numpy", maps) == []


def test_a_dead_network_is_told(vigie: Vigie) -> None:
    with Site() as site:
        pass  # nobody answers there any more
    vigie.write_watch(source_of(site), more=EVERY_SECOND)
    with started(vigie) as daemon:
        assert daemon.wait_for("no source reached")["level"] == "warning"
        assert daemon.events("run done")[0]["job"] == "gather"
        eventually(lambda: "vigie_sources_unreached 1.0" in daemon.ask("/metrics")[1])
        assert "vigie_sources_reached 0.0" in daemon.ask("/metrics")[1]
        told, table = vigie("status", "--format", "json"), vigie("status")
        assert daemon.end() == 0
    assert (told.code, told.json["sources"]) == (4, {"reached": 0, "unreached": ["s"]})
    assert "0 of 1 asked in the last day were reached; not: s" in table.out


def test_status_tells_what_failed_and_has_it_tried_again(vigie: Vigie) -> None:
    vigie.write_watch("", more='[[editions]]\nid = "paris"\n')
    archive = vigie.archive
    with archive.begin() as tx:
        tx.runs.know("digest:paris", at=time.time() - 30)
        run = tx.runs.claim("digest:paris", "2026-W44", due=1.0, worker="daemon-1", at=2.0)
        assert run
        tx.runs.fail(run, at=3.0, next_try=None, code=1, detail="digest ended with code 1\nno space left")
    told = vigie("status")
    assert told.code == 4
    assert "digest:paris 2026-W44 failed 1 times (given up: vigie status --retry)" in told.err
    assert "no space left" in told.err
    rows = vigie("status", "--format", "csv").out.splitlines()
    assert rows[0] == "job,state,period,attempts,ended,next_due,overdue,failed,detail"
    assert len(rows) == 4 + 1  # three jobs; the detail of one has two lines
    assert vigie("status", "--retry").code == 4
    with archive.read() as tx:
        (again,) = tx.runs.failed()
        assert again.next_try is not None


def test_status_shows_no_token_of_a_webhook(vigie: Vigie) -> None:
    vigie.write_watch("")
    url, now = "https://user:word@hooks.example/services/T0KEN?key=T0KEN", time.time()
    with vigie.archive.begin() as tx:
        for recipient in (url, "desk@example.org"):
            assert tx.deliveries.begin("alert:data", "burst/2025-01-28", recipient, message_id="1", at=now)
            tx.deliveries.end("alert:data", "burst/2025-01-28", recipient, "refused", at=now, detail="hooks.example: HTTP 503")
    told, table = vigie("status", "--format", "json"), vigie("status")
    assert {one["recipient"] for one in told.json["unsettled"]} == {"hooks.example", "desk@example.org"}
    assert "alert:data burst/2025-01-28 to hooks.example: refused" in table.err
    assert not re.search("T0KEN|word", told.out + told.err + table.out + table.err)
