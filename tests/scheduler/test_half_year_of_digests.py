"""Half a year of real digests: the newsroom's articles, told again and again from October 2026 to March 2027, indexed, made into
digests and mailed by Vigie's own commands, with a killed step, a refusing mail server, restarts and a week of downtime.

Every digest goes to everybody once and in order, and its numbers are those of a recount from the archive's tables by SQL.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard

from benchmarks.quality_labels import article_of
from newsroom.press import load_press
from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from scheduler.child import Limits
from tests.digest.conftest import labels_of
from tests.digest.mailserver import PostOffice, controller
from tests.scheduler.driver import Driver
from vigie.article import Article, Labels, Published, article_id

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]

PARIS = ZoneInfo("Europe/Paris")
BEGIN = "2026-10-18T12:00:00+02:00"
WEEKS = [f"2026-W{week}" for week in range(42, 54)] + [f"2027-W{week:02}" for week in range(1, 13)]
# The newsroom's eight weeks begin on a Monday; they are told three times, from Monday, 12 October 2026 on.
FIRST, SPAN, TIMES = timedelta(weeks=92), timedelta(weeks=8), 3

MORE = """
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "vigie@example.com"
[[searches]]
id = "privacy"
query = "topic:data"
recipients = ["watch@example.org"]
[[editions]]
id = "paris"
language = "fr"
formats = ["json", "md"]
recipients = ["paris@example.org", "desk@example.org"]
[[editions]]
id = "new-york"
timezone = "America/New_York"
hour = 6
minute = 30
formats = ["json", "md"]
recipients = ["new-york@example.org"]
"""


def pieces() -> Iterator[tuple[Article, Labels]]:
    """The articles of half a year with their labels, and some at the very edges of the weeks in which something is odd."""
    example = None
    for number in range(TIMES):
        for piece in load_press():
            base = article_of(piece)
            url = f"{base.url}?again={number}"
            at = piece.published.astimezone(UTC) + FIRST + number * SPAN
            article = replace(
                base, id=article_id(url), url=url, canonical_url=url, published=Published(at, 60, "minute", "json-ld")
            )
            labels = labels_of(article, piece)
            example = example or (piece.reference.overall == "critical" and (article, labels)) or None
            yield article, labels
    assert example
    for monday in (
        date(2026, 10, 19),
        date(2026, 10, 26),
        date(2026, 12, 28),
        date(2027, 1, 4),
        date(2027, 3, 22),
        date(2027, 3, 29),
    ):
        for second in (-1, 0):
            at = datetime.combine(monday, time.min, PARIS).astimezone(UTC) + timedelta(seconds=second)
            url = f"https://silex.example/edge/{monday}/{second}"
            edge = replace(
                example[0], id=article_id(url), url=url, canonical_url=url, published=Published(at, 60, "second", "json-ld")
            )
            yield edge, replace(example[1], article_id=edge.id)


def instant(article: Article) -> datetime:
    assert article.published
    return article.published.instant


def recount(data: Path, week: str) -> dict[str, Any]:
    """What the tables say of a week: articles on the subject, by overall stance, by topic and by source."""
    monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    bounds = [datetime.combine(day, time.min, PARIS).timestamp() for day in (monday, monday + timedelta(days=7))]

    def about(more: str = "") -> str:
        return (
            f"FROM articles a JOIN labels l ON l.article = a.id AND l.author = 'analyser'{more} "
            "WHERE a.published >= ? AND a.published < ? "
            "AND EXISTS (SELECT 1 FROM json_each(l.record, '$.subjects') WHERE value = 'deepseek')"
        )

    of_stances, of_topics = (f", json_each(l.record, '$.{name}') one" for name in ("stances", "topics"))
    stances = (
        f"SELECT json_extract(one.value, '$.stance'), count(*) {about(of_stances)} "
        "AND json_extract(one.value, '$.topic') IS NULL AND json_extract(one.value, '$.subject') = 'deepseek' GROUP BY 1"
    )
    topics = f"SELECT json_extract(one.value, '$.topic'), count(*) {about(of_topics)} GROUP BY 1"
    with closing(sqlite3.connect(data / "archive.db")) as connection:
        return {
            "articles": connection.execute(f"SELECT count(*) {about()}", bounds).fetchone()[0],
            "stances": dict(connection.execute(stances, bounds)),
            "topics": dict(connection.execute(topics, bounds)),
            "sources": dict(connection.execute(f"SELECT a.source, count(*) {about()} GROUP BY 1", bounds)),
        }


def told(digest: dict[str, Any]) -> dict[str, Any]:
    """The same of a digest."""
    return {
        "articles": digest["articles"]["value"],
        "stances": {one["stance"]: one["count"] for one in digest["stances"] if one["count"]},
        "topics": {one["id"]: one["articles"]["value"] for one in digest["topics"] if one["articles"]["value"]},
        "sources": {one["id"]: one["articles"] for one in digest["sources"] if one["articles"]},
    }


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
def port(office: PostOffice) -> Iterator[int]:
    server = controller(office)
    server.start()
    yield server.port
    server.stop()


class World:
    """The press goes on whether the daemon runs or not; what has been published is found when something is gathered."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._coming = sorted(pieces(), key=lambda pair: instant(pair[0]))

    def wake(self, moment: str | datetime) -> None:
        driver = self._driver
        driver.now = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        at = driver.now.timestamp()
        with driver.archive.begin() as tx:
            worker = tx.workers.enter("read", at=at)
            while self._coming and instant(self._coming[0][0]) < driver.now:
                article, labels = self._coming.pop(0)
                tx.articles.store(article, page_id=None, at=at)
                assert tx.to_read.claim(worker, at=at, limit=1) == [article.id]
                assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=at)
            tx.workers.leave(worker)
        driver.wake("gather", "desk")

    def live_through(self, week: str, *, but: Callable[[datetime], bool] = lambda _: False) -> None:
        """The days after a week in which its digests are made: Monday when each edition's hour is past, and later on."""
        monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1) + timedelta(days=7)
        for day, hour in ((0, 13), (3, 12)):
            moment = datetime.combine(monday + timedelta(days=day), time(hour), PARIS)
            if not but(moment):
                self.wake(moment)


