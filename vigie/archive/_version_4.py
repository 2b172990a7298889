"""From version 3 to 4: what was learnt from corrections. Released: never edited, whatever the tables of today look like."""

from sqlalchemy import Column, Connection, Float, Integer, LargeBinary, MetaData, Table

from vigie.archive._types import Word

_metadata = MetaData()

_learnt = Table(
    "learnt",
    _metadata,
    Column("name", Word, primary_key=True),
    Column("weights", LargeBinary, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("at", Float, nullable=False),
)


def learnt_table(connection: Connection) -> None:
    """Add the table of learnt weights."""
    _learnt.create(connection)
