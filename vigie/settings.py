"""Where a command works: the watch file, the data folder and the index."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vigie.errors import UsageError

if TYPE_CHECKING:
    from vigie.archive import Archive
    from vigie.watch import Watch


@dataclass(frozen=True)
class Settings:
    """The settings that every command takes, each with its environment variable.

    watch_file: ``--watch`` / VIGIE_WATCH. data: ``--data`` / VIGIE_DATA, the folder of archive and embedded index.
    index_url: ``--index`` / VIGIE_INDEX, empty for the embedded index in the data folder.
    archive_url: ``--archive`` / VIGIE_ARCHIVE, a postgresql:// URL, empty for the SQLite archive in the data folder.
    """

    watch_file: Path
    data: Path
    index_url: str = field(default="", repr=False)  # each may hold a password
    archive_url: str = field(default="", repr=False)

    @cached_property
    def watch(self) -> "Watch":
        """The watch, read once."""
        from vigie.watch import load_watch

        return load_watch(self.watch_file)

    def open_archive(self) -> "Archive":
        """The archive, made on first use."""
        from vigie.archive import Archive

        return Archive.open(self.data, self.archive_url)

    def existing_archive(self) -> "Archive":
        """The archive, for those who only ask or send: raises UsageError where there is none, rather than make an empty one."""
        if not self.has_archive:
            raise UsageError(f"{self.data}: there is no archive", mend="name its folder with --data DIR, or --archive URL")
        return self.open_archive()

    @property
    def has_archive(self) -> bool:
        """Whether there is an archive to be looked at, so that looking makes none in a data folder."""
        return bool(self.archive_url) or (self.data / "archive.db").exists()

    @property
    def index_folder(self) -> Path:
        """Where the embedded index lives."""
        return self.data / "index"
