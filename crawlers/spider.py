"""The spider: takes what is due from the frontier, fetches it, and writes down how each fetch ended."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from sqlalchemy.exc import DatabaseError, DataError
from twisted.python.failure import Failure

from crawlers import rhythm
from crawlers.extract import Extracted, extract
from crawlers.hosts import HostBusy
from crawlers.listings import ListingContent, read_listing
from crawlers.outcomes import QUARANTINED, Outcome
from crawlers.pause import HostPaused
from crawlers.reading import READING_LIMIT_S, ReaderPool
from crawlers.robots import Disallowed, RobotsUnreachable
from crawlers.safety import AddressRefused
from vigie import clock
from vigie.archive import HEARTBEAT_LIMIT_S, HEARTBEAT_S, Archive, Due, FrontierEntry, Transaction, explain_database_error
from vigie.article import Article, article_id
from vigie.errors import VigieError
from vigie.watch import Watch

logger = logging.getLogger(__name__)

# Retries that fall due within this many seconds are waited for.
PATIENCE_S = 60.0
# How long a crawl waits for work that others hold: as long as it takes to see that they are dead. Whoever still lives then does
# that work itself.
PATIENCE_WITH_OTHERS_S = HEARTBEAT_LIMIT_S + HEARTBEAT_S
# It looks again after so many seconds, first soon, then less often.
LOOK_AGAIN_S = (0.1, 1.0)
# Redirects are followed; every other answer comes to the spider, which knows what it means.
READ_STATUSES = (304, *range(400, 600))


@dataclass(frozen=True)
class CrawlOrder:
    """What a crawl is to do.

    once: every URL at most once, no waiting for retries. deadline: seconds. listings_only: no article is fetched.
    """

    watch: Watch
    sources: tuple[str, ...] = ()
    once: bool = False
    deadline: float = 3600.0
    listings_only: bool = False


@dataclass(frozen=True)
class _Result:
    """How one fetch ended, and what is to be written about it. put_off: for its host's sake; it does not count as a failure."""

    outcome: Outcome
    detail: str = ""
    next_try: float | None = None
    interval: float | None = None
    put_off: bool = False


