"""Opening the archive, its transactions, and bringing an older one up to date."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from vigie import clock
from vigie.archive import _schema
from vigie.archive._alerts import Alerts
from vigie.archive._articles import Articles, Pages
from vigie.archive._census import Census
from vigie.archive._changes import Changes
from vigie.archive._corrections import Corrections
from vigie.archive._deliveries import Deliveries
from vigie.archive._dialect import MIGRATION, is_postgresql, lock
from vigie.archive._digests import Digests
from vigie.archive._engines import explain_database_error, is_taken_back, postgresql_engine, shown, sqlite_engine
from vigie.archive._frontier import Frontier
from vigie.archive._hosts import Hosts
from vigie.archive._labels import LabelStore, ReadQueue, Stories
from vigie.archive._learnt import Learnt
from vigie.archive._quarantine import Quarantine
from vigie.archive._robots import Robots
from vigie.archive._runs import Runs
from vigie.archive._upkeep import Upkeep
from vigie.archive._workers import HEARTBEAT_S, Workers
from vigie.errors import VigieError

# A transaction that the database takes back in favour of another is begun anew so many times.
TRIES = 6

Made = TypeVar("Made")


class Transaction:
    """One transaction over the archive; the tables are offered by concern."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def frontier(self) -> Frontier:
        return Frontier(self.connection, self.hosts)

    @cached_property
    def hosts(self) -> Hosts:
        return Hosts(self.connection)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.connection)

    @cached_property
    def articles(self) -> Articles:
        return Articles(self.connection, self.corrections)

    @cached_property
    def to_read(self) -> ReadQueue:
        return ReadQueue(self.connection)

    @cached_property
    def labels(self) -> LabelStore:
        return LabelStore(self.connection, self.changes)

    @cached_property
    def corrections(self) -> Corrections:
        return Corrections(self.connection, self.changes)

    @cached_property
    def learnt(self) -> Learnt:
        return Learnt(self.connection)

    @cached_property
    def stories(self) -> Stories:
        return Stories(self.connection)

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.connection)

    @cached_property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.connection)

    @cached_property
    def digests(self) -> Digests:
        return Digests(self.connection)

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self.connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.connection)

    @cached_property
    def robots(self) -> Robots:
        return Robots(self.connection)

    @cached_property
    def workers(self) -> Workers:
        return Workers(self.connection, self.hosts)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection)

    @cached_property
    def census(self) -> Census:
        return Census(self.connection)

    @cached_property
    def upkeep(self) -> Upkeep:
        return Upkeep(self.connection)


@contextmanager
def _synchronous(connection: Connection, durable: bool) -> Iterator[None]:
    """Where durable, have SQLite bring the transaction that follows to the disk; PostgreSQL does so with each."""
    if not durable or is_postgresql(connection):
        yield
        return
    # On the driver's connection: SQLAlchemy would begin a transaction, in which the setting cannot be changed.
    driver = connection.connection
    driver.cursor().execute("PRAGMA synchronous=FULL")
    try:
        yield
    finally:
        driver.cursor().execute("PRAGMA synchronous=NORMAL")


class Archive:
    """The system of record: a file in a data folder, or a PostgreSQL database that several machines share.

    place: where it is, in words that may be shown (no password).
    """

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self.place = place

    @classmethod
    def open(cls, data: Path, url: str = "") -> "Archive":
        """Open an archive, making or migrating it where needed; raises VigieError where that fails.

        url: ``postgresql://user:password@host/database``; empty: the SQLite archive in the data folder. Raises UsageError on
        another URL.
        """
        if url:
            archive = cls(postgresql_engine(url), shown(url))
        else:
            try:
                data.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise VigieError(
                    f"{data}: the data folder cannot be made: {error.strerror}", mend="name another with --data DIR or VIGIE_DATA"
                ) from None
            archive = cls(sqlite_engine(data / "archive.db"), str(data / "archive.db"))
        try:
            archive._migrate()
        except DatabaseError as error:
            archive.close()
            raise explain_database_error(error, archive.place) from None
        except VigieError:
            archive.close()
            raise
        return archive

    def _migrate(self) -> None:
        with self._connection(write=False) as connection:
            if self._version(connection) == _schema.SCHEMA_VERSION:
                return
        with self._connection(write=True) as connection:
            lock(connection, MIGRATION)  # of several that start at once, the first migrates; the others find it done
            version = self._version(connection)
            for migrate in _schema.MIGRATIONS[version:]:
                migrate(connection)
            if version == 0:
                connection.execute(insert(_schema.about).values(key="schema", value=str(_schema.SCHEMA_VERSION)))
            elif version < _schema.SCHEMA_VERSION:
                connection.execute(
                    update(_schema.about).where(_schema.about.c.key == "schema").values(value=str(_schema.SCHEMA_VERSION))
                )

    def _version(self, connection: Connection) -> int:
        if not inspect(connection).has_table("about"):
            return 0
        version = int(connection.scalar(select(_schema.about.c.value).where(_schema.about.c.key == "schema")) or 0)
        if version > _schema.SCHEMA_VERSION:
            raise VigieError(
                f"{self.place}: written by a newer Vigie (archive version {version}; this one: {_schema.SCHEMA_VERSION})",
                mend="update Vigie, or name another data folder with --data DIR",
            )
        return version

    @contextmanager
    def _connection(self, *, write: bool, durable: bool = False) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection, _synchronous(connection, durable):
                connection.execution_options(vigie_write=write)
                if not write and connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    yield connection
        except InterfaceError as error:  # the driver's word for a connection that is gone; told like every other refusal
            raise OperationalError(error.statement, error.params, error.orig or error) from error

    @contextmanager
    def begin(self, *, durable: bool = False) -> Iterator[Transaction]:
        """A transaction that writes: all of it is committed at the end, or nothing.

        durable: not even a power cut takes it back, as it may take back the last others of an SQLite archive.
        """
        with self._connection(write=True, durable=durable) as connection:
            tx = Transaction(connection)
            yield tx
            tx.changes.write()

    def write(self, work: Callable[[Transaction], Made]) -> Made:
        """Do some work in a transaction that writes, and what it made.

        Where many write at a time, the database may take one transaction back so that another can go on (a deadlock): the work is
        then done again from its beginning, so that it must change nothing but the archive.
        """
        for _ in range(TRIES - 1):
            try:
                with self.begin() as tx:
                    return work(tx)
            except DBAPIError as error:
                if not is_taken_back(error):
                    raise
        with self.begin() as tx:
            return work(tx)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that reads one consistent state and never blocks a writer."""
        with self._connection(write=False) as connection:
            yield Transaction(connection)

    @contextmanager
    def beating(self, worker: str) -> Iterator[None]:
        """Keep the worker's heart beating beside long work; a beat that fails is left to the work to find."""
        end = threading.Event()

        def beat() -> None:
            while not end.wait(HEARTBEAT_S):
                try:
                    self.write(lambda tx: tx.workers.beat(worker, at=clock.now().timestamp()))
                except DatabaseError:
                    continue

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def vacuum(self) -> int:
        """Give the space of deleted rows back to the disk; how many bytes. Writers wait meanwhile.

        PostgreSQL does this by itself (autovacuum). Of a SQLite file, a tenth that is free is left: the next rows fill it.
        """
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.dialect.name != "sqlite":
                return 0
            ask = connection.connection.driver_connection.execute  # type: ignore[union-attr]  # outside of any transaction
            ask("PRAGMA optimize")
            before, free, size = (ask(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size"))
            if free * 10 > before:
                ask("VACUUM")
            ask("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return int((before - ask("PRAGMA page_count").fetchone()[0]) * size)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
