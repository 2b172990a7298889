"""The index in Elasticsearch: one versioned index behind a read alias and a write alias, so that a rebuilt one takes over
at once.
"""

import json
import math
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from elastic_transport import ConnectionError as CannotConnect
from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, BadRequestError, NotFoundError
from elasticsearch.helpers import parallel_bulk

from index import buckets
from index.about import SCHEMA_VERSION, check_usable, what_is_built
from index.buckets import TooManyBucketsError, check_columns
from index.document import IndexedArticle
from index.elastic_client import block, connect, explained, explanation, parse_address, reason_of
from index.elastic_form import Compiler, Json, copies, dimensions_of, document, index_body, labels_only
from index.engine import Only, Page, Sort, Value, check_depth
from index.query import Query
from vigie.errors import VigieError

if TYPE_CHECKING:
    from vigie.watch import Watch

# Elasticsearch gives 65,536 buckets at most by default; beside them stand those of the outer levels.
MOST_BUCKETS = 60_000
_TOO_MUCH = ("too_many_buckets", "circuit_breaking_exception")
# Of a shard, so many values compete that none is missed where the columns are those of a press.
_ALL_OF_A_SHARD = 2_000_000
# Values that each shard names at first, when the most frequent are asked for.
_FIRST_NAMED = 1_000

# How long a writer waits for a cluster that cannot take articles now, before it gives up with an error. A node restarts in less.
PATIENCE_S = 120.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 10.0
_BULK_TIMEOUT_S = 30.0
# Elastic's advice for bulk requests is a few megabytes; larger ones only queue longer.
_BULK_BYTES = 8 * 2**20
_FEWEST_BULK_BYTES = 2**18
_BULK_ACTIONS = 1_000
_BULK_THREADS = 2  # one request is on its way while the cluster works on another

_LATER = (429, 502, 503, 504)
_CONFLICT = 409  # somebody else writes the same article at this moment
_EXPORT_PAGE = 1_000
_KEEP_ALIVE = "15m"
# A replaced index stays for the searches and exports that have begun on it.
_KEPT_S = 15 * 60.0


