"""Which worker asks which host. A host is asked by one worker at a time, on whatever machine, so that it is asked politely.

A worker takes a host with the first URL that it claims of it and gives it back when it holds no more of its URLs. Every host that
is given back, also by a worker that was killed, is left in peace for its delay before the next worker may take it.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from vigie.archive._dialect import database_time, upsert
from vigie.archive._leases import may_lease
from vigie.archive._schema import frontier, hosts


class Hosts:
    """The table of hosts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[str] = set()

    def know(self, host: str) -> None:
        """See to it that the host has a row, which can be locked."""
        if host not in self._known:
            self._connection.execute(upsert(self._connection, hosts).values(host=host).on_conflict_do_nothing())
            self._known.add(host)

    def take(self, host: str, worker: str, *, at: float, delay: float) -> bool:
        """Take a host that no URL was claimed of (where a redirect leads); False while it is another's or to be left in peace."""
        self.know(host)
        if not may_lease(self._connection, worker) or not self.lock([host], worker, at=at):
            return False
        self.hold([host], worker, delay=delay)
        return True

    def lock(self, wanted: Collection[str], worker: str, *, at: float) -> set[str]:
        """Those of the hosts that the worker holds or may take, locked until the transaction ends; never waits for another."""
        query = (
            select(hosts.c.host)
            .where(hosts.c.host.in_(wanted), or_(hosts.c.lease == worker, self.free(at=at)))
            .order_by(hosts.c.host)
            .with_for_update(skip_locked=True)
        )
        return set(self._connection.scalars(query))

    def hold(self, locked: Collection[str], worker: str, *, delay: float) -> None:
        """Lease hosts that are locked. delay: seconds that a host is left in peace afterwards, unless it asks for more."""
        longest = case((hosts.c.delay > delay, hosts.c.delay), else_=delay)
        self._connection.execute(
            update(hosts)
            .where(hosts.c.host.in_(locked), func.coalesce(hosts.c.lease, "") != worker)
            .values(lease=worker, delay=longest)
        )

    def needs(self, host: str, *, delay: float) -> None:
        """Note how long a host is to be left in peace when it is given back (its robots.txt may ask for more than the watch)."""
        self.know(host)
        self._connection.execute(update(hosts).where(hosts.c.host == host, hosts.c.delay != delay).values(delay=delay))

    def pause(self, host: str, *, until: float) -> None:
        """Note that a host asked to wait (Retry-After)."""
        self.know(host)
        self._connection.execute(update(hosts).where(hosts.c.host == host).values(paused_until=until))

    def give_back(self, worker: str, *, but: Collection[str] = ()) -> None:
        """Give back every host of the worker that it holds no URL of, but these (where its requests were redirected to)."""
        in_use = select(frontier.c.host).where(frontier.c.lease == worker)
        self._free(and_(hosts.c.lease == worker, hosts.c.host.not_in(in_use), hosts.c.host.not_in(list(but))))

    def give_all_back(self, worker: str) -> None:
        """Give back every host of a worker that is leaving or dead."""
        self._free(hosts.c.lease == worker)

    def held(self, worker: str) -> set[str]:
        """The hosts that the worker holds."""
        return set(self._connection.scalars(select(hosts.c.host).where(hosts.c.lease == worker)))

    def free(self, *, at: float) -> ColumnElement[bool]:
        """Whether any worker may take the host."""
        rested = and_(hosts.c.free_at <= database_time(self._connection), hosts.c.paused_until <= at)
        return and_(hosts.c.lease.is_(None), rested)

    def _free(self, which: ColumnElement[bool]) -> None:
        free_at = database_time(self._connection) + hosts.c.delay
        self._connection.execute(update(hosts).where(which).values(lease=None, free_at=free_at))
