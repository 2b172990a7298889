"""Commands that read JSON lines and write JSON lines: one record in, one record out, in order, whatever happens between."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from vigie.cli._output import note
from vigie.errors import Exit, UsageError, VigieError


def run_jsonl(file: str, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Answer each line of a file (``-``: standard input). A line that cannot be answered gives {"error": …} in its place.

    Returns PARTLY_DONE when there was one.
    """
    bad = 0
    for number, line in lines_of(file):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise UsageError("not a JSON object")
            found = answer(record)
        except json.JSONDecodeError as error:
            found = {"error": f"line {number}, column {error.colno}: not JSON: {error.msg}"}
        except KeyError as error:
            found = {"error": f"line {number}: the key {error} is missing"}
        except (VigieError, OSError, ValueError, TypeError) as error:
            found = {"error": f"line {number}: {error}"}
        bad += "error" in found
        click.echo(json.dumps(found, ensure_ascii=False))
        sys.stdout.flush()
    if bad:
        note(f"{bad} lines could not be answered; each says why")
    return Exit.PARTLY_DONE if bad else Exit.DONE


def lines_of(file: str) -> Iterator[tuple[int, str]]:
    """The lines of a file (``-``: standard input) that are not blank, with their numbers; raises UsageError without the file.

    A byte order mark, as spreadsheets write it, is no part of the first.
    """
    try:
        with click.open_file(file, encoding="utf-8-sig", errors="replace") as stream:
            yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
