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
    Table,
    UniqueConstraint,
    text,
)

from vigie.archive._types import LongText, Number, Word
from vigie.archive._version_1 import first_tables
from vigie.archive._version_2 import one_lease_per_host
from vigie.archive._version_3 import corrections_table
from vigie.archive._version_4 import learnt_table
from vigie.archive._version_5 import marks_of_articles
from vigie.archive._version_6 import routine_tables

metadata = MetaData()

about = Table("about", metadata, Column("key", Word, primary_key=True), Column("value", Word, nullable=False))

workers = Table(
    "workers",
    metadata,
    Column("id", Word, primary_key=True),
    Column("step", Word, nullable=False),
    Column("host", Word, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat", Float, nullable=False),
)

frontier = Table(
    "frontier",
    metadata,
    Column("url", Word, primary_key=True),
    Column("source", Word, nullable=False),
    Column("kind", Word, nullable=False),  # feed, sitemap, section, article
    Column("next_try", Float),  # NULL: nothing more is planned
    Column("attempts", Integer, nullable=False, default=0),  # failures in a row
    Column("lease", Word),  # the worker that holds it
    Column("outcome", Word),  # of the last fetch
    Column("discovered", Float, nullable=False),
    Column("fetched", Float),
    Column("etag", Word),
    Column("modified", Word),
    Column("interval", Float),  # seconds between polls of a listing
    Column("parent", Word),  # the sitemap index that named this sitemap
    Column("hint", LongText, nullable=False, default="{}"),  # what the listing said: title, published, updated
    Column("host", Word, nullable=False, server_default=""),  # whom it is asked of; see hosts
    Index("frontier_due", "next_try"),
    # Few URLs are leased at a time: this finds those of a worker among billions.
    Index("frontier_leased", "lease", "host", sqlite_where=text("lease IS NOT NULL"), postgresql_where=text("lease IS NOT NULL")),
)

# A host is asked by one worker at a time, which holds it as long as it holds a URL of it.
hosts = Table(
    "hosts",
    metadata,
    Column("host", Word, primary_key=True),
    Column("lease", Word),  # the worker that holds it
    Column("delay", Float, nullable=False, server_default="0"),  # seconds to leave it in peace when it is given back
    Column("free_at", Float, nullable=False, server_default="0"),  # by the database's clock: the next worker waits until then
    Column("paused_until", Float, nullable=False, server_default="0"),  # the host asked to wait (Retry-After)
    Index("hosts_leased", "lease", sqlite_where=text("lease IS NOT NULL"), postgresql_where=text("lease IS NOT NULL")),
)

fetches = Table(
    "fetches",
    metadata,
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

robots = Table(
    "robots",
    metadata,
    Column("origin", Word, primary_key=True),  # scheme://host:port
    Column("status", Integer, nullable=False),  # 0: unreachable
    Column("body", LargeBinary, nullable=False),
    Column("fetched", Float, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("url", Word, nullable=False),
    Column("digest", Word, nullable=False),  # SHA-256 of the body
    Column("status", Integer, nullable=False),
    Column("headers", LongText, nullable=False),
    Column("body", LargeBinary, nullable=False),  # zstd
    Column("fetched", Float, nullable=False),
    UniqueConstraint("url", "digest"),
)

articles = Table(
    "articles",
    metadata,
    Column("id", Word, primary_key=True),
    Column("source", Word, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("published", Float),
    Column("first_seen", Float, nullable=False),
    Column("record", LongText, nullable=False),
    Index("articles_published", "published"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("article", Word, ForeignKey("articles.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("page", Number, ForeignKey("pages.id")),
    Column("seen", Float, nullable=False),
    Column("record", LongText, nullable=False),
)

to_read = Table(
    "to_read",
    metadata,
    Column("article", Word, primary_key=True),
    Column("since", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try", Float, nullable=False, default=0),
    Column("lease", Word),
    Index("to_read_leased", "lease", sqlite_where=text("lease IS NOT NULL"), postgresql_where=text("lease IS NOT NULL")),
)

labels = Table(
    "labels",
    metadata,
    Column("article", Word, primary_key=True),
    Column("author", Word, primary_key=True),  # "analyser"; what people say is in corrections
    Column("revision", Integer, nullable=False),
    Column("analyser", Word, nullable=False),
    Column("record", LongText, nullable=False),
    Column("embedding", LargeBinary),  # float16, unit length, centred
    Column("sketch", LargeBinary),  # MinHash of the text, for reprints
    Column("at", Float, nullable=False),
    Column("marks", LongText, nullable=False, server_default=""),  # names and amounts, for stories
)

# What people say of articles. A row is never changed but to be withdrawn; the newest of a question that stands is in effect.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("article", Word, nullable=False),
    Column("revision", Integer, nullable=False),  # the text that was judged
    Column("subject", Word, nullable=False),  # empty: whether the topic is there
    Column("topic", Word, nullable=False),  # empty: over all
    Column("answer", Word, nullable=False),
    Column("author", Word, nullable=False),
    Column("note", LongText, nullable=False),
    Column("at", Float, nullable=False),
    Column("withdrawn", Float),  # when it was taken back
    Index("corrections_question", "article", "subject", "topic"),
    sqlite_autoincrement=True,  # the greater number is the later word, so that none is given twice
)

learnt = Table(
    "learnt",
    metadata,
    Column("name", Word, primary_key=True),  # the part of which model
    Column("weights", LargeBinary, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("at", Float, nullable=False),
)

stories = Table(
    "stories",
    metadata,
    Column("article", Word, primary_key=True),
    Column("story", Word, nullable=False),
    Column("reprint_of", Word),  # the article whose text it repeats
    Index("stories_story", "story"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("article", Word, nullable=False),
    sqlite_autoincrement=True,  # a sequence number is never used twice: an index that has passed it must not miss the next
)

cursors = Table(
    "cursors",
    metadata,
    Column("index", Word, primary_key=True),
    Column("seq", Number, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("step", Word, primary_key=True),  # crawl, read, index
    Column("key", Word, primary_key=True),  # URL or article id
    Column("source", Word, nullable=False, default=""),
    Column("reason", Word, nullable=False),
    Column("detail", LongText, nullable=False, default=""),
    Column("times", Integer, nullable=False, default=1),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
)

# What the daemon keeps in mind: since when it knows a job, and each run of it. A run is unique per job and period.
jobs = Table(
    "jobs",
    metadata,
    Column("job", Word, primary_key=True),
    Column("since", Float, nullable=False),  # periods that were due before are not made up
)

runs = Table(
    "runs",
    metadata,
    Column("job", Word, primary_key=True),
    Column("period", Word, primary_key=True),  # an ISO week, a day, or the minute of a wake, in the job's own writing
    Column("due", Float, nullable=False),
    Column("state", Word, nullable=False),  # running, done, failed
    Column("attempts", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("next_try", Float),  # of a failed run
    Column("worker", Word, nullable=False),
    Column("code", Integer),
    Column("detail", LongText, nullable=False, server_default=""),
    Index("runs_due", "due"),
    Index("runs_state", "state"),
)

# The digests that were made: a version for each watermark at which a week was told in an edition.
digests = Table(
    "digests",
    metadata,
    Column("edition", Word, primary_key=True),
    Column("week", Word, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("watermark", Number, nullable=False),
    Column("at", Float, nullable=False),
    Column("sha256", Word, nullable=False),  # of the JSON
    Column("record", LargeBinary, nullable=False),  # zstd of the JSON
)

# What went out to whom, at most once unless asked. A row is written before the sending begins.
deliveries = Table(
    "deliveries",
    metadata,
    Column("what", Word, primary_key=True),  # digest:EDITION, alert:SEARCH
    Column("period", Word, primary_key=True),  # the week, the key of the alert
    Column("recipient", Word, primary_key=True),  # an address, a webhook's URL
    Column("state", Word, nullable=False),  # sending, sent, refused (for now), rejected (for good)
    Column("message_id", Word, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("detail", LongText, nullable=False, server_default=""),
)

alerts = Table(
    "alerts",
    metadata,
    Column("search", Word, primary_key=True),
    Column("kind", Word, primary_key=True),  # burst, turn, silence
    Column(
        "key", Word, primary_key=True
    ),  # what makes it the same alert: the first day of a burst, a source and its last article
    Column("at", Float, nullable=False),
    Column("record", LongText, nullable=False),
    Index("alerts_at", "at"),
)


# Each migration takes the archive from version n to n + 1; never edit one that has been released.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    first_tables,
    one_lease_per_host,
    corrections_table,
    learnt_table,
    marks_of_articles,
    routine_tables,
)
SCHEMA_VERSION = len(MIGRATIONS)
