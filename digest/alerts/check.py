"""Alerts: what is worth telling of a saved search today, each once.

The methods stand in :mod:`index.bursts`, :mod:`index.turns` and :mod:`index.silence`; here they are asked of an index and an
archive. Days are those of the watch's zone, "today" is that of vigie.clock, and what lies up to LOOK_BACK days back is still
told, so that a daemon that stood still for a while, or an article that came late, loses none.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from index import bursts, calendar, silence, turns
from index.engine import Reader
from index.query import OVERALL, And, Everything, FactFilter, FieldValue, Query, all_of, coverage_scope, render, within
from index.query_parser import parse
from index.vocabulary import Vocabulary
from vigie import clock
from vigie.archive import Archive, KeptAlert, Transaction
from vigie.errors import UsageError, VigieError
from vigie.routine import AlertKind, Search
from vigie.watch import Watch

# The form of the object, told in its JSON; docs/alert.schema.json describes it.
FORM = 1
LOOK_BACK = 14  # days
HISTORY = 182  # days that a burst is held against
CITED = 5


@dataclass(frozen=True, slots=True)
class Cited:
    """An article that an alert names, in its own words and language. outlet: the name of its source."""

    id: str
    title: str
    url: str
    outlet: str
    language: str
    published: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is told of a saved search.

    key: what makes it the same alert. day: when it happened, in the watch's zone; at: when it was found (ISO 8601, UTC).
    query: the search that finds its articles. numbers: those of its kind, as docs/alerts.md describes them. subject: the name of
    whom the search is about.
    """

    form: int
    watch: str
    search: str
    title: str
    kind: AlertKind
    key: str
    day: str
    at: str
    language: str
    subject: str
    query: str
    numbers: dict[str, Any]
    articles: tuple[Cited, ...]

    @property
    def id(self) -> str:
        """Names it among all alerts of all watches, for good."""
        return "/".join((self.watch, self.search, self.kind, self.key))

    def as_dict(self) -> dict[str, Any]:
        """The alert as plain values, in the order of its fields."""
        return asdict(self)


def from_record(kept: KeptAlert) -> Alert:
    """The alert that the archive keeps."""
    values = json.loads(kept.record)
    return Alert(**{**values, "articles": tuple(Cited(**one) for one in values["articles"])})


def check(archive: Archive, reader: Reader, watch: Watch, search: Search) -> list[Alert]:
    """What is new of a saved search; it is kept in the archive, so that it is new once. Raises UsageError on a bad query."""
    now = clock.now()
    with archive.read() as tx:
        enquiry = _Enquiry(reader, tx, watch, search, now)
        found = [alert for kind in search.alerts for alert in enquiry.alerts(kind)]
    if not found:
        return []

    def keep(tx: Transaction) -> list[Alert]:
        # Asked again under the lock: of two checks at the same time, one finds it.
        tx.alerts.lock()
        return [
            alert
            for alert in found
            if not _told_before(alert, tx.alerts.kept(search=search.id, kind=alert.kind))
            and tx.alerts.keep(
                search.id, alert.kind, alert.key, json.dumps(alert.as_dict(), ensure_ascii=False), at=now.timestamp()
            )
        ]

    return archive.write(keep)


def _told_before(alert: Alert, kept: Sequence[KeptAlert]) -> bool:
    """Whether an alert is one of those kept, by the rules of its kind."""
    keys = [one.key for one in kept]
    match alert.kind:
        case "burst":
            numbers = alert.numbers
            burst = bursts.Burst(_number(numbers["first"]), _number(numbers["last"]), 0, 0.0, None, 0.0)
            return bursts.told_before(burst, map(_number, keys))
        case "turn":
            told = {_number(day): direction for day, _, direction in (key.partition(":") for key in keys)}
            return turns.told_before(_number(alert.day), alert.numbers["direction"], told)
        case _:
            return alert.key in keys


def _number(day: str) -> int:
    return calendar.day_number(date.fromisoformat(day))


