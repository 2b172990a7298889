"""Who is at work. A lease names its worker; a lease whose worker is dead is free again.

A worker is dead when its process is gone (seen from the same machine) or when its heartbeat is older than HEARTBEAT_LIMIT_S
(seen from any machine). A process number that was given to another program meanwhile only delays this until the limit.
"""

import os
import socket
import uuid
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, update

from vigie.archive._schema import workers

HEARTBEAT_LIMIT_S = 120.0


class Workers:
    """The table of workers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enter(self, step: str, *, at: float) -> str:
        """Register this process for a step; the id of the new worker."""
        worker = f"{step}-{uuid.uuid4().hex[:12]}"
        self._connection.execute(
            insert(workers).values(id=worker, step=step, host=socket.gethostname(), pid=os.getpid(), beat=at)
        )
        return worker

    def enter_alone(self, step: str, *, at: float) -> str | None:
        """Register this process for a step that only one worker may do at a time; None while another does it."""
        self.sweep(at=at)
        if self._connection.execute(select(workers.c.id).where(workers.c.step == step)).first():
            return None
        return self.enter(step, at=at)

    def beat(self, worker: str, *, at: float) -> bool:
        """Say that the worker is alive; False where it has been taken for dead meanwhile, and its leases may be with others."""
        return self._connection.execute(update(workers).where(workers.c.id == worker).values(beat=at)).rowcount > 0

    def leave(self, worker: str) -> None:
        """Take the worker out: whatever it still holds is free."""
        self._connection.execute(delete(workers).where(workers.c.id == worker))

    def sweep(self, *, at: float) -> None:
        """Take out the dead."""
        here = socket.gethostname()
        for row in self._connection.execute(select(workers)).all():
            gone = row.host == here and not _runs(row.pid)
            if gone or row.beat < at - HEARTBEAT_LIMIT_S:
                self.leave(row.id)


def _runs(pid: int) -> bool:
    """Whether a process works on this machine; one that has ended and was not yet waited for (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
