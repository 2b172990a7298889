"""A crawl: one Scrapy run over the frontier, in this process, which can run one only (a reactor does not restart)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from sqlalchemy.exc import DatabaseError

from crawlers.outcomes import Outcome
from crawlers.reading import ReaderPool
from crawlers.spider import CrawlOrder, WatchSpider
from vigie import clock
from vigie.archive import Archive, Fetch, FrontierEntry, Transaction
from vigie.watch import Watch


@dataclass(frozen=True)
class CrawlReport:
    """How a crawl ended. outcomes: counts by source and outcome; failing: listings that could not be read, with the reason."""

    outcomes: dict[str, dict[str, int]]
    failing: tuple[tuple[str, str, str], ...]  # source, url, why
    fetches: tuple[Fetch, ...] = ()

    @property
    def fetched(self) -> int:
        """How many URLs were fetched: the sum of all outcomes."""
        return sum(sum(counts.values()) for counts in self.outcomes.values())


def crawl(
    archive: Archive,
    order: CrawlOrder,
    *,
    poll_now: bool = False,
    progress: Callable[[str, Outcome], None],
    verbose: bool = False,
) -> CrawlReport:
    """Fetch what is due; raises VigieError when the archive cannot be written."""
    now = clock.now().timestamp()

    def begin(tx: Transaction) -> str:
        tx.workers.sweep(at=now)
        tx.frontier.plan_listings(_listings(order.watch), at=now)
        if poll_now:
            tx.frontier.poll_now(at=now, sources=order.sources)
        return tx.workers.enter("crawl", at=now)

    worker = archive.write(begin)
    try:
        with ReaderPool() as pool:
            process = AsyncCrawlerProcess(scrapy_settings(order.watch, verbose=verbose))
            crawler = process.create_crawler(WatchSpider)
            process.crawl(crawler, archive=archive, order=order, worker=worker, pool=pool, progress=progress)
            process.start()
        spider = crawler.spider
        if isinstance(spider, WatchSpider) and spider.fatal:
            raise spider.fatal
        with archive.read() as tx:
            return CrawlReport(
                tx.frontier.outcomes(worker),
                tuple(tx.frontier.failing_listings(order.sources)),
                tuple(tx.frontier.fetched_by(worker)) if order.listings_only else (),
            )
    finally:
        # Where the archive is gone, so is the word that this worker has left: others see that its process has.
        with suppress(DatabaseError):
            archive.write(lambda tx: tx.workers.leave(worker))


def check_listings(
    folder: Path, watch: Watch, sources: Sequence[str], progress: Callable[[str, Outcome], None]
) -> tuple[Fetch, ...]:
    """Fetch every feed, sitemap and section page of these sources once; nothing is kept but in the given scratch folder."""
    order = CrawlOrder(watch, tuple(sources), once=True, listings_only=True)
    return crawl(Archive.open(folder), order, progress=progress).fetches


def _listings(watch: Watch) -> list[FrontierEntry]:
    entries = []
    for source in watch.sources:
        entries += [FrontierEntry(url, source.id, "feed") for url in source.feeds]
        entries += [FrontierEntry(url, source.id, "sitemap") for url in source.sitemaps]
        entries += [FrontierEntry(url, source.id, "section") for url in source.sections]
    return entries


def scrapy_settings(watch: Watch, *, verbose: bool = False) -> dict[str, Any]:
    """Scrapy's settings: polite, and with its unsafe defaults off."""
    rules = watch.crawl
    agent = rules.user_agent if not rules.contact else f"Vigie/0.1 (+{rules.contact})"
    return {
        "USER_AGENT": agent,
        "VIGIE_ALLOW_HOSTS": list(rules.allow_hosts),
        # polite
        "ROBOTSTXT_OBEY": rules.robots,
        "DOWNLOAD_DELAY": rules.delay,
        "CONCURRENT_REQUESTS": rules.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": rules.concurrency_per_host,
        "AUTOTHROTTLE_ENABLED": rules.delay > 0,
        "AUTOTHROTTLE_START_DELAY": rules.delay,
        "DOWNLOAD_TIMEOUT": rules.timeout,
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,  # the frontier decides when to try again
            "crawlers.hosts.HostMiddleware": 50,
            "crawlers.robots.RobotsMiddleware": 100,
            "crawlers.pause.PauseMiddleware": 550,
        },
        "COOKIES_ENABLED": False,
        # safe
        "TWISTED_DNS_RESOLVER": "crawlers.safety.GuardedResolver",
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
        "DOWNLOAD_MAXSIZE": rules.max_page_bytes,
        "DOWNLOAD_WARNSIZE": rules.max_page_bytes,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "HTTPPROXY_ENABLED": False,  # a proxy would dial the address in place of the guarded resolver
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        # quiet
        "LOG_LEVEL": "INFO" if verbose else "ERROR",
        "LOGSTATS_INTERVAL": 0,
    }
