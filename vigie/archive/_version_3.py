"""From version 2 to 3: corrections. Released: never edited, whatever the tables of today look like."""

from sqlalchemy import Column, Connection, Float, Index, Integer, MetaData, Table

from vigie.archive._types import LongText, Number, Word

_metadata = MetaData()

_corrections = Table(
    "corrections",
    _metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("article", Word, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("subject", Word, nullable=False),
    Column("topic", Word, nullable=False),
    Column("answer", Word, nullable=False),
    Column("author", Word, nullable=False),
    Column("note", LongText, nullable=False),
    Column("at", Float, nullable=False),
    Column("withdrawn", Float),
    Index("corrections_question", "article", "subject", "topic"),
    sqlite_autoincrement=True,
)


def corrections_table(connection: Connection) -> None:
    """Add the table of what people say of articles."""
    _corrections.create(connection)
