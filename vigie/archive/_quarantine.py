"""What could not be used: kept, counted, shown, and open to another try."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from vigie.archive._dialect import upsert
from vigie.archive._schema import quarantine


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One thing that a step could not use. key is a URL (crawl) or an article id (read, index)."""

    step: str
    key: str
    source: str
    reason: str
    detail: str
    times: int
    first: float
    last: float


class Quarantine:
    """The table of quarantined things."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, step: str, key: str, *, reason: str, detail: str = "", source: str = "", at: float) -> None:
        """Keep a thing that could not be used; again, when it is there already."""
        self._connection.execute(
            upsert(self._connection, quarantine)
            .values(step=step, key=key, source=source, reason=reason, detail=detail, times=1, first=at, last=at)
            .on_conflict_do_update(
                index_elements=["step", "key"],
                set_={"reason": reason, "detail": detail, "times": quarantine.c.times + 1, "last": at},
            )
        )

    def release(self, step: str, key: str) -> None:
        """Take a thing out: it has been used, or is to be tried again."""
        self._connection.execute(delete(quarantine).where(quarantine.c.step == step, quarantine.c.key == key))

    def entries(self, *, step: str | None = None, source: str | None = None) -> list[Quarantined]:
        """What is in quarantine, the newest first."""
        query = select(quarantine).order_by(quarantine.c.last.desc(), quarantine.c.key)
        if step:
            query = query.where(quarantine.c.step == step)
        if source:
            query = query.where(quarantine.c.source == source)
        return [Quarantined(**row._mapping) for row in self._connection.execute(query)]

    def count(self) -> int:
        """How many things are in quarantine."""
        return self._connection.scalar(select(func.count()).select_from(quarantine)) or 0
