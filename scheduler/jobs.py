"""The jobs of a watch: what each does, for which periods, and what the ledger says is to be done now.

Nothing is kept here: a job reads the ledger, the queues and the clock, and names the one period that it would begin.

- ``gather``: crawl, read and index, whenever something is due by the sources' own rhythm or was left behind.
- ``digest:EDITION``: the digest of each ISO week, made and delivered, one week after another.
- ``alerts``: after each gathering, what the saved searches have to tell.
- ``upkeep``: once a day, what retention lets go.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Literal, Protocol

from scheduler.periods import Period, digests_after, upkeep_before, upkeep_of
from vigie.archive import Run, Transaction
from vigie.errors import Exit
from vigie.routine import Edition
from vigie.settings import Settings
from vigie.watch import Watch

# Two lanes: what takes long or locks the archive never holds up what people wait for.
LaneName = Literal["gather", "desk"]
LANES: tuple[LaneName, ...] = ("gather", "desk")
Kind = Literal["gather", "digest", "alerts", "upkeep"]

# Waits after failures double from the first to the longest.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_WAIT_OF_GATHERING = timedelta(minutes=30)
# A week or day that fails is tried until the next one is due, and at least so often: with these waits, for four hours.
LEAST_ATTEMPTS = 8
# After a stop the newest coverage is gathered before the digests that are overdue; they do not wait longer than this for it.
CATCH_UP = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a job. done: the exit codes that count as done. needed: whether there is anything for it to do."""

    words: tuple[str, ...]
    done: frozenset[int] = frozenset({Exit.DONE, Exit.NOTHING_FOUND})
    needed: Callable[[Transaction], bool] = field(default=lambda _: True, repr=False)

    @property
    def name(self) -> str:
        """Its command."""
        return self.words[0]


class Job(Protocol):
    """What a lane asks of a job."""

    @property
    def name(self) -> str:
        """As it stands in the ledger."""
        ...

    @property
    def kind(self) -> Kind:
        """The name without what it is about: there are few kinds, however many editions."""
        ...

    @property
    def lane(self) -> LaneName:
        """Where it is carried out."""
        ...

    def ready(self, tx: Transaction, now: datetime) -> Period | None:
        """The period to be begun (or begun anew) now, or None."""
        ...

    def next_due(self, tx: Transaction, now: datetime) -> datetime | None:
        """When it will have something to do; None where that depends on others."""
        ...

    def steps(self, period: str, now: datetime) -> Sequence[Step]:
        """The commands of a run."""
        ...

    def next_try(self, tx: Transaction, run: Run, now: datetime) -> datetime | None:
        """When a run that has just failed with its code is tried again; None: it is given up."""
        ...


def jobs_of(watch: Watch, settings: Settings, *, started: datetime, loaded: datetime) -> list[Job]:
    """The jobs of a watch, in the order in which a lane looks at them.

    started: when the daemon began; loaded: when it read this watch.
    """
    return [
        Gather("elastic:" if settings.index_url else "embedded:", loaded),
        *(Digest(edition, watch, started) for edition in watch.editions),
        *([Alerts()] if watch.searches else []),
        Upkeep(watch),
    ]


def wait_after(attempts: int, longest: timedelta = LONGEST_WAIT) -> timedelta:
    """How long to wait after the n-th failure of a run: a minute, doubled with each, up to the longest."""
    return longest if attempts > 16 else min(longest, FIRST_WAIT * 2 ** max(0, attempts - 1))


