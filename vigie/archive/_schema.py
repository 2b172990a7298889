"""The tables of the archive, and the numbered migrations that make them.

Instants are seconds since the epoch (float, UTC). Records are JSON text made from the dataclasses of vigie.article.
"""

from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

about = Table("about", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))

workers = Table(
    "workers",
    metadata,
    Column("id", String, primary_key=True),
    Column("step", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat", Float, nullable=False),
)

frontier = Table(
    "frontier",
    metadata,
    Column("url", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),  # feed, sitemap, section, article
    Column("next_try", Float),  # NULL: nothing more is planned
    Column("attempts", Integer, nullable=False, default=0),  # failures in a row
    Column("lease", String),  # the worker that holds it
    Column("outcome", String),  # of the last fetch
    Column("discovered", Float, nullable=False),
    Column("fetched", Float),
    Column("etag", String),
    Column("modified", String),
    Column("interval", Float),  # seconds between polls of a listing
    Column("parent", String),  # the sitemap index that named this sitemap
    Column("hint", Text, nullable=False, default="{}"),  # what the listing said: title, published, updated
    Index("frontier_due", "next_try"),
)

fetches = Table(
    "fetches",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("worker", String, nullable=False),
    Column("url", String, nullable=False),
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("status", Integer),
    Column("bytes", Integer, nullable=False, default=0),
    Column("at", Float, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Index("fetches_at", "at"),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", String, primary_key=True),  # scheme://host:port
    Column("status", Integer, nullable=False),  # 0: unreachable
    Column("body", LargeBinary, nullable=False),
    Column("fetched", Float, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("url", String, nullable=False),
    Column("digest", String, nullable=False),  # SHA-256 of the body
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # zstd
    Column("fetched", Float, nullable=False),
    UniqueConstraint("url", "digest"),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("published", Float),
    Column("first_seen", Float, nullable=False),
    Column("record", Text, nullable=False),
    Index("articles_published", "published"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("article", String, ForeignKey("articles.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("page", Integer, ForeignKey("pages.id")),
    Column("seen", Float, nullable=False),
    Column("record", Text, nullable=False),
)

to_read = Table(
    "to_read",
    metadata,
    Column("article", String, primary_key=True),
    Column("since", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try", Float, nullable=False, default=0),
    Column("lease", String),
)

labels = Table(
    "labels",
    metadata,
    Column("article", String, primary_key=True),
    Column("author", String, primary_key=True),  # "analyser", or the person who corrected
    Column("revision", Integer, nullable=False),
    Column("analyser", String, nullable=False),
    Column("record", Text, nullable=False),
    Column("embedding", LargeBinary),  # float16, unit length, centred
    Column("sketch", LargeBinary),  # MinHash of the text, for reprints
    Column("at", Float, nullable=False),
)

stories = Table(
    "stories",
    metadata,
    Column("article", String, primary_key=True),
    Column("story", String, nullable=False),
    Column("reprint_of", String),  # the article whose text it repeats
    Index("stories_story", "story"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("article", String, nullable=False),
    sqlite_autoincrement=True,  # a sequence number is never used twice: an index that has passed it must not miss the next
)

cursors = Table(
    "cursors",
    metadata,
    Column("index", String, primary_key=True),
    Column("seq", Integer, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("step", String, primary_key=True),  # crawl, read, index
    Column("key", String, primary_key=True),  # URL or article id
    Column("source", String, nullable=False, default=""),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("times", Integer, nullable=False, default=1),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
)


def _first_tables(connection: Connection) -> None:
    metadata.create_all(connection)


# Each migration takes the archive from version n to n + 1; never edit one that has been released.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first_tables,)
SCHEMA_VERSION = len(MIGRATIONS)
