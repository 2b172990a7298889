"""What a lease is: the id of a registered worker beside the work. Work is free when nobody's id stands there.

When a worker is taken out, its leases are taken off in the same transaction, so that "free" never depends on a second table: on
PostgreSQL a row that changed while a statement waited is looked at again, and the tables that it is compared with are not.
"""

from sqlalchemy import Connection, select, update

from vigie.archive._schema import frontier, to_read, workers


def may_lease(connection: Connection, worker: str) -> bool:
    """Whether the worker is registered, as it then stays until the transaction ends; who was taken for dead leases nothing."""
    return connection.scalar(select(workers.c.id).where(workers.c.id == worker).with_for_update(read=True)) is not None


def take_off(connection: Connection, worker: str) -> None:
    """Free all URLs and articles that the worker holds."""
    for table in (frontier, to_read):
        connection.execute(update(table).where(table.c.lease == worker).values(lease=None))
