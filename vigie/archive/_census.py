"""How many digests were made, and what became of what was sent: counted for those who ask how things stand."""

from sqlalchemy import Connection, func, select

from vigie.archive._schema import deliveries, digests


class Census:
    """Counting over the tables of digests and deliveries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def digests(self) -> dict[str, tuple[int, str]]:
        """By edition: of how many weeks there is a digest, and the newest of them."""
        weeks = func.count(digests.c.week.distinct())
        rows = self._connection.execute(
            select(digests.c.edition, weeks, func.max(digests.c.week)).group_by(digests.c.edition).order_by(digests.c.edition)
        )
        return {edition: (count, newest) for edition, count, newest in rows}

    def deliveries(self) -> dict[str, int]:
        """How many stand in each state."""
        rows = self._connection.execute(
            select(deliveries.c.state, func.count()).group_by(deliveries.c.state).order_by(deliveries.c.state)
        )
        return {state: count for state, count in rows}  # noqa: C416  # mypy cannot type dict(rows)
