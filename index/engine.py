"""What an index engine can do. Everything above it (trends, rising terms, following the archive) is the same for every engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from index.document import IndexedArticle
from index.query import Query
from vigie.errors import UsageError

Sort = Literal["relevance", "date"]
Progress = Callable[[int, int], None]  # done, of how many

Value = str | int
Only = Mapping[str, Sequence[str]]  # column → the values of it that count

DEEPEST_PAGE = 10_000  # articles; Elasticsearch's customary limit, kept by every engine


def check_depth(limit: int, offset: int) -> None:
    """Raise UsageError for a page of a search that lies too deep."""
    if limit < 0 or offset < 0 or limit + offset > DEEPEST_PAGE:
        raise UsageError(
            f"a search shows the first {DEEPEST_PAGE} articles at most", mend="write them all to a file with: vigie export"
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the articles that a search found, as in the contract of search results, and how many there are in all."""

    total: int
    hits: tuple[dict[str, Any], ...]


class Reader(Protocol):
    """An index that can be asked. Columns are those of :class:`index.document.IndexedArticle`."""

    def search(self, query: Query, *, limit: int = 10, offset: int = 0, sort: Sort = "relevance") -> Page:
        """A page of what the query finds; by date means the newest first, in a total order that all engines share."""
        ...

    def export(self, query: Query) -> Iterator[dict[str, Any]]:
        """Everything that the query finds, however much, the newest first and as the index stood at the beginning."""
        ...

    def count(self, query: Query) -> int:
        """How many articles the query finds."""
        ...

    def cells(
        self,
        query: Query,
        columns: Sequence[str],
        *,
        only: Only | None = None,
        at_least: int = 1,
    ) -> dict[tuple[Value, ...], int]:
        """How many of the articles found hold each combination of values of these columns, where there are any.

        An article counts once for each value it holds. only limits a column to some values; at_least leaves out combinations with
        fewer articles. Exact, whatever the number of combinations.
        """
        ...

    def most_frequent(self, query: Query, column: str, limit: int) -> list[tuple[str, int]]:
        """The values of a keyword column that most of the articles found hold, with their exact counts, ties by value."""
        ...

    def repeated_stories(self, query: Query) -> dict[int, int]:
        """The stories (numbers) that several of the articles found tell, each with the turn of the earliest of those articles."""
        ...

    def days(self, query: Query) -> tuple[int, int] | None:
        """The numbers of the first and the last day on which articles found were published; None where there are none."""
        ...

    def spellings(self, entity: str) -> dict[str, int]:
        """How an entity (a normal name) is written, with the number of articles that write it so."""
        ...

    def reload(self) -> None:
        """See what has been committed since the index was opened or last reloaded."""
        ...

    @property
    def size(self) -> int:
        """How many articles the index holds."""
        ...


class Engine(Reader, Protocol):
    """An index that can be asked and written."""

    @property
    def name(self) -> str:
        """The name of this index and generation in the archive's table of cursors: a rebuilt index has another."""
        ...

    @property
    def family(self) -> str:
        """How the names of all generations of this index begin."""
        ...

    @property
    def place(self) -> str:
        """Where the index is, as it is called in messages."""
        ...

    @property
    def exclusive(self) -> str:
        """What only one process at a time may follow the archive for, by whatever address it is reached."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Hold the index for writing; raises VigieError where another process does."""
        ...

    def apply(self, documents: Sequence[IndexedArticle], deletions: Sequence[str]) -> dict[str, str]:
        """Put articles in (each in the place of its former self) and take others out, in one durable commit.

        Doing it twice is doing it once. The answer names the articles that the engine refused, with the reason.
        """
        ...

    def rebuilding(self) -> AbstractContextManager["Engine"]:
        """An empty index, open for writing, that takes this one's place when the block ends without an exception.

        Readers see the old index until then, and the new one at once after.
        """
        ...