class _Enquiry:
    """The questions about one search at one moment."""

    def __init__(self, reader: Reader, tx: Transaction, watch: Watch, search: Search, now: datetime) -> None:
        self._reader = reader
        self._tx = tx
        self._watch = watch
        self._search = search
        self._now = now
        self._today = calendar.day_number(now.astimezone(watch.zone).date())
        try:
            self._query = parse(search.query, Vocabulary.of(watch))
        except VigieError as error:
            raise UsageError(f'[[searches]] "{search.id}": {error.message}', mend=error.mend) from None
        self._subject = _named(self._query, "subject") or watch.subjects[0].id

    def alerts(self, kind: AlertKind) -> Iterable[Alert]:
        """What there is to tell, the earliest first, told or not."""
        return {"burst": self._bursts, "turn": self._turns, "silence": self._silences}[kind]()

    # Bursts.

    def _bursts(self) -> Iterator[Alert]:
        first = self._today - HISTORY + 1
        relevant, every = self._daily(self._query, first), self._daily(coverage_scope(self._query), first)
        # Days before anything was collected are none to compare with.
        begun = next((day for day, count in enumerate(every) if count), len(every))
        relevant, every, first = relevant[begun:], every[begun:], first + begun
        newest = self._today - LOOK_BACK - first
        for burst in bursts.bursts(relevant, every, since=newest - bursts.WEEK * 2):
            if burst.last < newest:
                continue
            begins, ends = _iso(first + burst.first), _iso(first + burst.last)
            yield self._alert(
                "burst",
                key=begins,
                day=begins,
                query=within(self._query, date.fromisoformat(begins), date.fromisoformat(ends)),
                numbers={
                    "first": begins,
                    "last": ends,
                    "articles": burst.articles,
                    "usual": round(burst.usual, 1),
                    "z": None if burst.z is None else round(burst.z, 2),
                    "weight": round(burst.weight, 2),
                },
            )

    def _daily(self, query: Query, first: int) -> list[int]:
        days = within(query, calendar.day_of(first), calendar.day_of(self._today))
        cells = self._reader.cells(days, ("day",))
        return [cells.get((day,), 0) for day in range(first, self._today + 1)]

    # Turns.

    def _turns(self) -> Iterator[Alert]:
        topic = _named(self._query, "topic")
        first = self._today - LOOK_BACK - turns.WINDOW - turns.BEFORE
        facts = {f"{self._subject}|{topic or OVERALL}|{side}": side for side in ("critical", "supportive")}
        days = within(self._query, calendar.day_of(first), calendar.day_of(self._today))
        told = self._by_story(days, facts)
        seen: set[str] = set()  # the window is seen to have turned on many days; the first of them is the day of the turn
        for day in range(self._today - LOOK_BACK + 1, self._today + 1):
            turn = turns.turn_on(told, day)
            if turn is None or turn.direction in seen:
                continue
            seen.add(turn.direction)
            window = within(self._query, calendar.day_of(day - turns.WINDOW + 1), calendar.day_of(day))
            yield self._alert(
                "turn",
                key=f"{_iso(day)}:{turn.direction}",
                day=_iso(day),
                query=all_of((window, FactFilter(turn.direction, topic or OVERALL, self._subject))),
                numbers={
                    "direction": turn.direction,
                    "subject": self._subject,
                    "topic": topic,
                    "critical": turn.now.critical,
                    "supportive": turn.now.supportive,
                    "critical_before": turn.before.critical,
                    "supportive_before": turn.before.supportive,
                    "balance": round(turn.now.balance, 3),
                    "balance_before": round(turn.before.balance, 3),
                    "p": float(f"{turn.p:.2g}"),
                },
            )

    def _by_story(self, query: Query, facts: dict[str, str]) -> Counter[tuple[int, str, int]]:
        """How many articles by day, side and story; those that tell a story alone under the story 0."""
        told: Counter[tuple[int, str, int]] = Counter()
        for (day, fact), number in self._reader.cells(query, ("day", "facts"), only={"facts": tuple(facts)}).items():
            told[int(day), facts[str(fact)], 0] += number
        shared = self._reader.cells(query, ("day", "facts", "shared_story"), only={"facts": tuple(facts)})
        for (day, fact, story), number in shared.items():
            told[int(day), facts[str(fact)], int(story)] += number
            told[int(day), facts[str(fact)], 0] -= number
        return told

    # Silences.

    def _silences(self) -> Iterator[Alert]:
        first = self._today - 2 * silence.RHYTHM
        days = within(self._query, calendar.day_of(first), calendar.day_of(self._today))
        wrote = _days_of(self._reader.cells(days, ("source", "day")))
        published = _days_of(
            self._reader.cells(within(Everything(), calendar.day_of(first), calendar.day_of(self._today)), ("source", "day"))
        )
        since = self._now - timedelta(days=silence.RHYTHM)
        reads = self._tx.frontier.last_reads(since=since.timestamp())
        yesterday = self._today - 1
        for source in self._watch.sources:
            known = silence.rhythm(wrote.get(source.id, ()), published.get(source.id, ()))
            if known is None or known.last < self._today - silence.RHYTHM:
                continue
            if known.chance_of_silence(yesterday) >= silence.UNLIKELY:
                continue
            # What is known of it ends with the last time that it was reached.
            contact = max(published[source.id])
            if source.id in reads:
                read = datetime.fromtimestamp(reads[source.id], UTC).astimezone(self._watch.zone)
                contact = max(contact, calendar.day_number(read.date()))
            reached = known.chance_of_silence(min(contact, yesterday)) < silence.UNLIKELY
            yield self._silence(source.id, source.name, known, published[source.id], contact=contact, reached=reached)

    def _silence(
        self, source: str, outlet: str, known: silence.Rhythm, published: set[int], *, contact: int, reached: bool
    ) -> Alert:
        until = min(contact, self._today - 1) if reached else self._today - 1
        rhythm = calendar.day_of(known.last - silence.RHYTHM + 1), calendar.day_of(known.last)
        query = within(all_of((self._query, FieldValue("source", source))), *rhythm)
        last = self._reader.search(query, limit=1, sort="date").hits[0]
        return self._alert(
            "silence",
            key=f"{source}/{last['id']}" + ("" if reached else "/unreached"),
            day=_iso(until),
            query=query,
            numbers={
                "source": source,
                "outlet": outlet,
                "reached": reached,
                "contact": _iso(contact),
                "last": _iso(known.last),
                "silent_days": until - known.last,
                "wrote_days": sum(known.wrote),
                "of_days": sum(known.of),
                "chance": float(f"{known.chance_of_silence(until):.2g}"),
                "other_days": sum(day > known.last for day in published),
            },
        )

    # All of them.

    def _alert(self, kind: AlertKind, *, key: str, day: str, query: Query, numbers: dict[str, Any]) -> Alert:
        return Alert(
            form=FORM,
            watch=self._watch.name,
            search=self._search.id,
            title=self._search.title or self._search.id,
            kind=kind,
            key=key,
            day=day,
            at=self._now.astimezone(UTC).isoformat(timespec="seconds"),
            language=self._search.language,
            subject=next(subject.name for subject in self._watch.subjects if subject.id == self._subject),
            query=render(query),
            numbers=numbers,
            articles=self._cited(query),
        )

    def _cited(self, query: Query) -> tuple[Cited, ...]:
        """The newest articles, one of an outlet where there are several outlets."""
        names = {source.id: source.name for source in self._watch.sources}
        hits = self._reader.search(query, limit=20 * CITED, sort="date").hits
        first_of = {hit["source"]: hit["id"] for hit in reversed(hits)}
        ranked = sorted(hits, key=lambda hit: first_of[hit["source"]] != hit["id"])
        return tuple(
            Cited(hit["id"], hit["title"], hit["url"], names.get(hit["source"], hit["source"]), hit["language"], hit["published"])
            for hit in ranked[:CITED]
        )


def _iso(day: int) -> str:
    return calendar.day_of(day).isoformat()


def _days_of(cells: dict[tuple[Any, ...], int]) -> dict[str, set[int]]:
    """The days of each source."""
    days: dict[str, set[int]] = {}
    for source, day in cells:
        days.setdefault(str(source), set()).add(int(day))
    return days


def _named(query: Query, field: str) -> str | None:
    """The one value of a field that the query asks for at its top; None where it asks for none, or for several."""
    parts = query.parts if isinstance(query, And) else (query,)
    values = {part.value for part in parts if isinstance(part, FieldValue) and part.field == field}
    return values.pop() if len(values) == 1 else None
