"""What the archive knows of a week and the index does not: what was reached, what came late, who spoke."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from vigie.archive import Amended, Transaction
from vigie.article import Article, Quote

# Articles looked up in one statement.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Week:
    """A week as two instants, the end not included."""

    start: datetime
    end: datetime

    @property
    def bounds(self) -> dict[str, float]:
        """Seconds since the epoch, as the archive asks for them."""
        return {"since": self.start.timestamp(), "until": self.end.timestamp()}


class Record:
    """The archive in one transaction, and the index that the digest is built from, by its name there."""

    def __init__(self, tx: Transaction, index: str) -> None:
        self._tx = tx
        self._index = index

    @property
    def watermark(self) -> int:
        """The change of the archive that the index has reached."""
        return self._tx.changes.position(self._index)

    def waiting(self, week: Week) -> int:
        """How many articles of the week are in the archive and not, or not as they are now, in the index."""
        return self._tx.articles.waiting(self._index, **week.bounds)

    def reached(self, week: Week) -> set[str]:
        """The sources of which a listing was read in the week."""
        return self._tx.frontier.listings_read(**week.bounds)

    def last_tries(self, week: Week) -> dict[str, tuple[str, float]]:
        """How and when the last fetch of a source's listings before the end of the week ended."""
        return self._tx.frontier.last_listing_fetches(until=week.end.timestamp())

    def late(self, week: Week) -> list[Amended]:
        """The articles of earlier weeks that were collected in this one."""
        return self._tx.articles.late(**week.bounds)

    def corrected(self, week: Week) -> list[Amended]:
        """The articles that their outlets changed in the week."""
        return self._tx.articles.revised(**week.bounds)

    def analysers(self, week: Week) -> dict[str, int]:
        """Who made the labels of the week, with the number of articles."""
        return self._tx.labels.analysers(**week.bounds)

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """These articles as they are now."""
        return {article.id: article for batch in batches(ids) for article in self._tx.articles.get(batch)}

    def quotes(self, ids: Iterable[str]) -> Iterator[tuple[str, tuple[Quote, ...]]]:
        """What is quoted in these articles, in the order of ids; articles without labels are left out."""
        for batch in batches(ids):
            labels = self._tx.labels.get(batch)
            yield from ((article, labels[article].quotes) for article in batch if article in labels)


def batches(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """The ids in groups that one statement can hold."""
    left = iter(ids)
    while batch := list(islice(left, BATCH)):
        yield batch
