"""vigie quarantine"""

from datetime import UTC, datetime

import click

from vigie import clock
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, print_rows, print_table
from vigie.errors import Exit
from vigie.settings import Settings

_COLUMNS = ("step", "source", "reason", "times", "last", "key", "detail")


@click.command(epilog="\b\nExamples:\n  vigie quarantine --step crawl\n  vigie quarantine --retry --source silex")
@click.option("--step", type=click.Choice(["crawl", "read", "index"]), help="Only what this step could not use.")
@click.option("--source", metavar="ID", help="Only what comes from this source.")
@click.option("--retry", is_flag=True, help="Have all that is listed tried again by the next run.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many lines in the table.")
@with_settings
@with_format
def command(settings: Settings, step: str | None, source: str | None, retry: bool, limit: int, output: str) -> int:
    """Show what could not be used: broken feeds, pages that are no articles, articles that could not be read."""
    archive = settings.existing_archive()
    now = clock.now().timestamp()
    with archive.begin() if retry else archive.read() as tx:
        entries = tx.quarantine.entries(step=step, source=source)
        if retry:
            for entry in entries:
                if entry.step == "crawl":
                    tx.frontier.retry(entry.key, at=now)
                elif entry.step == "read":
                    tx.to_read.add([entry.key], at=now)
                else:
                    tx.changes.append([entry.key])
                tx.quarantine.release(entry.step, entry.key)
    rows = [
        {
            "step": entry.step, "source": entry.source, "reason": entry.reason, "times": entry.times,
            "last": datetime.fromtimestamp(entry.last, UTC).isoformat(timespec="seconds"),
            "key": entry.key, "detail": entry.detail,
        }
        for entry in entries
    ]  # fmt: skip
    if output != "table":
        print_rows(rows, _COLUMNS, output)
    elif rows:
        print_table([[row[column] for column in _COLUMNS] for row in rows[:limit]], _COLUMNS, numbers=["times"])
        if len(rows) > limit:
            note(f"… and {len(rows) - limit} more (--limit {len(rows)})")
    if not rows:
        note("Nothing is in quarantine.")
        return Exit.NOTHING_FOUND
    if retry:
        note(f"{len(rows)} will be tried again by the next run.")
    return Exit.DONE
