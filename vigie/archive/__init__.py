"""The archive: the system of record. What has been found, fetched, read, indexed, and what went wrong.

One database: SQLite in the data folder, or PostgreSQL, which several machines share. All access goes through a transaction that
offers the tables by concern::

    with archive.begin() as tx:
        tx.articles.store(article, page_id=…)
        tx.frontier.finish(url, outcome)

A step takes a lease on its work and commits its result together with the next step's work in one such transaction.
"""

from vigie.archive._address import host_of
from vigie.archive._alerts import KeptAlert
from vigie.archive._archive import Archive, Transaction
from vigie.archive._articles import Amended, StoredArticle
from vigie.archive._deliveries import Delivery, DeliveryState
from vigie.archive._digests import KeptDigest
from vigie.archive._engines import explain_database_error
from vigie.archive._frontier import Due, Fetch, FrontierEntry
from vigie.archive._labels import Fingerprint
from vigie.archive._quarantine import Quarantined
from vigie.archive._robots import RobotsFile
from vigie.archive._runs import INTERRUPTED, Run
from vigie.archive._workers import HEARTBEAT_LIMIT_S, HEARTBEAT_S

__all__ = [
    "HEARTBEAT_LIMIT_S",
    "HEARTBEAT_S",
    "INTERRUPTED",
    "Amended",
    "Archive",
    "Delivery",
    "DeliveryState",
    "Due",
    "Fetch",
    "Fingerprint",
    "FrontierEntry",
    "KeptAlert",
    "KeptDigest",
    "Quarantined",
    "RobotsFile",
    "Run",
    "StoredArticle",
    "Transaction",
    "explain_database_error",
    "host_of",
]
