"""Several machines on one PostgreSQL archive: each URL and each article is taken once, also when processes are killed at random,
and every host is asked by one machine at a time.

A machine is a process with a data folder and a watch file of its own; its contact, which it sends with every request, names it.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from tests.conftest import Vigie
from tests.postgres import PostgresServer, database, own_server
from tests.site import Answer, Site, article, rss
from tests.test_kill import MOMENT, QUICK
from vigie.archive import Archive

MACHINES = 4
DELAY = 0.15  # long enough that four machines are up before the first has fetched everything
IN_FLIGHT = 16  # requests that a machine has under way at most ([crawl] concurrency)


@dataclass(frozen=True)
class Asked:
    """A request as a server saw it."""

    host: str
    path: str
    machine: str
    begun: float
    ended: float


class Press:
    """The newsroom, with a record of who asked what, and when."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._newsroom = Newsroom(port=0, clock=datetime.fromisoformat(MOMENT))
        for server in self._newsroom._servers:
            server.RequestHandlerClass = self._recording(server.RequestHandlerClass, str(server.server_address[0]))

    def _recording(press, handler: Any, host: str) -> Any:  # self is the handler's
        class Recording(handler):  # type: ignore[misc]
            def do_GET(self) -> None:
                begun = time.monotonic()
                try:
                    super().do_GET()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # a killed machine does not wait for the answer
                press.asked.append(Asked(host, self.path, _machine(self.headers), begun, time.monotonic()))

        return Recording

    def __enter__(self) -> "Press":
        self._newsroom.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._newsroom.__exit__()

    def watch(self, machine: str) -> str:
        """The watch on a small part of the newsroom."""
        head, *sources = watch_text(self._newsroom).split("[[sources]]")
        chosen = [source for source in sources if any(f'\nid = "{outlet}"\n' in source for outlet in QUICK)]
        assert len(chosen) == len(QUICK)
        head = head.replace("newsroom@localhost", machine).replace("delay = 0.02", f"delay = {DELAY}")
        return "[[sources]]".join([f"{head}\n[models]\nbatch = 4\n", *chosen])


def _machine(headers: Any) -> str:
    return str(headers.get("User-Agent", "")).partition("(+")[2].rstrip(")")


def machines(folder: Path, url: str, press: Press) -> list[Vigie]:
    made = []
    for number in range(MACHINES):
        vigie = Vigie(folder / f"machine-{number}")
        vigie.folder.mkdir()
        vigie.watch.write_text(press.watch(f"machine-{number}"), encoding="utf-8")
        vigie.archive_url = url
        made.append(vigie)
    return made


