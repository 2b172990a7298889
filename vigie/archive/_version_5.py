"""From version 4 to 5: marks, by which stories are recognised. Released: never edited, whatever the tables of today look like."""

from sqlalchemy import Column, Connection, MetaData, Table, text

from vigie.archive._types import LongText

_labels = Table("labels", MetaData(), Column("marks", LongText))


def marks_of_articles(connection: Connection) -> None:
    """Add the marks; what has been read before has none until it is read again."""
    kind = _labels.c.marks.type.compile(connection.dialect)
    connection.execute(text(f"ALTER TABLE labels ADD COLUMN marks {kind} DEFAULT '' NOT NULL"))
