"""vigie newsroom"""

import os
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie.cli._output import note
from vigie.errors import Exit, UsageError, VigieError

if TYPE_CHECKING:
    from newsroom.server import Newsroom


@click.command(
    epilog="\b\nExamples:\n  vigie newsroom --demo demo            the whole path, from crawl to digest\n"
    "  vigie newsroom --write-watch watch.toml    serve, and write a watch on it"
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8710, show_default=True, help="Port of the outlets; 0: any free one."
)
@click.option(
    "--moment", metavar="INSTANT", help="The moment that the outlets live in (ISO 8601); default: after the last article."
)
@click.option(
    "--write-watch", type=click.Path(path_type=Path), metavar="FILE", help="Write a watch on the newsroom to this file."
)
@click.option("--demo", type=click.Path(path_type=Path), metavar="DIR", help="Run the whole path into this folder, then stop.")
def command(port: int, moment: str | None, write_watch: Path | None, demo: Path | None) -> int | None:
    """Serve the sample press on loopback: ten invented outlets in five languages, January and February 2025.

    Each outlet has an address of its own (127.0.0.11 and following), its own way of listing and dating articles, and the
    faults of the real press: reprints, corrections, a paywall, dead links, wrong encodings, a slow host.
    """
    from newsroom.server import END, Newsroom
    from newsroom.watchfile import watch_text

    try:
        clock = datetime.fromisoformat(moment).astimezone() if moment else END
    except ValueError:
        raise UsageError(f"{moment!r} is not a moment", mend="write it as 2025-02-03T06:00:00+01:00") from None
    try:
        newsroom = Newsroom(port=port, clock=clock)
    except OSError as error:
        raise VigieError(
            f"port {port} cannot be used: {error.strerror}", mend="name another with --port, or 0 for any free one"
        ) from None
    with newsroom:
        if demo:
            return run_demo(newsroom, demo)
        if write_watch:
            write_watch.write_text(watch_text(newsroom), encoding="utf-8")
            note(f"{write_watch} watches the newsroom: vigie run --watch {write_watch}")
        _print_outlets(newsroom)
        note("Serving until Ctrl-C.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return None


def _print_outlets(newsroom: "Newsroom") -> None:
    from newsroom.press import OUTLETS

    for outlet in OUTLETS:
        click.echo(f"{newsroom.base(outlet)}/  {outlet.name} ({outlet.language}, {outlet.kind})")


def run_demo(newsroom: "Newsroom", folder: Path) -> int:
    """The main job on the newsroom: two crawls, a month apart, then searches, trends, rising terms and a digest."""
    import subprocess
    import sys

    from newsroom.server import END
    from newsroom.watchfile import watch_text

    folder.mkdir(parents=True, exist_ok=True)
    watch = folder / "watch.toml"
    watch.write_text(watch_text(newsroom), encoding="utf-8")
    middle = datetime.fromisoformat("2025-01-30T12:00:00+01:00")

    def vigie(*words: str, moment: datetime = END) -> int:
        note(f"\n$ vigie {' '.join(words)}")
        environment = os.environ | {"VIGIE_WATCH": str(watch), "VIGIE_DATA": str(folder), "VIGIE_NOW": moment.isoformat()}
        environment.pop("VIGIE_ARCHIVE", None)  # the demonstration keeps to its folder
        return subprocess.run([sys.executable, "-m", "vigie", *words], env=environment, check=False).returncode

    codes = []
    for moment in (middle, END):
        newsroom.clock = moment
        note(f"\nThe newsroom stands at {moment:%A %d %B %Y, %H:%M}.")
        codes.append(vigie("run", moment=moment))
    for words in (
        ("search", "stance:critical@data published:2025-W05", "--limit", "5"),
        ("trends", "--by", "topic", "--interval", "week"),
        ("trends", "--by", "stance", "--interval", "week"),
        ("rising", "--week", "2025-W04"),
        ("digest", "--week", "2025-W05", "--format", "html", "--format", "md", "--format", "json"),
    ):
        codes += [vigie(*words)]
    note(f"\nIn {folder}: watch.toml, the archive, the index and the digest. Ask more, for example:")
    note(f"  .venv/bin/vigie search --watch {watch} --data {folder} 'subject:deepseek topic:gpus'")
    return next((code for code in codes if code not in (Exit.DONE, Exit.NOTHING_FOUND)), Exit.DONE)
