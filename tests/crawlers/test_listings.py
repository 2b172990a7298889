"""Feeds, sitemaps and section pages become links, with what they say of each as written."""

import gzip
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.listings import MAX_BYTES, Link, ListingError, read_feed, read_listing, read_section, read_sitemap

URL = "https://example.org/feeds/all.xml"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>Le Fil</title><ttl>30</ttl><atom:link rel="next" href="/feeds/all.xml?page=2"/>
<item><title>L&amp;apos;&lt;b&gt;été&lt;/b&gt; &eacute;tait l&agrave;</title><link>/a?utm_source=rss&amp;id=1</link>
  <pubDate>Mon, 06 Jan 2025 10:00:00 +0100</pubDate></item>
<item><title><![CDATA[Fusées & <i>puces</i>]]></title><guid>https://example.org/b</guid><dc:date>2025-01-05T08:00:00Z</dc:date></item>
<item><title>Sans adresse</title><guid isPermaLink="false">42</guid></item>
<item><title>Encore</title><link>https://example.org/b</link></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/base/">
<entry xml:base="x/"><title type="html">Un &lt;em&gt;titre&lt;/em&gt;</title><link rel="enclosure" href="/son.mp3"/><link href="a"/>
<published>2025-01-06T10:00:00+01:00</published><updated>2025-01-07T10:00:00+01:00</updated></entry>
<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Deux <b>mots</b></div></title><link rel="alternate" href="b"/><updated>2025-01-07</updated></entry>
</feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency></channel>
<item rdf:about="x"><title>Un</title><link>https://example.org/un</link></item></rdf:RDF>"""

JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "next_url": "/2.json",
        "items": [{"id": "1", "url": "/j", "title": "Un", "date_published": "2025-01-06T10:00:00+01:00"}],
    }
)


def test_an_rss_feed_is_read_with_its_dates_as_written() -> None:
    content = read_feed(RSS.encode(), URL)
    assert content.links == (
        Link("https://example.org/a?id=1", title="L'été était là", published="Mon, 06 Jan 2025 10:00:00 +0100"),
        Link("https://example.org/b", title="Fusées & puces", published="2025-01-05T08:00:00Z"),
    )
    assert content.ttl == 1800
    assert content.next == "https://example.org/feeds/all.xml?page=2"
    assert content.links[0].instant == 1736154000
    assert content.links[0].hint == {"title": "L'été était là", "published": "Mon, 06 Jan 2025 10:00:00 +0100"}


def test_an_atom_feed_is_read_against_its_bases() -> None:
    first, second = read_feed(ATOM.encode(), URL).links
    assert first == Link(
        "https://example.org/base/x/a",
        title="Un titre",
        published="2025-01-06T10:00:00+01:00",
        updated="2025-01-07T10:00:00+01:00",
    )
    assert (second.url, second.title, second.published, second.updated) == (
        "https://example.org/base/b",
        "Deux mots",
        "",
        "2025-01-07",
    )


def test_rdf_and_json_feeds_are_read() -> None:
    content = read_feed(RDF.encode(), URL)
    assert [link.url for link in content.links] == ["https://example.org/un"]
    assert content.ttl == 1800
    content = read_feed(JSON_FEED.encode(), URL, "application/feed+json")
    assert content.links == (Link("https://example.org/j", title="Un", published="2025-01-06T10:00:00+01:00"),)
    assert content.next == "https://example.org/2.json"


def test_encodings_are_those_that_are_meant() -> None:
    latin = RSS.replace("utf-8", "iso-8859-1").encode("latin-1")
    assert read_feed(latin, URL).links[0].title == "L'été était là"
    lying = RSS.replace('encoding="utf-8"', 'encoding="iso-8859-1"').encode()
    assert read_feed(lying, URL).links[0].title == "L'été était là"


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    cut = RSS[: RSS.index("<item><title>Sans")] + "<item><title>Fini & \x0b pas"
    assert [link.url for link in read_feed(cut.encode(), URL).links] == ["https://example.org/a?id=1", "https://example.org/b"]


def test_an_empty_feed_is_no_error_but_anything_else_without_items_is() -> None:
    assert read_feed(b'<rss version="2.0"><channel><title>Neuf</title></channel></rss>', URL).links == ()
    for body in (b"", b"<html><body><p>404</p></body></html>", b"pas du tout", b'{"a": 1}', b"{", b"<rss><channel><item></chan"):
        with pytest.raises(ListingError) as caught:
            read_feed(body, URL)
        assert URL in caught.value.message


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP")
    entities = '<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    bomb = f'<!DOCTYPE r [{entities}<!ENTITY s SYSTEM "file://{secret}">]>'
    hostile = (
        RSS.split("?>", 1)[1].replace("Encore", "&c;&s;").replace("https://example.org/b</link>", "https://example.org/c</link>")
    )
    titles = [link.title for link in read_feed((bomb + hostile).encode(), URL).links]
    assert titles[:2] == ["L'été était là", "Fusées & puces"]
    assert not any("haha" in title or "TOP" in title for title in titles)


SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><image:image><image:loc>https://example.org/i.jpg</image:loc></image:image><loc> https://example.org/a </loc><lastmod>2025-01-07</lastmod>
<news:news><news:publication><news:name>Le Fil</news:name></news:publication><news:publication_date>2025-01-06T10:00:00+01:00</news:publication_date><news:title>Un titre</news:title></news:news></url>
<url><loc>https://example.org/b</loc></url></urlset>"""


