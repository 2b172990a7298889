"""vigie status"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from vigie import clock
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, plain, print_rows, print_table
from vigie.errors import Exit, UsageError
from vigie.settings import Settings

if TYPE_CHECKING:
    from scheduler.jobs import Job
    from vigie.archive import Transaction
    from vigie.watch import Watch

_COLUMNS = ("job", "state", "period", "attempts", "ended", "next_due", "overdue", "failed", "detail")
# A digest that is so late is nobody's to be made: no daemon runs, or it cannot.
LATE = timedelta(hours=1)
# What was sent and never heard of for so long is lost; what failed longer ago is history.
UNKNOWN_AFTER, HISTORY = timedelta(minutes=15), timedelta(days=30)


@click.command(epilog="\b\nExamples:\n  vigie status\n  vigie status --format json\n  vigie status --retry")
@click.option("--retry", is_flag=True, help="Have every failed run tried again at the next wake, those given up included.")
@with_settings
@with_format
def command(settings: Settings, retry: bool, output: str) -> int:
    """Say how the daemon and its jobs stand: what was done last, what is due next, what failed and why, what waits.

    Ends with 4 when something failed: a run, a delivery, the watch file, a digest that is over an hour late, or when no source
    could be reached in the last day.
    """
    told = _told(settings, retry=retry)
    if output == "table":
        _print(told)
    elif output == "json":
        import json

        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print_rows(told["jobs"], _COLUMNS, output)
    return Exit.DONE if told["well"] else Exit.PARTLY_DONE


def _told(settings: Settings, *, retry: bool) -> dict[str, Any]:
    from scheduler.jobs import jobs_of, to_instant
    from scheduler.overview import overview
    from scheduler.place import Place

    place = Place(settings.data)
    card = place.card() if place.is_taken() else None
    watch, error = _watch_in_use(settings, place if card else None)
    error = card.watch_error or error if card else error
    if watch is None:
        raise UsageError(error)
    now = clock.now()
    started, loaded = (to_instant(card.started), to_instant(card.loaded)) if card else (now, now - timedelta(days=3650))
    jobs = jobs_of(watch, settings, started=started, loaded=loaded)
    archive = settings.existing_archive()
    if retry:
        count = archive.write(lambda tx: tx.runs.retry(at=now.timestamp()))
        note(f"{count} failed runs will be tried again at the next wake" if count else "no run has failed")
    with archive.read() as tx:
        seen = overview(tx, jobs, now)
        rows = [_row(tx, job, now, watch) for job in jobs]
        failures = [failure for job in jobs for failure in _failures(tx, job, watch)]
        unsettled = tx.deliveries.unsettled(since=(now - HISTORY).timestamp(), begun_before=(now - UNKNOWN_AFTER).timestamp())
        told: dict[str, Any] = {
            "well": True,
            "daemon": {
                "running": card is not None,
                "since": _shown(started, watch) if card else None,
                "pid": card.pid if card else None,
                "health": card.health if card else None,
            },
            "watch": {"good": not error, "loaded": _shown(loaded, watch) if card else None, "error": error},
            "archive": {
                "place": archive.place, "articles": seen.articles, "waiting": seen.waiting, "quarantined": seen.quarantined,
            },
            "sources": {"reached": len(seen.reached), "unreached": seen.unreached},
            "digests": {edition: {"weeks": count, "newest": week} for edition, (count, week) in tx.census.digests().items()},
            "deliveries": tx.census.deliveries(),
            "unsettled": [
                {
                    "what": one.what, "period": one.period, "recipient": one.shown_recipient, "state": one.state,
                    "at": _shown(to_instant(one.at), watch), "detail": one.detail,
                }
                for one in unsettled
            ],
            "jobs": rows,
            "failures": failures,
        }  # fmt: skip
    late = any(due < now - LATE for due in seen.overdue)
    dead = bool(seen.unreached) and not seen.reached
    told["well"] = not (failures or unsettled or error or late or dead)
    return told


def _watch_in_use(settings: Settings, place: Any) -> "tuple[Watch | None, str]":
    """The watch that the daemon uses, or else the one in the file; and what is wrong with the file."""
    from index.query_parser import fault_of
    from vigie.watch import load_watch

    error = ""
    try:
        watch: Watch | None = load_watch(settings.watch_file, query_fault=fault_of)
    except UsageError as problem:
        watch, error = None, str(problem)
    if place is not None:
        with suppress(UsageError):
            watch = load_watch(place.watch_file)
    return watch, error


def _row(tx: "Transaction", job: "Job", now: datetime, watch: "Watch") -> dict[str, Any]:
    from scheduler.jobs import Digest, to_instant
    from scheduler.overview import standing_failures

    run, due = tx.runs.newest(job.name), job.next_due(tx, now)
    return {
        "job": job.name,
        "state": run.state if run else "never run",
        "period": run.period if run else None,
        "attempts": run.attempts if run else 0,
        "ended": _shown(to_instant(run.ended), watch) if run and run.ended else None,
        "next_due": _shown(due, watch) if due else None,
        "overdue": [period.name for period in job.overdue(tx, now)] if isinstance(job, Digest) else [],
        "failed": len(standing_failures(tx, job)),
        "detail": run.detail if run and run.state == "failed" else "",
    }


def _failures(tx: "Transaction", job: "Job", watch: "Watch") -> list[dict[str, Any]]:
    from scheduler.jobs import to_instant
    from scheduler.overview import standing_failures

    return [
        {
            "job": run.job, "period": run.period, "attempts": run.attempts, "code": run.code,
            "next_try": _shown(to_instant(run.next_try), watch) if run.next_try is not None else None, "detail": run.detail,
        }
        for run in standing_failures(tx, job)
    ]  # fmt: skip


def _shown(instant: datetime, watch: "Watch") -> str:
    return instant.astimezone(watch.zone).isoformat(timespec="seconds")


def _reach(sources: dict[str, Any]) -> str:
    missed = sources["unreached"]
    asked = sources["reached"] + len(missed)
    if not asked:
        return "none asked in the last day"
    return f"{sources['reached']} of {asked} asked in the last day were reached" + (
        f"; not: {', '.join(missed)}" if missed else ""
    )


def _print(told: dict[str, Any]) -> None:
    daemon, watch, archive = told["daemon"], told["watch"], told["archive"]
    running = f"runs since {daemon['since']}, process {daemon['pid']}" if daemon["running"] else "does not run: vigie daemon"
    waiting = ", ".join(f"{count} to {step}" for step, count in archive["waiting"].items())
    made = ", ".join(f"{edition} {told['weeks']} (newest {told['newest']})" for edition, told in told["digests"].items())
    sent = ", ".join(f"{count} {state}" for state, count in told["deliveries"].items())
    lines = {
        "daemon": running,
        "watch": "good"
        if watch["good"]
        else f"bad, {'an older one is in use' if daemon['running'] else 'mend it'}: {watch['error']}",
        "archive": f"{archive['articles']} articles; waiting: {waiting}; {archive['quarantined']} in quarantine",
        "sources": _reach(told["sources"]),
        "digests": made or "none yet",
        "deliveries": sent or "none yet",
    }
    for what, says in lines.items():
        click.echo(f"{what:<11} {plain(says)}")
    columns = ("job", "state", "period", "attempts", "ended", "next_due", "overdue", "failed")
    rows = [[" ".join(cell) if isinstance(cell := row[key], list) else cell for key in columns] for row in told["jobs"]]
    print_table(rows, [column.replace("_", " ") for column in columns], numbers=["attempts", "failed"])
    for failure in told["failures"]:
        again = f"next try {failure['next_try']}" if failure["next_try"] else "given up: vigie status --retry"
        note(plain(f"{failure['job']} {failure['period']} failed {failure['attempts']} times ({again})"))
        for line in failure["detail"].splitlines():
            note(f"    {plain(line)}")
    for one in told["unsettled"]:
        note(plain(f"{one['what']} {one['period']} to {one['recipient']}: {one['state']} {one['detail']}"))
