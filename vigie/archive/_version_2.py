"""From version 1 to 2: one lease per host. Released: never edited, whatever the tables of today look like."""

from sqlalchemy import Column, Connection, Float, Index, MetaData, Table, bindparam, select, text, update

from vigie.archive._address import host_of
from vigie.archive._types import Word

_BATCH = 10_000

_metadata = MetaData()
_leased = text("lease IS NOT NULL")

_frontier = Table(
    "frontier",
    _metadata,
    Column("url", Word, primary_key=True),
    Column("lease", Word),
    Column("host", Word, nullable=False, server_default=""),
)

_to_read = Table("to_read", _metadata, Column("lease", Word))
_workers = Table("workers", _metadata, Column("id", Word, primary_key=True))

_hosts = Table(
    "hosts",
    _metadata,
    Column("host", Word, primary_key=True),
    Column("lease", Word),
    Column("delay", Float, nullable=False, server_default="0"),
    Column("free_at", Float, nullable=False, server_default="0"),
    Column("paused_until", Float, nullable=False, server_default="0"),
    Index("hosts_leased", "lease", sqlite_where=_leased, postgresql_where=_leased),
)


def one_lease_per_host(connection: Connection) -> None:
    """Add the hosts, and to every known URL whom it is asked of."""
    kind = _frontier.c.host.type.compile(connection.dialect)
    connection.execute(text(f"ALTER TABLE frontier ADD COLUMN host {kind} DEFAULT '' NOT NULL"))
    _hosts.create(connection)
    fill = update(_frontier).where(_frontier.c.url == bindparam("of")).values(host=bindparam("is"))
    known: set[str] = set()
    urls: list[str] = []
    while urls := _next(connection, after=urls[-1] if urls else ""):
        connection.execute(fill, [{"of": url, "is": host_of(url)} for url in urls])
        known |= {host_of(url) for url in urls}
    if known:
        connection.execute(_hosts.insert(), [{"host": host} for host in sorted(known)])
    for table in (_frontier, _to_read):  # leases of the dead stood there until somebody else took the work
        connection.execute(update(table).where(table.c.lease.not_in(select(_workers.c.id))).values(lease=None))
    Index("to_read_leased", _to_read.c.lease, sqlite_where=_leased, postgresql_where=_leased).create(connection)
    leases = Index("frontier_leased", _frontier.c.lease, _frontier.c.host, sqlite_where=_leased, postgresql_where=_leased)
    leases.create(connection)


def _next(connection: Connection, *, after: str) -> list[str]:
    url = _frontier.c.url
    return list(connection.scalars(select(url).where(url > after).order_by(url).limit(_BATCH)))