class ElasticIndex:
    """The index of a watch in an Elasticsearch cluster; address and credentials as in :mod:`index.elastic_client`."""

    def __init__(
        self, url: str, watch: "Watch", *, environment: Mapping[str, str] = os.environ, patience: float = PATIENCE_S
    ) -> None:
        self._address = parse_address(url)
        self._client = connect(self._address, environment)
        self._again = partial(ElasticIndex, url, watch, environment=environment, patience=patience)
        self._zone = watch.timezone
        self._patience = patience
        self._compiler = Compiler(watch.languages)
        self._unpublished = ""  # the index that this object fills, unseen by readers
        self._unseen = False  # whether something was written that no refresh has shown yet
        self._checked = ""  # the index behind the read alias, once it has been found usable
        self._dimensions: int | None = None
        self._chunk, self._bytes = _BULK_ACTIONS, _BULK_BYTES

    # Names.

    @property
    def place(self) -> str:
        """Nodes and prefix."""
        return self._address.place

    @property
    def family(self) -> str:
        """How the names of all generations of this index begin."""
        return f"elastic:{self._address.prefix}-{SCHEMA_VERSION}-"

    @property
    def exclusive(self) -> str:
        """The prefix: whatever names a node has, one process follows the archive for it."""
        return f"elastic:{self._address.prefix}"

    @property
    def name(self) -> str:
        """``elastic:`` and the index behind the write alias."""
        return f"elastic:{self._unpublished or self._behind(self._address.write_alias)}"

    def _behind(self, alias: str) -> str:
        found = self._aliased(alias)
        if not found:
            raise VigieError(f"{self.place}: there is no index yet", mend="make it with: vigie index")
        return found

    def _aliased(self, alias: str) -> str:
        found = sorted(held for held, _ in self._holders(alias))
        if not found:
            return ""
        if len(found) > 1:
            raise VigieError(
                f"{self.place}: the alias {alias} stands for {len(found)} indices ({', '.join(found)})",
                mend="leave it on the one that Vigie is to use",
            )
        return found[0]

    # Writing.

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the index on first use, and let readers see at the end what was written.

        Any number of processes may write an Elasticsearch index; that only one follows the archive is the archive's to say.
        """
        reads, writes = (self._aliased(alias) for alias in (self._address.read_alias, self._address.write_alias))
        if not (reads or writes):
            self._create({self._address.read_alias: {}, self._address.write_alias: {"is_write_index": True}})
        elif not (reads and writes):  # somebody took one away
            self._publish(reads or writes)
        self._check(self._behind(self._address.write_alias))
        self._remove_replaced()
        try:
            yield
        finally:
            self._refresh()

    def _create(self, aliases: Json) -> str:
        name = f"{self._address.prefix}-{SCHEMA_VERSION}-{uuid.uuid4().hex[:12]}"
        body = index_body(
            what_is_built(self._zone), self._address.prefix, shards=self._address.shards, replicas=self._address.replicas
        )
        with explained(self.place):
            try:
                self._client.indices.create(index=name, aliases=aliases, **body, wait_for_active_shards=1)
            except BadRequestError as error:
                if error.error == "resource_already_exists_exception" and name in str(error.body):
                    return name  # made, and the answer was lost on its way
                if error.error in ("mapper_parsing_exception", "illegal_argument_exception"):
                    raise VigieError(
                        f"{self.place}: {self._product()} does not take the index ({reason_of(error)})",
                        mend="Vigie needs Elasticsearch 8.19 or later, with its language analyzers",
                    ) from error
                raise
        return name

    def _product(self) -> str:
        """What answers, with its version where the credentials allow to ask for it."""
        try:
            return f"Elasticsearch {self._client.info()['version']['number']}"
        except ApiError:
            return "this Elasticsearch"

    def _check(self, index: str) -> None:
        """Raise VigieError where this Vigie or this watch cannot use an index."""
        with explained(self.place):
            mapping = self._client.indices.get_mapping(index=index)[index]["mappings"]
        check_usable(mapping.get("_meta"), self._zone, self.place)
        self._dimensions = mapping["properties"]["embedding"].get("dims")
        self._checked = index

    def apply(self, documents: Sequence[IndexedArticle], deletions: Sequence[str]) -> dict[str, str]:
        """Put articles in and take others out, durably; the answer names those refused, with the reason.

        An article whose text the index already holds as it is gets a partial update of its labels. Where the cluster cannot take
        articles now, this waits and tries again what is missing, up to the patience of this object; then it raises VigieError,
        and whatever has arrived may be sent again.
        """
        if self._dimensions is None:
            self._dimensions = next((dimensions_of(article.embedding) for article in documents if article.embedding), None)
        known = {} if self._unpublished else self._text_digests([article.id for article in documents])
        refused: dict[str, str] = {}
        waiting = {article: _Action("delete") for article in deletions}
        for article in documents:
            try:
                made = document(article, self._dimensions)
                whole = _Action("index", _serialised(made))
                if known.get(article.id) == made["text_digest"]:
                    waiting[article.id] = _Action("update", _serialised({"doc": labels_only(made)}), whole)
                else:
                    waiting[article.id] = whole
            except ValueError as error:  # text that is not Unicode
                refused[article.id] = str(error)
        self._send(waiting, refused)
        self._unseen = True
        return refused

    def _text_digests(self, ids: Sequence[str]) -> dict[str, str]:
        """The digest of the text of each of these articles that the index holds, refreshed or not."""
        if not ids:
            return {}
        found = self._patiently(lambda: self._client.mget(index=self._target, ids=list(ids), source_includes=["text_digest"]))
        return {one["_id"]: one["_source"]["text_digest"] for one in found["docs"] if one.get("found")}

    @property
    def _target(self) -> str:
        return _filling(self._unpublished) if self._unpublished else self._address.write_alias

    def _send(self, waiting: dict[str, "_Action"], refused: dict[str, str]) -> None:
        """Do the actions (by article), each until it has an end; those refused for good are added to refused."""
        patience: _Patience | None = None  # it begins with the first failure
        while waiting:
            missing = len(waiting)
            problem = self._send_once(waiting, refused)
            if not problem:
                self._chunk = min(_BULK_ACTIONS, 2 * self._chunk)
                continue
            if patience is None or len(waiting) < missing:
                patience = _Patience(self._patience)  # it goes on, if slowly
            if not patience.wait():
                raise problem

    def _send_once(self, waiting: dict[str, "_Action"], refused: dict[str, str]) -> VigieError | None:
        """Send what waits; what has an end waits no more. The answer is what was said of the rest."""
        problem: VigieError | None = None
        too_much = False
        client = self._client.options(request_timeout=_BULK_TIMEOUT_S, max_retries=0)

        def lines(article: Any) -> tuple[Json, bytes | None]:
            return waiting[article].request(self._target, article)

        try:
            for ok, answer in parallel_bulk(
                client, list(waiting), expand_action_callback=lines, chunk_size=self._chunk, max_chunk_bytes=self._bytes,
                thread_count=_BULK_THREADS, raise_on_error=False, require_alias=True,
            ):  # fmt: skip
                ((operation, item),) = answer.items()
                article, status = item["_id"], item["status"]
                error = item.get("error") or {}
                if ok or (operation == "delete" and status == 404 and not error):
                    del waiting[article]
                elif error.get("type") == "document_missing_exception" and (whole := waiting[article].whole):
                    waiting[article] = whole  # it was taken out since its digest was asked for
                elif status == 400:
                    refused[article] = _reason(error)
                    waiting[article] = _Action("delete")  # what stood in its place is out of date
                else:
                    problem = self._no_end(status, error)
                    too_much |= status == 429
        except (CannotConnect, ConnectionTimeout) as failure:
            problem = explanation(failure, self.place)
        except ApiError as failure:
            problem = explanation(failure, self.place)
            too_much = failure.status_code in (413, 429)
            larger = failure.status_code == 413 and self._bytes > _FEWEST_BULK_BYTES  # than a gateway lets through
            if larger:
                self._bytes //= 2
            elif failure.status_code not in _LATER and not block(str(failure.body)):
                raise problem from failure
        if too_much:
            self._chunk = max(1, self._chunk // 2)  # a cluster that is short of memory takes smaller requests sooner
        return problem

    def _no_end(self, status: int, error: Json) -> VigieError:
        """What to say of an item that may come to an end later; raised at once where it cannot."""
        reason = _reason(error)
        blocked = block(f"{error.get('type')} {reason}")
        if blocked or status in (*_LATER, _CONFLICT):
            said = blocked or f"the cluster takes no articles now (HTTP {status}, {reason})"
            return VigieError(
                f"{self.place}: {said}", mend="nothing is lost: vigie index goes on from here when it has recovered"
            )
        if error.get("type") == "index_not_found_exception":
            raise VigieError(f"{self.place}: the index has vanished while it was written", mend="make it anew with: vigie index")
        raise VigieError(f"{self.place}: HTTP {status}: {reason}")

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Ask again while the cluster cannot answer now."""
        patience = _Patience(self._patience)
        while True:
            try:
                return ask()
            except (CannotConnect, ConnectionTimeout) as error:
                failure: Exception = error
            except ApiError as error:
                failure = error
                if error.status_code not in _LATER:
                    raise explanation(error, self.place) from error
            if not patience.wait():
                raise explanation(failure, self.place) from failure

    def _refresh(self) -> None:
        if self._unseen:
            with explained(self.place):
                self._client.indices.refresh(index=self._unpublished or self._address.write_alias)
            self._unseen = False

    @contextmanager
    def rebuilding(self) -> Iterator["ElasticIndex"]:
        """An empty index, open for writing, that takes this one's place when the block ends without an exception.

        Both aliases move in one step. The replaced index stays a while for those who are reading it; rebuilds that were killed
        have left half-filled ones, which go now.
        """
        self._remove_replaced(half_filled=True)
        copy = self._again()
        fresh = self._create({})
        try:
            self._move_aliases({"add": {"index": fresh, "alias": _filling(fresh), "is_write_index": True}})
            copy._unpublished = fresh
            self._set(fresh, refresh_interval="-1", number_of_replicas="0", auto_expand_replicas="false")
            yield copy
            self._set(fresh, refresh_interval=None, **copies(self._address.replicas))
            copy._refresh()
            self._publish(fresh)
        except BaseException:
            self._discard(fresh)
            raise
        copy._unpublished = ""
        self._checked = ""

    def _discard(self, fresh: str) -> None:
        """Remove an index that was to be published, unless it has been and only the answer was lost."""
        with suppress(VigieError), explained(self.place):
            if fresh not in (self._aliased(self._address.read_alias), self._aliased(self._address.write_alias)):
                self._client.options(ignore_status=404).indices.delete(index=fresh)

    def _set(self, index: str, **settings: Any) -> None:
        with explained(self.place):
            self._client.indices.put_settings(index=index, settings={"index": settings})

    def _publish(self, index: str) -> None:
        """Let both aliases stand for an index and for no other, in one step; what they stood for is marked as replaced."""
        old = self._holders(self._address.read_alias) | self._holders(self._address.write_alias)
        removals = [{"remove": {"index": held, "alias": alias}} for held, alias in sorted(old | self._holders(_filling(index)))]
        self._move_aliases(
            *removals,
            {"add": {"index": index, "alias": self._address.read_alias}},
            {"add": {"index": index, "alias": self._address.write_alias, "is_write_index": True}},
        )
        for held in {held for held, _ in old} - {index}:
            with explained(self.place):
                meta = self._client.indices.get_mapping(index=held)[held]["mappings"].get("_meta") or {}
                self._client.indices.put_mapping(index=held, meta={**meta, "replaced": time.time()})

    def _move_aliases(self, *actions: Json) -> None:
        with explained(self.place):
            self._client.indices.update_aliases(actions=list(actions))

    def _holders(self, alias: str) -> set[tuple[str, str]]:
        """The indices behind an alias, each with the alias."""
        with explained(self.place):
            try:
                return {(held, alias) for held in self._client.indices.get_alias(name=alias)}
            except NotFoundError:
                return set()

    def _remove_replaced(self, *, half_filled: bool = False) -> None:
        """Remove indices of ours that were replaced a while ago; half_filled: and those that a killed rebuild has left."""
        with explained(self.place):
            found = self._client.indices.get(index=f"{self._address.prefix}-*", allow_no_indices=True)
            for index, about in found.items():
                meta, aliases = about["mappings"].get("_meta") or {}, about["aliases"]
                ours = meta.get("made_by") == "vigie" and meta.get("prefix") == self._address.prefix
                left = not aliases and time.time() - meta.get("replaced", math.inf) > _KEPT_S
                if ours and (left or (half_filled and (_filling(index) in aliases or not (aliases or "replaced" in meta)))):
                    self._client.options(ignore_status=404).indices.delete(index=index)

    # Asking.

    def reload(self) -> None:
        """See what has been written since the last refresh of the index, and the index that has taken over."""
        self._refresh()
        if not self._unpublished:
            self._checked = ""

    def _ask(self, **request: Any) -> Json:
        if not self._unpublished and not self._checked:
            self._check(self._behind(self._address.read_alias))
        if "pit" not in request:
            request["index"] = self._unpublished or self._address.read_alias
        with explained(self.place):
            try:
                # An answer that some shards gave no part of is no answer.
                answer: Json = self._client.search(**request, allow_partial_search_results=False).body
            except ApiError as error:
                if "aggs" in request and any(words in str(error.body) for words in _TOO_MUCH):
                    raise TooManyBucketsError from None
                raise
        return answer

    def search(self, query: Query, *, limit: int = 10, offset: int = 0, sort: Sort = "relevance") -> Page:
        """A page of what the query finds; see :class:`index.engine.Reader`."""
        check_depth(limit, offset)
        by_date = sort == "date"
        found = self._ask(
            query=self._compiler.matching(query) if by_date else self._compiler.ranking(query),
            size=limit,
            from_=offset,
            sort=[{"turn": "desc"}] if by_date else ["_score", {"turn": "desc"}],
            track_total_hits=True,
            source_includes=["payload"],
        )
        return Page(found["hits"]["total"]["value"], tuple(_payloads(found)))

    def export(self, query: Query) -> Iterator[dict[str, Any]]:
        """Everything that the query finds, the newest first, as the index stood at the beginning (a point in time)."""
        if not self._checked:
            self._check(self._behind(self._address.read_alias))
        with explained(self.place):
            pit = self._client.open_point_in_time(index=self._address.read_alias, keep_alive=_KEEP_ALIVE)["id"]
        try:
            after: Json = {}
            while True:
                found = self._ask(
                    query=self._compiler.matching(query), size=_EXPORT_PAGE, pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                    sort=[{"turn": "desc"}, {"_shard_doc": "asc"}], track_total_hits=False, source_includes=["payload"], **after,
                )  # fmt: skip
                yield from _payloads(found)
                hits = found["hits"]["hits"]
                if len(hits) < _EXPORT_PAGE:
                    return
                pit = found["pit_id"]
                after = {"search_after": hits[-1]["sort"]}
        finally:
            with explained(self.place):
                self._client.options(ignore_status=404).close_point_in_time(id=pit)

    def count(self, query: Query) -> int:
        """How many articles the query finds."""
        found = self._ask(query=self._compiler.matching(query), size=0, track_total_hits=True)
        return int(found["hits"]["total"]["value"])

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
        """The most frequent values of a keyword column, exactly.

        Of several shards each names its own most frequent values. The first of those named are counted once more, over all
        shards; when they have more articles than any other value can have, they are the answer (the threshold algorithm, Fagin,
        Lotem & Naor 2003). Otherwise more are named.
        """
        check_columns((column,))
        named = max(_FIRST_NAMED, limit)
        while named <= MOST_BUCKETS:
            found = self._most_named(query, column, named)
            if not found["doc_count_error_upper_bound"]:
                return _pairs(found)[:limit]
            candidates = _pairs(found)
            exact = _pairs(self._most_named(query, column, named, include=[value for value, _ in candidates]))[:limit]
            if len(exact) == limit and exact[-1][1] > candidates[-1][1] + found["doc_count_error_upper_bound"]:
                return exact
            named *= 8
        every = self.cells(query, (column,)).items()
        return sorted(((str(value), number) for (value,), number in every), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _most_named(self, query: Query, column: str, named: int, **among: list[str]) -> Json:
        """The answer to a terms aggregation in which each shard names so many values."""
        terms = {"field": column, "size": named, "shard_size": named, "order": [{"_count": "desc"}, {"_key": "asc"}], **among}
        found: Json = self.aggregate(query, {column: {"terms": terms}})[column]
        return found

    def repeated_stories(self, query: Query) -> dict[int, int]:
        """The stories that several of the articles tell, with the turn of the earliest of them."""
        return buckets.repeated_stories(self, query)

    def days(self, query: Query) -> tuple[int, int] | None:
        """The first and the last day on which articles found were published."""
        return buckets.days(self, query)

    def spellings(self, entity: str) -> dict[str, int]:
        """How an entity is written, with the number of articles that write it so."""
        prefix = f"{entity}|"
        literally = "".join(f"\\{letter}" if not letter.isalnum() else letter for letter in prefix)
        terms = {**self.all_values("spellings"), "include": f"{literally}.*"}
        answer = self._ask(query={"term": {"entity": entity}}, size=0, aggs={"spellings": {"terms": terms}})
        return {one["key"].removeprefix(prefix): one["doc_count"] for one in answer["aggregations"]["spellings"]["buckets"]}

    @property
    def size(self) -> int:
        """How many articles the index holds."""
        self._refresh()
        return int(self._ask(query={"match_all": {}}, size=0, track_total_hits=True)["hits"]["total"]["value"])

    def all_values(self, column: str) -> Json:
        """A terms aggregation; see :class:`index.buckets.Countable`."""
        return {"field": column, "size": MOST_BUCKETS, "shard_size": _ALL_OF_A_SHARD}

    def whole(self, found: Json) -> list[Json]:
        """Its buckets; see :class:`index.buckets.Countable`."""
        listed: list[Json] = found["buckets"]
        if len(listed) >= MOST_BUCKETS or found.get("doc_count_error_upper_bound") or found.get("sum_other_doc_count"):
            raise TooManyBucketsError
        return listed

    @property
    def page(self) -> int:
        """Buckets of a composite aggregation; see :class:`index.buckets.Countable`."""
        return MOST_BUCKETS

    def aggregate(self, query: Query, request: Json) -> Json:
        """The answer to an aggregation; see :class:`index.buckets.Countable`."""
        answer: Json = self._ask(query=self._compiler.matching(query), size=0, track_total_hits=False, aggs=request)
        return dict(answer["aggregations"])


def _pairs(found: Json) -> list[tuple[str, int]]:
    """The buckets of a terms aggregation: values with their numbers of articles."""
    return [(str(one["key"]), int(one["doc_count"])) for one in found["buckets"]]


@dataclass(frozen=True, slots=True)
class _Action:
    """What a bulk request does with an article. whole: what to do in place of a partial update of an article that is missing."""

    operation: str
    body: bytes | None = None
    whole: "_Action | None" = None

    def request(self, index: str, article: str) -> tuple[Json, bytes | None]:
        """The two lines of the request."""
        conflicts = {"retry_on_conflict": 3} if self.operation == "update" else {}
        return {self.operation: {"_index": index, "_id": article, **conflicts}}, self.body


def _serialised(made: Json) -> bytes:
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _filling(index: str) -> str:
    """The alias of an index while it is filled: where it is gone, Elasticsearch must not make another in its place."""
    return f"{index}-filling"


class _Patience:
    """Waits that grow, up to some seconds in all."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._next = _FIRST_WAIT_S

    def wait(self) -> bool:
        """Wait a little; False where the patience has come to its end."""
        left = self._until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self._next, left))
        self._next = min(2 * self._next, _LONGEST_WAIT_S)
        return True


def _payloads(found: Json) -> Iterable[dict[str, Any]]:
    return (json.loads(hit["_source"]["payload"]) for hit in found["hits"]["hits"])


def _reason(error: Json) -> str:
    cause = error.get("caused_by") or {}
    return ": ".join(str(said) for said in (error.get("reason") or error.get("type"), cause.get("reason")) if said)[:500]
