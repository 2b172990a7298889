"""What the lanes carry out, when, and how often: digests in order, failures with backoff, restarts, downtime, limits."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from scheduler.child import Limits
from scheduler.jobs import LONGEST_WAIT, wait_after
from tests.scheduler.driver import Driver
from vigie.archive import INTERRUPTED, FrontierEntry, Run
from vigie.article import Article, Published, article_id

Drive = Callable[..., Driver]

PARIS = '[[editions]]\nid = "paris"\n'
NEW_YORK = '[[editions]]\nid = "new-york"\ntimezone = "America/New_York"\n'
SUNDAY = "2026-11-01T12:00:00+01:00"
HOUR = timedelta(hours=1)


def run_of(driver: Driver, job: str, period: str) -> Run:
    with driver.archive.read() as tx:
        run = tx.runs.get(job, period)
    assert run is not None
    return run


def test_a_digest_is_made_at_its_hour_and_once(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.pass_time("2026-11-02T06:59:00+01:00", every=6 * HOUR)
    assert driver.taken("digest") == []
    driver.pass_time("2026-11-02T07:00:00+01:00")
    assert [words for _, words in driver.taken("digest")] == [["digest", "--edition", "paris", "--week", "2026-W44", "--deliver"]]
    driver.pass_time("2026-11-03T07:00:00+01:00", every=6 * HOUR)
    assert driver.weeks("paris") == ["2026-W44"]


def test_weeks_that_were_over_before_the_edition_was_known_are_nobodys_business(drive: Drive) -> None:
    driver = drive(watch=PARIS, now="2026-11-02T07:00:01+01:00")
    driver.wake()
    assert driver.weeks("paris") == []


def test_each_edition_has_its_own_hour(drive: Drive) -> None:
    driver = drive(watch=PARIS + NEW_YORK, now=SUNDAY)
    driver.wake()
    driver.pass_time("2026-11-02T07:00:00+01:00", every=6 * HOUR)
    assert (driver.weeks("paris"), driver.weeks("new-york")) == (["2026-W44"], [])
    driver.pass_time("2026-11-02T07:00:00-05:00", every=6 * HOUR)
    assert driver.weeks("new-york") == ["2026-W44"]


def test_missed_weeks_are_made_up_one_by_one_after_the_first_gathering(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.now = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
    driver.start()
    driver.wake("desk")
    assert driver.weeks("paris") == []  # what was published meanwhile is gathered first
    driver.wake("gather")
    begun = driver.wake("desk")
    assert driver.weeks("paris") == ["2026-W44", "2026-W45", "2026-W46", "2026-W47"]
    assert [run.period for run in begun] == driver.weeks("paris")


def test_overdue_digests_do_not_wait_for_ever_for_a_gathering_that_does_not_end(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.now = datetime.fromisoformat("2026-11-10T09:00:00+01:00")
    driver.start()
    driver.wake("desk")
    driver.now += timedelta(hours=2)
    driver.wake("desk")
    assert driver.weeks("paris") == ["2026-W44", "2026-W45"]


def test_a_gathering_that_failed_does_not_hold_up_what_is_overdue(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.outcomes(crawl=1)
    driver.now = datetime.fromisoformat("2026-11-03T09:00:00+01:00")
    driver.start()
    driver.wake("gather", "desk")
    assert driver.weeks("paris") == ["2026-W44"]


def test_waits_double_up_to_six_hours() -> None:
    minutes = [wait_after(attempts) / timedelta(minutes=1) for attempts in range(1, 11)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]
    assert wait_after(10_000) == LONGEST_WAIT


def test_a_failed_week_backs_off_and_says_why(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.outcomes(digest=1)
    driver.pass_time("2026-11-02T07:10:00+01:00", every=timedelta(minutes=1))
    tries = [datetime.fromisoformat(at) for at, _ in driver.taken("digest")]
    assert [(at - tries[0]) / timedelta(minutes=1) for at in tries] == [0, 1, 3, 7]
    run = run_of(driver, "digest:paris", "2026-W44")
    assert (run.state, run.code, run.attempts) == ("failed", 1, 4)
    assert run.detail == "digest ended with code 1\ndigest is out of order"
    driver.outcomes()
    driver.pass_time("2026-11-02T08:00:00+01:00", every=timedelta(minutes=5))
    assert run_of(driver, "digest:paris", "2026-W44").state == "done"


def test_a_week_that_cannot_be_made_holds_back_the_next_until_that_is_due_and_is_then_given_up(drive: Drive) -> None:
    driver = drive(watch=PARIS + NEW_YORK, now=SUNDAY)
    driver.wake()
    driver.outcomes(**{"digest --edition paris --week 2026-W44 --deliver": 1})
    driver.pass_time("2026-11-09T06:00:00+01:00", every=3 * HOUR)
    assert set(driver.weeks("paris")) == {"2026-W44"}
    assert run_of(driver, "digest:paris", "2026-W44").next_try is not None
    assert driver.weeks("new-york") == ["2026-W44"]  # others are not held up
    driver.pass_time("2026-11-09T20:00:00+01:00", every=HOUR)
    assert run_of(driver, "digest:paris", "2026-W44").next_try is None
    assert driver.weeks("paris")[-1] == "2026-W45"
    assert run_of(driver, "digest:paris", "2026-W45").state == "done"


def test_weeks_made_up_after_a_stop_are_tried_at_least_eight_times_before_they_are_given_up(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.outcomes(**{"digest --edition paris --week 2026-W44 --deliver": 1})
    driver.now = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
    driver.start()
    driver.wake()
    driver.pass_time("2026-11-24T15:00:00+01:00", every=timedelta(minutes=10))
    assert driver.weeks("paris") == ["2026-W44"] * 8 + ["2026-W45", "2026-W46", "2026-W47"]


def test_a_digest_that_not_everybody_got_is_tried_again_beside_the_later_ones(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.outcomes(**{"digest --edition paris --week 2026-W44 --deliver": 4})
    driver.note_delivery("digest:paris", "2026-W44", "desk@example.org", "refused")
    driver.pass_time("2026-11-09T07:00:00+01:00", every=HOUR)
    weeks = driver.weeks("paris")
    assert weeks.count("2026-W44") > 8
    assert weeks.count("2026-W45") == 1
    driver.pass_time("2026-11-16T08:00:00+01:00", every=HOUR)
    assert run_of(driver, "digest:paris", "2026-W44").next_try is None
    assert driver.weeks("paris")[-1] == "2026-W46"


def test_a_digest_that_was_rejected_for_good_is_reported_and_not_tried_again(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.outcomes(**{"digest --edition paris --week 2026-W44 --deliver": 4})
    driver.note_delivery("digest:paris", "2026-W44", "gone@example.org", "rejected")
    driver.note_delivery("digest:paris", "2026-W44", "desk@example.org", "sent")
    driver.pass_time("2026-11-09T07:00:00+01:00", every=HOUR)
    assert driver.weeks("paris") == ["2026-W44", "2026-W45"]
    run = run_of(driver, "digest:paris", "2026-W44")
    assert (run.state, run.code, run.next_try) == ("failed", 4, None)


def test_a_week_without_articles_counts_as_done(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.outcomes(digest=3)
    driver.pass_time("2026-11-02T09:00:00+01:00", every=6 * HOUR)
    assert run_of(driver, "digest:paris", "2026-W44").state == "done"


def test_gathering_begins_with_a_crawl_and_goes_on_when_something_is_due(drive: Drive) -> None:
    driver = drive(watch="", now=SUNDAY)
    driver.wake("gather")
    assert [len(driver.taken(step)) for step in ("crawl", "read", "index")] == [1, 0, 0]  # nothing to read or index
    driver.now += timedelta(minutes=1)
    assert driver.wake("gather") == []
    feed = FrontierEntry("https://silex.example/feed", "silex", "feed")
    with driver.archive.begin() as tx:
        tx.frontier.plan_listings([feed], at=(driver.now + timedelta(minutes=5)).timestamp())
    assert driver.wake("gather") == []
    driver.now += timedelta(minutes=5)
    assert len(driver.wake("gather")) == 1
    assert len(driver.taken("crawl")) == 2


def test_what_is_unread_or_unindexed_is_caught_up_with_though_nothing_is_to_be_fetched(drive: Drive) -> None:
    driver = drive(watch="", now=SUNDAY)
    driver.wake("gather")
    url = "https://silex.example/a"
    published = Published(driver.now, 60, "minute", "json-ld")
    with driver.archive.begin() as tx:
        tx.articles.store(Article(article_id(url), url, url, "silex", "T", "Text.", published=published), page_id=None, at=1.0)
    driver.now += timedelta(minutes=1)
    driver.wake("gather")
    assert [len(driver.taken(step)) for step in ("crawl", "read", "index")] == [1, 1, 0]
    with driver.archive.begin() as tx:
        tx.changes.append([article_id(url)])
        tx.connection.execute(text("DELETE FROM to_read"))
    driver.now += timedelta(minutes=1)
    driver.wake("gather")
    assert [len(driver.taken(step)) for step in ("crawl", "read", "index")] == [1, 1, 1]


def test_a_crawl_that_is_partly_done_is_followed_by_the_rest_and_one_that_fails_is_not(drive: Drive) -> None:
    driver = drive(watch="", now=SUNDAY)
    with driver.archive.begin() as tx:
        tx.changes.append(["a"])
    driver.outcomes(crawl=4)
    (run,) = driver.wake("gather")
    assert len(driver.taken("index")) == 1
    assert run_of(driver, "gather", run.period).state == "done"
    driver.now += timedelta(minutes=1)
    driver.start()
    driver.outcomes(crawl=1)
    (run,) = driver.wake("gather")
    assert len(driver.taken("index")) == 1
    assert run_of(driver, "gather", run.period).state == "failed"
    driver.pass_time(driver.now + timedelta(minutes=4), every=timedelta(minutes=1))
    assert run_of(driver, "gather", run.period).attempts == 3  # the same run, after one and two minutes


def test_alerts_follow_each_gathering_and_their_failures_do_not_hold_it_up(drive: Drive) -> None:
    driver = drive(watch='[[searches]]\nid = "s"\nquery = "deepseek"\n', now=SUNDAY)
    driver.wake("desk")
    assert driver.taken("alerts") == []
    driver.outcomes(alerts=4)
    driver.wake("gather", "desk")
    assert [words for _, words in driver.taken("alerts")] == [["alerts", "--send", "--format", "jsonl"]]
    driver.now += timedelta(seconds=30)
    driver.start()
    driver.wake("gather", "desk")
    assert len(driver.taken("crawl")) == 2
    driver.outcomes()
    driver.pass_time(driver.now + timedelta(minutes=3), every=timedelta(minutes=1))
    with driver.archive.read() as tx:
        assert [run.state for run in tx.runs.of("alerts")] == ["done", "done"]


def test_upkeep_runs_once_a_day_and_missed_days_are_not_made_up(drive: Drive) -> None:
    driver = drive(watch="", now=SUNDAY)
    driver.wake()
    driver.pass_time("2026-11-03T12:00:00+01:00", every=HOUR)
    assert len(driver.taken("upkeep")) == 2
    driver.now = datetime.fromisoformat("2026-11-20T12:00:00+01:00")
    driver.start()
    driver.wake()
    with driver.archive.read() as tx:
        assert [run.period for run in tx.runs.of("upkeep")] == ["2026-11-02", "2026-11-03", "2026-11-20"]


def test_a_step_over_its_time_fails_and_the_ledger_names_the_limit(drive: Drive) -> None:
    driver = drive(watch=PARIS, now="2026-11-02T06:59:00+01:00")
    driver.wake()
    driver.outcomes(digest="hang")
    driver.limits = Limits(seconds=0.5, grace=1)
    driver.pass_time("2026-11-02T07:00:00+01:00")
    run = run_of(driver, "digest:paris", "2026-W44")
    assert run.state == "failed"
    assert "step_minutes" in run.detail


def test_told_to_stop_a_lane_ends_its_step_and_the_next_daemon_takes_it_up_at_once(drive: Drive) -> None:
    driver = drive(watch=PARIS, now="2026-11-02T06:59:00+01:00")
    driver.wake()
    driver.outcomes(digest="hang")
    driver.now += timedelta(minutes=1)
    waking = threading.Thread(target=driver.wake, args=("desk",))
    waking.start()
    while not driver.taken("digest"):
        time.sleep(0.02)
    driver.house.stop.set()
    waking.join(20)
    assert not waking.is_alive()
    run = run_of(driver, "digest:paris", "2026-W44")
    assert (run.state, run.detail, run.is_interrupted) == ("failed", INTERRUPTED, True)
    driver.outcomes()
    driver.start()
    driver.wake()
    assert run_of(driver, "digest:paris", "2026-W44").attempts == 2
    assert driver.weeks("paris") == ["2026-W44", "2026-W44"]


def test_a_run_of_a_daemon_that_died_is_taken_up_by_the_next(drive: Drive) -> None:
    driver = drive(watch=PARIS, now=SUNDAY)
    driver.wake()
    driver.now = datetime.fromisoformat("2026-11-02T07:00:00+01:00")
    with driver.archive.begin() as tx:
        tx.runs.claim("digest:paris", "2026-W44", due=driver.now.timestamp(), worker="daemon-1", at=driver.now.timestamp())
    driver.start()
    driver.wake()
    assert driver.weeks("paris") == ["2026-W44"]
    assert run_of(driver, "digest:paris", "2026-W44").attempts == 2
    assert driver.events("run taken up again")


def test_while_the_archive_cannot_be_reached_nothing_is_lost(drive: Drive) -> None:
    driver = drive(watch=PARIS, now="2026-11-02T06:59:00+01:00")
    driver.wake()
    archive = driver.settings.data / "archive.db"
    driver.now += timedelta(minutes=1)
    hidden = {path: path.read_bytes() for path in archive.parent.glob("archive.db*")}
    for path in hidden:
        path.unlink()
    archive.write_text("not a database, and long enough to be looked at as one")
    assert driver.wake("desk") == []
    assert "not an archive" in driver.house.archive_error
    archive.unlink()
    for path, content in hidden.items():
        path.write_bytes(content)
    driver.now += timedelta(minutes=1)
    driver.wake("desk")
    assert driver.house.archive_error == ""
    assert driver.weeks("paris") == ["2026-W44"]


@pytest.mark.parametrize("daemons", [3])
def test_daemons_on_several_machines_share_one_ledger(drive: Drive, postgres_url: str, daemons: int) -> None:
    drivers = [drive(watch=PARIS, now=SUNDAY, archive_url=postgres_url) for _ in range(daemons)]
    for number, driver in enumerate(drivers):
        driver.house.worker = f"daemon-{number}"
        driver.wake("desk")
    drivers[0].now = datetime.fromisoformat("2026-11-02T07:00:00+01:00")
    threads = [threading.Thread(target=driver.wake, args=("desk",)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drivers[0].weeks("paris") == ["2026-W44"]
