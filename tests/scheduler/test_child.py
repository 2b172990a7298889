"""A step as a child process: what it says, how it ends, what it may use, and what remains of it (nothing)."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scheduler.child import Child, Ended, Limits, memory_of_group

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone offers this")
MB = 1024**2


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-c", script, *arguments]


def run(
    script: str, limits: Limits | None = None, *arguments: str, stop: threading.Event | None = None
) -> tuple[Ended, list[str]]:
    lines: list[str] = []
    with Child(python(script, *arguments), on_line=lambda stream, line: lines.append(f"{stream}: {line}")) as child:
        return child.wait(limits or Limits(), stop=stop), lines


def alive(pid: int) -> bool:
    """Whether a process works (one that has ended and was not waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def gone(pid: int, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


def wait_for(file: Path) -> str:
    until = time.monotonic() + 60
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < until
        time.sleep(0.02)
    return file.read_text()


def test_each_line_is_told_with_its_stream_and_the_last_of_the_errors_are_kept() -> None:
    script = (
        "import sys\nprint('bonjour')\nfor n in range(20): print(f'trouble {n}', file=sys.stderr)\n"
        "print('\\x1b[31mred\\x1b[0m \\x07\\u202eevil', end=''); sys.exit(4)"
    )
    ended, lines = run(script)
    assert (ended.code, ended.how) == (4, "ended")
    assert lines[0] == "stdout: bonjour" or "stdout: bonjour" in lines
    assert "stdout: red evil" in lines  # nothing that a terminal obeys; the last line needs no line end
    assert ended.last == tuple(f"trouble {n}" for n in range(12, 20))


def test_much_output_is_heard_whole() -> None:
    ended, lines = run("for n in range(50_000): print(n)")
    assert ended.code == 0
    assert lines == [f"stdout: {n}" for n in range(50_000)]


def test_a_signal_that_ends_it_is_told() -> None:
    ended, _ = run("import os; os.kill(os.getpid(), 9)")
    assert (ended.code, ended.how) == (-9, "ended")


def test_a_child_over_its_time_is_told_to_end() -> None:
    ended, _ = run("import time; time.sleep(60)", Limits(seconds=0.5))
    assert (ended.code, ended.how) == (-signal.SIGTERM, "time")
    assert ended.seconds < 20


def test_a_child_that_does_not_obey_is_killed_with_all_its_children(tmp_path: Path) -> None:
    # The grandchild is in the child's group, ignores the signal as well, and holds the pipe open.
    script = (
        "import os, signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\npid = os.fork()\n"
        "if pid: open(sys.argv[1], 'w').write(f'{pid}\\n')\ntime.sleep(600)"
    )
    ended, _ = run(script, Limits(seconds=1.0, grace=0.5), str(tmp_path / "pid"))
    assert (ended.code, ended.how) == (-signal.SIGKILL, "time")
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_a_step_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    script = "import os, sys, time\npid = os.fork()\nif pid == 0: time.sleep(600)\nopen(sys.argv[1], 'w').write(f'{pid}\\n')"
    ended, _ = run(script, None, str(tmp_path / "pid"))
    assert ended.code == 0
    assert gone(int((tmp_path / "pid").read_text()))


@linux
def test_a_child_over_its_memory_is_ended_and_memory_of_its_children_counts() -> None:
    script = "import os, time\nif os.fork() == 0:\n    much = bytearray(b'x' * 200_000_000); time.sleep(60)\ntime.sleep(60)"
    ended, _ = run(script, Limits(memory=120 * MB))
    assert ended.how == "memory"
    assert ended.memory > 120 * MB


@linux
def test_address_space_that_is_only_mapped_is_not_memory() -> None:
    ended, _ = run("import mmap, time\nm = mmap.mmap(-1, 4 << 30)\ntime.sleep(2.5)", Limits(memory=100 * MB))
    assert (ended.code, ended.how) == (0, "ended")
    assert 0 < ended.memory < 100 * MB


def test_told_to_stop_it_ends_by_itself_and_may_say_a_last_word() -> None:
    script = (
        "import signal, sys, time\n"
        "def end(*_): print('closing'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    stop = threading.Event()
    lines: list[str] = []

    def hear(_stream: str, line: str) -> None:
        lines.append(line)
        stop.set()

    with Child(python(script), on_line=hear) as child:
        ended = child.wait(Limits(), stop=stop)
    assert (ended.code, ended.how, lines) == (0, "stopped", ["ready", "closing"])


def test_an_exception_in_the_parent_leaves_no_child() -> None:
    child = Child(python("import time; time.sleep(60)"))

    def work() -> None:
        with child:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert not alive(child.pid)


@linux
def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom scheduler.child import Child, Limits\n"
        "with Child([sys.executable, '-S', '-c', \"import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\\\n');"
        ' time.sleep(600)", sys.argv[1]]) as child: child.wait(Limits())'
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "pid")])
    child = int(wait_for(tmp_path / "pid"))
    assert alive(child)
    parent.kill()
    parent.wait()
    assert gone(child)


def test_signals_that_the_parent_blocks_reach_the_child() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        ended, _ = run("import time; time.sleep(60)", Limits(seconds=0.3))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert ended.code == -signal.SIGTERM


@linux
def test_memory_of_a_group_that_is_not_there_is_none() -> None:
    assert memory_of_group(2**22 - 1) == 0
    assert memory_of_group(os.getpgrp()) > MB
