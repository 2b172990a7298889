"""What was told of the saved searches: each alert once, under the key that makes it the same."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from vigie.archive._dialect import ALERTS, lock, upsert
from vigie.archive._schema import alerts


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it was told. record: its JSON text; at: when it was found, seconds since the epoch."""

    search: str
    kind: str
    key: str
    at: float
    record: str


class Alerts:
    """The table of alerts. A row is never changed: what was told was told."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        """Be the only one who decides what is new, until the transaction ends."""
        lock(self._connection, ALERTS)

    def keep(self, search: str, kind: str, key: str, record: str, *, at: float) -> bool:
        """Keep an alert; False where one of that key is kept already, which stays as it is."""
        made = upsert(self._connection, alerts).values(search=search, kind=kind, key=key, record=record, at=at)
        return self._connection.scalar(made.on_conflict_do_nothing().returning(alerts.c.key)) is not None

    def kept(self, *, search: str | None = None, kind: str | None = None, since: float | None = None) -> list[KeptAlert]:
        """The alerts found since an instant, the newest first."""
        query = select(alerts).order_by(alerts.c.at.desc(), alerts.c.search, alerts.c.kind, alerts.c.key)
        if search is not None:
            query = query.where(alerts.c.search == search)
        if kind is not None:
            query = query.where(alerts.c.kind == kind)
        if since is not None:
            query = query.where(alerts.c.at >= since)
        return [KeptAlert(**row._mapping) for row in self._connection.execute(query)]
