"""Listings: feeds, sitemaps and section pages, read as links to articles with what the listing says of each, as written.

Feeds are read by a small reader of our own over lxml, because offsets of dates and the feed's own rhythm must survive
(fastfeedparser turns every date into UTC and drops ttl); where it finds nothing in a body that is not plainly an empty feed,
feedparser is asked.
"""

import gzip
import html
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from lxml.etree import XMLParser, XMLSyntaxError, XPath, _Element, fromstring
from lxml.html import HtmlElement

from crawlers import urls
from crawlers.dates import read_date
from crawlers.decoding import decode
from crawlers.page import Page, clean, select, text_of
from vigie.errors import VigieError

# https://www.sitemaps.org/protocol.html: 50,000 addresses and 50 MB a file.
MAX_LINKS = 50_000
MAX_BYTES = 50 * 1024 * 1024


class ListingError(VigieError):
    """A listing that cannot be read: no feed, no sitemap, broken beyond repair, or too large."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that a listing gives. title, published, updated: what the listing says, as written; kind: what lies there."""

    url: str
    title: str = ""
    published: str = ""
    updated: str = ""
    kind: Literal["article", "sitemap"] = "article"

    @property
    def hint(self) -> dict[str, str]:
        """What the listing says of the address, without what it leaves open."""
        said = {"title": self.title, "published": self.published, "updated": self.updated}
        return {name: value for name, value in said.items() if value}

    @property
    def instant(self) -> float | None:
        """When the article appeared, or was last changed, as POSIX time; None where the listing does not tell."""
        reading = read_date(self.published) or read_date(self.updated)
        if reading is not None:
            return reading.instant.timestamp()
        return _end_of_month(self.url) if self.kind == "sitemap" else None


@dataclass(frozen=True, slots=True)
class ListingContent:
    """The links of a listing, each address once, in its order.

    ttl: seconds for which the listing asks to be left alone, or None. next: the following page (RFC 5005), or empty.
    """

    links: tuple[Link, ...]
    ttl: float | None = None
    next: str = ""


def read_listing(kind: str, body: bytes, url: str, content_type: str = "") -> ListingContent:
    """The links of a listing of a kind: feed, sitemap or section. Raises ListingError."""
    readers: dict[str, Callable[[bytes, str, str], ListingContent]] = {
        "feed": read_feed, "sitemap": read_sitemap, "section": read_section,
    }  # fmt: skip
    return readers[kind](body, url, content_type)


# -- feeds


def read_feed(body: bytes, url: str, content_type: str = "") -> ListingContent:
    """The links of an RSS, RDF, Atom or JSON feed. Raises ListingError with the reason."""
    body = _inflated(body, url)
    if not body.strip():
        raise ListingError(f"{url} is empty")
    text = decode(body, content_type)
    if text.lstrip()[:1] == "{":
        return _read_json_feed(text, url)
    root, whole = _parse_xml(text, url)
    content = _read_xml_feed(root, url) if root is not None else ListingContent(())
    if content.links or (whole and root is not None and _name(root) in ("rss", "feed", "RDF")):
        return content
    return _read_with_feedparser(body, url, content_type)


def _read_xml_feed(root: _Element, url: str) -> ListingContent:
    channel = next((element for element in root.iter() if _name(element) in ("channel", "feed")), root)
    links = _distinct(_feed_link(item) for item in root.iter() if _name(item) in ("item", "entry"))
    return ListingContent(links, ttl=_ttl(channel), next=_next(channel, url))


def _feed_link(item: _Element) -> Link | None:
    parts: dict[str, list[_Element]] = {}
    for part in item:
        if name := _name(part):
            parts.setdefault(name, []).append(part)
    address = _address(parts)
    if address is None:
        return None
    stated, base = address
    return _link(
        stated,
        base,
        title=_plain(_content(parts, "title")),
        published=_content(parts, "pubDate", "pubdate", "published", "issued", "date", "created"),
        updated=_content(parts, "updated", "modified", "lastmod"),
    )


def _address(parts: dict[str, list[_Element]]) -> tuple[str, str] | None:
    """The address of an item and the base it stands against: the original one, the link, or an id that is an address."""
    for element in parts.get("origLink", []):
        if said := (element.text or "").strip():
            return said, element.base or ""
    links = parts.get("link", [])
    told = [(element, (element.text or "").strip()) for element in links if (element.text or "").strip()]
    referring = [element for element in links if element.get("href") and element.get("rel", "alternate") == "alternate"]
    referring.sort(key=lambda element: "html" not in element.get("type", "html"))
    for element, said in [*((element, element.get("href", "").strip()) for element in referring), *told]:
        return said, element.base or ""
    for element in [*parts.get("guid", []), *parts.get("id", [])]:
        said = (element.text or "").strip()
        if element.get("isPermaLink", "true") == "true" and said.startswith(("http://", "https://")):
            return said, element.base or ""
    for element in parts.get("enclosure", []):
        if said := element.get("url", "").strip():
            return said, element.base or ""
    return None


