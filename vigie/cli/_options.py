"""Options that commands share."""

import difflib
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from vigie.errors import UsageError
from vigie.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("table", "json", "jsonl", "csv")


def with_settings(command: Command) -> Command:
    """Give a command --watch, --data, --archive and --index, handed to it as ``settings``."""

    @click.option(
        "--watch",
        "watch_file",
        type=click.Path(path_type=Path),
        envvar="VIGIE_WATCH",
        default=Path("watch.toml"),
        show_default=True,
        help="The watch file (VIGIE_WATCH).",
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="VIGIE_DATA",
        default=Path("vigie-data"),
        show_default=True,
        help="The data folder (VIGIE_DATA).",
    )
    @click.option(
        "--archive",
        "archive_url",
        envvar="VIGIE_ARCHIVE",
        default="",
        help="URL of a PostgreSQL database; none: the archive in the data folder (VIGIE_ARCHIVE).",
    )
    @click.option(
        "--index",
        "index_url",
        envvar="VIGIE_INDEX",
        default="",
        help="URL of an Elasticsearch, https://host:9200/prefix; none: the embedded index (VIGIE_INDEX).",
    )
    @wraps(command)
    def wrapped(*args: Any, watch_file: Path, data: Path, archive_url: str, index_url: str, **kwargs: Any) -> Any:
        return command(*args, settings=Settings(watch_file, data, index_url, archive_url), **kwargs)

    return wrapped  # type: ignore[return-value]  # same command, four options more


def with_format(command: Command) -> Command:
    """Give a command --format, handed to it as ``output``."""
    option = click.option(
        "--format", "output", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print."
    )
    return option(command)


class ListByDefault(click.Group):
    """A group whose subcommand is ``list`` where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # The shell that completes a word (resilient parsing) wants to know the subcommands.
        if not ctx.resilient_parsing and (not args or (args[0].startswith("-") and args[0] not in ("-h", "--help"))):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def check_known(what: str, given: str | None, known: Sequence[str]) -> None:
    """Raise UsageError with the nearest of the known ids where the given one is not among them."""
    if given is not None and given not in known:
        near = difflib.get_close_matches(given, known, 1)
        mend = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known) or 'none'}"
        raise UsageError(f'the watch has no {what} "{given}"', mend=mend)
