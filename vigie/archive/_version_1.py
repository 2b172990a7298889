"""The tables of the archive's first version. Released: never edited, whatever the tables of today look like."""

from sqlalchemy import Column, Connection, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, UniqueConstraint

from vigie.archive._types import LongText, Number, Word

_metadata = MetaData()

Table("about", _metadata, Column("key", Word, primary_key=True), Column("value", Word, nullable=False))

Table(
    "workers",
    _metadata,
    Column("id", Word, primary_key=True),
    Column("step", Word, nullable=False),
    Column("host", Word, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat", Float, nullable=False),
)

Table(
    "frontier",
    _metadata,
    Column("url", Word, primary_key=True),
    Column("source", Word, nullable=False),
    Column("kind", Word, nullable=False),
    Column("next_try", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease", Word),
    Column("outcome", Word),
    Column("discovered", Float, nullable=False),
    Column("fetched", Float),
    Column("etag", Word),
    Column("modified", Word),
    Column("interval", Float),
    Column("parent", Word),
    Column("hint", LongText, nullable=False, default="{}"),
    Index("frontier_due", "next_try"),
)

Table(
    "fetches",
    _metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("worker", Word, nullable=False),
    Column("url", Word, nullable=False),
    Column("source", Word, nullable=False),
    Column("kind", Word, nullable=False),
    Column("outcome", Word, nullable=False),
    Column("status", Integer),
    Column("bytes", Integer, nullable=False, default=0),
    Column("at", Float, nullable=False),
    Column("detail", LongText, nullable=False, default=""),
    Index("fetches_at", "at"),
)

Table(
    "robots",
    _metadata,
    Column("origin", Word, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("fetched", Float, nullable=False),
)

Table(
    "pages",
    _metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("url", Word, nullable=False),
    Column("digest", Word, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", LongText, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("fetched", Float, nullable=False),
    UniqueConstraint("url", "digest"),
)

Table(
    "articles",
    _metadata,
    Column("id", Word, primary_key=True),
    Column("source", Word, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("published", Float),
    Column("first_seen", Float, nullable=False),
    Column("record", LongText, nullable=False),
    Index("articles_published", "published"),
)

Table(
    "revisions",
    _metadata,
    Column("article", Word, ForeignKey("articles.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("page", Number, ForeignKey("pages.id")),
    Column("seen", Float, nullable=False),
    Column("record", LongText, nullable=False),
)

Table(
    "to_read",
    _metadata,
    Column("article", Word, primary_key=True),
    Column("since", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try", Float, nullable=False, default=0),
    Column("lease", Word),
)

Table(
    "labels",
    _metadata,
    Column("article", Word, primary_key=True),
    Column("author", Word, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("analyser", Word, nullable=False),
    Column("record", LongText, nullable=False),
    Column("embedding", LargeBinary),
    Column("sketch", LargeBinary),
    Column("at", Float, nullable=False),
)

Table(
    "stories",
    _metadata,
    Column("article", Word, primary_key=True),
    Column("story", Word, nullable=False),
    Column("reprint_of", Word),
    Index("stories_story", "story"),
)

Table(
    "changes",
    _metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("article", Word, nullable=False),
    sqlite_autoincrement=True,
)

Table(
    "cursors",
    _metadata,
    Column("index", Word, primary_key=True),
    Column("seq", Number, nullable=False),
)

Table(
    "quarantine",
    _metadata,
    Column("step", Word, primary_key=True),
    Column("key", Word, primary_key=True),
    Column("source", Word, nullable=False, default=""),
    Column("reason", Word, nullable=False),
    Column("detail", LongText, nullable=False, default=""),
    Column("times", Integer, nullable=False, default=1),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
)


def first_tables(connection: Connection) -> None:
    """Make the tables of version 1."""
    _metadata.create_all(connection)
