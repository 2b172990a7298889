"""The daemon's place in the data folder: the lock that only one holds, who holds it, and the last good watch.

data/daemon/lock        held by the daemon that runs (flock: the system frees it, however the daemon ends), and says who it is
data/daemon/watch.toml  the watch in use: what the children get, so that a bad edit of the watch file never reaches them
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from vigie.errors import VigieError

# Somebody who asks whether a daemon runs holds the lock for a moment.
LOCK_TRIES, LOCK_PAUSE_S = 20, 0.05


@dataclass(frozen=True, slots=True)
class Card:
    """What a daemon says of itself. Instants are seconds since the epoch.

    worker: as whom it stands in the archive. loaded: when the watch in use was read; watch_error: why a newer one is not in use.
    health: where its health is served.
    """

    pid: int
    worker: str
    started: float
    loaded: float
    watch_error: str = ""
    health: str = ""


class Place:
    """The place of the daemon in a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "daemon"
        self._lock: IO[str] | None = None

    @property
    def watch_file(self) -> Path:
        """The copy of the watch in use."""
        return self._folder / "watch.toml"

    def take(self) -> Card | None:
        """Take the place; the card of the daemon that had it before, if it left one. Raises VigieError where another holds it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise VigieError(
                f"{self._folder}: {error.strerror}", mend="check the owner and rights of the data folder, or name another"
            ) from None
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(LOCK_PAUSE_S)
        else:
            lock.close()
            holder = self.card()
            named = f" (process {holder.pid})" if holder else ""
            raise VigieError(
                f"{self._folder.parent}: another daemon works on this data folder{named}",
                mend="vigie status shows what it does; end it, or name another folder with --data DIR",
            )
        self._lock = lock
        return self.card()

    def say(self, card: Card) -> None:
        """Write the card anew. Only for the holder: the file stays the same one, since it is what is locked."""
        assert self._lock is not None
        self._lock.seek(0)
        self._lock.truncate()
        json.dump(asdict(card), self._lock)
        self._lock.flush()

    def keep_watch(self, text: bytes) -> None:
        """Keep the watch in use, whole or not at all."""
        fresh = self.watch_file.with_suffix(".new")
        fresh.write_bytes(text)
        fresh.chmod(0o600)
        os.replace(fresh, self.watch_file)

    def card(self) -> Card | None:
        """What the lock file says; None where there is none, or nothing that can be read."""
        try:
            return Card(**json.loads((self._folder / "lock").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def is_taken(self) -> bool:
        """Whether a daemon holds the place now."""
        try:
            with (self._folder / "lock").open(encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def leave(self) -> None:
        """Give the place up."""
        if self._lock is not None:
            self._lock.seek(0)
            self._lock.truncate()
            self._lock.close()
            self._lock = None
