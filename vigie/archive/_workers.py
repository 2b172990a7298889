"""Who is at work. A lease names its worker; when the worker leaves or is found dead, its leases are taken off.

A worker is dead when its process is gone (seen from the same machine) or when its heartbeat is older than HEARTBEAT_LIMIT_S
(seen from any machine; their clocks must agree to within a minute). A process number that was given to another program meanwhile
only delays this until the limit.
"""

import os
import socket
import uuid
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from vigie.archive._dialect import ALONE, lock, upsert
from vigie.archive._hosts import Hosts
from vigie.archive._leases import take_off
from vigie.archive._schema import workers

HEARTBEAT_S = 20.0
HEARTBEAT_LIMIT_S = 120.0


class Workers:
    """The table of workers."""

    def __init__(self, connection: Connection, hosts: Hosts) -> None:
        self._connection = connection
        self._hosts = hosts

    def enter(self, step: str, *, at: float) -> str:
        """Register this process for a step; the id of the new worker."""
        worker = f"{step}-{uuid.uuid4().hex[:12]}"
        self._enter(worker, step, at=at)
        return worker

    def enter_alone(self, step: str, *, at: float) -> str | None:
        """Register this process for a step that only one worker may do at a time; None while another does it."""
        lock(self._connection, ALONE)
        self.sweep(at=at)
        if self._connection.execute(select(workers.c.id).where(workers.c.step == step)).first():
            return None
        return self.enter(step, at=at)

    def beat(self, worker: str, *, at: float) -> bool:
        """Say that the worker is alive. False when it was taken for dead meanwhile: it is registered again, and holds nothing."""
        if self.goes_on(worker, at=at):
            return True
        self._enter(worker, worker.partition("-")[0], at=at)
        return False

    def goes_on(self, worker: str, *, at: float) -> bool:
        """Say that the worker is alive; False when it was taken for dead meanwhile, and stays so."""
        return self._connection.execute(update(workers).where(workers.c.id == worker).values(beat=at)).rowcount > 0

    def leave(self, worker: str) -> None:
        """Take the worker out: whatever it still holds is free."""
        self._take_out(worker)

    def sweep(self, *, at: float) -> None:
        """Take out the dead."""
        here = machine()
        for row in self._connection.execute(select(workers).order_by(workers.c.id)).all():
            gone = row.host == here and not _runs(row.pid)
            if gone or row.beat < at - HEARTBEAT_LIMIT_S:
                self._take_out(row.id, workers.c.beat == row.beat)  # not when its heart has begun to beat again

    def count(self, step: str) -> int:
        """How many work at a step."""
        return self._connection.scalar(select(func.count()).select_from(workers).where(workers.c.step == step)) or 0

    def _take_out(self, worker: str, *conditions: ColumnElement[bool]) -> None:
        if self._connection.execute(delete(workers).where(workers.c.id == worker, *conditions)).rowcount:
            take_off(self._connection, worker)
            self._hosts.give_all_back(worker)

    def _enter(self, worker: str, step: str, *, at: float) -> None:
        values = {"id": worker, "step": step, "host": machine(), "pid": os.getpid(), "beat": at}
        # Two threads of a process that was taken for dead may find out at once.
        self._connection.execute(upsert(self._connection, workers).values(**values).on_conflict_do_nothing())


@cache
def machine() -> str:
    """Where process numbers mean the same processes: two containers may share a name, and a machine that started anew its own."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    except OSError:
        pass  # not Linux: its name has to do
    return "/".join(parts)


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