class WatchSpider(Spider):
    """Works through the frontier until nothing is due, or the deadline has passed."""

    name = "vigie"

    def __init__(
        self, *, archive: Archive, order: CrawlOrder, worker: str, pool: ReaderPool, progress: Callable[[str, Outcome], None]
    ) -> None:
        super().__init__()
        self.archive = archive
        self._order = order
        self._worker = worker
        self._pool = pool
        self._progress = progress
        self._waiting: list[FrontierEntry] = []  # claimed, and held back until their host has a free place
        self._under_way: Counter[str] = Counter()  # requests by host
        self._holding: Counter[str] = Counter()  # URLs by host, and hosts that requests of theirs were redirected to
        self._guests: dict[str, set[str]] = {}  # these latter, by URL
        self._begun = clock.now().timestamp()
        self._beat_at = 0.0
        self._idle_since: float | None = None  # nothing to be had, and nothing under way
        self._finished = asyncio.Event()
        self.fatal: VigieError | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "WatchSpider":
        spider: WatchSpider = super().from_crawler(crawler, *args, **kwargs)
        return spider

    # -- taking work

    async def start(self) -> AsyncIterator[Request]:
        loop = asyncio.get_running_loop()
        stop_at = loop.time() + self._order.deadline
        window = self._order.watch.crawl.concurrency * 4
        while loop.time() < stop_at and not self.fatal:
            self._finished.clear()
            # Not the loop's clock: it stands still while the machine sleeps, and the others' clocks do not.
            if abs(time.time() - self._beat_at) >= HEARTBEAT_S:
                self._beat()
            held = len(self._waiting) + self._under_way.total()
            if held <= window // 2:
                self._claim(window - held)
            elif any(not count for count in self._holding.values()):
                self._give_back()
            for entry in self._released():
                yield self._request(entry)
            if self._under_way.total():
                self._idle_since = None
                await self._something_finishes()
            elif (wait := self._seconds_to_wait(loop.time())) is not None:
                await asyncio.sleep(max(0.0, min(wait, stop_at - loop.time())))
            else:
                break

    def _released(self) -> Iterator[FrontierEntry]:
        """What may be asked for now. A host's queue stays here, not in the downloader: a host that asks to wait can be left."""
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            host = entry.host
            if self._under_way[host] < self._order.watch.crawl.concurrency_per_host:
                self._under_way[host] += 1
                yield entry
            else:
                self._waiting.append(entry)

    def _claim(self, limit: int) -> None:
        """Take more work, and give back the hosts that are done with."""

        def work(tx: Transaction) -> list[FrontierEntry]:
            return tx.frontier.claim(
                self._worker,
                at=clock.now().timestamp(),
                limit=limit,
                per_source=max(4, limit // 4),
                due=self._due,
                delay=self._order.watch.crawl.delay,
                keep_hosts=self._in_use(),
            )

        if self._idle_since is not None:
            self._beat()  # it is waiting for others: see whether they live
        with self._guarded():
            claimed = self.archive.write(work)
            self._forget_idle_hosts()
            self._waiting += claimed
            self._holding.update(entry.host for entry in claimed)

    def _give_back(self) -> None:
        with self._guarded():
            self.archive.write(lambda tx: tx.hosts.give_back(self._worker, but=self._in_use()))
            self._forget_idle_hosts()

    def _in_use(self) -> list[str]:
        return [host for host, count in self._holding.items() if count]

    def _forget_idle_hosts(self) -> None:
        self._holding = +self._holding

    @property
    def _due(self) -> Due:
        return Due(self._order.sources, self._order.listings_only, self._begun if self._order.once else None)

    def _beat(self) -> None:
        """Say that this worker lives, and see who does not.

        One that stood still so long that it was taken for dead (a sleeping machine, say) holds nothing any more: it begins
        nothing of what it had claimed, and what it has under way will be dropped.
        """

        def work(tx: Transaction) -> bool:
            now = clock.now().timestamp()
            alive = tx.workers.beat(self._worker, at=now)
            tx.workers.sweep(at=now)
            return alive

        with self._guarded():
            if not self.archive.write(work):
                self._waiting = []
                self._holding.clear()  # nothing more leaves for hosts that may be another's now
                self._guests.clear()
            self._beat_at = time.time()

    def may_ask(self, host: str, entry: FrontierEntry) -> bool:
        """Whether a request that belongs to the entry may go to a host now, which this takes where a redirect leads to it."""
        guests = self._guests.setdefault(entry.url, set())
        if self._holding[host] > 0 and (host == entry.host or host in guests):
            return True

        def take(tx: Transaction) -> bool:
            return tx.hosts.take(host, self._worker, at=clock.now().timestamp(), delay=self._order.watch.crawl.delay)

        if self._holding[host] <= 0 and not self.archive.write(take):
            return False
        guests.add(host)
        self._holding[host] += 1
        return True

    def _seconds_to_wait(self, now: float) -> float | None:
        """How long to wait for what others hold, or for the next retry; None: nothing will come."""
        self._idle_since = now if self._idle_since is None else self._idle_since
        waited = now - self._idle_since
        at = clock.now().timestamp()
        waits = []
        with self._guarded(), self.archive.read() as tx:
            if waited < PATIENCE_WITH_OTHERS_S + self._order.watch.crawl.delay and tx.frontier.work_elsewhere(
                at=at, due=self._due
            ):
                soonest, latest = LOOK_AGAIN_S
                waits.append(min(latest, soonest + waited / 4))
            retry = None if self._order.once else tx.frontier.next_retry(at=at, sources=self._order.sources)
            if retry is not None and retry - at <= PATIENCE_S:
                waits.append(max(0.1, retry - at))
        return min(waits, default=None)

    async def _something_finishes(self) -> None:
        try:
            await asyncio.wait_for(self._finished.wait(), HEARTBEAT_S)
        except TimeoutError:
            return

    def _request(self, entry: FrontierEntry) -> Request:
        headers = {}
        if entry.etag:
            headers["If-None-Match"] = entry.etag
        if entry.modified:
            headers["If-Modified-Since"] = entry.modified
        return Request(
            entry.url,
            callback=self.fetched,
            errback=self.failed,
            headers=headers,
            cb_kwargs={"entry": entry},
            meta={"handle_httpstatus_list": READ_STATUSES, "entry": entry},
            dont_filter=True,
        )

    # -- how fetches end

    async def fetched(self, response: Response, entry: FrontierEntry) -> None:
        """Read what came, and keep it."""
        try:
            outcome = _outcome_of_status(response.status)
            if response.status == 304:
                self._conclude(entry, response, lambda _: self._unchanged(entry))
            elif outcome is not None:
                self._conclude(entry, response, lambda _: self._failure(entry, outcome, f"HTTP {response.status}"))
            elif entry.kind == "article":
                await self._fetched_page(response, entry)
            else:
                await self._fetched_listing(response, entry)
        finally:
            self._done_with(entry)

    def failed(self, failure: Failure) -> None:
        """Write down why nothing came."""
        error, entry = failure.value, failure.request.cb_kwargs["entry"]  # type: ignore[attr-defined]  # Scrapy adds request
        assert error is not None
        try:
            if isinstance(error, DatabaseError):  # ours, not the host's: nothing is said of the URL
                with self._guarded():
                    raise error
            outcome, detail = _outcome_of_exception(error)
            if isinstance(error, HostPaused | HostBusy):  # its host is to be left alone: that is no failure of this URL
                until = error.until
                self._conclude(entry, None, lambda _: _Result(outcome, detail, next_try=until, put_off=True))
            else:
                self._conclude(entry, None, lambda _: self._failure(entry, outcome, detail))
        finally:
            self._done_with(entry)

    async def _fetched_listing(self, response: Response, entry: FrontierEntry) -> None:
        content = await self._read(read_listing, entry.kind, response.body, response.url, _content_type(response))
        if isinstance(content, str):
            self._conclude(entry, response, lambda _: self._failure(entry, Outcome.BROKEN, content))
            return
        self._conclude(entry, response, lambda tx: self._discover(tx, entry, content))

    async def _fetched_page(self, response: Response, entry: FrontierEntry) -> None:
        found = await self._read(extract, response.body, response.url, _content_type(response), entry.hint)
        if isinstance(found, str):
            self._conclude(entry, response, lambda _: self._failure(entry, Outcome.BROKEN, found))
            return
        self._conclude(entry, response, lambda tx: self._keep(tx, entry, response, found))

    async def _read(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a reading function makes of what came, or the reason why it failed (a text)."""
        try:
            return await asyncio.wrap_future(self._pool.submit(function, *arguments))
        except TimeoutError:
            return f"reading took longer than {READING_LIMIT_S:g} s"
        except VigieError as error:
            return error.message
        except Exception as error:  # a reader that crashes costs its own page only; the reason is kept with it
            logger.info("reading failed", exc_info=True)
            return f"{type(error).__name__}: {error}"[:500]

    # -- what each end means for the archive; each runs inside the transaction that also ends the lease

    def _discover(self, tx: Transaction, entry: FrontierEntry, content: ListingContent) -> _Result:
        now = clock.now().timestamp()
        oldest = now - self._order.watch.crawl.max_age_days * rhythm.DAY
        entries = []
        for link in content.links:
            if link.instant is not None and link.instant < oldest:
                continue
            kind = link.kind
            hint = {f"{entry.kind}.{key}": value for key, value in link.hint.items()}
            parent = entry.url if kind != "article" else None
            entries.append(FrontierEntry(link.url, entry.source, kind, hint=hint, parent=parent))
        new = tx.frontier.discover_all(entries, at=now)
        known = len(entries) - new
        interval = rhythm.next_interval(entry.interval, new=new, known=known, at_least=content.ttl or 0.0)
        detail = f"{new} new of {new + known}"
        return _Result(Outcome.LISTING, detail, next_try=now + interval, interval=interval)

    def _keep(self, tx: Transaction, entry: FrontierEntry, response: Response, found: Extracted) -> _Result:
        now = clock.now().timestamp()
        page = self._keep_page(tx, entry, response, now)
        if found.kind != "article":
            return _Result(Outcome.NOT_ARTICLE, found.reason)
        article = _article(found, entry)
        if self._is_another_address(tx, entry, article):
            return _Result(Outcome.DUPLICATE, article.canonical_url)
        return _Result(Outcome(tx.articles.store(article, page_id=page, at=now)), next_try=_recheck(entry, now))

    def _keep_page(self, tx: Transaction, entry: FrontierEntry, response: Response, now: float) -> int:
        headers = {"Content-Type": _content_type(response), "URL": response.url}
        return tx.pages.store(entry.url, response.body, status=response.status, headers=headers, at=now)

    def _is_another_address(self, tx: Transaction, entry: FrontierEntry, article: Article) -> bool:
        """Whether the article's own address is known too, and brings it: one address is followed, the others rest."""
        if entry.url == article.canonical_url:
            return False
        own = tx.frontier.get(article.canonical_url)
        return own is not None and (own.outcome is None or not Outcome(own.outcome).is_failure)

    def _unchanged(self, entry: FrontierEntry) -> _Result:
        now = clock.now().timestamp()
        if entry.kind == "article":
            return _Result(Outcome.UNCHANGED, next_try=_recheck(entry, now))
        interval = rhythm.next_interval(entry.interval, new=0, known=1)
        return _Result(Outcome.UNCHANGED, next_try=now + interval, interval=interval)

    def _failure(self, entry: FrontierEntry, outcome: Outcome, detail: str) -> _Result:
        now = clock.now().timestamp()
        if entry.kind == "article" and rhythm.gives_up(outcome, entry.attempts):
            return _Result(outcome, detail)
        return _Result(outcome, detail, next_try=now + rhythm.wait_after_failure(outcome, entry.attempts))

    def _conclude(
        self,
        entry: FrontierEntry,
        response: Response | None,
        decide: Callable[[Transaction], _Result],
    ) -> None:
        """Commit the end of one fetch: its result, the lease, and what follows from it, in one transaction."""
        now = clock.now().timestamp()
        with self._guarded():
            try:
                self._commit(entry, response, decide, now=now)
            except Exception as error:  # a fault of ours costs this page only, and is seen in quarantine
                if isinstance(error, DatabaseError) and not isinstance(error, DataError):
                    raise
                logger.exception("%s could not be kept", entry.url)
                said = f"{type(error).__name__}: {error}"[:500]
                self._commit(entry, response, lambda _: self._failure(entry, Outcome.BROKEN, said), now=now)

    def _commit(
        self,
        entry: FrontierEntry,
        response: Response | None,
        decide: Callable[[Transaction], _Result],
        *,
        now: float,
    ) -> None:
        result = self.archive.write(lambda tx: self._end(tx, entry, response, decide, now=now))
        if result is None:
            logger.info("%s: another worker has taken it over; what came here is dropped", entry.url)
        else:
            self._progress(entry.source, result.outcome)

    def _end(
        self,
        tx: Transaction,
        entry: FrontierEntry,
        response: Response | None,
        decide: Callable[[Transaction], _Result],
        *,
        now: float,
    ) -> _Result | None:
        """What is written about the end of a fetch; None, and nothing is, when the lease is no longer this worker's."""
        if not tx.frontier.hold(entry.url, self._worker):
            return None
        result = decide(tx)
        usable = response is not None and not result.outcome.is_failure
        tx.frontier.finish(
            entry,
            worker=self._worker,
            outcome=result.outcome,
            at=now,
            next_try=result.next_try,
            failed=result.outcome.is_failure,
            status=response.status if response is not None else None,
            size=len(response.body) if response is not None else 0,
            detail=result.detail,
            etag=_header(response, "ETag") if usable and response is not None else None,
            modified=_header(response, "Last-Modified") if usable and response is not None else None,
            interval=result.interval,
        )
        if result.outcome in QUARANTINED:
            if result.outcome is Outcome.BROKEN and response is not None:
                self._keep_page(tx, entry, response, now)
            tx.quarantine.put("crawl", entry.url, reason=result.outcome, detail=result.detail, source=entry.source, at=now)
        else:
            tx.quarantine.release("crawl", entry.url)
        return result

    def _done_with(self, entry: FrontierEntry) -> None:
        self._under_way[entry.host] -= 1
        for host in (entry.host, *self._guests.pop(entry.url, ())):
            self._holding[host] = max(0, self._holding[host] - 1)
        self._finished.set()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A database that refuses (a full disk, say) ends the crawl: going on would fetch pages that cannot be kept."""
        try:
            yield
        except DatabaseError as error:
            self.fatal = explain_database_error(error, self.archive.place)
            self._finished.set()


def _recheck(entry: FrontierEntry, now: float) -> float | None:
    """When to look at an article for corrections again."""
    return rhythm.next_recheck(discovered=now if entry.discovered is None else entry.discovered, now=now)


def _article(found: Extracted, entry: FrontierEntry) -> Article:
    return Article(
        id=article_id(found.canonical_url),
        url=found.canonical_url,
        canonical_url=found.canonical_url,
        source=entry.source,
        title=found.title,
        text=found.text,
        authors=found.authors,
        published=found.published,
        language=found.language,
        section=found.section,
        tags=found.tags,
        image=found.image,
        paywalled=found.paywalled,
    )


def _content_type(response: Response) -> str:
    return _header(response, "Content-Type") or ""


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def _outcome_of_status(status: int) -> Outcome | None:
    """The outcome that a status alone decides; None where the body has to be read."""
    if 200 <= status < 300:
        return None
    if status in (404, 410):
        return Outcome.GONE
    if status in (401, 402, 403, 451):
        return Outcome.FORBIDDEN
    return Outcome.HTTP_ERROR


def _outcome_of_exception(error: BaseException) -> tuple[Outcome, str]:
    """The outcome of a fetch that brought no response, and what to say of it."""
    chain = [error, *([error.__cause__] if error.__cause__ else [])]
    said = str(error) or type(error).__name__
    kinds = {
        AddressRefused: Outcome.REFUSED,
        Disallowed: Outcome.DISALLOWED,
        RobotsUnreachable: Outcome.DEFERRED,
        HostPaused: Outcome.DEFERRED,
        HostBusy: Outcome.DEFERRED,
        DownloadCancelledError: Outcome.TOO_LARGE,
        HttpError: Outcome.HTTP_ERROR,
    }
    for link in chain:
        for kind, outcome in kinds.items():
            if isinstance(link, kind):
                return outcome, str(link) or said
    if isinstance(error, IgnoreRequest):  # too many redirects
        return Outcome.HTTP_ERROR, said[:300]
    return Outcome.UNREACHABLE, said[:300]
