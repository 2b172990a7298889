"""Options that commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

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