def _content(parts: dict[str, list[_Element]], *names: str) -> str:
    for name in names:
        for element in parts.get(name, ()):
            if said := clean("".join(str(piece) for piece in element.itertext())):
                return said
    return ""


def _ttl(channel: _Element) -> float | None:
    """ttl (RSS 2.0, minutes), or the period of the syndication module (http://purl.org/rss/1.0/modules/syndication/)."""
    said = {_name(part): (part.text or "").strip() for part in channel}
    if said.get("ttl", "").isdigit():
        return float(said["ttl"]) * 60
    periods = {"hourly": 3600.0, "daily": 86400.0, "weekly": 604800.0, "monthly": 2592000.0, "yearly": 31536000.0}
    period = periods.get(said.get("updatePeriod", "").lower())
    frequency = said.get("updateFrequency", "")
    return period / max(1, int(frequency) if frequency.isdigit() else 1) if period else None


def _next(channel: _Element, url: str) -> str:
    stated = (part.get("href", "") for part in channel if _name(part) == "link" and part.get("rel") == "next")
    link = next((found for address in stated if (found := _link(address, url))), None)
    return link.url if link else ""


def _read_json_feed(text: str, url: str) -> ListingContent:
    """https://www.jsonfeed.org/version/1.1/"""
    try:
        feed = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise ListingError(f"{url} is broken JSON: {error}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ListingError(f"{url} is JSON, but no JSON feed")
    links = _distinct(_json_link(item, url) for item in items if isinstance(item, dict))
    following = _link(str(feed.get("next_url") or ""), url)
    return ListingContent(links, next=following.url if following else "")


def _json_link(item: dict[str, Any], url: str) -> Link | None:
    said = {name: str(item.get(name) or "") for name in ("url", "external_url", "id", "title", "date_published", "date_modified")}
    address = said["url"] or said["external_url"] or (said["id"] if said["id"].startswith("http") else "")
    return _link(address, url, title=_plain(said["title"]), published=said["date_published"], updated=said["date_modified"])


def _read_with_feedparser(body: bytes, url: str, content_type: str) -> ListingContent:
    import feedparser

    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    try:
        # A stream: text would be taken for an address, and fetched.
        parsed = feedparser.parse(io.BytesIO(body), response_headers=headers)
    except Exception as error:  # feedparser raises whatever its parsers raise
        raise ListingError(f"{url} cannot be read as a feed: {type(error).__name__}: {error}"[:300]) from error
    links = _distinct(
        _link(
            str(dict.get(entry, "link") or ""),
            url,
            title=_plain(str(dict.get(entry, "title") or "")),
            published=str(dict.get(entry, "published") or ""),
            updated=str(dict.get(entry, "updated") or ""),
        )
        for entry in parsed.entries
    )
    if not links:
        why = parsed.get("bozo_exception") or "it holds no items"
        raise ListingError(
            f"{url} is no feed that can be read: {clean(str(why))[:200]}",
            mend="Check the address; a section page or sitemap may serve instead.",
        )
    return ListingContent(links)


# -- sitemaps


def read_sitemap(body: bytes, url: str, content_type: str = "") -> ListingContent:
    """The links of a sitemap, of a news sitemap, or of a sitemap index (links of kind sitemap). Raises ListingError."""
    body = _inflated(body, url)
    text = decode(body, content_type)
    if text.lstrip()[:4] == "http":
        return ListingContent(_distinct(_link(line.strip(), url) for line in text.splitlines() if line.strip()))
    root, whole = _parse_xml(text, url)
    if root is not None and _name(root) in ("rss", "feed", "RDF"):
        return read_feed(body, url, content_type)
    if root is None or _name(root) not in ("urlset", "sitemapindex"):
        raise ListingError(f"{url} is no sitemap", mend="Check the address; robots.txt of the site often names its sitemaps.")
    links = _distinct(_sitemap_link(entry, url) for entry in root.iter() if _name(entry) in ("url", "sitemap"))
    if not links and not whole:
        raise ListingError(f"{url} is broken: no address could be read")
    return ListingContent(links)


def _sitemap_link(entry: _Element, url: str) -> Link | None:
    said: dict[str, str] = {}
    for part in entry:
        name = _name(part)
        for inner in part if name == "news" else (part,):
            said.setdefault(_name(inner), (inner.text or "").strip())
    return _link(
        said.get("loc", ""),
        url,
        title=_plain(said.get("title", "")),
        published=said.get("publication_date", ""),
        updated=said.get("lastmod", ""),
        kind="sitemap" if _name(entry) == "sitemap" else "article",
    )


_YEAR_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/]?(0[1-9]|1[0-2])(?!\d)")


