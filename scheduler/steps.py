"""The steps of a run by hand (``vigie run``), each a child process: isolated, easy to end, and its memory is given back."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.child import Child, Limits
from vigie.errors import Exit
from vigie.settings import Settings

STEPS: tuple[tuple[str, ...], ...] = (("crawl", "--once"), ("read",), ("index",))


@dataclass(frozen=True)
class StepResult:
    """How a step ended: its name and its exit code (negative: ended by that signal)."""

    step: str
    code: int


def run_steps(
    settings: Settings, *, steps: Sequence[Sequence[str]] = STEPS, started: Callable[[str], None] = lambda _: None
) -> list[StepResult]:
    """Run the steps one after another. A step that is partly done does not stop the next; one that fails does."""
    results = []
    for step, *options in steps:
        started(step)
        with Child(command_of(step, *options), environment=environment_of(settings)) as child:
            try:
                code = child.wait(Limits()).code
            except KeyboardInterrupt:
                stop = threading.Event()
                stop.set()
                child.wait(Limits(), stop=stop)
                raise
        results.append(StepResult(step, code))
        if code not in (Exit.DONE, Exit.NOTHING_FOUND, Exit.PARTLY_DONE):
            break
    return results


def command_of(*words: str) -> list[str]:
    """A command of Vigie as a program to start."""
    return [sys.executable, "-m", "vigie", *words]


def environment_of(settings: Settings, *, watch_file: Path | None = None) -> dict[str, str]:
    """The settings for a child: not on its command line, since a URL may hold a password and any list of processes shows it.

    watch_file: another watch file than that of the settings.
    """
    settings = replace(settings, watch_file=watch_file) if watch_file else settings
    return os.environ | {
        "VIGIE_WATCH": str(settings.watch_file),
        "VIGIE_DATA": str(settings.data),
        "VIGIE_ARCHIVE": settings.archive_url,
        "VIGIE_INDEX": settings.index_url,
    }
