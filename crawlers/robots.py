"""robots.txt as RFC 9309 wants it, kept in the archive for a day, with Crawl-delay honoured.

Scrapy's own middleware takes a robots.txt that answers 503 for "everything is allowed"; RFC 9309 2.3.1.4 says that an
unreachable one (5xx, no connection) disallows everything, and 2.3.1.3 that an absent one (4xx) allows everything.
"""

import asyncio
import logging
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from sqlalchemy.exc import DatabaseError

from crawlers.hosts import HostBusy
from crawlers.rhythm import DAY, HOUR, MINUTE
from vigie import clock
from vigie.archive import Archive, FrontierEntry, RobotsFile, host_of

logger = logging.getLogger(__name__)

# RFC 9309 2.4: not longer than a day; an unreachable file is asked for again soon.
KEPT, KEPT_UNREACHABLE = DAY, HOUR
LONGEST_CRAWL_DELAY = MINUTE
# RFC 9309 2.5: at least 500 KiB are to be parsed.
PARSED_BYTES = 512 * 1024


class Disallowed(IgnoreRequest):
    """robots.txt does not allow this URL."""


class RobotsUnreachable(IgnoreRequest):
    """robots.txt cannot be had, so that nothing may be fetched for now."""


class RobotsMiddleware:
    """Lets only those requests pass that the host's robots.txt allows."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self._crawler = crawler
        # The spider brings the archive: settings are copied, and an open database cannot be.
        self._archive: Archive = crawler.spider.archive  # type: ignore[union-attr]  # the spider exists before its middlewares
        self._agent = crawler.settings["USER_AGENT"].split("/")[0]
        self._rules: dict[str, asyncio.Task[Protego | None]] = {}  # None: unreachable

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if request.meta.get("robots_txt"):
            return
        origin = _origin(request.url)
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._read_rules(origin, request.meta["entry"]))
        try:
            rules = await self._rules[origin]
        except (HostBusy, DatabaseError):
            self._rules.pop(origin, None)  # it says nothing about the file, which is asked for again
            raise
        if rules is None:
            raise RobotsUnreachable(f"{origin}/robots.txt cannot be had: nothing is fetched from there for now")
        if not rules.can_fetch(request.url, self._agent):
            raise Disallowed(f"{origin}/robots.txt disallows it")
        self._respect_crawl_delay(rules, request)

    async def _read_rules(self, origin: str, entry: FrontierEntry) -> Protego | None:
        rules = _parse(await self._file(origin, entry))
        self._note_delay(origin, rules)
        return rules

    async def _file(self, origin: str, entry: FrontierEntry) -> RobotsFile:
        now = clock.now().timestamp()
        with self._archive.read() as tx:
            kept = tx.robots.get(origin)
        if kept and now - kept.fetched < (KEPT if kept.status else KEPT_UNREACHABLE):
            return kept
        request = Request(f"{origin}/robots.txt", meta={"robots_txt": True, "entry": entry}, priority=1000, callback=NO_CALLBACK)
        assert self._crawler.engine
        try:
            file = _answer(await self._crawler.engine.download_async(request), now)
        except (HostBusy, DatabaseError):
            raise
        except Exception as error:  # whatever kept the file away, the answer is the same: unreachable
            logger.info("%s/robots.txt unreachable: %s", origin, error)
            file = RobotsFile(0, b"", now)
        self._archive.write(lambda tx: tx.robots.store(origin, file))
        return file

    def _note_delay(self, origin: str, rules: Protego | None) -> None:
        """Keep in the archive how long the host is to be left in peace before another worker asks it."""
        delay = max(self._crawler.settings.getfloat("DOWNLOAD_DELAY"), self._crawl_delay(rules) if rules else 0.0)
        self._archive.write(lambda tx: tx.hosts.needs(host_of(origin), delay=delay))

    def _crawl_delay(self, rules: Protego) -> float:
        return min(float(rules.crawl_delay(self._agent) or 0.0), LONGEST_CRAWL_DELAY)

    def _respect_crawl_delay(self, rules: Protego, request: Request) -> None:
        delay = self._crawl_delay(rules)
        if delay <= self._crawler.settings.getfloat("DOWNLOAD_DELAY"):
            return
        assert self._crawler.engine
        downloader = self._crawler.engine.downloader
        key = downloader.get_slot_key(request)
        request.meta["autothrottle_dont_adjust_delay"] = True  # it would shorten what the host asks for
        if slot := downloader.slots.get(key):
            slot.delay = max(slot.delay, delay)
        else:  # the host's first request makes the slot
            downloader.per_slot_settings[key] = {"delay": delay}
            logger.info("%s asks for a delay of %g s", request.url, delay)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _answer(response: Response, now: float) -> RobotsFile:
    if response.status >= 500 or response.status == 429:
        return RobotsFile(0, b"", now)
    return RobotsFile(response.status, response.body[:PARSED_BYTES] if response.status < 300 else b"", now)


def _parse(file: RobotsFile) -> Protego | None:
    return Protego.parse(file.body.decode("utf-8", "replace")) if file.status else None
