"""The change log that every index follows, and how far each has come."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select

from vigie.archive._dialect import CHANGES, lock, upsert
from vigie.archive._schema import articles, changes, cursors


class Changes:
    """The change log. An index that has applied all changes up to seq knows everything up to there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._noted: list[str] = []

    def append(self, ids: Iterable[str]) -> None:
        """Note that these articles, their labels or stories changed; written at the end of the transaction."""
        self._noted += ids

    def write(self) -> None:
        """Write what was noted. One transaction after another: a number never appears after a greater one has been seen.

        The last thing that a transaction does: whoever has this lock waits for nothing more, so that nobody waits for long.
        """
        if self._noted:
            lock(self._connection, CHANGES)
            self._connection.execute(insert(changes), [{"article": article} for article in self._noted])
            self._noted = []

    def after(self, seq: int, *, limit: int) -> tuple[list[str], int]:
        """Up to limit changes after seq: the distinct article ids, and the seq that has been reached with them."""
        self.write()
        rows = self._connection.execute(
            select(changes.c.seq, changes.c.article).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
        ).all()
        return list(dict.fromkeys(row.article for row in rows)), rows[-1].seq if rows else seq

    def last(self) -> int:
        """The newest seq, 0 in an empty log."""
        self.write()
        return self._connection.scalar(select(func.max(changes.c.seq))) or 0

    def position(self, index: str) -> int:
        """The seq that an index has reached, 0 for a new one."""
        return self._connection.scalar(select(cursors.c.seq).where(cursors.c.index == index)) or 0

    def reached(self, index: str, seq: int) -> None:
        """Note how far an index has come."""
        self._connection.execute(
            upsert(self._connection, cursors)
            .values(index=index, seq=seq)
            .on_conflict_do_update(index_elements=["index"], set_={"seq": seq})
        )

    def unindexed(self, index: str) -> int:
        """How many changes an index has not seen."""
        self.write()
        query = select(func.count()).select_from(changes).where(changes.c.seq > self.position(index))
        return self._connection.scalar(query) or 0

    def unindexed_by_any(self, family: str) -> int:
        """How many changes no index whose name begins so has seen: the lag of one that cannot be asked for its name."""
        furthest = select(func.max(cursors.c.seq)).where(cursors.c.index.startswith(family, autoescape=True))
        query = select(func.count()).select_from(changes).where(changes.c.seq > (self._connection.scalar(furthest) or 0))
        return self._connection.scalar(query) or 0

    def every_article(self) -> list[str]:
        """All article ids, for an index that is built anew."""
        return list(self._connection.scalars(select(articles.c.id).order_by(articles.c.id)))
