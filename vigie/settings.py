"""Where a command works: the watch file, the data folder and the index."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vigie.archive import Archive
    from vigie.watch import Watch


@dataclass(frozen=True)
class Settings:
    """The three settings that every command takes, each with its environment variable.

    watch_file: ``--watch`` / VIGIE_WATCH. data: ``--data`` / VIGIE_DATA, the folder of archive and embedded index.
    index_url: ``--index`` / VIGIE_INDEX, empty for the embedded index in the data folder.
    """

    watch_file: Path
    data: Path
    index_url: str = ""

    @cached_property
    def watch(self) -> "Watch":
        """The watch, read once."""
        from vigie.watch import load_watch

        return load_watch(self.watch_file)

    def open_archive(self) -> "Archive":
        """The archive in the data folder, made on first use."""
        from vigie.archive import Archive

        return Archive.open(self.data)

    @property
    def index_folder(self) -> Path:
        """Where the embedded index lives."""
        return self.data / "index"
