"""vigie index"""

import click

from vigie.cli._index import open_index
from vigie.cli._options import with_settings
from vigie.cli._output import note, progress_bar
from vigie.errors import Exit
from vigie.settings import Settings


@click.command(
    epilog="\b\nExamples:\n  vigie index\n  vigie index --rebuild    after an update, or when the watch has another time zone"
)
@click.option("--rebuild", is_flag=True, help="Build the index anew beside the old one, which answers until the end.")
@with_settings
def command(settings: Settings, rebuild: bool) -> int:
    """Bring the index up to the archive."""
    from index.follow import bring_up_to_date
    from index.follow import rebuild as build_anew

    archive = settings.open_archive()
    engine = open_index(settings)
    done_before = 0
    with progress_bar("Indexing") as bar:

        def progress(done: int, total: int) -> None:
            nonlocal done_before
            bar(done - done_before, total=total)
            done_before = done

        counts = (build_anew if rebuild else bring_up_to_date)(archive, settings.watch, engine, progress=progress)
    said = f"{counts.indexed} articles indexed"
    if counts.quarantined:
        said += f", {counts.quarantined} in quarantine (vigie quarantine --step index)"
    note(said)
    return Exit.PARTLY_DONE if counts.quarantined else Exit.DONE
