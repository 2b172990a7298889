"""The frontier: every URL that is known, when it is next due, and how its last fetch ended."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, case, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from vigie.archive._schema import fetches, frontier, workers

Kind = Literal["feed", "sitemap", "section", "article"]

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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def plan_listings(self, entries: Iterable[FrontierEntry], *, at: float) -> None:
        """Make the listings of the watch due; those already known keep their rhythm, those no longer named are dropped."""
        named = {entry.url: entry for entry in entries}
        known = {
            row.url: row
            for row in self._connection.execute(
                select(frontier.c.url, frontier.c.next_try).where(frontier.c.kind != "article", frontier.c.parent.is_(None))
            )
        }
        for url, entry in named.items():
            if url not in known:
                self._insert(entry, at=at, next_try=at)
            elif known[url].next_try is None:
                self._set(url, next_try=at)
        for url in known.keys() - named.keys():
            self._set(url, next_try=None)

    def discover(self, entry: FrontierEntry, *, at: float) -> bool:
        """Note a URL found in a listing; True when it is new.

        A known one becomes due again when the same kind of listing now gives another time of update than before.
        """
        row = self._connection.execute(
            select(frontier.c.hint, frontier.c.kind, frontier.c.next_try).where(frontier.c.url == entry.url)
        ).one_or_none()
        if row is None:
            self._insert(entry, at=at, next_try=at)
            return True
        before = json.loads(row.hint)
        merged = before | entry.hint
        if merged != before:
            changed = any(before[key] != merged[key] for key in before if key.endswith("updated"))
            due = at if changed else row.next_try
            self._set(entry.url, hint=json.dumps(merged, ensure_ascii=False, sort_keys=True), next_try=due)
        return False

    def claim(
        self, worker: str, *, at: float, limit: int, per_source: int, sources: Sequence[str] = (), listings_only: bool = False
    ) -> list[FrontierEntry]:
        """Lease up to limit URLs that are due, at most per_source of each: a slow outlet never starves the others.

        The articles of a source wait until all its listings that are due have been read: only then is all said of them.
        """
        free = or_(frontier.c.lease.is_(None), frontier.c.lease.not_in(select(workers.c.id)))
        rank = func.row_number().over(partition_by=frontier.c.source, order_by=(_ORDER, frontier.c.next_try, frontier.c.url))
        listing = frontier.alias()
        still_listing = select(listing.c.source).where(listing.c.next_try <= at, listing.c.kind != "article")
        due = select(frontier, rank.label("rank")).where(
            frontier.c.next_try <= at, free, or_(frontier.c.kind != "article", frontier.c.source.not_in(still_listing))
        )
        if sources:
            due = due.where(frontier.c.source.in_(sources))
        if listings_only:
            due = due.where(frontier.c.kind != "article")
        ranked = due.subquery()
        order = case((ranked.c.kind == "article", 1), else_=0)
        rows = self._connection.execute(
            select(ranked).where(ranked.c.rank <= per_source).order_by(order, ranked.c.rank, ranked.c.url).limit(limit)
        ).all()
        if rows:
            self._connection.execute(update(frontier).where(frontier.c.url.in_([row.url for row in rows])).values(lease=worker))
        return [_entry(row) for row in rows]

    def next_retry(self, *, sources: Sequence[str] = ()) -> float | None:
        """The instant at which the next URL that failed before falls due again, or None."""
        query = select(func.min(frontier.c.next_try)).where(frontier.c.attempts > 0)
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
        status: int | None = None,
        size: int = 0,
        detail: str = "",
        etag: str | None = None,
        modified: str | None = None,
        interval: float | None = None,
    ) -> None:
        """Write down how a fetch ended and when the URL is next due; the lease ends with it."""
        values: dict[str, Any] = {
            "lease": None,
            "outcome": outcome,
            "next_try": next_try,
            "attempts": entry.attempts + 1 if failed else 0,
            "fetched": at,
        }
        if etag is not None or modified is not None:
            values |= {"etag": etag, "modified": modified}
        if interval is not None:
            values["interval"] = interval
        self._set(entry.url, **values)
        self._connection.execute(
            insert(fetches).values(
                worker=worker, url=entry.url, source=entry.source, kind=entry.kind, outcome=outcome, status=status,
                bytes=size, at=at, detail=detail,
            )
        )  # fmt: skip

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
            .where(frontier.c.kind != "article", frontier.c.attempts > 0, frontier.c.next_try.is_not(None))
            .order_by(frontier.c.source, frontier.c.url)
        )
        rows = self._connection.execute(query.where(frontier.c.source.in_(sources)) if sources else query)
        return [(row.source, row.url, row.outcome) for row in rows]

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

    def _insert(self, entry: FrontierEntry, *, at: float, next_try: float) -> None:
        self._connection.execute(
            upsert(frontier)
            .values(
                url=entry.url, source=entry.source, kind=entry.kind, parent=entry.parent, discovered=at,
                next_try=next_try, attempts=0,
                hint=json.dumps(entry.hint, ensure_ascii=False, sort_keys=True),
            )
            .on_conflict_do_nothing()
        )  # fmt: skip

    def _set(self, url: str, **values: Any) -> None:
        self._connection.execute(update(frontier).where(frontier.c.url == url).values(**values))


def _entry(row: Any) -> FrontierEntry:
    return FrontierEntry(
        url=row.url, source=row.source, kind=row.kind, attempts=row.attempts, etag=row.etag, modified=row.modified,
        interval=row.interval, fetched=row.fetched, hint=json.loads(row.hint), parent=row.parent,
        discovered=row.discovered, outcome=row.outcome,
    )  # fmt: skip
