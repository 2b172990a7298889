"""vigie index"""

from pathlib import Path

import click

from vigie.cli._index import open_index
from vigie.cli._options import with_settings
from vigie.cli._output import note, progress_bar
from vigie.errors import Exit, UsageError
from vigie.settings import Settings


@click.command(
    epilog="""\b
Examples:
  vigie index
  vigie index --rebuild    after an update, or when the watch has another time zone
  vigie index --index https://localhost:9200/vigie
  vigie index --index https://localhost:9200/vigie --kibana vigie.ndjson
"""
)
@click.option("--rebuild", is_flag=True, help="Build the index anew beside the old one, which answers until the end.")
@click.option(
    "--kibana",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Only write a dashboard of the watch, for Kibana to import.",
)
@with_settings
def command(settings: Settings, rebuild: bool, kibana: Path | None) -> int:
    """Bring the index up to the archive."""
    if kibana:
        return _write_dashboard(settings, kibana)
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


def _write_dashboard(settings: Settings, file: Path) -> int:
    from index.elastic_client import parse_address
    from index.kibana import saved_objects

    if not settings.index_url:
        raise UsageError(
            "--kibana: Kibana reads an index in Elasticsearch only", mend="name it with --index https://host:9200/prefix"
        )
    file.write_text(saved_objects(settings.watch, parse_address(settings.index_url).read_alias), encoding="utf-8")
    note(f"{file}: import it in Kibana under Stack Management, Saved Objects")
    return Exit.DONE
