"""The engines of the two databases, and what they say when they refuse, in words that say how to mend it."""

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError

from vigie.errors import UsageError, VigieError

BUSY_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 10
# A machine that loses its power says no farewell. Both ends find out within two minutes, and the server frees what it had locked.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 15, "keepalives_count": 4, "tcp_user_timeout": 90_000}
_SERVER_KEEPALIVES = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=15 -c tcp_keepalives_count=4 -c tcp_user_timeout=90000"
_SECRETS = ("password", "passfile", "sslpassword")


def postgresql_engine(url: str) -> Engine:
    """The engine of a postgresql:// URL; raises UsageError on any other."""
    parsed = _parsed(url)
    options = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "vigie", **_KEEPALIVES, "options": _SERVER_KEEPALIVES}
    missing = {name: value for name, value in options.items() if name not in parsed.query}
    # A connection that broke while it was idle is made anew; one that breaks in the middle of a transaction takes it back.
    return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=missing)


def shown(url: str) -> str:
    """A database URL without its secrets."""
    return _without_secrets(_parsed(url))


def _without_secrets(url: URL) -> str:
    return url.difference_update_query(_SECRETS).render_as_string(hide_password=True)


def _parsed(url: str) -> URL:
    mend = "write --archive postgresql://user:password@host/database, or leave it away for the archive in the data folder"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError("the archive's URL cannot be read", mend=mend) from None  # it is not shown: it may hold a password
    if parsed.drivername not in ("postgresql", "postgres"):
        raise UsageError(f"an archive cannot be at {parsed.drivername}://", mend=mend)
    if not parsed.database:
        raise UsageError(f"{_without_secrets(parsed)} names no database", mend=mend)
    return parsed


def is_taken_back(error: DBAPIError) -> bool:
    """Whether the database undid the transaction in favour of another, so that the same work succeeds when it is begun anew."""
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def explain_database_error(error: DatabaseError, place: str) -> VigieError:
    """The clear line for what the database refused."""
    said = " ".join(str(error.orig).split())
    if "psycopg" in type(error.orig).__module__:
        return _explain_postgresql(getattr(error.orig, "sqlstate", None) or "", said, place)
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


# What PostgreSQL refuses: its code (SQLSTATE; a server that refuses a connection gives none), or words of its message; what that
# means, and the mend. The first that fits is told.
_REFUSALS: tuple[tuple[tuple[str, ...], tuple[str, ...], str, str], ...] = (
    (
        ("28P01", "28000"),
        ("password authentication failed", "no password supplied", "no pg_hba.conf entry", "authentication failed", 'role "'),
        "the server does not let this user in",
        "check user and password in --archive or VIGIE_ARCHIVE, and the server's pg_hba.conf",
    ),
    (("3D000",), ('database "',), "there is no such database", "make it: createdb, or CREATE DATABASE … OWNER …; then run again"),
    (
        ("42501",),
        ("permission denied",),
        "this user may not do that",
        "give it the right to make tables once: GRANT CREATE, USAGE ON SCHEMA public TO …, or make it the database's owner",
    ),
    (
        ("57P01", "57P02", "57P03"),
        ("shutting down", "starting up", "closed the connection", "terminating connection", "connection is closed", "is lost"),
        "the server went down or ended the connection; everything committed so far is kept",
        "start the server, then run the same command again",
    ),
    (
        ("53100",),
        ("No space left", "could not extend file"),
        "no space left on the server's disk; everything committed so far is kept",
        "free some space there, then run the same command again",
    ),
    (
        ("53300",),
        ("too many clients", "connection slots"),
        "the server has no connection left",
        "run fewer at a time, or raise max_connections there",
    ),
    (("25006",), ("read-only transaction",), "this server only reads (a standby?)", "name the primary server in --archive"),
    (
        ("08000", "08001", "08003", "08004", "08006"),
        (
            "connection failed",
            "connection timeout",
            "could not connect",
            "failed to resolve",
            "Connection refused",
            "timeout expired",
        ),
        "the server cannot be reached",
        "check host and port in --archive or VIGIE_ARCHIVE, and that the server runs",
    ),
)


def _explain_postgresql(state: str, said: str, place: str) -> VigieError:
    for states, words, meaning, mend in _REFUSALS:
        if state in states or (not state and any(word in said for word in words)):
            return VigieError(f"{place}: {meaning} ({said})", mend=mend)
    return VigieError(f"{place}: {said}")


def sqlite_engine(path: Path) -> Engine:
    """The engine of an archive in a file."""
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
