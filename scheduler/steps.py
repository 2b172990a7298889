"""The steps of a run, each a child process of its own: isolated, easy to end, and its memory is given back."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
        command = [sys.executable, "-m", "vigie", step, *options]
        code = subprocess.run(command, env=os.environ | _as_environment(settings), check=False).returncode
        results.append(StepResult(step, code))
        if code not in (Exit.DONE, Exit.NOTHING_FOUND, Exit.PARTLY_DONE):
            break
    return results


def _as_environment(settings: Settings) -> dict[str, str]:
    """The settings for a child: not on its command line, since a URL may hold a password and any list of processes shows it."""
    return {
        "VIGIE_WATCH": str(settings.watch_file),
        "VIGIE_DATA": str(settings.data),
        "VIGIE_ARCHIVE": settings.archive_url,
        "VIGIE_INDEX": settings.index_url,
    }
