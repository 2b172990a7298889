"""The lanes of a daemon without its timer: the test says what time it is and when they wake. Steps are real child processes."""

import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from scheduler.child import Limits
from scheduler.jobs import LANES, Job, LaneName, jobs_of
from scheduler.lanes import House, Lane
from scheduler.steps import command_of, environment_of
from vigie.archive import Archive, DeliveryState, Run
from vigie.settings import Settings
from vigie.watch import Watch, load_watch

# A step that notes its words with the time, and ends as it is told to: by exit code, or "hang".
STEP = """
import json, os, pathlib, sys, time
folder, *words = sys.argv[1:]
file = pathlib.Path(folder, "outcomes.json")
outcomes = json.loads(file.read_text()) if file.exists() else {}
how = outcomes.get(" ".join(words), outcomes.get(words[0], 0))
with open(pathlib.Path(folder, "taken"), "a") as taken:
    taken.write(json.dumps([os.environ["VIGIE_NOW"], words, how]) + "\\n")
if how == "hang":
    time.sleep(600)
if how:
    print(words[0], "is out of order", file=sys.stderr)
sys.exit(how)
"""

WATCH = """
name = "test"
timezone = "Europe/Paris"
[[subjects]]
id = "deepseek"
name = "DeepSeek"
"""


class Driver:
    """A daemon's lanes on an archive in a folder. real: these commands are Vigie's own; the others are noted only."""

    def __init__(
        self, folder: Path, clock: pytest.MonkeyPatch, *, watch: str, now: str, archive_url: str = "", real: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.settings = Settings(folder / "watch.toml", folder / "data", archive_url=archive_url)
        self._clock = clock
        self._real = real
        self.said = io.StringIO()
        self.archive = Archive.open(self.settings.data, archive_url)
        self.limits = Limits(seconds=60, memory=2**33, grace=1)
        self.now = datetime.fromisoformat(now)
        self.starts = 0
        self.write_watch(watch)
        self.start()

    def write_watch(self, text: str) -> None:
        """Put a watch to use: a whole one, or what is added to one that has a subject only."""
        self.settings.watch_file.write_text(text if "[[subjects]]" in text else WATCH + text, encoding="utf-8")
        self.watch: Watch = load_watch(self.settings.watch_file)
        self.loaded = self.now

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._clock.setenv("VIGIE_NOW", self._now.isoformat())

    def start(self) -> None:
        """A daemon begins (the one before it was ended or has died)."""
        if self.starts:
            self.archive.write(lambda tx: tx.workers.leave(self.house.worker))
        self.starts += 1
        self.started = self.loaded = self.now
        self.house = House(
            archive=self.archive,
            worker=f"daemon-{self.starts}",
            jobs=self.jobs,
            limits=lambda: self.limits,
            environment=lambda: environment_of(self.settings),
            log=structlog.wrap_logger(structlog.PrintLogger(self.said), processors=[structlog.processors.JSONRenderer()]),
            command=self._command,
        )
        self.lanes: dict[LaneName, Lane] = {name: Lane(name, self.house) for name in LANES}

    def jobs(self) -> list[Job]:
        return jobs_of(self.watch, self.settings, started=self.started, loaded=self.loaded)

    def _command(self, *words: str) -> list[str]:
        if words[0] in self._real:
            return command_of(*words)
        return [sys.executable, "-S", "-c", STEP, str(self.folder), *words]

    def wake(self, *names: LaneName) -> list[Run]:
        """Wake these lanes, or both; the runs that they began."""
        return [run for name in names or LANES for run in self.lanes[name].wake()]

    def pass_time(self, until: str | datetime, *, every: timedelta = timedelta(hours=1)) -> list[Run]:
        """Let the time pass, and wake both lanes again and again, the last time at that instant."""
        end = datetime.fromisoformat(until) if isinstance(until, str) else until
        begun = []
        while self.now < end:
            self.now = min(self.now + every, end)
            begun += self.wake()
        return begun

    def note_delivery(self, what: str, period: str, recipient: str, state: DeliveryState) -> None:
        """How the sending of something to somebody has ended."""
        at = self.now.timestamp()
        with self.archive.begin() as tx:
            assert tx.deliveries.begin(what, period, recipient, message_id="<1@example.org>", at=at)
            tx.deliveries.end(what, period, recipient, state, at=at)

    def outcomes(self, **how: int | str) -> None:
        """How steps end from now on, by their command (or all their words)."""
        (self.folder / "outcomes.json").write_text(json.dumps(how))

    def taken(self, step: str) -> list[tuple[str, list[str]]]:
        """The steps of that command that were taken: when, and their words."""
        file = self.folder / "taken"
        rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [(at, words) for at, words, _ in rows if words[0] == step]

    def weeks(self, edition: str) -> list[str]:
        """The weeks for which an edition's step was taken, in that order."""
        return [words[words.index("--week") + 1] for _, words in self.taken("digest") if edition in words]

    def events(self, event: str) -> list[dict[str, object]]:
        return [told for line in self.said.getvalue().splitlines() if (told := json.loads(line))["event"] == event]
