"""vigie digest"""

from datetime import date
from pathlib import Path

import click

from vigie.cli._index import Week, last_whole_week, open_index
from vigie.cli._options import with_settings
from vigie.cli._output import note
from vigie.errors import Exit, VigieError
from vigie.settings import Settings


@click.command(epilog="\b\nExamples:\n  vigie digest --week 2025-W05\n  vigie digest --format html --format md --out weekly/")
@click.option("--week", type=Week(), metavar="WEEK", help="The ISO week; default: the last whole week.")
@click.option(
    "--format",
    "formats",
    type=click.Choice(["html", "md", "json"]),
    multiple=True,
    default=["html"],
    show_default=True,
    help="May be given several times.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="The folder to write to; default: digests in the data folder."
)
@with_settings
def command(settings: Settings, week: date | None, formats: tuple[str, ...], out: Path | None) -> int:
    """Write the digest of a week. The same index gives the same bytes.

    Prints the files written. Ends with 3 when the week has no article on the subject (the digest says so).
    """
    monday = week or last_whole_week(settings)
    engine = open_index(settings)
    archive = settings.open_archive()
    from digest.build import build_digest
    from digest.record import Record
    from digest.render import RENDERERS
    from vigie.routine import Edition

    with archive.read() as tx:
        waiting = tx.changes.unindexed(engine.name)
        digest = build_digest(engine, settings.watch, Edition(id="default"), monday, record=Record(tx, engine.name))
    folder = out or settings.data / "digests"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in dict.fromkeys(formats):
            path = folder / f"{digest.watch}-{digest.week}.{name}"
            path.write_text(RENDERERS[name](digest), encoding="utf-8")
            click.echo(path)
    except OSError as error:
        raise VigieError(f"{error.filename or folder}: {error.strerror}", mend="name another folder with --out DIR") from None
    if waiting:
        note(f"{waiting} changes of the archive are not indexed yet and not in this digest: vigie index")
    return Exit.DONE if digest.articles.value else Exit.NOTHING_FOUND
