"""A step as a child process: in a group of its own, with limits, and gone when its parent is gone.

What Linux alone offers: the memory of the group is watched (by /proc), and the child dies with its parent (prctl). Elsewhere the
time limit holds, and the child of a parent that was killed runs to its end.

Memory is watched, not limited by RLIMIT_AS, because that counts address space: a process that has read an article maps 3 to 4
times of what it uses (torch), so that a limit wide enough to let it work would not catch one that grows.
"""

import math
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, Literal

TICK_S = 0.1
MEMORY_CHECK_S = 1.0
# A daemon is ended within 30 s: 20 for the step to end by itself, the rest to write down how it ended.
GRACE_S = 20.0
# Said last by a step that failed: the reason, and how to mend it, rarely take more.
LAST_LINES = 8
LONGEST_LINE = 4000

Stream = Literal["stdout", "stderr"]
How = Literal["ended", "time", "memory", "stopped"]

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: seconds of time, bytes of memory (of its whole group), and seconds to end when it is told to."""

    seconds: float = math.inf
    memory: float = math.inf
    grace: float = GRACE_S


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    code: its exit code, negative where a signal ended it. how: "ended" by itself, or ended here: over its time, over its memory,
    or since it was to stop. seconds: how long it ran. memory: the most that its group was seen to use, in bytes (0: not seen).
    last: its last lines on the error stream.
    """

    code: int
    how: How
    seconds: float
    memory: int
    last: tuple[str, ...] = ()


class Child:
    """A running child. on_line takes each line that it says; without it, the child speaks on the streams of its parent.

    As a context manager: whatever happens inside, the child and its group are gone at the end.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[Stream, str], None] | None = None,
    ) -> None:
        self._on_line = on_line
        self._started = time.monotonic()
        self._memory = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._code: int | None = None
        streams = subprocess.PIPE if on_line else None
        leash = str(Path(__file__).with_name("leash.py"))
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", leash, str(os.getpid()), *command],
            env=environment, stdin=subprocess.DEVNULL, stdout=streams, stderr=streams, process_group=0, bufsize=0,
        )  # fmt: skip
        self._selector = selectors.DefaultSelector()
        self._unfinished: dict[str, bytes] = {}
        for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_READ, name)
                self._unfinished[name] = b""

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    @property
    def pid(self) -> int:
        """The number of the child, and of its group."""
        return self._process.pid

    def wait(self, limits: Limits, *, stop: Event | None = None, tick: Callable[[], None] = lambda: None) -> Ended:
        """Wait until the child has ended, or end it: when its time or memory is used up, or when it is to stop.

        It is told to end (SIGTERM) and, after the grace, made to (SIGKILL): the whole group. tick is called ten times a second.
        """
        how: How = "ended"
        kill_at = float("inf")
        look_at = 0.0
        while not self._has_ended():
            now = time.monotonic()
            tick()
            if how == "ended":
                if stop is not None and stop.is_set():
                    how = "stopped"
                elif now - self._started > limits.seconds:
                    how = "time"
                elif now >= look_at:
                    look_at = now + MEMORY_CHECK_S
                    self._memory = max(self._memory, used := memory_of_group(self.pid))
                    how = "memory" if used > limits.memory else how
                if how != "ended":
                    self._signal(signal.SIGTERM)
                    # Memory that grows leaves no time.
                    kill_at = now + (limits.grace if how != "memory" else min(limits.grace, 2.0))
            elif now >= kill_at:
                self._signal(signal.SIGKILL)
                kill_at = float("inf")
            self._listen(TICK_S)
        self._kill()
        assert self._code is not None
        return Ended(self._code, how, time.monotonic() - self._started, self._memory, tuple(self._last))

    def _has_ended(self) -> bool:
        # It is looked at without being waited for: as long as it stays a zombie, the number of its group is nobody else's.
        if self._code is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(self.pid, number)

    def _kill(self) -> None:
        """End what is left of the group, hear what was still said, and wait for the child."""
        if self._code is None:
            self._signal(signal.SIGKILL)
            self._code = self._process.wait()
            until = time.monotonic() + 1
            while self._selector.get_map() and time.monotonic() < until:
                self._listen(TICK_S)
            for name in self._unfinished:
                self._say(name, self._unfinished[name])
            self._selector.close()
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()

    def _listen(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]  # registered as such above
            said = stream.read(65536)
            if said == b"":
                self._selector.unregister(stream)
            elif said:
                *lines, rest = (self._unfinished[key.data] + said).replace(b"\r", b"\n").split(b"\n")
                self._unfinished[key.data] = rest[-LONGEST_LINE:]
                for line in lines:
                    self._say(key.data, line)

    def _say(self, stream: Stream | str, said: bytes) -> None:
        line = _CONTROL.sub("", said.decode("utf-8", "replace")).rstrip()[:LONGEST_LINE]
        if line and self._on_line:
            if stream == "stderr":
                self._last.append(line)
            self._on_line("stderr" if stream == "stderr" else "stdout", line)


def memory_of_group(group: int) -> int:
    """Bytes of memory that the processes of a group have for themselves (anonymous and shared memory; files that are mapped are
    not counted, since the system takes those back by itself). 0 where there is no /proc.
    """
    total = 0
    for process in _processes():
        try:
            fields = (process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) != group:
                continue
            status = (process / "status").read_text(encoding="ascii", errors="replace")
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        total += sum(int(size) * 1024 for size in re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB$", status, re.MULTILINE))
    return total


def _processes() -> list[Path]:
    try:
        return [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    except OSError:
        return []
