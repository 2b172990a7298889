"""The ledger of runs, on both databases: each job once a period, whoever asks; failures wait; what the dead held is taken back."""

import threading
from concurrent.futures import ThreadPoolExecutor

from vigie.archive import INTERRUPTED, Archive, Run

WEEK = 604800.0


def begin(
    archive: Archive, period: str = "2026-W53", *, at: float = 100.0, due: float = 50.0, worker: str = "daemon-1"
) -> Run | None:
    return archive.write(lambda tx: tx.runs.claim("digest:paris", period, due=due, worker=worker, at=at))


def begun(archive: Archive, period: str = "2026-W53", **how: float) -> Run:
    run = begin(archive, period, **how)  # type: ignore[arg-type]
    assert run is not None
    return run


def test_a_job_is_known_since_it_was_seen_first(archive: Archive) -> None:
    with archive.begin() as tx:
        assert tx.runs.know("upkeep", at=10) == 10
        assert tx.runs.know("upkeep", at=20) == 10
        assert tx.runs.known() == {"upkeep": 10}


def test_a_period_is_begun_once(archive: Archive) -> None:
    run = begun(archive)
    assert (run.state, run.attempts, run.started, run.due) == ("running", 1, 100, 50)
    assert begin(archive, worker="daemon-2") is None
    with archive.begin() as tx:
        assert tx.runs.finish(run, at=130, code=0)
    assert begin(archive, at=10_000) is None
    with archive.read() as tx:
        done = tx.runs.get("digest:paris", "2026-W53")
        assert done
        assert (done.state, done.ended, done.code) == ("done", 130, 0)


def test_of_many_that_ask_at_once_one_begins(archive: Archive) -> None:
    barrier = threading.Barrier(8)

    def ask(number: int) -> Run | None:
        barrier.wait()
        return begin(archive, worker=f"daemon-{number}")

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(ask, range(8)))
    assert sum(run is not None for run in told) == 1


def test_a_failed_run_is_begun_anew_when_its_time_has_come(archive: Archive) -> None:
    run = begun(archive)
    with archive.begin() as tx:
        assert tx.runs.fail(run, at=130, next_try=190, code=1, detail="no space left")
    assert begin(archive, at=189) is None
    again = begun(archive, at=190)
    assert (again.attempts, again.state, again.ended, again.next_try, again.code) == (2, "running", None, None, None)
    assert again.detail == "no space left"  # why it failed last is told until it has ended again


def test_a_run_that_was_given_up_is_begun_only_when_somebody_asks(archive: Archive) -> None:
    run = begun(archive)
    with archive.begin() as tx:
        tx.runs.fail(run, at=130, next_try=None, code=1, detail="")
    assert begin(archive, at=1e9) is None
    with archive.begin() as tx:
        assert [one.is_to_be_tried_again for one in tx.runs.failed()] == [False]
        assert tx.runs.retry(at=500, job="upkeep") == 0
        assert tx.runs.retry(at=500) == 1
    assert begun(archive, at=500).attempts == 2


def test_runs_of_a_worker_that_is_gone_are_taken_back_and_its_late_word_does_not_count(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.workers.beat("daemon-1", at=100)
        tx.workers.beat("daemon-2", at=100)
    run = begun(archive)
    other = begun(archive, "2027-W01", due=60)
    with archive.begin() as tx:
        assert tx.runs.take_back(at=110) == 0
        tx.runs.fail(other, at=111, next_try=None, code=1, detail="")
        tx.workers.leave("daemon-1")
        assert tx.runs.take_back(at=120) == 1
        taken = tx.runs.get("digest:paris", "2026-W53")
        assert taken
        assert (taken.state, taken.next_try, taken.detail) == ("failed", 120, INTERRUPTED)
        assert taken.is_interrupted
    again = begun(archive, at=121, worker="daemon-2")  # type: ignore[arg-type]
    with archive.begin() as tx:
        assert not tx.runs.finish(run, at=122, code=0)
        assert tx.runs.finish(again, at=123, code=0)


def test_runs_are_listed_by_when_they_fell_due(archive: Archive) -> None:
    for period, due in (("2027-W01", 3 * WEEK), ("2026-W52", WEEK), ("2026-W53", 2 * WEEK)):
        run = begun(archive, period, due=due)
        with archive.begin() as tx:
            tx.runs.finish(run, at=due, code=0)
    with archive.read() as tx:
        assert [run.period for run in tx.runs.of("digest:paris")] == ["2026-W52", "2026-W53", "2027-W01"]
        newest = tx.runs.newest("digest:paris")
        assert newest
        assert newest.period == "2027-W01"
        assert tx.runs.newest("digest:paris", state="failed") is None
        assert tx.runs.has_ended_since("digest:paris", 100)
        assert not tx.runs.has_ended_since("digest:paris", 101)


def test_what_is_pruned_is_not_done_once_more(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.runs.know("digest:paris", at=1)
        tx.runs.know("gather", at=1)
    for period, due in (("2026-W52", 10.0), ("2026-W53", 20.0)):
        run = begun(archive, period, due=due)
        with archive.begin() as tx:
            tx.runs.finish(run, at=due, code=0)
    with archive.begin() as tx:
        assert tx.runs.prune(before=15, job="gather") == 0
        assert tx.runs.prune(before=15) == 1
        assert [run.period for run in tx.runs.of("digest:paris")] == ["2026-W53"]
        assert tx.runs.known() == {"digest:paris": 15, "gather": 15}


def test_a_running_run_is_not_pruned(archive: Archive) -> None:
    begun(archive)
    with archive.begin() as tx:
        assert tx.runs.prune(before=1e12) == 0
        assert len(tx.runs.running()) == 1
