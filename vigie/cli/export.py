"""vigie export"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from vigie.cli._index import Day, open_index, parse_query
from vigie.cli._options import check_known, with_settings
from vigie.cli._output import note, progress_bar
from vigie.errors import Exit, UsageError, VigieError
from vigie.settings import Settings

if TYPE_CHECKING:
    from digest.export import ExportFormat

_FORMATS = ("csv", "jsonl", "parquet")


@click.command(
    epilog="""\b
Examples:
  vigie export 'subject:deepseek' --out deepseek.csv
  vigie export 'topic:data' --from 2025-01 --to 2025-03 --out quarter.parquet --text
  vigie export --format jsonl | jq -r .title            everything, to standard output
  vigie export 'stance:critical@data' --fields published,outlet,title,url --out critics.csv
\b
The file is there whole or not at all: it is written under another name until its end.
"""
)
@click.argument("query", default="")
@click.option(
    "--from", "first", type=Day(), metavar="DATE", help="Published on this day or later (2025-01-27, 2025-W05, 2025-01)."
)
@click.option("--to", "last", type=Day(last=True), metavar="DATE", help="Published on this day or earlier.")
@click.option(
    "--format", "output", type=click.Choice(_FORMATS), help="Default: what the ending of the file says; without one, csv."
)
@click.option("--out", default="-", metavar="FILE", help="The file to write; - is standard output (csv and jsonl).  [default: -]")
@click.option("--fields", metavar="A,B,…", help="Only these columns, in this order (docs/commands.md lists them).")
@click.option("--text", is_flag=True, help="With the whole text of the articles.")
@with_settings
def command(
    settings: Settings,
    query: str,
    first: date | None,
    last: date | None,
    output: str | None,
    out: str,
    fields: str | None,
    text: bool,
) -> int:
    """Write all articles that a query finds, however many, the newest first.

    Text and labels are those that the archive holds now. Ends with 3 when nothing is found (the file has no rows then), with 4
    when the archive does not hold some of the articles that the index found.
    """
    from digest.export import columns_of, rows, write
    from index.query import within

    form: ExportFormat = output or _form_of(out)  # type: ignore[assignment]  # one of them
    if out == "-" and form == "parquet":
        raise UsageError("Parquet does not go to standard output", mend="name a file with --out FILE")
    columns = _chosen(columns_of(settings.watch, text=text or "text" in (fields or "").split(",")), fields)
    archive = settings.existing_archive()
    engine = open_index(settings)
    asked = within(parse_query(settings, query), first, last)
    missing: list[str] = []
    written = 0
    total = engine.count(asked)
    with progress_bar("Exporting", total) as bar:

        def counted() -> Any:
            nonlocal written
            for row in rows(
                archive, settings.watch, (hit["id"] for hit in engine.export(asked)), columns, missing=missing.append
            ):
                written += 1
                bar()
                yield row

        _write_to(out, lambda file: write(counted(), columns, form, file, mark=out != "-"))
    if missing:
        note(f"{len(missing)} articles of the index are not in this archive: is it the one that the index follows?")
    if out != "-":
        note(f"{written} articles in {out}")
    elif not written:
        note("No article was found.")
    return Exit.PARTLY_DONE if missing else Exit.DONE if written else Exit.NOTHING_FOUND


def _form_of(out: str) -> str:
    """What the ending of a file's name says; csv where it has none."""
    ending = Path(out).suffix.removeprefix(".").lower() or "csv"
    if ending not in _FORMATS:
        raise UsageError(f"{out}: .{ending} is no format of an export", mend=f"name one with --format: {', '.join(_FORMATS)}")
    return ending


def _chosen(columns: dict[str, tuple[str, str]], fields: str | None) -> dict[str, tuple[str, str]]:
    if fields is None:
        return columns
    names = [name.strip() for name in fields.split(",") if name.strip()]
    for name in names:
        check_known("column", name, list(columns))
    if not names:
        raise UsageError("--fields names no column", mend=f"known: {', '.join(columns)}")
    return {name: columns[name] for name in names}


def _write_to(out: str, write: Callable[[BinaryIO], None]) -> None:
    """Write standard output, or a file that takes its name only when it is whole."""
    if out == "-":
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise VigieError(f"{path}: {error.strerror or error}", mend="name another file with --out FILE") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