def start(vigie: Vigie, *words: str, now: str = MOMENT) -> "subprocess.Popen[str]":
    environment = vigie.environment(**({"VIGIE_NOW": now} if now else {}), OMP_NUM_THREADS="1")
    return subprocess.Popen(
        vigie.command(*words), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(children: Sequence["subprocess.Popen[str]"]) -> list[tuple[int, str]]:
    """How each ended, and what it said."""
    try:
        said = [child.communicate(timeout=240)[1] for child in children]
    finally:
        for child in children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    return [(child.returncode, text) for child, text in zip(children, said, strict=True)]


def kill_at_random(
    crew: Sequence[Vigie], words: Sequence[str], *, seed: int, kills: int, pause: tuple[float, float], now: str = MOMENT
) -> tuple[list[tuple[int, str]], int]:
    """Let the machines work while one after another is killed and started again; how the last ones ended, and how many died."""
    chance = random.Random(seed)
    children = [start(vigie, *words, now=now) for vigie in crew]
    killed = 0
    for _ in range(kills):
        time.sleep(chance.uniform(*pause))
        victim = chance.randrange(len(crew))
        if children[victim].poll() is None:
            killed += 1
            os.killpg(children[victim].pid, signal.SIGKILL)
            children[victim].communicate()
            children[victim] = start(crew[victim], *words, now=now)
    return finish(children), killed


STATE = {
    "frontier": "SELECT url, source, kind, next_try, attempts, outcome, etag, modified, hint, parent, lease FROM frontier",
    "articles": "SELECT id, source, revision, published, record FROM articles",
    "revisions": "SELECT article, revision, record FROM revisions",
    "pages": "SELECT url, digest, status FROM pages",
    "labels": "SELECT article, author, revision, analyser, record FROM labels",
    "stories": "SELECT article, story, reprint_of FROM stories",
    "to_read": "SELECT article, lease FROM to_read",
    "quarantine": "SELECT step, key, reason FROM quarantine",
    "hosts": "SELECT host, lease FROM hosts",
    "workers": "SELECT id FROM workers",
}


def state(archive: Archive) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that an archive holds but instants of writing."""
    with archive.read() as tx:
        found = {
            table: sorted((tuple(row) for row in tx.connection.execute(text(query))), key=repr) for table, query in STATE.items()
        }
    archive.close()
    found["labels"] = [(*row[:-1], _rounded(json.loads(row[-1]))) for row in found["labels"]]
    return found


def _rounded(value: Any) -> Any:
    """Scores without the last digits, in which the sums of different batches differ."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def fetches(archive: Archive) -> tuple[Counter[str], set[str]]:
    """How often each URL was fetched, and by which workers."""
    with archive.read() as tx:
        rows = tx.connection.execute(text("SELECT url, worker FROM fetches")).all()
    archive.close()
    return Counter(row.url for row in rows), {row.worker for row in rows}


def meetings(asked: Sequence[Asked]) -> list[tuple[Asked, Asked]]:
    """Two machines at one host at the same time."""
    return [
        (one, other)
        for one, other in combinations(sorted(asked, key=lambda request: request.begun), 2)
        if one.host == other.host and one.machine != other.machine and other.begun < one.ended
    ]


def hand_overs(asked: Sequence[Asked]) -> list[tuple[Asked, float]]:
    """What a host was asked last before another machine took it over, and the seconds of peace that it had then."""
    found = []
    for host in {request.host for request in asked}:
        at_host = sorted((request for request in asked if request.host == host), key=lambda request: request.begun)
        found += [(sooner, later.begun - sooner.begun) for sooner, later in pairwise(at_host) if later.machine != sooner.machine]
    return found


@dataclass(frozen=True)
class Alone:
    """What a single machine makes of the same press, in an archive of SQLite."""

    state: dict[str, list[tuple[Any, ...]]]
    fetches: Counter[str]
    asked: Counter[tuple[str, str]]


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press() as press:
        yield press


@pytest.fixture(scope="module")
def alone(press: Press, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    vigie = Vigie(tmp_path_factory.mktemp("alone"))
    vigie.watch.write_text(press.watch("alone"), encoding="utf-8")
    press.asked.clear()
    for words in (["crawl", "--once"], ["read"]):
        ((code, said),) = finish([start(vigie, *words)])
        assert code in (0, 4), said
    asked = Counter((request.host, request.path) for request in press.asked)
    return Alone(state(vigie.archive), fetches(vigie.archive)[0], asked)


def same(found: dict[str, list[tuple[Any, ...]]], expected: dict[str, list[tuple[Any, ...]]]) -> None:
    assert {table: len(rows) for table, rows in found.items()} == {table: len(rows) for table, rows in expected.items()}
    for table, rows in expected.items():
        assert found[table] == rows, table


@pytest.mark.slow
def test_four_crawlers_and_four_readers_take_each_url_and_each_article_once(
    press: Press, alone: Alone, postgres_url: str, tmp_path: Path
) -> None:
    crew = machines(tmp_path, postgres_url, press)
    press.asked.clear()
    ended = finish([start(vigie, "crawl", "--once") for vigie in crew])
    assert {code for code, _ in ended} <= {0, 4}, ended
    counts, workers = fetches(crew[0].archive)
    assert counts == alone.fetches
    assert set(counts.values()) == {1}
    assert len(workers) >= 3, "too few machines took part for the test to say anything"
    assert Counter((request.host, request.path) for request in press.asked) == alone.asked
    assert meetings(press.asked) == []

    ended = finish([start(vigie, "read") for vigie in crew])
    assert {code for code, _ in ended} == {0}, ended
    read = [int(said.split(" articles read")[0].split()[-1]) for _, said in ended]
    assert sum(read) == len(alone.state["articles"])
    assert sorted(read)[-2] > 0, "one reader read everything"
    same(state(crew[0].archive), alone.state)
    for vigie in crew:
        assert not vigie.data.exists(), "the archive is elsewhere: nothing is made in the data folder"


@pytest.mark.slow
def test_machines_that_are_killed_at_random_lose_nothing_and_double_nothing(
    press: Press, alone: Alone, postgres_url: str, tmp_path: Path
) -> None:
    crew = machines(tmp_path, postgres_url, press)
    press.asked.clear()
    ended, killed = kill_at_random(crew, ["crawl", "--once"], seed=7, kills=12, pause=(0.3, 1.2))
    assert {code for code, _ in ended} <= {0, 4}, ended
    assert killed >= 4
    assert fetches(crew[0].archive)[0] == alone.fetches
    asked = Counter((request.host, request.path) for request in press.asked if request.path != "/robots.txt")
    again = asked - alone.asked
    assert again.total() <= killed * IN_FLIGHT
    assert meetings(press.asked) == []

    ended, killed = kill_at_random(crew, ["read"], seed=11, kills=2, pause=(6.0, 12.0))
    assert {code for code, _ in ended} == {0}, ended
    same(state(crew[0].archive), alone.state)


def source(id: str, feed: str) -> str:
    return f'[[sources]]\nid = "{id}"\nname = "{id}"\nhome = "{feed}"\nfeeds = ["{feed}"]\nlanguage = "fr"\ncountry = "FR"\n'


@pytest.mark.slow
def test_a_host_is_asked_by_one_process_at_a_time_and_left_its_crawl_delay_between_two(postgres_url: str, tmp_path: Path) -> None:
    """The articles of all sources lie on two hosts, which four machines want at once; whoever asks them is killed, five times.

    The hosts ask for more than the watch does. Who is killed before it has read that leaves them the delay of the watch.
    """
    own, asked_for = 1.0, 2.0
    chance = random.Random(3)
    with Site("127.0.0.2") as one, Site("127.0.0.3") as two, Site("127.0.0.4") as feeds:
        tables = []
        for number in range(6):
            site = (one, two)[number % 2]
            slugs = [f"{number}-{slug}" for slug in "abc"]
            site.pages |= {f"/{slug}": Answer(article(slug), delay=0.2) for slug in slugs}
            site.pages["/robots.txt"] = Answer(f"User-agent: *\nCrawl-delay: {asked_for:g}".encode(), type="text/plain")
            feeds.pages[f"/{number}"] = Answer(rss(site.base, slugs))
            tables.append(source(f"source-{number}", f"{feeds.base}/{number}"))

        def asked(*sites: Site) -> list[Asked]:
            """What was asked for and is there."""
            return [
                Asked(site.base, path, _machine(headers), at, at + page.delay)
                for site in sites
                for at, path, headers in site.seen
                if isinstance(page := site.pages.get(path), Answer)
            ]

        running: dict[str, subprocess.Popen[str]] = {}

        def join() -> None:
            """Start a machine; each has another name, so that the servers can tell them apart."""
            name = f"machine-{len(running)}"
            vigie = Vigie(tmp_path / name)
            vigie.folder.mkdir()
            vigie.write_watch("\n".join(tables), crawl=f'delay = {own:g}\ncontact = "{name}"')
            vigie.archive_url = postgres_url
            running[name] = start(vigie, "crawl", "--once", now="")

        for _ in range(MACHINES):
            join()
        for _ in range(5):
            known, until = len(asked(one, two)), time.monotonic() + 30
            while len(asked(one, two)) == known and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.8))
            last = max(asked(one, two), key=lambda request: request.begun)
            if running[last.machine].poll() is None:
                os.killpg(running[last.machine].pid, signal.SIGKILL)
                running[last.machine].communicate()
                join()
        ended = finish([child for child in running.values() if child.returncode is None])
        assert {code for code, _ in ended} == {0}, ended
        archive = Archive.open(tmp_path, postgres_url)
        counts, _ = fetches(archive)
        assert len(counts) == 6 + 18
        assert set(counts.values()) == {1}
        assert meetings(asked(one, two, feeds)) == []
        assert len(hand_overs(asked(one, two))) >= 3, "hosts hardly changed hands: the test says nothing"
        for last, peace in hand_overs(asked(one, two)):
            assert peace >= (own if last.path == "/robots.txt" else asked_for), last


