"""The archive: the system of record. What has been found, fetched, read, indexed, and what went wrong.

One database (SQLite by default). All access goes through a transaction that offers the tables by concern::

    with archive.begin() as tx:
        tx.articles.store(article, page_id=…)
        tx.frontier.finish(url, outcome)

A step takes a lease on its work and commits its result together with the next step's work in one such transaction.
"""

from vigie.archive._archive import Archive, Transaction, explain_database_error
from vigie.archive._articles import StoredArticle
from vigie.archive._frontier import Fetch, FrontierEntry
from vigie.archive._labels import Fingerprint
from vigie.archive._quarantine import Quarantined
from vigie.archive._robots import RobotsFile

__all__ = [
    "Archive",
    "Fetch",
    "Fingerprint",
    "FrontierEntry",
    "Quarantined",
    "RobotsFile",
    "StoredArticle",
    "Transaction",
    "explain_database_error",
]
