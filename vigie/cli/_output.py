"""Printing: tables for people, JSON and CSV for programs, progress on the error stream."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click

from vigie.cells import csv_cell

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(value: object) -> str:
    """Text for a terminal: no control characters, no direction overrides, one line."""
    return _CONTROL.sub("", str(value).replace("\n", " "))


def counted(number: int, what: str) -> str:
    """A number of things: "1 answer", "2 answers"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def print_rows(rows: Iterable[Row], columns: Sequence[str], output: str) -> None:
    """Print rows as json, jsonl or csv. columns are those of the CSV; JSON keeps every key."""
    if output == "json":
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
    elif output == "jsonl":
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    else:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([csv_cell(row.get(column)) for column in columns])


def print_table(
    rows: Iterable[Sequence[object]], columns: Sequence[str], *, title: str = "", numbers: Sequence[str] = ()
) -> None:
    """Print a table; numbers are the columns that stand to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        if column in numbers:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(plain("" if cell is None else cell)) for cell in row))
    console().print(table)


def console() -> "Console":
    """The console of the output stream; off a terminal it is wide and without colour."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


class Progress(Protocol):
    """Reports progress: call it with how many more are done, and the total where it is known by then."""

    def __call__(self, done: int = 1, total: int | None = None) -> None: ...


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Progress]:
    """A progress bar on the error stream; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    error_console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=error_console, transient=True, disable=not error_console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def report(done: int = 1, total: int | None = None) -> None:
            if total is not None:
                bar.update(task, total=total)
            bar.advance(task, done)

        yield report


def note(text: str) -> None:
    """A remark on the error stream."""
    click.echo(text, err=True)