def test_a_host_whose_robots_txt_a_killed_machine_had_not_read_rests_for_the_delay_of_the_watch(
    postgres_url: str, tmp_path: Path
) -> None:
    delay = 3.0
    with Site("127.0.0.2") as site:
        site.pages["/robots.txt"] = Answer(b"User-agent: *\nAllow: /", type="text/plain", delay=2.0)
        site.pages["/feed"] = Answer(rss(site.base, []))
        running = {}
        for name in ("first", "second"):
            vigie = Vigie(tmp_path / name)
            vigie.folder.mkdir()
            vigie.write_watch(source("silex", f"{site.base}/feed"), crawl=f'delay = {delay:g}\ncontact = "{name}"')
            vigie.archive_url = postgres_url
            running[name] = start(vigie, "crawl", "--once", now="")
        until = time.monotonic() + 60
        while not site.seen and time.monotonic() < until:
            time.sleep(0.01)
        begun, _, headers = site.seen[0]
        killed = running.pop(_machine(headers))
        time.sleep(1.0)  # the other is up and waiting by now
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        ended = finish(list(running.values()))
        assert {code for code, _ in ended} == {0}, ended
        assert [path for _, path, _ in site.seen] == ["/robots.txt", "/robots.txt", "/feed"]
        assert site.seen[1][0] - begun >= delay


