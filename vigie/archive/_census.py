"""How many digests were made, and what became of what was sent: counted for those who ask how things stand."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from vigie.archive._schema import deliveries, digests


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Something that has not arrived, or of which that is not known (state "sending")."""

    what: str
    period: str
    recipient: str
    state: str
    at: float
    detail: str


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

    def unsettled(self, *, since: float, begun_before: float) -> list[Unsettled]:
        """Of what was last tried since an instant: what failed, and what was begun before another and never heard of again."""
        failed = deliveries.c.state.not_in(("sent", "sending"))
        lost = (deliveries.c.state == "sending") & (deliveries.c.at < begun_before)
        columns = (getattr(deliveries.c, name) for name in Unsettled.__slots__)
        query = select(*columns).where(deliveries.c.at >= since, failed | lost).order_by(deliveries.c.at.desc())
        return [Unsettled(**row._mapping) for row in self._connection.execute(query)]
