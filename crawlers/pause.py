"""A host that asks to wait (429 or 503 with Retry-After; RFC 9110 10.2.3) is left in peace until then."""

import logging

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawlers.rhythm import MINUTE, retry_after
from vigie import clock
from vigie.archive import Archive, host_of

logger = logging.getLogger(__name__)

ASKS_TO_WAIT = (429, 503)
# A host that says 429 without a time.
DEFAULT_PAUSE = MINUTE


class HostPaused(IgnoreRequest):
    """The host asked to wait. until: the instant (seconds since the epoch) from which it may be asked again."""

    def __init__(self, message: str, until: float) -> None:
        super().__init__(message)
        self.until = until


class PauseMiddleware:
    """Holds back requests to hosts that asked to wait."""

    def __init__(self, crawler: Crawler) -> None:
        self._archive: Archive = crawler.spider.archive  # type: ignore[union-attr]  # the spider exists before its middlewares
        self._until: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "PauseMiddleware":
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        host = host_of(request.url)
        until = self._until.get(host, 0.0)
        if until > clock.now().timestamp():
            raise HostPaused(f"{host} asked to wait", until)

    def process_response(self, request: Request, response: Response) -> Response:
        header = response.headers.get("Retry-After")
        if response.status == 429 or (response.status in ASKS_TO_WAIT and header):
            now = clock.now().timestamp()
            wait = retry_after(header.decode("latin-1"), now=now) if header else None
            host = host_of(request.url)
            until = self._until[host] = now + (DEFAULT_PAUSE if wait is None else wait)
            # Kept in the archive too: whoever takes the host next waits as well.
            self._archive.write(lambda tx: tx.hosts.pause(host, until=until))
            logger.info("%s asks to wait %g s", host, self._until[host] - now)
            raise HostPaused(f"{host} answered {response.status}", self._until[host])
        return response
