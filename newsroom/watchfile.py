"""The watch on the newsroom: the subject and topics of ``watches/deepseek.toml``, with the invented outlets as sources."""

import tomllib
from pathlib import Path

import tomlkit

from newsroom.press import OUTLETS
from newsroom.server import Newsroom

DEEPSEEK = Path(__file__).parent.parent / "watches" / "deepseek.toml"


def watch_text(newsroom: Newsroom) -> str:
    """The text of a watch file on a running newsroom."""
    shared = tomllib.loads(DEEPSEEK.read_text(encoding="utf-8"))
    document = {key: shared[key] for key in ("timezone", "languages", "subjects", "topics")}
    sources = []
    for outlet in OUTLETS:
        base = newsroom.base(outlet)
        source: dict[str, object] = {
            "id": outlet.id,
            "name": outlet.name,
            "home": f"{base}/",
            "language": outlet.language,
            "country": outlet.country,
            "kind": outlet.kind,
            "owner": outlet.owner,
        }
        if outlet.feed:
            source["feeds"] = [f"{base}/feed"]
        if outlet.sitemap:
            source["sitemaps"] = [f"{base}/sitemap.xml"]
        if outlet.section:
            source["sections"] = [f"{base}/"]
        sources.append(source)
    crawl = {
        "delay": 0.02,
        "concurrency_per_host": 4,
        "max_age_days": 36500,
        "allow_hosts": ["127.0.0.0/8"],
        "contact": "newsroom@localhost",
    }
    return tomlkit.dumps(
        {"name": "newsroom", "title": "DeepSeek (sample newsroom)", **document, "crawl": crawl, "sources": sources}
    )
