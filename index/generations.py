"""The folder of the embedded index: which generation of it readers see, what it was built with, and who may write.

``index.json`` names the generation, a folder beside it. A rebuild fills a new one, unseen, and replaces ``index.json`` at once:
a reader sees the old index or the new one, and a rebuild that is killed leaves only a folder for the next writer to remove.
"""

import fcntl
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from index.about import REBUILD, check_usable, what_is_built
from vigie.errors import VigieError

_WAIT_S = 15.0


class IndexFolder:
    """The folder of an embedded index of a watch in this time zone."""

    def __init__(self, path: Path, zone: str) -> None:
        self.path = path
        self._zone = zone

    def current(self) -> str | None:
        """The generation that readers see, None before the first; raises VigieError where this Vigie cannot use it."""
        try:
            written = json.loads((self.path / "index.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise VigieError(f"{self.path}: not an index of Vigie ({error})", mend=f"build it anew: {REBUILD}") from None
        check_usable(written, self._zone, str(self.path))
        return str(written["generation"])

    def tantivy_folder(self, generation: str) -> Path:
        """Where the files of a generation are."""
        return self.path / generation

    def new_generation(self) -> str:
        """Make the folder of a generation that nobody sees yet."""
        generation = f"generation-{uuid.uuid4().hex[:12]}"
        with explained(self.path):
            self.tantivy_folder(generation).mkdir(parents=True)
        return generation

    def publish(self, generation: str) -> None:
        """Let readers see a generation, at once."""
        text = json.dumps({**asdict(what_is_built(self._zone)), "generation": generation}, indent=1)
        beside = self.path / "index.json.new"
        with explained(self.path):
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path / "index.json")

    def remove(self, generation: str) -> None:
        """Remove a generation."""
        shutil.rmtree(self.tantivy_folder(generation), ignore_errors=True)

    def remove_others(self, generation: str) -> None:
        """Remove every generation but this one: the one before it, and what killed rebuilds have left."""
        for folder in self.path.glob("generation-*"):
            if folder.name != generation:
                self.remove(folder.name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for writing; waits a little for another process, then raises VigieError. A dead one holds nothing."""
        with explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / "writer.lock").open("w")
        with file:
            deadline = time.monotonic() + _WAIT_S
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise _busy(self.path) from None
                    time.sleep(0.1)
            yield


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn what the system or tantivy refuses into a clear VigieError that names the place."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise _explanation(error, place) from error


def _explanation(error: Exception, place: Path) -> VigieError:
    said = str(error)
    if "No space left" in said or "os error 28" in said or "Disk quota exceeded" in said:
        return VigieError(
            f"{place}: no space left on the disk; everything committed so far is kept",
            mend="free some space or move the data folder, then run the same command again",
        )
    if "Permission denied" in said or "PermissionDenied" in said or "Read-only file system" in said:
        return VigieError(
            f"{place}: no right to read or write the index",
            mend="run every command and the daemon as the user who owns the data folder",
        )
    if "LockBusy" in said:
        return _busy(place)
    return VigieError(f"{place}: the index cannot be used ({said})", mend=f"build it anew: {REBUILD}")


def _busy(place: Path) -> VigieError:
    return VigieError(f"{place}: another process is writing the index", mend="wait until it has finished, then try again")
