"""From version 5 to 6: runs, digests, deliveries and alerts, and what retention searches by.

Released: never edited, whatever the tables of today look like.
"""

from sqlalchemy import Column, Connection, Float, Index, Integer, LargeBinary, MetaData, Table, text

from vigie.archive._types import LongText, Number, Word

_metadata = MetaData()

_jobs = Table(
    "jobs",
    _metadata,
    Column("job", Word, primary_key=True),
    Column("since", Float, nullable=False),
)

_runs = Table(
    "runs",
    _metadata,
    Column("job", Word, primary_key=True),
    Column("period", Word, primary_key=True),
    Column("due", Float, nullable=False),
    Column("state", Word, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("next_try", Float),
    Column("worker", Word, nullable=False),
    Column("code", Integer),
    Column("detail", LongText, nullable=False, server_default=""),
    Index("runs_due", "due"),
    Index("runs_state", "state"),
)

_digests = Table(
    "digests",
    _metadata,
    Column("edition", Word, primary_key=True),
    Column("week", Word, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("watermark", Number, nullable=False),
    Column("at", Float, nullable=False),
    Column("sha256", Word, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

_deliveries = Table(
    "deliveries",
    _metadata,
    Column("what", Word, primary_key=True),
    Column("period", Word, primary_key=True),
    Column("recipient", Word, primary_key=True),
    Column("state", Word, nullable=False),
    Column("message_id", Word, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("detail", LongText, nullable=False, server_default=""),
)

_alerts = Table(
    "alerts",
    _metadata,
    Column("search", Word, primary_key=True),
    Column("kind", Word, primary_key=True),
    Column("key", Word, primary_key=True),
    Column("at", Float, nullable=False),
    Column("record", LongText, nullable=False),
    Index("alerts_at", "at"),
)


def routine_tables(connection: Connection) -> None:
    """Add the tables of jobs, runs, digests, deliveries and alerts, and the indexes by which pages are let go."""
    _metadata.create_all(connection)
    connection.execute(text("CREATE INDEX pages_fetched ON pages (fetched)"))
    connection.execute(text("CREATE INDEX revisions_page ON revisions (page)"))
