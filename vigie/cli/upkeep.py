"""vigie upkeep"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from vigie import clock
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import print_rows
from vigie.errors import Exit
from vigie.settings import Settings

if TYPE_CHECKING:
    from vigie.archive import Archive, Transaction

_COLUMNS = ("pages", "fetches", "runs", "bytes")
DAY_S = 86400.0
# Gathering begins about once a minute; nobody asks which of those runs went well a month ago.
LONGEST_GATHERING_DAYS = 30


@click.command(
    epilog="\b\nExamples:\n  vigie upkeep --watch watches/deepseek.toml --data ~/deepseek\n  vigie upkeep --format json"
)
@with_settings
@with_format
def command(settings: Settings, output: str) -> int:
    """Let go what [retention] says, and give the space back.

    Pages as fetched, the log of fetches and the ledger of runs, each after its days; articles, labels and corrections stay.
    Prints what was removed. A SQLite archive is then vacuumed when a tenth of it is free; writers wait meanwhile.
    """
    keep = settings.watch.retention
    archive = settings.existing_archive()
    now = clock.now().timestamp()

    def before(days: int) -> float:
        return now - days * DAY_S

    removed = {"pages": 0, "fetches": 0, "runs": 0}
    if keep.pages_days:
        removed["pages"] = _in_batches(archive, lambda tx: tx.upkeep.drop_pages(before=before(keep.pages_days)))
    if keep.fetches_days:
        removed["fetches"] = _in_batches(archive, lambda tx: tx.upkeep.drop_fetches(before=before(keep.fetches_days)))
    if keep.runs_days:
        removed["runs"] = archive.write(lambda tx: tx.runs.prune(before=before(keep.runs_days)))
        often = before(min(keep.runs_days, LONGEST_GATHERING_DAYS))
        for job in ("gather", "alerts"):
            removed["runs"] += archive.write(lambda tx, job=job: tx.runs.prune(before=often, job=job))  # type: ignore[misc]
    freed = max(0, archive.vacuum())
    if output == "table":
        for what, count in removed.items():
            click.echo(f"{count} {what} removed")
        click.echo(f"{freed / 1024**2:.1f} MB given back")
    else:
        print_rows([{**removed, "bytes": freed}], _COLUMNS, output)
    return Exit.DONE


def _in_batches(archive: "Archive", drop: "Callable[[Transaction], int]") -> int:
    """Remove until nothing is left to be removed; how many it was. Others write between the batches."""
    removed = 0
    while count := archive.write(drop):
        removed += count
    return removed
