"""How far everything has come, told from the archive: for ``vigie status`` and the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.jobs import Digest, Gather, Job
from vigie.archive import Run, Transaction

# Each source is asked once a day at least; an hour more, since it has to wait for its turn.
REACH = timedelta(hours=25)


@dataclass(frozen=True, slots=True)
class Overview:
    """What waits for each step, what was set aside, what failed (by kind of job), and when the overdue digests fell due.

    reached, unreached: the sources asked in the last day, of which a listing could be read, and none.
    """

    articles: int
    waiting: dict[str, int]
    quarantined: int
    failed: dict[str, int]
    overdue: list[datetime]
    reached: list[str]
    unreached: list[str]


def overview(tx: Transaction, jobs: Sequence[Job], now: datetime) -> Overview:
    """Look at everything."""
    at = now.timestamp()
    asked = tx.frontier.listings_asked(since=(now - REACH).timestamp())
    families = [job.index_family for job in jobs if isinstance(job, Gather)]
    return Overview(
        articles=tx.articles.count(),
        waiting={
            "crawl": tx.frontier.due(at=at),
            "read": tx.to_read.waiting(),
            "index": sum(tx.changes.unindexed_by_any(family) for family in families),
        },
        quarantined=tx.quarantine.count(),
        failed={
            kind: sum(len(standing_failures(tx, job)) for job in jobs if job.kind == kind) for kind in {job.kind for job in jobs}
        },
        overdue=[period.due for job in jobs if isinstance(job, Digest) for period in job.overdue(tx, now)],
        reached=sorted(source for source, was_read in asked.items() if was_read),
        unreached=sorted(source for source, was_read in asked.items() if not was_read),
    )


def standing_failures(tx: Transaction, job: Job) -> list[Run]:
    """The failed runs of a job that nothing has made good: each digest stands for itself; of the others the newest run counts.

    A run that a daemon was ended in the middle of has not failed: it goes on.
    """
    failed = [run for run in tx.runs.failed(job.name) if not run.is_interrupted]
    if isinstance(job, Digest):
        return failed
    newest = tx.runs.newest(job.name)
    return [run for run in failed if run == newest]
