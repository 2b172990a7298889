"""Feeds and sitemaps of the outlets, each in the format that the outlet uses."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from newsroom.press import Outlet, Piece

FEED_ITEMS = 20
MEDIA_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json",
}


def feed(outlet: Outlet, pieces: Sequence[Piece], base: str) -> bytes:
    """The feed of an outlet: its newest articles, or all of them where the feed is the only entrance."""
    shown = pieces[:FEED_ITEMS] if outlet.sitemap or outlet.section else pieces
    write = {"rss": _rss, "atom": _atom, "rdf": _rdf, "json": _json_feed}[outlet.feed]
    return write(outlet, shown, base)


def news_sitemap(pieces: Sequence[Piece], base: str) -> bytes:
    """A news sitemap of all articles, with two addresses beside them that lead to no article."""
    entries = "".join(
        f"<url><loc>{escape(base + piece.path)}</loc><lastmod>{(piece.updated or piece.published).isoformat()}</lastmod>"
        f"<news:news><news:publication><news:name>{escape(piece.outlet.name)}</news:name>"
        f"<news:language>{piece.outlet.language}</news:language></news:publication>"
        f"<news:publication_date>{piece.published.isoformat()}</news:publication_date>"
        f"<news:title>{escape(piece.title)}</news:title></news:news></url>\n"
        for piece in pieces
    )
    extra = "".join(f"<url><loc>{base}{path}</loc></url>\n" for path in ("/a-propos", "/article-retire"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{entries}{extra}</urlset>\n'
    ).encode()


def sitemap_index(pieces: Sequence[Piece], base: str) -> bytes:
    """A sitemap index: one compressed sitemap a month."""
    months = sorted({f"{piece.published:%Y-%m}" for piece in pieces}, reverse=True)
    newest = {month: max(p.updated or p.published for p in pieces if f"{p.published:%Y-%m}" == month) for month in months}
    entries = "".join(
        f"<sitemap><loc>{base}/sitemap-{month}.xml.gz</loc><lastmod>{newest[month].isoformat()}</lastmod></sitemap>\n"
        for month in months
    )
    return f'<?xml version="1.0"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</sitemapindex>\n'.encode()


def month_sitemap(pieces: Sequence[Piece], base: str, month: str) -> bytes:
    """One month's sitemap, compressed (the same bytes for the same articles)."""
    return gzip.compress(news_sitemap([piece for piece in pieces if f"{piece.published:%Y-%m}" == month], base), mtime=0)


def _address(piece: Piece, base: str) -> str:
    """How the feed links to an article: some outlets add trackers, one goes through a redirect."""
    if piece.outlet.id == "circuit-post":
        return f"{base}/r/{piece.slug}?utm_source=rss&utm_medium=feed"
    if piece.outlet.id == "silex":
        return f"{base}{piece.path}?utm_source=flux&xtor=RSS-1"
    return base + piece.path


def _rss(outlet: Outlet, pieces: Sequence[Piece], base: str) -> bytes:
    items = "".join(
        f"<item><title>{escape(piece.title)}</title><link>{escape(_address(piece, base))}</link>"
        f'<guid isPermaLink="false">{piece.slug}</guid><pubDate>{format_datetime(piece.published)}</pubDate>'
        f"<description><![CDATA[{piece.paragraphs[0][:200]}…]]></description></item>\n"
        for piece in pieces
    )
    private = (
        f"<item><title>Espace privé</title><link>{base}/prive/lettre</link></item>\n" if outlet.id == "fil-numerique" else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>{escape(outlet.name)}</title>'
        f"<link>{base}/</link><ttl>15</ttl>\n{items}{private}</channel></rss>\n"
    ).encode()


def _atom(outlet: Outlet, pieces: Sequence[Piece], base: str) -> bytes:
    entries = "".join(
        f"<entry><title>{escape(piece.title)}</title><link href={quoteattr(piece.path)}/><id>{base}{piece.path}</id>"
        f"<published>{piece.published.isoformat()}</published><updated>{(piece.updated or piece.published).isoformat()}</updated>"
        f"<author><name>{escape(piece.authors[0] if piece.authors else outlet.name)}</name></author></entry>\n"
        for piece in pieces
    )
    updated = max((piece.updated or piece.published for piece in pieces), default=datetime(2025, 1, 1, tzinfo=UTC))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{base}/">'
        f"<title>{escape(outlet.name)}</title><id>{base}/</id><updated>{updated.isoformat()}</updated>\n{entries}</feed>\n"
    ).encode()


def _rdf(outlet: Outlet, pieces: Sequence[Piece], base: str) -> bytes:
    items = "".join(
        f'<item rdf:about="{base}{piece.path}"><title>{escape(piece.title)}</title><link>{base}{piece.path}</link>'
        f"<dc:date>{piece.published.isoformat()}</dc:date></item>\n"
        for piece in pieces
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<channel rdf:about="{base}/"><title>{escape(outlet.name)}</title><link>{base}/</link></channel>\n{items}</rdf:RDF>\n'
    ).encode()


def _json_feed(outlet: Outlet, pieces: Sequence[Piece], base: str) -> bytes:
    items = [
        {"id": piece.slug, "url": base + piece.path, "title": piece.title, "date_published": piece.published.isoformat()}
        | ({"date_modified": piece.updated.isoformat()} if piece.updated else {})
        for piece in pieces
    ]
    head = {"version": "https://jsonfeed.org/version/1.1", "title": outlet.name, "home_page_url": f"{base}/"}
    return json.dumps(head | {"items": items}, ensure_ascii=False).encode()
