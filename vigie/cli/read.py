"""vigie read"""

from datetime import date, datetime, time

import click

from vigie import clock
from vigie.cli._index import Day
from vigie.cli._options import with_settings
from vigie.cli._output import note, progress_bar
from vigie.errors import Exit
from vigie.settings import Settings


@click.command(epilog="\b\nExamples:\n  vigie read\n  vigie read --since 2025-01-20    read again what appeared since then")
@click.option("--all", "everything", is_flag=True, help="Read all articles again.")
@click.option("--since", type=Day(), metavar="DATE", help="Read again what was published since that day.")
@click.option("--limit", type=click.IntRange(min=1), help="Read at most so many.")
@with_settings
def command(settings: Settings, everything: bool, since: date | None, limit: int | None) -> int:
    """Label the articles that are unread: language, entities, topics, stances, quotes, stories.

    Several may run at once on one archive: each takes what the others have not. Ends with 4 where an article could not be read;
    it is in quarantine then.
    """
    archive = settings.open_archive()
    if everything or since:
        start = datetime.combine(since, time.min, settings.watch.zone).timestamp() if since else None
        with archive.begin() as tx:
            tx.to_read.add(tx.articles.ids(since=start), at=clock.now().timestamp())
    from nlp.reader import read_archive

    with progress_bar("Reading") as progress:
        report = read_archive(archive, settings.watch, progress=progress, limit=limit)
    said = [f"{report.read} articles read"]
    if report.overtaken:
        said.append(f"{report.overtaken} overtaken by a newer revision")
    if report.broken:
        said.append(f"{report.broken} in quarantine (vigie quarantine --step read)")
    note(", ".join(said))
    return Exit.PARTLY_DONE if report.broken else Exit.DONE
