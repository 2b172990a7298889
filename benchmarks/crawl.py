"""Pages a second of ``vigie crawl`` against bare Scrapy on the same pages, delays off.

Peers, each a process of its own, from the same server in the same run:
  download   a bare Scrapy spider that fetches the pages and does nothing with them: the raw limit of the framework
  extract    the same with trafilatura.bare_extraction(with_metadata=True) in its callback, one JSON line an article

    python -m benchmarks.crawl [--pages 600] [--rounds 3] [--json FILE]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.serving import real_pages, serving

BARE_SPIDER = """
import json, sys
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
addresses, extract, out = json.load(open(sys.argv[1])), sys.argv[2] == "extract", open(sys.argv[3], "w")
if extract:
    from trafilatura import bare_extraction
class Bare(scrapy.Spider):
    name = "bare"
    async def start(self):
        for url in addresses:
            yield scrapy.Request(url, dont_filter=True)
    def parse(self, response):
        if extract:
            found = bare_extraction(response.body, url=response.url, with_metadata=True, as_dict=False)
            out.write(json.dumps({"url": response.url, "title": found and found.title, "text": found and found.text}) + "\\n")
        else:
            out.write(f"{response.url} {len(response.body)}\\n")
process = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR", "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "ROBOTSTXT_OBEY": True,
                          "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False})
process.crawl(Bare)
process.start()
"""

WATCH = """
name = "bench"
languages = ["en", "fr", "de", "es", "it"]
[[subjects]]
id = "x"
name = "DeepSeek"
[[sources]]
id = "press"
name = "press"
home = "{base}/"
sitemaps = ["{base}/sitemap.xml"]
language = "en"
country = "US"
[crawl]
delay = 0
concurrency = 16
concurrency_per_host = 16
max_age_days = 36500
allow_hosts = ["127.0.0.0/8"]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    bodies = real_pages()
    pages = {f"/news/{n}/story-number-{n}.html": ("text/html", bodies[n % len(bodies)]) for n in range(arguments.pages)}
    with tempfile.TemporaryDirectory() as scratch, serving(_with_sitemap(pages)) as base:
        # The sitemap is relative to a base that is known only now, so it is served with host-relative addresses resolved by the reader.
        rounds = [_round(Path(scratch), base, list(pages)) for _ in range(arguments.rounds)]
    medians = {name: statistics.median(times[name] for times in rounds) for name in rounds[0]}
    result = {
        "pages": arguments.pages,
        "seconds": medians,
        "pages_per_second": {name: round(arguments.pages / seconds, 1) for name, seconds in medians.items()},
        "vigie_to_extract": round(statistics.median(times["vigie"] / times["extract"] for times in rounds), 2),
        "vigie_to_download": round(statistics.median(times["vigie"] / times["download"] for times in rounds), 2),
    }
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def _with_sitemap(pages: dict[str, tuple[str, bytes]]) -> dict[str, tuple[str, bytes]]:
    urls = "".join(f"<url><loc>{path}</loc></url>" for path in pages)
    body = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()
    return pages | {"/sitemap.xml": ("application/xml", body)}


def _round(scratch: Path, base: str, paths: list[str]) -> dict[str, float]:
    (scratch / "addresses.json").write_text(json.dumps([base + path for path in paths]), encoding="utf-8")
    (scratch / "bare.py").write_text(BARE_SPIDER, encoding="utf-8")
    (scratch / "watch.toml").write_text(WATCH.format(base=base), encoding="utf-8")
    times = {}
    for kind in ("download", "extract"):
        times[kind] = _seconds(
            [sys.executable, str(scratch / "bare.py"), str(scratch / "addresses.json"), kind, str(scratch / "out")]
        )
    with tempfile.TemporaryDirectory() as data:
        words = ["-m", "vigie", "crawl", "--once", "--format", "json", "--watch", str(scratch / "watch.toml"), "--data", data]
        times["vigie"] = _seconds([sys.executable, *words])
    return times


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    if done.returncode not in (0, 4):
        raise SystemExit(f"{command}: {done.stderr[-2000:]}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