def test_a_news_sitemap_is_read_packed_or_not() -> None:
    for body in (SITEMAP.encode(), gzip.compress(SITEMAP.encode())):
        assert read_sitemap(body, URL).links == (
            Link("https://example.org/a", title="Un titre", published="2025-01-06T10:00:00+01:00", updated="2025-01-07"),
            Link("https://example.org/b"),
        )


def test_a_sitemap_index_leads_to_sitemaps_dated_by_their_names_if_need_be() -> None:
    index = "<sitemapindex><sitemap><loc>/s-2024-12.xml.gz</loc></sitemap><sitemap><loc>/t.xml</loc><lastmod>2025-01-07</lastmod></sitemap></sitemapindex>"
    first, second = read_sitemap(index.encode(), URL).links
    assert (first.kind, first.url, first.instant) == ("sitemap", "https://example.org/s-2024-12.xml.gz", 1735689600)
    assert (second.kind, second.updated) == ("sitemap", "2025-01-07")


def test_a_sitemap_may_be_a_list_or_a_feed_and_nothing_else() -> None:
    assert [link.url for link in read_sitemap(b"https://example.org/a\nhttps://example.org/b\n", URL).links] == [
        "https://example.org/a",
        "https://example.org/b",
    ]
    assert len(read_sitemap(RSS.encode(), URL).links) == 2
    with pytest.raises(ListingError):
        read_sitemap(b"<html><body>404</body></html>", URL)


def test_a_bomb_of_zeros_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"\0" * (MAX_BYTES + 1000))
    assert len(bomb) < 100_000
    with pytest.raises(ListingError, match="larger than"):
        read_sitemap(bomb, URL)
    with pytest.raises(ListingError, match="broken gzip"):
        read_sitemap(bomb[:50], URL)


SECTION = """<html><head><base href="https://www.example.org/tech/"></head><body>
<nav><a href="/tech/">Tech</a><a href="/produits/puces-et-cartes-graphiques">Puces et cartes graphiques</a></nav>
<main>
<article><a href="puces-la-guerre-des-nanometres-recommence"><h2>Puces : la guerre des nanomètres recommence</h2><p>Chapô.</p></a><time datetime="2025-01-06T10:00:00+01:00">lundi</time></article>
<article><h3><a href="/2025/01/05/ia/?utm_source=home">L'IA au travail, acte deux</a></h3><a href="/2025/01/05/ia/">Lire</a></article>
<ul><li><a href="https://ailleurs.example/une-histoire-de-tout-autre-maison">Une histoire de tout autre maison</a></li>
<li><a href="/tag/intelligence-artificielle-generative">Tout sur l'intelligence artificielle générative</a></li>
<li><a href="/auteur/anne-martin">Anne Martin</a></li><li><a href="/tech/page/2">Page suivante des articles</a></li>
<li><a href="/tech/?page=2">Les articles qui viennent ensuite</a></li><li><a href="javascript:void(0)">Ouvrir le grand menu de ce site</a></li>
<li><a href="/docs/rapport-annuel-de-la-maison.pdf">Le rapport annuel de la maison</a></li></ul>
</main><footer><a href="/a-propos">À propos de nous et de notre travail</a></footer></body></html>"""


def test_articles_are_told_from_the_rest_of_a_section_page() -> None:
    assert read_section(SECTION.encode(), "https://example.org/tech/").links == (
        Link(
            "https://www.example.org/tech/puces-la-guerre-des-nanometres-recommence",
            title="Puces : la guerre des nanomètres recommence",
            published="2025-01-06T10:00:00+01:00",
        ),
        Link("https://www.example.org/2025/01/05/ia/", title="L'IA au travail, acte deux"),
    )


def test_a_page_without_articles_is_an_error_with_a_mend() -> None:
    with pytest.raises(ListingError) as caught:
        read_section(b"<p>Bienvenue</p>", "https://example.org/")
    assert caught.value.mend


def test_the_kind_chooses_the_reader() -> None:
    assert read_listing("feed", RSS.encode(), URL) == read_feed(RSS.encode(), URL)
    assert read_listing("sitemap", SITEMAP.encode(), URL) == read_sitemap(SITEMAP.encode(), URL)
    assert read_listing("section", SECTION.encode(), "https://example.org/") == read_section(
        SECTION.encode(), "https://example.org/"
    )


@given(st.data())
def test_no_bytes_make_a_reader_raise_anything_but_its_error(data: st.DataObject) -> None:
    kind, whole = data.draw(
        st.sampled_from([("feed", RSS), ("feed", ATOM), ("feed", JSON_FEED), ("sitemap", SITEMAP), ("section", SECTION)])
    )
    body = bytearray(whole.encode())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
        if not body:
            return
    with suppress(ListingError):
        read_listing(kind, bytes(body), URL)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # feedparser's own, on the oddest of these files
def test_every_feed_of_the_collections_is_read_or_refused(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "feeds" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    read = refused = 0
    for row in rows:
        try:
            read_listing("sitemap" if "sitemap" in row["kind"] else "feed", (shared / "feeds" / row["path"]).read_bytes(), URL)
            read += 1
        except ListingError:
            refused += 1
    assert read + refused == len(rows)
    assert refused <= 65  # pages, CDF channels, and feeds that are broken before their first item