def test_a_redirect_waits_for_the_host_that_another_machine_is_asking(postgres_url: str, tmp_path: Path) -> None:
    with Site("127.0.0.2") as near, Site("127.0.0.3") as far:
        near.pages |= {
            "/feed": Answer(rss(near.base, ["hop"])),
            "/hop": Answer(b"", 302, headers={"Location": f"{far.base}/a"}),
        }
        far.pages["/a"] = Answer(article("Titre"))
        vigie = Vigie(tmp_path)
        vigie.write_watch(source("silex", f"{near.base}/feed"))
        vigie.archive_url = postgres_url
        archive = vigie.archive
        with archive.begin() as tx:
            other = tx.workers.enter("crawl", at=time.time())
            assert tx.hosts.take(far.base.removeprefix("http://"), other, at=time.time(), delay=0)
        child = start(vigie, "crawl", "--once", now="")
        until = time.monotonic() + 30
        while not near.requests["/hop"] and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.5)
        assert near.requests["/hop"] == 1
        assert not far.requests
        with archive.begin() as tx:
            tx.workers.leave(other)
        ((code, said),) = finish([child])
        assert code == 0, said
        assert far.requests["/a"] == 1
        assert set(fetches(archive)[0].values()) == {1}


def test_what_a_machine_brings_after_it_was_taken_for_dead_is_dropped(postgres_url: str, tmp_path: Path) -> None:
    """Its heart stood still for longer than the limit (as the others see it), while it waited for a slow page."""
    with Site() as site:
        site.pages |= {"/feed": Answer(rss(site.base, ["slow"])), "/slow": Answer(article("Titre"), delay=3)}
        vigie = Vigie(tmp_path)
        vigie.write_watch(source("silex", f"{site.base}/feed"))
        vigie.archive_url = postgres_url
        archive = vigie.archive
        child = start(vigie, "crawl", "--once")
        until = time.monotonic() + 30
        while not site.requests["/slow"] and time.monotonic() < until:
            time.sleep(0.02)
        later = datetime.fromisoformat(MOMENT).timestamp() + 1000
        with archive.begin() as tx:
            tx.workers.sweep(at=later)
            other = tx.workers.enter("crawl", at=later)
            (entry,) = tx.frontier.claim(other, at=later, limit=9, per_source=9)
            assert entry.url == f"{site.base}/slow"
            tx.frontier.finish(entry, worker=other, outcome="gone", at=later, next_try=None)
        ((code, said),) = finish([child])
        assert code == 0, said
        with archive.read() as tx:
            assert tx.articles.count() == 0
            assert [fetch.outcome for fetch in tx.frontier.fetched_by(other)] == ["gone"]
        assert set(fetches(archive)[0].values()) == {1}


