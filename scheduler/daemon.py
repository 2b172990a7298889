"""The daemon: one process that wakes the lanes, answers for its health, and obeys signals until it is told to end.

It holds no state: what is done stands in the archive's ledger, so that it may be killed and started again at any moment.
APScheduler wakes the lanes; a wake that comes late or not at all loses nothing, since the next one looks at the same ledger.
"""

import os
import signal
import threading
import time
import uuid
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import DatabaseError
from structlog.typing import FilteringBoundLogger

from index.query_parser import fault_of
from scheduler.child import GRACE_S, Limits
from scheduler.health import Health
from scheduler.jobs import LANES, Job, LaneName, jobs_of
from scheduler.lanes import House, Lane
from scheduler.metrics import Metrics
from scheduler.place import Card, Place
from scheduler.steps import environment_of
from vigie import clock
from vigie.errors import VigieError
from vigie.settings import Settings
from vigie.watch import Watch, load_watch

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A lane that has not been heard for so many wakes is not well; one that carries out a run is heard all the time.
SILENT_WAKES = 3
# The end is over within 30 s of the signal, whatever hangs: a step has GRACE_S, the rest is for writing down.
END_LIMIT_S = GRACE_S + 8


class Daemon:
    """The daemon of a data folder. run() returns when it has ended."""

    def __init__(self, settings: Settings, log: FilteringBoundLogger) -> None:
        self._settings = settings
        self._log = log
        self._place = Place(settings.data)
        self._started = self._loaded = clock.now()
        self._watch_error = ""
        self._watch: Watch
        self._jobs: list[Job]
        self._health: Health | None = None
        self._timer: BackgroundScheduler | None = None

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; the exit code. Raises VigieError where it cannot start.

        To be called in the main thread.
        """
        before = self._place.take()
        try:
            self._load()
            return self._work(before)
        finally:
            self._place.leave()

    def _work(self, before: Card | None) -> int:
        archive = self._settings.open_archive()
        worker = f"daemon-{uuid.uuid4().hex[:12]}"
        self._house = House(
            archive=archive, worker=worker, jobs=lambda: self._jobs, limits=self._limits,
            environment=lambda: environment_of(self._settings, watch_file=self._place.watch_file),
            log=self._log, metrics=Metrics(),
        )  # fmt: skip
        self._lanes: dict[LaneName, Lane] = {name: Lane(name, self._house) for name in LANES}
        if before:  # it cannot live any more, or it would hold the place; its machine may have had another name
            archive.write(lambda tx: tx.workers.leave(before.worker))
        # Every thread inherits this: the signals wait for the main thread, where nothing else goes on. Children let them through.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._open_health()
        self._say_who()
        self._tell_watch()
        self._log.info(
            "daemon begins", pid=os.getpid(), watch=str(self._settings.watch_file), archive=archive.place,
            jobs=[job.name for job in self._jobs], health=self._health.address if self._health else "nowhere",
        )  # fmt: skip
        with archive.beating(worker):
            self._timer = self._start_timer()
            while (number := signal.sigwait(SIGNALS)) == signal.SIGHUP:
                self._reload()
            self._end(signal.Signals(number))
        return 0

    def _start_timer(self) -> BackgroundScheduler:
        timer = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(len(LANES))})
        for name, lane in self._lanes.items():
            timer.add_job(
                lane.wake, "interval", seconds=self._watch.daemon.wake_seconds, id=name, next_run_time=datetime.now(UTC),
                coalesce=True, max_instances=1, misfire_grace_time=None,
            )  # fmt: skip
        timer.start()
        return timer

    def _load(self) -> None:
        """Read the watch and put it to use; raises VigieError where it is bad, and nothing has changed then."""
        file = self._settings.watch_file
        watch = load_watch(file, query_fault=fault_of)
        try:
            self._place.keep_watch(file.read_bytes())
        except OSError as error:
            raise VigieError(f"{error.filename}: {error.strerror}", mend="the daemon keeps a copy of the watch there") from None
        self._watch, self._loaded, self._watch_error = watch, clock.now(), ""
        self._jobs = jobs_of(watch, self._settings, started=self._started, loaded=self._loaded)

    def _reload(self) -> None:
        wake, health = self._watch.daemon.wake_seconds, self._watch.daemon.health
        try:
            self._load()
        except VigieError as error:
            self._watch_error = str(error)
            self._log.error("watch refused", error=str(error), in_use="the one before")
        else:
            self._log.info("watch read again", jobs=[job.name for job in self._jobs])
            if self._watch.daemon.health != health:
                self._log.warning("health address changes with the next start", to=self._watch.daemon.health)
            if self._timer and self._watch.daemon.wake_seconds != wake:
                for name in LANES:
                    self._timer.reschedule_job(name, trigger="interval", seconds=self._watch.daemon.wake_seconds)
            self._wake_now()
        self._tell_watch()
        self._say_who()

    def _wake_now(self) -> None:
        if self._timer:
            for name in LANES:
                self._timer.modify_job(name, next_run_time=datetime.now(UTC))

    def _end(self, number: signal.Signals) -> None:
        self._log.info("daemon ends", signal=number.name)
        # A database or disk that hangs does not keep the daemon from ending; what is not written down is found interrupted.
        last_resort = threading.Timer(END_LIMIT_S, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()
        self._house.stop.set()
        if self._timer:
            self._timer.shutdown(wait=True)
        if self._health:
            self._health.stop()
        try:
            self._house.leave()
        except DatabaseError:
            self._log.warning("archive unreachable", what="left without a word; the next daemon finds what is unfinished")
        self._house.archive.close()
        self._log.info("daemon ended")
        last_resort.cancel()

    def _limits(self) -> Limits:
        use = self._watch.daemon
        return Limits(seconds=use.step_minutes * 60, memory=use.step_memory_mb * 1024**2)

    def _open_health(self) -> None:
        if address := self._watch.daemon.health:
            self._health = Health(
                address, alive=self._is_alive, why_not_ready=self._why_not_ready, registry=self._house.metrics.registry
            )
            self._health.start()

    def _is_alive(self) -> bool:
        return self._timer is not None and self._timer.running

    def _why_not_ready(self) -> list[str]:
        why = []
        if self._timer is None or self._house.stop.is_set():
            why.append("the daemon begins or ends")
        if self._house.archive_error:
            why.append(f"the archive cannot be reached: {self._house.archive_error}")
        if self._watch_error:
            why.append(f"the watch file is bad, an older one is in use: {self._watch_error}")
        limit = SILENT_WAKES * self._watch.daemon.wake_seconds
        for name, lane in self._lanes.items():
            if (silent := time.monotonic() - lane.heard) > limit + 1:
                why.append(f"the lane {name} has not been heard for {silent:.0f} s")
        return why

    def _tell_watch(self) -> None:
        self._house.metrics.watch_good.set(0 if self._watch_error else 1)
        self._house.metrics.watch_loaded.set(self._loaded.timestamp())

    def _say_who(self) -> None:
        self._place.say(
            Card(
                pid=os.getpid(),
                worker=self._house.worker,
                started=self._started.timestamp(),
                loaded=self._loaded.timestamp(),
                watch_error=self._watch_error,
                health=self._health.address if self._health else "",
            )
        )
