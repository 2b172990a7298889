"""The embedded index: tantivy, in a folder beside the archive. One process writes, any number read and never wait."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tantivy

from index import buckets, tantivy_form
from index.buckets import TooManyBucketsError, check_columns
from index.document import IndexedArticle
from index.engine import Only, Page, Sort, Value, check_depth
from index.generations import IndexFolder, explained
from index.query import OneOf, Query
from vigie.errors import VigieError

if TYPE_CHECKING:
    from vigie.watch import Watch

# tantivy gives at most this many buckets and says so with an error, whose words tell it from others.
MOST_BUCKETS = 65_000
_TOO_MUCH = ("bucket limit was exceeded", "memory limit was exceeded")

# So many values of each segment compete for a place among the most frequent that none is missed.
_ALL_OF_A_SEGMENT = 100_000_000

_WRITER_BYTES = 192_000_000
_EXPORT_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class _Open:
    """An opened generation; replaced as a whole, so that threads that share the index see one or the other."""

    generation: str
    index: tantivy.Index
    searcher: tantivy.Searcher


class EmbeddedIndex:
    """The index of a watch in a folder. It is opened when first needed; reading raises VigieError where there is none."""

    def __init__(self, folder: Path, watch: "Watch") -> None:
        self._folder = IndexFolder(folder, watch.timezone)
        self._watch = watch
        self._unpublished = ""  # the generation that this object fills, unseen by readers
        self._state: _Open | None = None
        self._writer: tantivy.IndexWriter | None = None
        self._compiler = tantivy_form.Compiler(tantivy_form.schema(), watch.languages)

    # Opening.

    @property
    def name(self) -> str:
        """``embedded:`` and the generation."""
        return f"embedded:{self._opened().generation}"

    @property
    def family(self) -> str:
        """How the names of all generations begin."""
        return "embedded:"

    @property
    def place(self) -> str:
        """The folder, on this machine."""
        return f"{socket.gethostname()}:{self._folder.path.absolute()}"

    @property
    def exclusive(self) -> str:
        """The folder: that of another machine is another index."""
        return self.place

    def reload(self) -> None:
        """See what has been committed, or the index that has taken over, since the last time."""
        self._state = self._newest(self._state)

    def _opened(self) -> "_Open":
        if self._state is None:
            self._state = self._newest(None)
        return self._state

    def _newest(self, state: "_Open | None") -> "_Open":
        """The newest commit of the newest generation; state is what has been open so far."""
        while True:
            generation = self._generation()
            try:
                with explained(self._folder.path):
                    index = state.index if state and state.generation == generation else self._open(generation)
                    index.reload()
                    return _Open(generation, index, index.searcher())
            except VigieError:
                # Where a rebuild has taken over and removed this generation since we read its name, there is a newer one to open.
                if self._generation() == generation:
                    raise

    def _open(self, generation: str) -> tantivy.Index:
        index = tantivy.Index.open(str(self._folder.tantivy_folder(generation)))
        index.config_reader("manual")
        return index

    def _generation(self) -> str:
        if self._unpublished:
            return self._unpublished
        generation = self._folder.current()
        if generation is None:
            raise VigieError(f"{self._folder.path}: there is no index yet", mend="make it with: vigie index")
        return generation

    @property
    def _searcher(self) -> tantivy.Searcher:
        return self._opened().searcher

    # Writing.

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for writing, making it on first use; raises VigieError where another process holds it."""
        with self._folder.locked():
            if self._folder.current() is None:
                self._folder.publish(self._new_generation())
            self.reload()
            self._folder.remove_others(self._opened().generation)
            with self._writer_open():
                yield

    @contextmanager
    def _writer_open(self) -> Iterator[None]:
        index = self._opened().index
        with explained(self._folder.path):
            # One thread makes one segment a commit: fewer to search. Analysing text in Python is the slower half anyway.
            writer = index.writer(_WRITER_BYTES, 1)
        self._writer = writer
        try:
            yield
        finally:
            self._writer = None
            with explained(self._folder.path):
                writer.wait_merging_threads()
            self.reload()

    def _new_generation(self) -> str:
        generation = self._folder.new_generation()
        with explained(self._folder.path):
            tantivy.Index(tantivy_form.schema(), path=str(self._folder.tantivy_folder(generation)))
        return generation

    def apply(self, documents: Sequence[IndexedArticle], deletions: Sequence[str]) -> dict[str, str]:
        """Put articles in and take others out, in one durable commit; the answer names those refused, with the reason."""
        if self._writer is None:
            raise RuntimeError("apply() is called inside of writing()")
        refused: dict[str, str] = {}
        prepared: list[tantivy.Document] = []
        for article in documents:
            try:
                prepared.append(tantivy_form.document(article))
            except (ValueError, OverflowError) as error:
                refused[article.id] = str(error)
        with explained(self._folder.path):
            for article_id in (*deletions, *(article.id for article in documents)):
                self._writer.delete_documents_by_term("id", article_id)
            for document in prepared:
                self._writer.add_document(document)
            self._writer.commit()
        self.reload()
        return refused

    @contextmanager
    def rebuilding(self) -> Iterator["EmbeddedIndex"]:
        """An empty index, open for writing, that takes this one's place when the block ends without an exception."""
        with self._folder.locked():
            copy = EmbeddedIndex(self._folder.path, self._watch)
            copy._unpublished = self._new_generation()
            try:
                with copy._writer_open():
                    yield copy
            except BaseException:
                self._folder.remove(copy._unpublished)
                raise
            self._folder.publish(copy._unpublished)
            self._folder.remove_others(copy._unpublished)
        self.reload()

    # Asking.

    def search(self, query: Query, *, limit: int = 10, offset: int = 0, sort: Sort = "relevance") -> Page:
        """A page of what the query finds; see :class:`index.engine.Reader`."""
        check_depth(limit, offset)
        if limit == 0:
            return Page(self.count(query), ())
        searcher = self._searcher
        by_date = sort == "date"
        compiled = self._compiler.matching(query) if by_date else self._compiler.ranking(query)
        with explained(self._folder.path):
            found = searcher.search(compiled, limit, True, "turn" if by_date else None, offset)
            payloads = [bytes(searcher.doc(address)["payload"][0]) for _, address in found.hits]
        return Page(_total(found), tuple(json.loads(payload) for payload in payloads))

    def count(self, query: Query) -> int:
        """How many articles the query finds."""
        with explained(self._folder.path):
            return _total(self._searcher.search(self._compiler.matching(query), 1, True))

    def cells(
        self,
        query: Query,
        columns: Sequence[str],
        *,
        only: Only | None = None,
        at_least: int = 1,
    ) -> dict[tuple[Value, ...], int]:
        """How many articles hold each combination of values; see :class:`index.engine.Reader`."""
        return buckets.cells(self, query, columns, only or {}, at_least)

    def most_frequent(self, query: Query, column: str, limit: int) -> list[tuple[str, int]]:
        """The most frequent values of a keyword column, exactly."""
        check_columns((column,))
        # More than asked for, so that values of equal count at the edge are told apart by name.
        terms = {**self.all_values(column), "size": min(MOST_BUCKETS, max(10 * limit, 1000))}
        answer = self.aggregate(query, {column: {"terms": terms}})
        found = [(str(one["key"]), int(one["doc_count"])) for one in answer[column]["buckets"]]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def repeated_stories(self, query: Query) -> dict[int, int]:
        """The stories that several of the articles tell, with the turn of the earliest of them."""
        return buckets.repeated_stories(self, query)

    def days(self, query: Query) -> tuple[int, int] | None:
        """The first and the last day on which articles found were published."""
        return buckets.days(self, query)

    def spellings(self, entity: str) -> dict[str, int]:
        """How an entity is written, with the number of articles that write it so."""
        prefix = f"{entity}|"
        with explained(self._folder.path):
            known = [term for term, _ in self._searcher.terms_with_prefix("spellings", prefix)]
            # The dictionary's own numbers count articles that have been replaced, until their segments are merged.
            counts = {term.removeprefix(prefix): self.count(OneOf("spellings", (term,))) for term in known}
        return {name: number for name, number in counts.items() if number}

    def export(self, query: Query) -> Iterator[dict[str, Any]]:
        """Everything that the query finds, the newest first, as it stood at the beginning."""
        searcher = self._searcher
        last: int | None = None
        at_border: set[tuple[int, int]] = set()  # two articles of one second may share a turn, once in a million
        while True:
            with explained(self._folder.path):
                found = searcher.search(self._compiler.up_to(query, last), _EXPORT_PAGE, False, "turn")
                hits = [(turn, (address.segment_ord, address.doc), address) for turn, address in found.hits]
                fresh = [address for _, place, address in hits if place not in at_border]
                payloads = [bytes(searcher.doc(address)["payload"][0]) for address in fresh]
            if not payloads:
                return
            yield from map(json.loads, payloads)
            last = hits[-1][0]
            at_border = {place for turn, place, _ in hits if turn == last}

    @property
    def size(self) -> int:
        """How many articles the index holds."""
        return self._searcher.num_docs

    def all_values(self, column: str) -> dict[str, Any]:
        """A terms aggregation; see :class:`index.buckets.Countable`."""
        return {"field": column, "size": MOST_BUCKETS, "segment_size": _ALL_OF_A_SEGMENT}

    def whole(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        """Its buckets; see :class:`index.buckets.Countable`."""
        listed: list[dict[str, Any]] = found["buckets"]
        if len(listed) >= MOST_BUCKETS:
            raise TooManyBucketsError
        return listed

    @property
    def page(self) -> int:
        """Buckets of a composite aggregation; see :class:`index.buckets.Countable`."""
        return 20_000

    def aggregate(self, query: Query, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to an aggregation; see :class:`index.buckets.Countable`."""
        searcher = self._searcher
        try:
            return searcher.aggregate(self._compiler.matching(query), request)
        except ValueError as error:
            if any(words in str(error) for words in _TOO_MUCH):
                raise TooManyBucketsError from None
            with explained(self._folder.path):
                raise


def _total(found: tantivy.SearchResult) -> int:
    return int(found.count)  # type: ignore[attr-defined]  # the stub lacks it