def _end_of_month(url: str) -> float | None:
    """The end of the month that the name of a sitemap gives: what it lists is no younger."""
    match = _YEAR_MONTH.search(urlsplit(url).path)
    if not match:
        return None
    year, month = int(match[1]), int(match[2])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()


# -- section pages

_ANCHORS = XPath("//body//a[@href]")
_NO_ARTICLE_PATH = re.compile(
    r"\.(?:jpe?g|png|gif|svg|webp|pdf|zip|mp[34]|xml|rss|css|js|ico)$"
    r"|/(?:tags?|topics?|themes?|thema|themen|category|categories|kategorie|rubriques?|sections?|authors?|auteurs?|autor|autoren|profile?s?|users?|search|recherche|suche"
    r"|login|connexion|account|compte|register|subscribe|abonnements?|abo|newsletters?|contact|about|a-propos|impressum|privacy|legal|mentions-legales|terms|cgu|cookies"
    r"|feeds?|rss|jobs|shop|boutique|page/\d+|seite/\d+)(?:/|$)",
    re.IGNORECASE,
)
_SLUG = re.compile(r"[^\W_]+(?:[-_][^\W_]+){3,}")
_SHORT_SLUG = re.compile(r"[^\W_]+(?:[-_][^\W_]+){1,2}")
_NUMBER = re.compile(r"\d{5,}|[-_.,/]\d{4,}(?:\.\w{3,5})?$|[0-9a-f]{8}-[0-9a-f]{4}-")
_DATED = re.compile(r"/(?:19|20)\d\d[/-](?:0?[1-9]|1[0-2])(?:[/-]|$)|/(?:19|20)\d{6}(?:\D|$)")
_PAGING = re.compile(r"(?:^|&)(?:page|p|paged|offset|start|seite)=\d+(?:&|$)", re.IGNORECASE)
_BESIDE = ("nav", "footer", "aside", "form")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5")
# An address and its anchor need this many points to be taken for an article.
_ENOUGH = 4
_MAX_ANCHORS = 5000


def read_section(body: bytes, url: str, content_type: str = "") -> ListingContent:
    """The links to articles on a section page: those of the same site whose address and anchor look like an article's.

    Points: a slug of four words or more 3 (of two or three, 1), a number 1, a date in the path 2, an anchor of a headline's
    length 2 (of half, 1), a heading 2, a place within an article or main element 1; a place in navigation, footer or margin
    costs 3. Raises ListingError.
    """
    page = Page.parse(decode(_inflated(body, url), content_type), url)
    base = next((element.get("href") for element in page.tree.iter("base") if element.get("href")), "") or ""
    base_link = _link(base, url) if base else None
    try:
        own = urls.canonical(url)
    except urls.InvalidUrl as error:
        raise ListingError(error.message) from error
    found: dict[str, tuple[int, str, str]] = {}
    for anchor in select(_ANCHORS, page.tree)[:_MAX_ANCHORS]:
        link = _link(anchor.get("href", ""), base_link.url if base_link else url)
        if link is None or link.url == own or not urls.same_site(own, link.url):
            continue
        title = _headline(anchor)
        points, before = _points(link.url, anchor, title), found.get(link.url, (0, "", ""))
        published = before[2] or _date_beside(anchor)
        found[link.url] = (max(points, before[0]), max(title, before[1], key=len), published)
    links = [
        Link(address, title=title, published=published)
        for address, (points, title, published) in found.items()
        if points >= _ENOUGH
    ]
    if not links:
        raise ListingError(f"no links to articles were found on {url}", mend="Give a feed or a sitemap of this outlet instead.")
    return ListingContent(tuple(links[:MAX_LINKS]))


