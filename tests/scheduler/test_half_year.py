"""Half a year of a daemon's life, from autumn 2026 to spring 2027: both changes of the clocks, week 53, outages, restarts, a week
of downtime. Every digest of every edition is made once, and in order.

The clock is the test's; the ledger, the lanes and the child processes are real.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from scheduler.jobs import Digest
from scheduler.periods import digest_of, monday_of
from tests.scheduler.driver import Driver
from vigie.archive import Archive

pytestmark = pytest.mark.slow

BEGIN, END = "2026-10-11T12:00:00+02:00", "2027-04-06T12:00:00+02:00"
WEEKS = [f"2026-W{week}" for week in range(41, 54)] + [f"2027-W{week:02}" for week in range(1, 14)]

EDITIONS = """
[[editions]]
id = "paris"
language = "fr"
[[editions]]
id = "new-york"
timezone = "America/New_York"
hour = 6
minute = 30
[[editions]]
id = "tokyo"
timezone = "Asia/Tokyo"
day = "tue"
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def recount(archive: Archive) -> dict[str, list[tuple[str, str, int]]]:
    """Period, state and attempts of each edition's runs, straight from the table, in the order in which they ended."""
    with archive.read() as tx:
        rows = tx.connection.exec_driver_sql(
            "SELECT job, period, state, attempts FROM runs WHERE job LIKE 'digest:%' ORDER BY ended, due"
        ).all()
    found: dict[str, list[tuple[str, str, int]]] = {}
    for job, period, state, attempts in rows:
        found.setdefault(job.partition(":")[2], []).append((period, state, attempts))
    return found


def test_every_digest_of_every_edition_is_made_once_and_in_order(drive: Callable[..., Driver]) -> None:
    driver = drive(watch=EDITIONS, now=BEGIN)
    driver.wake()
    steps = timedelta(hours=6)

    # Autumn: the clocks go back on 25 October here, on 1 November in New York; a restart every few days, one in the hour itself.
    driver.pass_time("2026-10-26T06:59:00+01:00", every=steps)
    driver.start()
    driver.pass_time("2026-10-26T07:00:00+01:00", every=steps)
    assert driver.weeks("paris")[-1] == "2026-W43"
    for day in (28, 30):
        driver.pass_time(f"2026-10-{day}T03:00:00+01:00", every=steps)
        driver.start()
    driver.pass_time("2026-11-15T20:00:00+01:00", every=steps)

    # An outage: the digests fail from Sunday evening to Thursday, in every edition.
    driver.outcomes(digest=1)
    driver.pass_time("2026-11-19T10:00:00+01:00", every=steps)
    assert {driver.weeks(edition)[-1] for edition in ("paris", "new-york", "tokyo")} == {"2026-W46"}
    driver.outcomes()
    driver.pass_time("2026-12-05T12:00:00+01:00", every=steps)

    # The daemon is killed in the middle of a run, twice: the run stands as running, and its worker is gone.
    for monday in ("2026-12-07", "2026-12-14"):
        driver.pass_time(f"{monday}T06:59:00+01:00", every=steps)
        driver.now = at(f"{monday}T07:00:00+01:00")
        with driver.archive.begin() as tx:
            week = driver.jobs()[1].ready(tx, driver.now)
            assert week
            assert tx.runs.claim(
                "digest:paris", week.name, due=week.due.timestamp(), worker=driver.house.worker, at=driver.now.timestamp()
            )
        driver.start()
        driver.pass_time(driver.now + timedelta(days=3), every=steps)

    # New Year: week 53. Then nine days without power, over two Mondays.
    driver.pass_time("2027-01-08T12:00:00+01:00", every=steps)
    assert driver.weeks("paris")[-1] == "2026-W53"
    driver.pass_time("2027-01-17T12:00:00+01:00", every=steps)
    driver.now = at("2027-01-26T12:00:00+01:00")
    driver.start()
    driver.wake()
    assert driver.weeks("paris")[-2:] == ["2027-W02", "2027-W03"]

    # The mail server refuses somebody for two days; then gathering fails for a week, which holds up nothing.
    driver.pass_time("2027-02-01T06:00:00+01:00", every=steps)
    driver.outcomes(**{"digest --edition new-york --week 2027-W04 --deliver": 4})
    driver.note_delivery("digest:new-york", "2027-W04", "desk@example.org", "refused")
    driver.pass_time("2027-02-03T06:00:00+01:00", every=steps)
    driver.outcomes(crawl=1)
    driver.pass_time("2027-02-10T06:00:00+01:00", every=steps)
    driver.outcomes()

    # Spring: New York changes on 14 March, Paris on 28 March, Tokyo never.
    driver.pass_time(END, every=steps)

    told = recount(driver.archive)
    for edition in ("paris", "new-york", "tokyo"):
        assert [period for period, _, _ in told[edition] if (edition, period) != ("new-york", "2027-W04")] == [
            week for week in WEEKS if (edition, week) != ("new-york", "2027-W04")
        ]
        assert {state for _, state, _ in told[edition]} == {"done"}
        # The steps that were taken are those of the ledger, no more: one for each attempt that was not cut off before it began.
        cut_off = {"2026-W49", "2026-W50"} if edition == "paris" else set()
        assert {week: driver.weeks(edition).count(week) for week in WEEKS} == {
            period: attempts - (period in cut_off) for period, _, attempts in told[edition]
        }
        assert list(dict.fromkeys(driver.weeks(edition))) == WEEKS
    tried_again = {period for runs in told.values() for period, _, attempts in runs if attempts > 1}
    assert tried_again == {"2026-W46", "2026-W49", "2026-W50", "2027-W04"}

    # None came before its time, and each that nothing held up came with the first wake after it.
    zone = ZoneInfo("Europe/Paris")
    for job in driver.jobs():
        if isinstance(job, Digest):
            first = {
                words[4]: datetime.fromisoformat(when)
                for when, words in reversed(driver.taken("digest"))
                if job.edition.id in words
            }
            late = {week: first[week] - digest_of(monday_of(week), job.edition, zone).due for week in WEEKS}
            assert min(late.values()) >= timedelta(0)
            held_up = {"2027-W02", "2027-W03"}
            assert {week for week in WEEKS if late[week] > steps} <= held_up

    # Upkeep once a day, but for the days without power, and never two at once.
    with driver.archive.read() as tx:
        days = [run.period for run in tx.runs.of("upkeep")]
    assert len(days) == len(set(days))
    gaps = [(one, two) for one, two in pairwise(map(datetime.fromisoformat, days)) if two - one != timedelta(days=1)]
    assert [(one.date().isoformat(), two.date().isoformat()) for one, two in gaps] == [("2027-01-17", "2027-01-26")]
