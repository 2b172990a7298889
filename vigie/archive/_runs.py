"""The ledger of runs: which job has been done for which period. The scheduler knows nothing but what stands here.

A run is unique per job and period, whoever asks for it and however often. It belongs to the worker that carries it out; when that
worker has left or was found dead (see _workers), its runs are taken back as interrupted and are carried out again.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from vigie.archive._dialect import upsert
from vigie.archive._schema import jobs, runs, workers

RunState = Literal["running", "done", "failed"]
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Run:
    """A job in a period. Instants are seconds since the epoch.

    due: when the period fell due. attempts: how often it was begun. next_try: when a failed run is tried again; None: it is given
    up. code: how its last step ended (negative: by that signal). detail: why it failed, in words.
    """

    job: str
    period: str
    due: float
    state: RunState
    attempts: int
    started: float
    ended: float | None
    next_try: float | None
    worker: str
    code: int | None
    detail: str

    @property
    def is_to_be_tried_again(self) -> bool:
        """Whether it failed and was not given up."""
        return self.state == "failed" and self.next_try is not None

    @property
    def is_interrupted(self) -> bool:
        """Whether its daemon ended in the middle of it: it goes on with the next one."""
        return self.is_to_be_tried_again and self.detail == INTERRUPTED


class Runs:
    """The tables of jobs and their runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def know(self, job: str, *, at: float) -> float:
        """Since when the job is known: from now on where it is new. Periods that fell due before are nobody's business."""
        self._connection.execute(upsert(self._connection, jobs).values(job=job, since=at).on_conflict_do_nothing())
        return float(self._connection.execute(select(jobs.c.since).where(jobs.c.job == job)).scalar_one())

    def known(self) -> dict[str, float]:
        """Every job with the instant since when it is known."""
        return {row.job: row.since for row in self._connection.execute(select(jobs))}

    def claim(self, job: str, period: str, *, due: float, worker: str, at: float) -> Run | None:
        """Begin a run, or begin a failed one anew whose time has come; None where it is running or done, or must wait.

        Of several that ask at once, one is told a Run.
        """
        first = {"job": job, "period": period, "due": due, "state": "running", "attempts": 1, "started": at, "worker": worker}
        again = {
            "state": "running", "attempts": runs.c.attempts + 1, "started": at, "ended": None, "next_try": None, "worker": worker,
            "code": None,
        }  # fmt: skip
        taken = (
            upsert(self._connection, runs)
            .values(**first, detail="")
            .on_conflict_do_update(
                index_elements=["job", "period"], set_=again, where=and_(runs.c.state == "failed", runs.c.next_try <= at)
            )
            .returning(*runs.c)
        )
        row = self._connection.execute(taken).one_or_none()
        return Run(**row._mapping) if row else None

    def finish(self, run: Run, *, at: float, code: int, detail: str = "") -> bool:
        """Note that a run is done. False, and nothing is noted, when it is no longer this worker's."""
        return self._end(run, state="done", ended=at, next_try=None, code=code, detail=detail)

    def fail(self, run: Run, *, at: float, next_try: float | None, code: int | None, detail: str) -> bool:
        """Note that a run failed, and when it is tried again (None: never). False when it is no longer this worker's."""
        return self._end(run, state="failed", ended=at, next_try=next_try, code=code, detail=detail)

    def _end(self, run: Run, **values: object) -> bool:
        its_own = and_(*self._key(run.job, run.period), runs.c.state == "running", runs.c.worker == run.worker)
        return self._connection.execute(update(runs).where(its_own).values(**values)).rowcount > 0

    def take_back(self, *, at: float) -> int:
        """Note as failed, and due again at once, the runs of workers that are gone; how many they were."""
        gone = and_(runs.c.state == "running", runs.c.worker.not_in(select(workers.c.id)))
        values = {"state": "failed", "ended": at, "next_try": at, "detail": INTERRUPTED}
        return self._connection.execute(update(runs).where(gone).values(**values)).rowcount

    def give_up(self, run: Run) -> None:
        """Leave a failed run alone; it stays in the ledger as failed."""
        self._connection.execute(
            update(runs).where(*self._key(run.job, run.period), runs.c.state == "failed").values(next_try=None)
        )

    def retry(self, *, at: float, job: str | None = None) -> int:
        """Make all failed runs due now, those that were given up included; how many they are."""
        failed = [runs.c.state == "failed", *([runs.c.job == job] if job else [])]
        return self._connection.execute(update(runs).where(*failed).values(next_try=at)).rowcount

    def get(self, job: str, period: str) -> Run | None:
        """The run of a job in a period, or None."""
        return self._one(*self._key(job, period))

    def newest(self, job: str, *, state: RunState | None = None) -> Run | None:
        """The run of a job whose period fell due last, of those in a state."""
        return self._one(runs.c.job == job, *([runs.c.state == state] if state else []))

    def has_ended_since(self, job: str, instant: float) -> bool:
        """Whether a run of a job that was begun since an instant has ended, well or not."""
        ended = select(runs.c.job).where(runs.c.job == job, runs.c.started >= instant, runs.c.state != "running").limit(1)
        return self._connection.scalar(ended) is not None

    def failed(self, job: str | None = None) -> list[Run]:
        """The failed runs, of one job or of all, the longest due first."""
        return self._all(runs.c.state == "failed", *([runs.c.job == job] if job else []))

    def running(self) -> list[Run]:
        """The runs that are being carried out."""
        return self._all(runs.c.state == "running")

    def of(self, job: str) -> list[Run]:
        """Every run of a job, the longest due first."""
        return self._all(runs.c.job == job)

    def prune(self, *, before: float, job: str | None = None) -> int:
        """Take out the runs that fell due before an instant; how many they were.

        Their jobs count as known since then, so that what was taken out is not done once more.
        """
        old = [runs.c.due < before, runs.c.state != "running", *([runs.c.job == job] if job else [])]
        taken_out = self._connection.execute(delete(runs).where(*old)).rowcount
        since = [jobs.c.since < before, *([jobs.c.job == job] if job else [])]
        self._connection.execute(update(jobs).where(*since).values(since=before))
        return taken_out

    @staticmethod
    def _key(job: str, period: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return runs.c.job == job, runs.c.period == period

    def _one(self, *conditions: ColumnElement[bool]) -> Run | None:
        query = select(runs).where(*conditions).order_by(runs.c.due.desc(), runs.c.period.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return Run(**row._mapping) if row else None

    def _all(self, *conditions: ColumnElement[bool]) -> list[Run]:
        query = select(runs).where(*conditions).order_by(runs.c.due, runs.c.job, runs.c.period)
        return [Run(**row._mapping) for row in self._connection.execute(query)]