def test_nul_characters_in_pages_and_listings_stop_no_crawl(postgres_url: str, tmp_path: Path) -> None:
    with Site() as site:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Essai\0",
            "items": [
                {"id": "1", "url": f"{site.base}/a", "title": "Un\0 titre", "date_published": "2025-01-20T08:00:00\0+01:00"},
                {"id": "2", "url": f"{site.base}/b\0", "title": "Deux"},
                {"id": "3", "url": f"{site.base}/c", "title": "Trois"},
            ],
        }
        site.pages["/feed"] = Answer(json.dumps(feed).encode(), type="application/feed+json")
        site.pages["/a"] = Answer(article("Titre A").replace(b"Titre", b"Ti\0tre").replace(b"mod", b"m\0od"))
        site.pages["/c"] = Answer(article("Titre C"), headers={"ETag": '"1"'})
        vigie = Vigie(tmp_path)
        vigie.write_watch(source("silex", f"{site.base}/feed"))
        vigie.archive_url = postgres_url
        told = vigie("crawl", "--once", "--format", "json")
        assert told.code == 0, told.err
        assert told.json[0]["article"] >= 2
        assert told.json[0]["broken"] == 0
        archive = vigie.archive
        with archive.read() as tx:
            assert all("\0" not in one.article.title + one.article.text for one in tx.articles.all())
        archive.close()


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that the test may stop."""
    with own_server() as server:
        yield server


def test_a_server_that_goes_down_in_the_middle_of_a_crawl_is_told_and_nothing_is_lost(
    own: PostgresServer, tmp_path: Path
) -> None:
    slugs = [f"a{number}" for number in range(12)]
    with Site() as site, database(own.url) as url:
        site.pages["/feed"] = Answer(rss(site.base, slugs))
        site.pages |= {f"/{slug}": Answer(article(slug), delay=0.1) for slug in slugs}
        vigie = Vigie(tmp_path)
        vigie.write_watch(source("silex", f"{site.base}/feed"), crawl="delay = 0.2\nconcurrency_per_host = 1")
        vigie.archive_url = url
        child = start(vigie, "crawl", "--once", now="")
        until = time.monotonic() + 30
        while site.requests.total() < 6 and time.monotonic() < until:
            time.sleep(0.02)
        own.stop()
        ((code, said),) = finish([child])
        assert code == 1
        assert "postgresql://vigie:***@127.0.0.1" in said
        assert "start the server" in said or "that the server runs" in said
        assert "secret" not in said
        assert "Traceback" not in said

        told = vigie("crawl", "--once")  # it is still down
        assert told.code == 1
        assert "cannot be reached" in told.err
        assert "secret" not in told.err

        own.start()
        before, _ = fetches(vigie.archive)
        assert 0 < len(before) < 13
        told = vigie("crawl", "--once", "--format", "json")
        assert told.code == 0, told.err
        counts, _ = fetches(vigie.archive)
        assert len(counts) == 13
        assert set(counts.values()) == {1}
        assert sum(site.requests[f"/{slug}"] for slug in slugs) <= 12 + 1
