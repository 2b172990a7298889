"""A lane carries out what its jobs have to do, one run after another. It is woken; whether there is work, the ledger says."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import DatabaseError
from structlog.typing import FilteringBoundLogger

from scheduler.child import Child, Ended, Limits
from scheduler.jobs import Job, LaneName, Step
from scheduler.metrics import Metrics
from scheduler.overview import overview
from scheduler.steps import command_of
from vigie import clock
from vigie.archive import INTERRUPTED, Archive, Run, Transaction, explain_database_error
from vigie.errors import Exit

# Between tries to write down how a run ended, while the archive cannot be reached.
WRITE_AGAIN_S = 5.0
# Where no source was reached for so long, it is not a matter of single sources.
LATELY = timedelta(hours=1)
# What the lines of a failed step may take in the ledger.
LONGEST_DETAIL = 2000


@dataclass
class House:
    """What the lanes share.

    jobs: those of the watch in use. environment: for the children. command: the program of a step, by its words. stop: set when
    everything is to end.
    """

    archive: Archive
    worker: str
    jobs: Callable[[], Sequence[Job]]
    limits: Callable[[], Limits]
    environment: Callable[[], Mapping[str, str]]
    log: FilteringBoundLogger
    metrics: Metrics = field(default_factory=Metrics)
    command: Callable[..., Sequence[str]] = command_of
    stop: threading.Event = field(default_factory=threading.Event)
    archive_error: str = ""  # why it could not be reached; empty when it answered last

    def leave(self) -> None:
        """Leave, so that another daemon finds what is unfinished."""
        self.archive.write(lambda tx: tx.workers.leave(self.worker))


class Lane:
    """One run after another. heard: when it was last seen alive, by the monotonic clock."""

    def __init__(self, name: LaneName, house: House) -> None:
        self.name: LaneName = name
        self._house = house
        self.heard = time.monotonic()
        self._busy = threading.Lock()

    def wake(self) -> list[Run]:
        """Carry out what is due now; the runs that were begun. Never raises: what goes wrong is logged and seen in readiness."""
        house = self._house
        with self._busy:
            self._tick()
            house.metrics.last_wake.labels(self.name).set(clock.now().timestamp())
            begun = []
            try:
                # All that is due at this instant: what falls due meanwhile, a retry included, is the next wake's.
                now = clock.now()
                house.archive.write(lambda tx: self._look_around(tx, now))
                while not house.stop.is_set() and (claimed := house.archive.write(lambda tx: self._claim(tx, now))):
                    begun.append(claimed[1])
                    self._carry_out(*claimed)
                if self.name == "desk":
                    with house.archive.read() as tx:
                        self._measure(tx)
                self._archive_says("")
            except DatabaseError as error:
                self._archive_says(str(explain_database_error(error, house.archive.place)))
            except Exception as error:
                house.log.exception("lane failed", lane=self.name, error=str(error))
            finally:
                self._tick()
                house.archive.close()  # an open connection keeps its cache
            return begun

    def _tick(self) -> None:
        self.heard = time.monotonic()

    def _archive_says(self, error: str) -> None:
        house = self._house
        house.metrics.archive_reachable.set(0 if error else 1)
        if error and error != house.archive_error:
            house.log.error("archive unreachable", error=error)
        elif house.archive_error and not error:
            house.log.info("archive reachable again")
        house.archive_error = error

    def _look_around(self, tx: Transaction, now: datetime) -> None:
        """Say that this daemon is alive, take back the runs of those that are not, and get to know new jobs."""
        at = now.timestamp()
        tx.workers.beat(self._house.worker, at=at)
        tx.workers.sweep(at=at)
        for _ in range(tx.runs.take_back(at=at)):
            self._house.log.warning("run taken up again", why="its daemon is gone")
        known = tx.runs.known()
        for job in self._house.jobs():
            if job.name not in known:
                tx.runs.know(job.name, at=at)

    def _claim(self, tx: Transaction, now: datetime) -> tuple[Job, Run] | None:
        at = clock.now().timestamp()
        for job in self._house.jobs():
            if job.lane != self.name or (period := job.ready(tx, now)) is None:
                continue
            run = tx.runs.claim(job.name, period.name, due=period.due.timestamp(), worker=self._house.worker, at=at)
            if run:
                return job, run
        return None

    def _carry_out(self, job: Job, run: Run) -> None:
        house = self._house
        log = house.log.bind(job=job.name, period=run.period)
        log.info("run begins", attempt=run.attempts)
        started = time.monotonic()
        with house.metrics.running.labels(job.kind).track_inprogress():
            outcome = self._take_steps(job, run, log)
        seconds = time.monotonic() - started
        house.metrics.run_seconds.labels(job.kind).observe(seconds)
        self._write_down(job, run, outcome, log.bind(seconds=round(seconds, 1)))

    def _take_steps(self, job: Job, run: Run, log: FilteringBoundLogger) -> "Outcome":
        house = self._house
        code = int(Exit.DONE)
        for step in job.steps(run.period, clock.now()):
            if house.stop.is_set():
                return Outcome(None, INTERRUPTED, interrupted=True)
            with house.archive.read() as tx:
                if not step.needed(tx):
                    continue
            ended = self._take(step, log.bind(step=step.name))
            if ended.how == "stopped":
                return Outcome(ended.code, INTERRUPTED, interrupted=True)
            if ended.how != "ended" or ended.code not in step.done:
                return Outcome(ended.code, _why(step, ended), failed=True)
            code = max(code, ended.code if ended.code == Exit.PARTLY_DONE else Exit.DONE)
        return Outcome(code, "")

    def _take(self, step: Step, log: FilteringBoundLogger) -> Ended:
        house = self._house
        command = house.command(*step.words)
        with Child(command, environment=house.environment(), on_line=lambda stream, line: log.info(line, stream=stream)) as child:
            ended = child.wait(house.limits(), stop=house.stop, tick=self._tick)
        house.metrics.steps.labels(step.name, _how(ended)).inc()
        house.metrics.step_memory.labels(step.name).set(ended.memory)
        log.info("step ended", code=ended.code, how=ended.how, seconds=round(ended.seconds, 1), memory_mb=ended.memory >> 20)
        return ended

    def _write_down(self, job: Job, run: Run, outcome: "Outcome", log: FilteringBoundLogger) -> None:
        """Write the outcome into the ledger, however long the archive cannot be reached. A daemon that ends meanwhile leaves the
        run to the next one, which finds it interrupted.
        """
        house = self._house
        while True:
            try:
                next_try = house.archive.write(lambda tx: self._end(tx, job, run, outcome))
                break
            except DatabaseError as error:
                self._archive_says(str(explain_database_error(error, house.archive.place)))
                self._tick()
                if house.stop.wait(WRITE_AGAIN_S):
                    return
        house.metrics.runs.labels(job.kind, outcome.name).inc()
        if outcome.name == "done":
            house.metrics.last_done.labels(job.kind).set(clock.now().timestamp())
            log.info("run done", code=outcome.code)
            if job.kind == "gather":
                self._tell_a_dead_network(run, log)
        elif outcome.name == "interrupted":
            log.warning("run interrupted", next_try="at once")
        else:
            log.error(
                "run failed", why=outcome.detail, code=outcome.code, next_try=next_try.isoformat() if next_try else "given up"
            )

    def _tell_a_dead_network(self, run: Run, log: FilteringBoundLogger) -> None:
        """Warn where a gathering has asked sources, and none was reached by it or lately. (One may well be down by itself.)"""
        lately = (clock.now() - LATELY).timestamp()
        with self._house.archive.read() as tx:
            asked = tx.frontier.listings_asked(since=run.started)
            reached = any(tx.frontier.listings_asked(since=min(lately, run.started)).values())
        if asked and not reached:
            log.warning("no source reached", asked=len(asked), mend="is there a network? vigie sources check")

    def _end(self, tx: Transaction, job: Job, run: Run, outcome: "Outcome") -> datetime | None:
        now = clock.now()
        if outcome.name == "done":
            tx.runs.finish(run, at=now.timestamp(), code=outcome.code or 0)
            return None
        next_try = now if outcome.interrupted else job.next_try(tx, replace(run, code=outcome.code), now)
        tx.runs.fail(
            run, at=now.timestamp(), next_try=next_try.timestamp() if next_try else None, code=outcome.code, detail=outcome.detail
        )
        return next_try

    def _measure(self, tx: Transaction) -> None:
        metrics, now = self._house.metrics, clock.now()
        seen = overview(tx, self._house.jobs(), now)
        for step, count in seen.waiting.items():
            metrics.waiting.labels(step).set(count)
        metrics.reached.set(len(seen.reached))
        metrics.unreached.set(len(seen.unreached))
        metrics.quarantined.set(seen.quarantined)
        metrics.articles.set(seen.articles)
        for kind, count in seen.failed.items():
            metrics.failed.labels(kind).set(count)
        metrics.overdue.set(len(seen.overdue))
        metrics.overdue_seconds.set(max((now - due).total_seconds() for due in seen.overdue) if seen.overdue else 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: its last code, and why where it is not done."""

    code: int | None
    detail: str
    failed: bool = False
    interrupted: bool = False

    @property
    def name(self) -> str:
        """done, failed or interrupted."""
        return "interrupted" if self.interrupted else "failed" if self.failed else "done"


def _how(ended: Ended) -> str:
    if ended.how != "ended":
        return ended.how
    names: dict[int, str] = {Exit.DONE: "done", Exit.NOTHING_FOUND: "nothing_found", Exit.PARTLY_DONE: "partly_done"}
    return "signal" if ended.code < 0 else names.get(ended.code, "error")


def _why(step: Step, ended: Ended) -> str:
    told = {
        "time": f"was ended after {ended.seconds:.0f} s: over its time ([daemon] step_minutes)",
        "memory": f"was ended at {ended.memory >> 20} MB: over its memory ([daemon] step_memory_mb)",
    }.get(ended.how) or (f"was ended by signal {-ended.code}" if ended.code < 0 else f"ended with code {ended.code}")
    return "\n".join([f"{step.name} {told}", *ended.last])[:LONGEST_DETAIL]
