"""The robots.txt of every origin, as last fetched."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from vigie.archive._dialect import upsert
from vigie.archive._schema import robots


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """A robots.txt. status is the HTTP status, 0 when the host could not be reached."""

    status: int
    body: bytes
    fetched: float


class Robots:
    """The table of robots.txt files."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, origin: str) -> RobotsFile | None:
        """What was last fetched from an origin (scheme://host:port), or None."""
        row = self._connection.execute(select(robots).where(robots.c.origin == origin)).one_or_none()
        return RobotsFile(row.status, row.body, row.fetched) if row else None

    def store(self, origin: str, file: RobotsFile) -> None:
        """Keep what an origin answered."""
        values = {"status": file.status, "body": file.body, "fetched": file.fetched}
        self._connection.execute(
            upsert(self._connection, robots)
            .values(origin=origin, **values)
            .on_conflict_do_update(index_elements=["origin"], set_=values)
        )
