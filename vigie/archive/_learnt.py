"""What the models have learnt from people, for every reader of the archive."""

from sqlalchemy import Connection, delete, select

from vigie.archive._dialect import upsert
from vigie.archive._schema import learnt


class Learnt:
    """The table of learnt weights: one row for each part of a model."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, name: str, weights: bytes, *, answers: int, at: float) -> None:
        """Keep weights under a name, instead of those that stood there. answers: of how many articles they were learnt."""
        values = {"name": name, "weights": weights, "answers": answers, "at": at}
        made = upsert(self._connection, learnt).values(**values)
        self._connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=values))

    def drop(self, name: str) -> None:
        """Forget the weights of that name, if there are any."""
        self._connection.execute(delete(learnt).where(learnt.c.name == name))

    def names(self) -> list[str]:
        """The names under which weights are kept."""
        return list(self._connection.scalars(select(learnt.c.name).order_by(learnt.c.name)))

    def get(self, name: str) -> tuple[bytes, float] | None:
        """The weights of that name and when they were learnt (seconds since the epoch)."""
        row = self._connection.execute(select(learnt.c.weights, learnt.c.at).where(learnt.c.name == name)).one_or_none()
        return (row.weights, row.at) if row else None