def to_instant(seconds: float) -> datetime:
    """Seconds since the epoch as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class Gather:
    """Crawl, read, index. A period is the instant when it was seen that there is something to do.

    It is never given up, and no new one begins while one waits for another try.
    """

    index_family: str
    loaded: datetime
    name: str = "gather"
    kind: Kind = "gather"
    lane: LaneName = "gather"

    def ready(self, tx: Transaction, now: datetime) -> Period | None:
        newest = tx.runs.newest(self.name)
        if newest and newest.is_to_be_tried_again:
            return _again(newest, now)
        steps = self.steps("", now)
        if self._is_new(tx) or any(step.needed(tx) for step in steps):
            return Period(now.astimezone(UTC).isoformat(timespec="seconds"), now)
        return None

    def next_due(self, tx: Transaction, now: datetime) -> datetime | None:
        newest = tx.runs.newest(self.name)
        if newest and newest.is_to_be_tried_again and newest.next_try is not None:
            return to_instant(newest.next_try)
        if self._is_new(tx) or any(step.needed(tx) for step in self.steps("", now)):
            return now
        due = tx.frontier.next_due(at=now.timestamp())
        return None if due is None else to_instant(due)

    def steps(self, period: str, now: datetime) -> Sequence[Step]:
        whatever = frozenset({Exit.DONE, Exit.NOTHING_FOUND, Exit.PARTLY_DONE})  # what cannot be used is in quarantine
        at = now.timestamp()
        return (
            Step(("crawl", "--once"), whatever, lambda tx: self._is_new(tx) or tx.frontier.due(at=at) > 0),
            Step(("read",), whatever, lambda tx: tx.to_read.waiting(at=at) > 0),
            Step(("index",), whatever, lambda tx: tx.changes.unindexed_by_any(self.index_family) > 0),
        )

    def next_try(self, tx: Transaction, run: Run, now: datetime) -> datetime | None:
        return now + wait_after(run.attempts, LONGEST_WAIT_OF_GATHERING)

    def _is_new(self, tx: Transaction) -> bool:
        """Whether nothing has been gathered since the watch was read: what is new in it is planned by a crawl."""
        return not tx.runs.has_ended_since(self.name, self.loaded.timestamp())


@dataclass(frozen=True, slots=True)
class Digest:
    """The digests of an edition, week after week.

    A week that cannot be made holds back the later ones, so that they come in order, until the next is due: then it is given up
    and reported. A week that was made and could not be delivered to everybody (PARTLY_DONE) is tried again beside the later ones,
    as long as somebody was refused for now.
    """

    edition: Edition
    watch: Watch
    started: datetime
    kind: Kind = "digest"
    lane: LaneName = "desk"

    @property
    def name(self) -> str:
        return f"digest:{self.edition.id}"

    def ready(self, tx: Transaction, now: datetime) -> Period | None:
        if tx.runs.newest(self.name, state="running"):  # by another daemon on the same archive
            return None
        waiting = [run for run in tx.runs.failed(self.name) if run.is_to_be_tried_again]
        for run in waiting:
            if run.code != Exit.PARTLY_DONE:
                return _again(run, now)
        for run in waiting:
            if (again := _again(run, now)) is not None:
                return again
        period = self._next(tx)
        return None if now < period.due or self._is_to_wait_for_news(period, tx, now) else period

    def next_due(self, tx: Transaction, now: datetime) -> datetime | None:
        tries = [run.next_try for run in tx.runs.failed(self.name) if run.next_try is not None]
        return min([self._next(tx).due, *map(to_instant, tries)])

    def steps(self, period: str, now: datetime) -> Sequence[Step]:
        return (Step(("digest", "--edition", self.edition.id, "--week", period, "--deliver")),)

    def next_try(self, tx: Transaction, run: Run, now: datetime) -> datetime | None:
        if run.code == Exit.PARTLY_DONE and not any(
            one.state == "refused" for one in tx.deliveries.of(self.name, run.period).values()
        ):
            return None  # rejected for good, or nobody knows: the same words again would send nothing
        following = next(digests_after(run.period, to_instant(run.due), self.edition, self.watch.zone))
        return _unless_late(run, following, now)

    def _next(self, tx: Transaction) -> Period:
        return next(self._to_come(tx))

    def _to_come(self, tx: Transaction) -> Iterator[Period]:
        """The weeks that were not begun yet, due or not, without an end."""
        newest = tx.runs.newest(self.name)
        since = to_instant(tx.runs.known().get(self.name, self.started.timestamp()))
        return digests_after(newest.period if newest else None, since, self.edition, self.watch.zone)

    def _is_to_wait_for_news(self, period: Period, tx: Transaction, now: datetime) -> bool:
        overdue = period.due < self.started and now < self.started + CATCH_UP
        return overdue and not tx.runs.has_ended_since("gather", self.started.timestamp())

    def overdue(self, tx: Transaction, now: datetime) -> list[Period]:
        """The weeks that are due and not yet begun."""
        return list(takewhile(lambda period: period.due <= now, self._to_come(tx)))


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the saved searches have to tell after each gathering, whose period is its own.

    A job of its own, so that a mail server that is down does not hold up the crawl.
    """

    name: str = "alerts"
    kind: Kind = "alerts"
    lane: LaneName = "desk"

    def ready(self, tx: Transaction, now: datetime) -> Period | None:
        newest = tx.runs.newest(self.name)
        if newest and newest.is_to_be_tried_again:
            return _again(newest, now)
        gathered = tx.runs.newest("gather", state="done")
        if gathered is None or (newest and gathered.due <= newest.due):
            return None
        return Period(gathered.period, to_instant(gathered.due))

    def next_due(self, tx: Transaction, now: datetime) -> datetime | None:
        newest = tx.runs.newest(self.name)
        return to_instant(newest.next_try) if newest and newest.next_try is not None else None

    def steps(self, period: str, now: datetime) -> Sequence[Step]:
        return (Step(("alerts", "--send", "--format", "jsonl")),)  # a line of the log for each that is new

    def next_try(self, tx: Transaction, run: Run, now: datetime) -> datetime | None:
        return now + wait_after(run.attempts, LONGEST_WAIT_OF_GATHERING)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What retention lets go, once a day. In the lane of gathering: vacuum locks out whoever writes much."""

    watch: Watch
    name: str = "upkeep"
    kind: Kind = "upkeep"
    lane: LaneName = "gather"

    def ready(self, tx: Transaction, now: datetime) -> Period | None:
        newest, period = tx.runs.newest(self.name), self._due(now)
        if newest and newest.due >= period.due.timestamp():
            return _again(newest, now) if newest.is_to_be_tried_again else None
        since = tx.runs.known().get(self.name, now.timestamp())
        return period if period.due.timestamp() > since else None

    def next_due(self, tx: Transaction, now: datetime) -> datetime | None:
        if ready := self.ready(tx, now):
            return max(now, ready.due)
        newest = tx.runs.newest(self.name)
        if newest and newest.next_try is not None:
            return to_instant(newest.next_try)
        return self._following(self._due(now)).due

    def steps(self, period: str, now: datetime) -> Sequence[Step]:
        return (Step(("upkeep",)),)

    def next_try(self, tx: Transaction, run: Run, now: datetime) -> datetime | None:
        return _unless_late(run, self._following(Period(run.period, to_instant(run.due))), now)

    def _due(self, now: datetime) -> Period:
        return upkeep_before(now, self.watch.daemon.upkeep_hour, self.watch.zone)

    def _following(self, period: Period) -> Period:
        day = datetime.fromisoformat(period.name).date() + timedelta(days=1)
        return upkeep_of(day, self.watch.daemon.upkeep_hour, self.watch.zone)


def _again(run: Run, now: datetime) -> Period | None:
    """A failed run as the period to be begun, when its time has come."""
    return Period(run.period, to_instant(run.due)) if run.next_try is not None and run.next_try <= now.timestamp() else None


def _unless_late(run: Run, following: Period, now: datetime) -> datetime | None:
    if run.attempts >= LEAST_ATTEMPTS and now >= following.due:
        return None
    return now + wait_after(run.attempts)
