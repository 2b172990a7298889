"""What the archive lets go when its time is over."""

from sqlalchemy import Connection, Table, delete, select, update

from vigie.archive._schema import fetches, pages, revisions

# Rows taken out in one transaction: others that write wait no longer than that takes.
BATCH = 500


class Upkeep:
    """Taking out what is older than an instant, a batch at a time. Articles, labels and corrections are never taken out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def drop_pages(self, *, before: float, limit: int = BATCH) -> int:
        """Take out pages that were fetched before an instant; how many they were. Their articles stay."""
        old = list(self._connection.scalars(select(pages.c.id).where(pages.c.fetched < before).order_by(pages.c.id).limit(limit)))
        self._connection.execute(update(revisions).where(revisions.c.page.in_(old)).values(page=None))
        return self._delete(pages, old)

    def drop_fetches(self, *, before: float, limit: int = BATCH) -> int:
        """Take out the outcomes of fetches before an instant; how many they were."""
        query = select(fetches.c.id).where(fetches.c.at < before).order_by(fetches.c.at).limit(limit)
        return self._delete(fetches, list(self._connection.scalars(query)))

    def _delete(self, table: Table, ids: list[int]) -> int:
        return self._connection.execute(delete(table).where(table.c.id.in_(ids))).rowcount if ids else 0
