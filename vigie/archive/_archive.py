"""Opening the archive, its transactions, and bringing an older one up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError, OperationalError

from vigie.archive import _schema
from vigie.archive._articles import Articles, Pages
from vigie.archive._changes import Changes
from vigie.archive._frontier import Frontier
from vigie.archive._labels import LabelStore, ReadQueue, Stories
from vigie.archive._quarantine import Quarantine
from vigie.archive._robots import Robots
from vigie.archive._workers import Workers
from vigie.errors import VigieError

BUSY_TIMEOUT_S = 60


class Transaction:
    """One transaction over the archive; the tables are offered by concern."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def frontier(self) -> Frontier:
        return Frontier(self.connection)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.connection)

    @cached_property
    def articles(self) -> Articles:
        return Articles(self.connection)

    @cached_property
    def to_read(self) -> ReadQueue:
        return ReadQueue(self.connection)

    @cached_property
    def labels(self) -> LabelStore:
        return LabelStore(self.connection)

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
    def robots(self) -> Robots:
        return Robots(self.connection)

    @cached_property
    def workers(self) -> Workers:
        return Workers(self.connection)


class Archive:
    """The system of record in a data folder."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self.place = place

    @classmethod
    def open(cls, data: Path) -> "Archive":
        """Open the archive of a data folder, making or migrating it where needed; raises VigieError otherwise."""
        path = data / "archive.db"
        try:
            data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VigieError(
                f"{data}: the data folder cannot be made: {error.strerror}", mend="name another with --data DIR or VIGIE_DATA"
            ) from None
        archive = cls(_sqlite_engine(path), str(path))
        try:
            archive._migrate()
        except (OperationalError, DatabaseError) as error:
            raise explain_database_error(error, str(path)) from None
        return archive

    def _migrate(self) -> None:
        with self._connection(write=True) as connection:
            version = 0
            if inspect(connection).has_table("about"):
                found = connection.scalar(select(_schema.about.c.value).where(_schema.about.c.key == "schema"))
                version = int(found or 0)
            if version > _schema.SCHEMA_VERSION:
                raise VigieError(
                    f"{self.place}: written by a newer Vigie (archive version {version}; this one: {_schema.SCHEMA_VERSION})",
                    mend="update Vigie, or name another data folder with --data DIR",
                )
            for migrate in _schema.MIGRATIONS[version:]:
                migrate(connection)
            if version == 0:
                connection.execute(insert(_schema.about).values(key="schema", value=str(_schema.SCHEMA_VERSION)))
            elif version < _schema.SCHEMA_VERSION:
                connection.execute(
                    update(_schema.about).where(_schema.about.c.key == "schema").values(value=str(_schema.SCHEMA_VERSION))
                )

    @contextmanager
    def _connection(self, *, write: bool) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            connection.execution_options(vigie_write=write)
            with connection.begin():
                yield connection

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that writes: all of it is committed at the end, or nothing."""
        with self._connection(write=True) as connection:
            yield Transaction(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that reads one consistent state and never blocks a writer."""
        with self._connection(write=False) as connection:
            yield Transaction(connection)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def explain_database_error(error: DatabaseError, place: str) -> VigieError:
    """The clear line for what the database refused."""
    said = str(error.orig)
    if "disk is full" in said or "disk I/O error" in said:
        return VigieError(
            f"{place}: no space left on the disk ({said}); everything committed so far is kept",
            mend="free some space or move the data folder, then run the same command again",
        )
    if "not a database" in said or "malformed" in said:
        return VigieError(
            f"{place}: not an archive of Vigie ({said})", mend="name the right folder with --data DIR, or restore a backup"
        )
    if "unable to open" in said or "readonly" in said:
        return VigieError(f"{place}: cannot be opened for writing ({said})", mend="check the owner and rights of the data folder")
    if "locked" in said:
        return VigieError(f"{place}: another process held the archive for over {BUSY_TIMEOUT_S} s", mend="wait for it, or end it")
    return VigieError(f"{place}: {said}")


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection, _record):  # type: ignore[no-untyped-def]  # the driver's own connection object
        # The driver's implicit BEGIN is switched off so that ours below says IMMEDIATE for writers: two writers then queue,
        # instead of one failing when it turns from reader to writer.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # NORMAL survives kill -9 whole; a power cut may take back the last transactions, whose work is then simply done again.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("vigie_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
