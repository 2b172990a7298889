"""The frontier: every URL that is known, when it is next due, and how its last fetch ended."""

import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, case, func, insert, not_, or_, select, update

from vigie.archive._address import host_of
from vigie.archive._dialect import upsert
from vigie.archive._hosts import Hosts
from vigie.archive._leases import may_lease
from vigie.archive._schema import fetches, frontier, hosts, workers

Kind = Literal["feed", "sitemap", "section", "article"]

# It failed, or was put off since its host asked to wait, which does not count as a failure.
_IS_TO_BE_TRIED_AGAIN = or_(frontier.c.attempts > 0, frontier.c.outcome == "deferred")
# The outcomes of a listing that was read.
_READ = ("listing", "unchanged")
# Listings first: they are few, and they feed the rest.
_ORDER = case((frontier.c.kind == "feed", 0), (frontier.c.kind == "sitemap", 1), (frontier.c.kind == "section", 2), else_=3)


@dataclass(frozen=True, slots=True)
class FrontierEntry:
    """A URL to fetch. hint holds what its listings said, as written: feed.title, feed.published, sitemap.updated …"""

    url: str
    source: str
    kind: Kind
    attempts: int = 0
    etag: str | None = None
    modified: str | None = None
    interval: float | None = None
    fetched: float | None = None
    hint: dict[str, str] = field(default_factory=dict)
    parent: str | None = None
    discovered: float | None = None
    outcome: str | None = None

    @property
    def host(self) -> str:
        """Whom the URL is asked of."""
        return host_of(self.url)


@dataclass(frozen=True, slots=True)
class Due:
    """Which URLs a crawl is after. fetched_until: leave out what was fetched after that instant (None: nothing)."""

    sources: tuple[str, ...] = ()
    listings_only: bool = False
    fetched_until: float | None = None

    def at(self, instant: float, table: FromClause = frontier) -> ColumnElement[bool]:
        """The condition on the frontier, or on an alias of it."""
        conditions = [table.c.next_try <= instant]
        if self.sources:
            conditions.append(table.c.source.in_(self.sources))
        if self.listings_only:
            conditions.append(table.c.kind != "article")
        if self.fetched_until is not None:
            conditions.append(or_(table.c.fetched.is_(None), table.c.fetched <= self.fetched_until))
        return and_(*conditions)


EVERYTHING = Due()
# URLs looked up or added in one statement.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Fetch:
    """How one fetch ended."""

    source: str
    kind: Kind
    url: str
    outcome: str
    detail: str


