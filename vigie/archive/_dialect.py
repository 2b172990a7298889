"""What SQLite and PostgreSQL say differently.

SQLite lets one writer in at a time, so that nothing has to be locked there: row locks are not rendered, and the locks below are
no-ops. On PostgreSQL writers work side by side (READ COMMITTED) and lock the rows they decide on.
"""

import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Table, cast, extract, func, literal, text
from sqlalchemy.dialects import postgresql, sqlite

# The keys of the advisory locks. One number space a database, so that they are unlikely to be another program's.
MIGRATION, CHANGES, STORIES, ALONE, ALERTS = 7_164_301, 7_164_302, 7_164_303, 7_164_304, 7_164_305


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT into the table that takes ON CONFLICT clauses (both dialects' own classes have the same methods)."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)


def is_postgresql(connection: Connection) -> bool:
    """Whether many write at a time."""
    return connection.dialect.name == "postgresql"


def lock(connection: Connection, key: int, *, shared: bool = False) -> None:
    """Wait for the lock of that key, and hold it until the transaction ends; shared: together with other sharers."""
    if is_postgresql(connection):
        function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        connection.execute(text(f"SELECT {function}(:key)"), {"key": key})


def database_time(connection: Connection) -> ColumnElement[float]:
    """Seconds since the epoch by the database's clock, in a statement: the one clock that machines share."""
    if is_postgresql(connection):
        return cast(extract("epoch", func.clock_timestamp()), Float)
    return literal(time.time(), Float)
