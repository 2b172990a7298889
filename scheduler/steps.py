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
    # Not as an option: everybody on the machine can read the command of a process, and the URL may hold a password.
    environment = os.environ | {"VIGIE_ARCHIVE": settings.archive_url}
    results = []
    for step, *options in steps:
        started(step)
        command = [sys.executable, "-m", "vigie", step, *options, *_settings_as_options(settings)]
        code = subprocess.run(command, check=False, env=environment).returncode
        results.append(StepResult(step, code))
        if code not in (Exit.DONE, Exit.NOTHING_FOUND, Exit.PARTLY_DONE):
            break
    return results


def _settings_as_options(settings: Settings) -> list[str]:
    options = ["--watch", str(settings.watch_file), "--data", str(settings.data)]
    return [*options, "--index", settings.index_url] if settings.index_url else options