def _points(url: str, anchor: HtmlElement, title: str) -> int:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if path == "/" or _NO_ARTICLE_PATH.search(path) or _PAGING.search(parts.query):
        return 0
    segments = [segment for segment in path.split("/") if segment]
    slugs = [
        max((len(match[0].split("-")) + len(match[0].split("_")) for match in _SLUG.finditer(segment)), default=0)
        for segment in segments[-2:]
    ]
    points = 3 if any(slugs) else 1 if any(_SHORT_SLUG.search(segment) for segment in segments[-2:]) else 0
    points += 1 if _NUMBER.search(path) or _NUMBER.search(f"/{parts.query}") else 0
    points += 2 if _DATED.search(path) else 0
    points += 2 if len(title) >= 30 or len(title.encode()) >= 60 else 1 if len(title) >= 15 else 0
    above = [element.tag for element in anchor.iterancestors()]
    inside = [element.tag for element in anchor.iter(*_HEADINGS)]
    points += 2 if inside or any(tag in _HEADINGS for tag in above[:4]) else 0
    points += 1 if "article" in above or "main" in above else 0
    return points - (3 if any(tag in _BESIDE for tag in above) else 0)


def _headline(anchor: HtmlElement) -> str:
    """The headline of an anchor: the heading within it, or all that it says."""
    heading = next(anchor.iter(*_HEADINGS), None)
    return text_of(heading if heading is not None else anchor)[:400]


def _date_beside(anchor: HtmlElement) -> str:
    """The time element of the card in which an anchor stands."""
    for element in list(anchor.iterancestors())[:5]:
        if element.tag in ("article", "li"):
            return next((stated for time in element.iter("time") if (stated := time.get("datetime"))), "")
    return ""


# -- what all share

# Only where a document may have one: at its start, behind comments.
_DOCTYPE = re.compile(r"\A\s*(?:<!--.*?-->\s*)*<!DOCTYPE[^\[>]{0,1000}(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,30});")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>")


def _inflated(body: bytes, url: str) -> bytes:
    """The body, unpacked where it is gzip; raises ListingError beyond MAX_BYTES."""
    if body[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(body)) as packed:
                body = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ListingError(f"{url} is broken gzip: {error}") from error
    if len(body) > MAX_BYTES:
        raise ListingError(f"{url} is larger than {MAX_BYTES // 1024 // 1024} MB")
    return body


def _parse_xml(text: str, url: str) -> tuple[_Element | None, bool]:
    """The root of an XML text, and whether it was well-formed; broken XML is read as far as it goes.

    No entity is ever defined, expanded or fetched: the document type goes, HTML's named characters become themselves.
    """
    text = _DOCTYPE.sub("", _DECLARATION.sub("", text, count=1))
    text = _NAMED_ENTITY.sub(lambda match: html.unescape(match[0]), _NOT_XML.sub("", text))
    body = text.strip().encode("utf-8", "replace")
    options: dict[str, Any] = {
        "encoding": "utf-8",
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "remove_comments": True,
        "remove_pis": True,
    }
    for recover in (False, True):
        try:
            root = fromstring(body, parser=XMLParser(recover=recover, **options), base_url=url)
        except (XMLSyntaxError, ValueError):
            continue
        if root is not None:
            return root, not recover
    return None, False


def _name(element: _Element) -> str:
    """The name of an element without its namespace or prefix; empty for what is no element."""
    return re.split(r"[}:]", element.tag)[-1] if isinstance(element.tag, str) else ""


def _plain(said: str) -> str:
    """A title as plain text, whatever it was: text, escaped HTML or both."""
    said = _TAG.sub("", said)
    if "&" in said:
        said = _TAG.sub("", html.unescape(said))
    return clean(said)


def _link(
    stated: str,
    base: str,
    *,
    title: str = "",
    published: str = "",
    updated: str = "",
    kind: Literal["article", "sitemap"] = "article",
) -> Link | None:
    """A link with its canonical address; None where that is no address to follow."""
    if not stated.strip() or stated.lstrip().startswith(("#", "javascript:", "mailto:", "tel:", "data:")):
        return None
    try:
        address = urls.canonical(stated, base=base)
    except urls.InvalidUrl:
        return None
    return Link(address, title=title[:400], published=published[:100], updated=updated[:100], kind=kind)


def _distinct(links: Iterable[Link | None]) -> tuple[Link, ...]:
    return tuple(_each_once(links))


def _each_once(links: Iterable[Link | None]) -> Iterator[Link]:
    seen: set[str] = set()
    for link in links:
        if link is not None and link.url not in seen:
            seen.add(link.url)
            yield link
            if len(seen) >= MAX_LINKS:
                return