class Frontier:
    """The table of URLs and the log of fetches."""

    def __init__(self, connection: Connection, host_table: Hosts) -> None:
        self._connection = connection
        self._hosts = host_table

    def plan_listings(self, entries: Iterable[FrontierEntry], *, at: float) -> None:
        """Make the listings of the watch due; those already known keep their rhythm, those no longer named are dropped."""
        named = {entry.url: entry for entry in entries}
        known = {
            row.url: row
            for row in self._connection.execute(
                select(frontier.c.url, frontier.c.next_try).where(frontier.c.kind != "article", frontier.c.parent.is_(None))
            )
        }
        self._insert([named[url] for url in sorted(named.keys() - known.keys())], at=at)
        for url in sorted(named.keys() & known.keys()):
            if known[url].next_try is None:
                self._set(url, next_try=at)
        for url in sorted(known.keys() - named.keys()):
            self._set(url, next_try=None)

    def discover(self, entry: FrontierEntry, *, at: float) -> bool:
        """Note a URL found in a listing; True when it is new. See discover_all."""
        return self.discover_all([entry], at=at) == 1

    def discover_all(self, entries: Iterable[FrontierEntry], *, at: float) -> int:
        """Note the URLs found in a listing; how many are new.

        A known one becomes due again when the same kind of listing now gives another time of update than before.
        """
        found: dict[str, list[FrontierEntry]] = {}
        for entry in entries:
            found.setdefault(entry.url.replace("\0", ""), []).append(entry)
        new = 0
        # By address: workers that find the same URLs wait for each other in one order.
        urls = sorted(found)
        for start in range(0, len(urls), _BATCH):
            batch = urls[start : start + _BATCH]
            known = self._hints(batch)
            fresh = self._insert([found[url][0] for url in batch if url not in known], at=at)
            new += len(fresh)
            missed = [url for url in batch if url not in known and url not in fresh]  # another worker was quicker
            known |= self._hints(missed) | {url: json.dumps(found[url][0].hint) for url in fresh}
            for url in batch:
                for entry in found[url]:
                    if json.loads(known[url]) | entry.hint != json.loads(known[url]):
                        known[url] = self._merge(url, entry.hint, at=at)
        return new

    def _hints(self, urls: Sequence[str]) -> dict[str, str]:
        query = select(frontier.c.url, frontier.c.hint).where(frontier.c.url.in_(urls))
        return {row.url: row.hint for row in self._connection.execute(query)} if urls else {}

    def _merge(self, url: str, hint: dict[str, str], *, at: float) -> str:
        """Add to what is said of a known URL; what is said of it then."""
        query = select(frontier.c.hint, frontier.c.next_try).where(frontier.c.url == url)
        row = self._connection.execute(query.with_for_update()).one()
        before = json.loads(row.hint)
        merged = before | hint
        changed = any(before[key] != merged[key] for key in before if key.endswith("updated"))
        said = json.dumps(merged, ensure_ascii=False, sort_keys=True)
        self._set(url, hint=said, next_try=at if changed else row.next_try)
        return said

    def claim(
        self,
        worker: str,
        *,
        at: float,
        limit: int,
        per_source: int,
        due: Due = EVERYTHING,
        delay: float = 0.0,
        keep_hosts: Collection[str] = (),
    ) -> list[FrontierEntry]:
        """Lease up to limit URLs that are due, at most per_source of each source: a slow outlet never starves the others.

        The articles of a source wait until all its listings that are due have been read, here or elsewhere: only then is all said
        of them. (Listings whose host asked to wait are not waited for.)

        Only URLs of hosts that the worker holds, or takes with this claim; hosts of which it holds no URL any more are given
        back, but keep_hosts. delay: seconds that a host is then left in peace.
        """
        if not may_lease(self._connection, worker):
            return []
        found = self._candidates(worker, at=at, limit=limit, per_source=per_source, due=due)
        mine = self._share(worker, [row.host for row in found])
        locked = self._hosts.lock(mine, worker, at=at)
        rows = self._lock([row.url for row in found if row.host in locked], at=at)
        if rows:
            self._hosts.hold({row.host for row in rows}, worker, delay=delay)
            self._connection.execute(update(frontier).where(frontier.c.url.in_([row.url for row in rows])).values(lease=worker))
        self._hosts.give_back(worker, but=keep_hosts)
        return [_entry(row) for row in rows]

    def _candidates(self, worker: str, *, at: float, limit: int, per_source: int, due: Due) -> Sequence[Row[Any]]:
        """What would be claimed if nobody else claimed at the same time; nothing is locked."""
        rank = func.row_number().over(partition_by=frontier.c.source, order_by=(_ORDER, frontier.c.next_try, frontier.c.url))
        listing = frontier.alias()
        paused = select(hosts.c.host).where(hosts.c.paused_until > at)
        still_listing = select(listing.c.source).where(
            due.at(at, listing), listing.c.kind != "article", listing.c.host.not_in(paused)
        )
        of_others = and_(func.coalesce(hosts.c.lease, "") != worker, not_(self._hosts.free(at=at)))
        barred = select(hosts.c.host).where(or_(hosts.c.paused_until > at, of_others))
        ranked = (
            select(frontier.c.url, frontier.c.host, frontier.c.kind, rank.label("rank"))
            .where(
                due.at(at),
                frontier.c.lease.is_(None),
                or_(frontier.c.kind != "article", frontier.c.source.not_in(still_listing)),
                frontier.c.host.not_in(barred),
            )
            .subquery()
        )
        order = case((ranked.c.kind == "article", 1), else_=0)
        chosen = select(ranked.c.url, ranked.c.host).where(ranked.c.rank <= per_source)
        return self._connection.execute(chosen.order_by(order, ranked.c.rank, ranked.c.url).limit(limit)).all()

    def _share(self, worker: str, wanted: Sequence[str]) -> set[str]:
        """The hosts that the worker holds already, and its part of the others: what one takes first, nobody else can ask."""
        held = self._hosts.held(worker)
        others = [host for host in dict.fromkeys(wanted) if host not in held]
        crawlers = self._connection.scalar(select(func.count()).select_from(workers).where(workers.c.step == "crawl")) or 1
        return held | set(others[: math.ceil(len(others) / crawlers)])

    def _lock(self, urls: Sequence[str], *, at: float) -> list[Row[Any]]:
        """Those of the URLs that are still due and free, locked until the transaction ends, in the order given."""
        query = (
            select(frontier)
            .where(frontier.c.url.in_(urls), frontier.c.next_try <= at, frontier.c.lease.is_(None))
            .order_by(frontier.c.url)
        )
        rows = {row.url: row for row in self._connection.execute(query.with_for_update(of=frontier, skip_locked=True))}
        return [rows[url] for url in urls if url in rows]

    def work_elsewhere(self, *, at: float, due: Due = EVERYTHING) -> bool:
        """Whether there are URLs due that another worker holds, or whose host is left in peace for a moment.

        Hosts that asked to wait do not count.
        """
        paused = select(hosts.c.host).where(hosts.c.lease.is_(None), hosts.c.paused_until > at)
        query = select(frontier.c.url).where(due.at(at), frontier.c.host.not_in(paused)).limit(1)
        return self._connection.scalar(query) is not None

    def due(self, *, at: float) -> int:
        """How many URLs a crawl would find due; those of hosts that asked to wait do not count."""
        paused = select(hosts.c.host).where(hosts.c.paused_until > at)
        query = select(func.count()).select_from(frontier).where(EVERYTHING.at(at), frontier.c.host.not_in(paused))
        return self._connection.scalar(query) or 0

    def next_due(self, *, at: float) -> float | None:
        """The instant after at when the next URL falls due, or None."""
        due: float | None = self._connection.scalar(select(func.min(frontier.c.next_try)).where(frontier.c.next_try > at))
        return due

    def hold(self, url: str, worker: str) -> bool:
        """Whether the worker still holds the lease of a URL, which then stays its own until the transaction ends."""
        query = select(frontier.c.url).where(frontier.c.url == url, frontier.c.lease == worker)
        return self._connection.scalar(query.with_for_update()) is not None

    def next_retry(self, *, at: float, sources: Sequence[str] = ()) -> float | None:
        """The instant after at when the next URL that failed before, or was put off, falls due again, or None."""
        query = select(func.min(frontier.c.next_try)).where(_IS_TO_BE_TRIED_AGAIN, frontier.c.next_try > at)
        if sources:
            query = query.where(frontier.c.source.in_(sources))
        due: float | None = self._connection.scalar(query)
        return due

    def finish(
        self,
        entry: FrontierEntry,
        *,
        worker: str,
        outcome: str,
        at: float,
        next_try: float | None,
        failed: bool = False,
        put_off: bool = False,
        status: int | None = None,
        size: int = 0,
        detail: str = "",
        etag: str | None = None,
        modified: str | None = None,
        interval: float | None = None,
    ) -> bool:
        """Write down how a fetch ended and when the URL is next due; the lease ends with it.

        False, and nothing is written, when the lease is no longer the worker's: it stood still, was taken for dead, and
        another took the URL over. What that one brings counts.
        """
        values: dict[str, Any] = {
            "lease": None,
            "outcome": outcome,
            "next_try": next_try,
            "attempts": entry.attempts if put_off else entry.attempts + 1 if failed else 0,
            "fetched": at,
        }
        if etag is not None or modified is not None:
            values |= {"etag": etag, "modified": modified}
        if interval is not None:
            values["interval"] = interval
        still_its_own = update(frontier).where(frontier.c.url == entry.url, frontier.c.lease == worker)
        if not self._connection.execute(still_its_own.values(**values)).rowcount:
            return False
        self._connection.execute(
            insert(fetches).values(
                worker=worker, url=entry.url, source=entry.source, kind=entry.kind, outcome=outcome, status=status,
                bytes=size, at=at, detail=detail,
            )
        )  # fmt: skip
        return True

    def retry(self, url: str, *, at: float) -> None:
        """Make a URL due now, with a clean slate."""
        self._set(url, next_try=at, attempts=0)

    def poll_now(self, *, at: float, sources: Sequence[str] = ()) -> None:
        """Make every planned listing due, whatever its rhythm says."""
        query = update(frontier).where(frontier.c.kind != "article", frontier.c.next_try.is_not(None)).values(next_try=at)
        self._connection.execute(query.where(frontier.c.source.in_(sources)) if sources else query)

    def get(self, url: str) -> FrontierEntry | None:
        """The entry of a URL, or None."""
        row = self._connection.execute(select(frontier).where(frontier.c.url == url)).one_or_none()
        return _entry(row) if row else None

    def outcomes(self, worker: str) -> dict[str, dict[str, int]]:
        """Counts by source and outcome of everything that a worker fetched."""
        rows = self._connection.execute(
            select(fetches.c.source, fetches.c.outcome, func.count())
            .where(fetches.c.worker == worker)
            .group_by(fetches.c.source, fetches.c.outcome)
        )
        counts: dict[str, dict[str, int]] = {}
        for source, outcome, count in rows:
            counts.setdefault(source, {})[outcome] = count
        return counts

    def fetched_by(self, worker: str) -> list[Fetch]:
        """Everything that a worker fetched, in order."""
        rows = self._connection.execute(select(fetches).where(fetches.c.worker == worker).order_by(fetches.c.id))
        return [Fetch(row.source, row.kind, row.url, row.outcome, row.detail) for row in rows]

    def failing_listings(self, sources: Sequence[str] = ()) -> list[tuple[str, str, str]]:
        """The listings whose last fetch failed: source, URL, and how."""
        query = (
            select(frontier.c.source, frontier.c.url, frontier.c.outcome)
            .where(frontier.c.kind != "article", _IS_TO_BE_TRIED_AGAIN, frontier.c.next_try.is_not(None))
            .order_by(frontier.c.source, frontier.c.url)
        )
        rows = self._connection.execute(query.where(frontier.c.source.in_(sources)) if sources else query)
        return [(row.source, row.url, row.outcome) for row in rows]

    def listings_read(self, *, since: float, until: float) -> set[str]:
        """The sources of which a listing was read, or found unchanged, in [since, until)."""
        query = select(fetches.c.source).where(
            fetches.c.kind != "article", fetches.c.outcome.in_(_READ), since <= fetches.c.at, fetches.c.at < until
        )
        return set(self._connection.scalars(query.distinct()))

    def listings_asked(self, *, since: float) -> dict[str, bool]:
        """The sources of which a listing that is still to be polled was asked for since an instant, and whether one was read."""
        read = func.max(case((fetches.c.outcome.in_(_READ), 1), else_=0)).label("read")
        query = (
            select(fetches.c.source, read)
            .join(frontier, frontier.c.url == fetches.c.url)
            .where(fetches.c.kind != "article", since <= fetches.c.at, frontier.c.next_try.is_not(None))
            .group_by(fetches.c.source)
        )
        return {row.source: bool(row.read) for row in self._connection.execute(query)}

    def last_reads(self, *, since: float) -> dict[str, float]:
        """When a listing of each source was last read, or found unchanged, since an instant."""
        query = select(fetches.c.source, func.max(fetches.c.at).label("at")).where(
            fetches.c.kind != "article", fetches.c.outcome.in_(_READ), since <= fetches.c.at
        )
        return {row.source: row.at for row in self._connection.execute(query.group_by(fetches.c.source))}

    def last_listing_fetches(self, *, until: float) -> dict[str, tuple[str, float]]:
        """How, and when, the last fetch of a listing before an instant ended, by source; as far as the log goes back."""
        newest = (
            select(func.max(fetches.c.id)).where(fetches.c.kind != "article", fetches.c.at < until).group_by(fetches.c.source)
        )
        rows = self._connection.execute(select(fetches.c.source, fetches.c.outcome, fetches.c.at).where(fetches.c.id.in_(newest)))
        return {row.source: (row.outcome, row.at) for row in rows}

    def sizes(self) -> dict[str, int]:
        """How many URLs are known, by kind."""
        rows = self._connection.execute(select(frontier.c.kind, func.count().label("count")).group_by(frontier.c.kind))
        return {kind: count for kind, count in rows}  # noqa: C416  # mypy cannot type dict(rows)

    def source_states(self) -> list[dict[str, Any]]:
        """Each source with its known articles and listings, the last fetch and the last outcome of its listings."""
        rows = self._connection.execute(
            select(
                frontier.c.source,
                func.sum(case((frontier.c.kind == "article", 1), else_=0)).label("articles"),
                func.max(frontier.c.fetched).label("fetched"),
                func.sum(case((frontier.c.attempts > 0, 1), else_=0)).label("failing"),
            ).group_by(frontier.c.source)
        )
        return [dict(row._mapping) for row in rows]

    def _insert(self, entries: Sequence[FrontierEntry], *, at: float) -> set[str]:
        """Those of the URLs that were new."""
        if not entries:
            return set()
        for host in sorted({entry.host for entry in entries}):
            self._hosts.know(host)
        rows = [
            {
                "url": entry.url, "source": entry.source, "kind": entry.kind, "parent": entry.parent, "discovered": at,
                "next_try": at, "attempts": 0, "host": entry.host,
                "hint": json.dumps(entry.hint, ensure_ascii=False, sort_keys=True),
            }
            for entry in entries
        ]  # fmt: skip
        fresh = upsert(self._connection, frontier).on_conflict_do_nothing().returning(frontier.c.url)
        return set(self._connection.scalars(fresh, rows))

    def _set(self, url: str, **values: Any) -> None:
        self._connection.execute(update(frontier).where(frontier.c.url == url).values(**values))


def _entry(row: Any) -> FrontierEntry:
    return FrontierEntry(
        url=row.url, source=row.source, kind=row.kind, attempts=row.attempts, etag=row.etag, modified=row.modified,
        interval=row.interval, fetched=row.fetched, hint=json.loads(row.hint), parent=row.parent,
        discovered=row.discovered, outcome=row.outcome,
    )  # fmt: skip
