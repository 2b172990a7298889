"""A host is asked by one worker at a time: no request leaves for a host that this worker does not hold.

The spider claims URLs together with their hosts; what remains are redirects, which lead where another worker may be at work.
(``vigie sources check`` asks each listing once, from an archive of its own: it knows of no other worker.)
"""

import asyncio

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from crawlers.rhythm import MINUTE
from vigie import clock
from vigie.archive import host_of

# How long a redirect waits for the host that it leads to, how often it looks, and when its URL is tried again after that.
PATIENCE_S, LOOK_AGAIN_S, TRY_AGAIN_S = 30.0, 0.5, MINUTE


class HostBusy(IgnoreRequest):
    """Another worker is asking the host. until: the instant (seconds since the epoch) at which to try again."""

    def __init__(self, message: str, until: float) -> None:
        super().__init__(message)
        self.until = until


class HostMiddleware:
    """Lets a request pass when this worker holds its host, or can take it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "HostMiddleware":
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        host, entry = host_of(request.url), request.meta["entry"]
        for _ in range(round(PATIENCE_S / LOOK_AGAIN_S)):
            if self._crawler.spider.may_ask(host, entry):  # type: ignore[union-attr]  # it is ours, and there
                return
            await asyncio.sleep(LOOK_AGAIN_S)
        raise HostBusy(f"another worker is asking {host}", clock.now().timestamp() + TRY_AGAIN_S)