def test_every_digest_is_right_and_reaches_everybody_once_and_in_order(
    drive: Callable[..., Driver], office: PostOffice, port: int
) -> None:
    with Newsroom(port=0) as newsroom:
        watch = watch_text(newsroom) + MORE.format(port=port)
    driver = drive(watch=watch, now=BEGIN, real=("index", "digest", "alerts"))
    world = World(driver)
    world.wake(BEGIN)
    for week in WEEKS:
        if week == "2026-W46":  # the step is cut off in its middle, and done again
            driver.limits = Limits(seconds=0.3, grace=0)
            world.wake("2026-11-16T07:00:00+01:00")
            assert office_weeks(office, "paris@example.org") == WEEKS[:4]
            driver.limits = Limits()
        if week == "2026-W49":  # a restart in the night before
            driver.start()
        if week == "2026-W51":  # the mail server puts one off until Thursday
            office.replies["desk@example.org"] = "451 later"
            world.wake("2026-12-21T07:00:00+01:00")
            office.replies.clear()
        if week in ("2027-W01", "2027-W02"):  # down from Sunday evening, 10 January, to Thursday, 21 January
            if week == "2027-W02":
                driver.start()
            down = datetime(2027, 1, 21, tzinfo=PARIS)
            world.live_through(week, but=lambda moment, down=down: moment < down)  # type: ignore[misc]
            continue
        world.live_through(week)

    with driver.archive.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT edition, week, version, record FROM digests ORDER BY at, week").all()
    kept = [(row.edition, row.week, json.loads(zstandard.decompress(row.record))) for row in rows]
    for edition in ("paris", "new-york"):
        # Made once, but where a step was done again: from the same articles it is the same to the letter, and kept once.
        assert list(dict.fromkeys(week for of, week, _ in kept if of == edition)) == WEEKS
        with driver.archive.read() as tx:
            assert [(run.period, run.state) for run in tx.runs.of(f"digest:{edition}")] == [(week, "done") for week in WEEKS]
    for _, week, digest in kept:
        assert told(digest) == recount(driver.settings.data, week), week
    assert sum(recount(driver.settings.data, week)["articles"] for week in WEEKS) > 200
    for address in ("paris@example.org", "new-york@example.org"):
        assert office_weeks(office, address) == WEEKS
    assert sorted(office_weeks(office, "desk@example.org")) == WEEKS
    with driver.archive.read() as tx:
        alerts = [f"{one.kind} {one.key}" for one in tx.alerts.kept(search="privacy")]
    assert len(alerts) == len(set(alerts)) == sum(address == "watch@example.org" for address, _ in office.accepted) > 0
    assert max(Counter((address, message["Message-ID"]) for address, message in office.accepted).values()) == 1


def office_weeks(office: PostOffice, address: str) -> list[str]:
    """The weeks whose digests an address has got, in that order."""
    found = []
    for to, message in office.accepted:
        if to == address:
            week = re.search(r"\d{4}-W\d\d", f"{message['Message-ID']} {message['Subject']}", re.IGNORECASE)
            assert week, message["Message-ID"]
            found.append(week[0].upper())
    return found
