"""A crawl, as a process, over real sites: how each fetch ends, politeness, safety, and what is kept."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import Vigie
from tests.site import Answer, Site, article, rss


def source(site: Site, id: str = "silex", *, feeds: str = "feed") -> str:
    urls = ", ".join(f'"{site.base}/{feed}"' for feed in feeds.split())
    return f'[[sources]]\nid = "{id}"\nname = "{id}"\nhome = "{site.base}/"\nfeeds = [{urls}]\nlanguage = "fr"\ncountry = "FR"\n'


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.pages["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /prive/", type="text/plain")
        yield site


def outcomes(vigie: Vigie, *words: str, now: str = "") -> dict[str, dict[str, int]]:
    told = vigie("crawl", "--once", "--format", "json", *words, now=now)
    assert told.code in (0, 4), told.err
    rows = {row.pop("source"): row for row in told.json}
    for row in rows.values():
        assert row.pop("fetched") == sum(row.values())
    return {source: {outcome: count for outcome, count in row.items() if count} for source, row in rows.items()}


def test_articles_of_a_feed_are_kept_with_what_their_pages_say(vigie: Vigie, site: Site) -> None:
    site.pages |= {
        "/feed": Answer(rss(site.base, ["a", "b"])),
        "/a": Answer(article("Titre A")),
        "/b": Answer(article("Titre B")),
    }
    vigie.write_watch(source(site))
    assert outcomes(vigie) == {"silex": {"listing": 1, "article": 2}}
    with vigie.archive.read() as tx:
        stored = sorted((whole.article for whole in tx.articles.all()), key=lambda article: article.title)
    assert [article.title for article in stored] == ["Titre A", "Titre B"]
    assert "paragraphe 4" in stored[0].text
    assert stored[0].published is not None
    assert stored[0].published.instant.isoformat() == "2025-01-20T07:00:00+00:00"
    assert stored[0].published.offset == 60


def test_every_kind_of_end_is_counted_once_and_neighbours_go_on(vigie: Vigie, site: Site) -> None:
    slugs = ["good", "gone", "prive/a", "locked", "down", "big", "empty", "same", "loop"]
    site.pages |= {
        "/feed": Answer(rss(site.base, slugs)),
        "/good": Answer(article("Bon")),
        "/gone": Answer(b"", 410),
        "/prive/a": Answer(article("Privé")),
        "/locked": Answer(b"", 403),
        "/down": Answer(b"", 500),
        "/big": Answer(b"x" * 200_000),
        "/empty": Answer(b"<html><body><p>Rien.</p></body></html>"),
        "/same": Answer(b"", 301, headers={"Location": f"{site.base}/good"}),
        "/loop": Answer(b"", 302, headers={"Location": f"{site.base}/loop"}),
    }  # fmt: skip
    vigie.write_watch(source(site), crawl="delay = 0\nmax_page_bytes = 100000\ntimeout = 5")
    ended = outcomes(vigie)["silex"]
    assert ended.pop("listing") == 1
    assert ended.pop("gone") == 1
    assert ended.pop("disallowed") == 1
    assert ended.pop("forbidden") == 1
    assert ended.pop("http_error") == 2  # /down and /loop
    assert ended.pop("too_large") == 1
    assert ended.pop("not_article") == 1
    # the redirect and its target are one article, whichever came first
    assert ended.pop("article") == 1
    assert ended.pop("duplicate", 0) + ended.pop("unchanged", 0) == 1
    assert not ended
    assert site.requests["/prive/a"] == 0
    quarantined = {row["key"].removeprefix(site.base): row["reason"] for row in vigie("quarantine", "--format", "json").json}
    assert quarantined["/locked"] == "forbidden"
    assert quarantined["/big"] == "too_large"
    assert quarantined["/empty"] == "not_article"


def test_a_second_look_is_conditional(vigie: Vigie, site: Site) -> None:
    def page(headers: Mapping[str, str]) -> Answer:
        if headers.get("If-None-Match") == '"1"':
            return Answer(b"", 304)
        return Answer(article("Titre"), headers={"ETag": '"1"'})

    site.pages |= {"/feed": Answer(rss(site.base, ["a"]), headers={"Last-Modified": "Mon, 20 Jan 2025 07:00:00 GMT"}), "/a": page}
    vigie.write_watch(source(site))
    assert outcomes(vigie, now="2025-01-20T09:00:00Z") == {"silex": {"listing": 1, "article": 1}}
    assert outcomes(vigie, now="2025-01-20T09:01:00Z") == {}
    later = outcomes(vigie, now="2025-01-20T16:00:00Z")
    assert later == {"silex": {"listing": 1, "unchanged": 1}}
    feed_requests = [headers for _, path, headers in site.seen if path == "/feed"]
    assert feed_requests[-1]["If-Modified-Since"] == "Mon, 20 Jan 2025 07:00:00 GMT"


def test_an_edited_article_is_a_revision(vigie: Vigie, site: Site) -> None:
    site.pages |= {"/feed": Answer(rss(site.base, ["a"])), "/a": Answer(article("Titre"))}
    vigie.write_watch(source(site))
    outcomes(vigie, now="2025-01-20T09:00:00Z")
    site.pages["/a"] = Answer(article("Titre corrigé"))
    assert outcomes(vigie, now="2025-01-20T16:00:00Z")["silex"]["revised"] == 1
    with vigie.archive.read() as tx:
        (whole,) = tx.articles.all()
        assert (whole.article.title, whole.article.revision) == ("Titre corrigé", 2)


def test_a_robots_file_that_cannot_be_had_disallows_everything_for_now(vigie: Vigie, site: Site) -> None:
    site.pages |= {"/robots.txt": Answer(b"", 503), "/feed": Answer(rss(site.base, ["a"]))}
    vigie.write_watch(source(site))
    assert outcomes(vigie) == {"silex": {"deferred": 1}}
    assert site.requests["/feed"] == 0


def test_an_absent_robots_file_allows_everything_and_is_asked_for_once_a_day(vigie: Vigie, site: Site) -> None:
    del site.pages["/robots.txt"]
    site.pages |= {"/feed": Answer(rss(site.base, ["a"])), "/a": Answer(article("Titre"))}
    vigie.write_watch(source(site))
    assert outcomes(vigie, now="2025-01-20T09:00:00Z")["silex"]["article"] == 1
    outcomes(vigie, now="2025-01-20T16:00:00Z")
    assert site.requests["/robots.txt"] == 1
    outcomes(vigie, now="2025-01-22T16:00:00Z")
    assert site.requests["/robots.txt"] == 2


def test_crawl_delay_is_kept(vigie: Vigie, site: Site) -> None:
    slugs = ["a", "b", "c"]
    site.pages |= {f"/{slug}": Answer(article(slug)) for slug in slugs}
    site.pages |= {
        "/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 1", type="text/plain"),
        "/feed": Answer(rss(site.base, slugs)),
    }
    vigie.write_watch(source(site))
    assert outcomes(vigie)["silex"]["article"] == 3
    times = [at for at, path, _ in site.seen if path.strip("/") in slugs]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert min(gaps) > 0.45  # Scrapy varies the delay between 0.5 and 1.5 times


def test_a_host_that_asks_to_wait_is_left_in_peace(vigie: Vigie, site: Site) -> None:
    slugs = [f"a{n}" for n in range(30)]
    site.pages |= {f"/{slug}": Answer(b"", 429, headers={"Retry-After": "3600"}) for slug in slugs}
    site.pages["/feed"] = Answer(rss(site.base, slugs))
    vigie.write_watch(source(site), crawl="delay = 0\nconcurrency_per_host = 1")
    first = outcomes(vigie, now="2025-01-20T09:00:00Z")["silex"]
    assert first["listing"] == 1
    assert 1 <= first["deferred"] <= 30  # those in hand; the others were not even taken up
    assert sum(site.requests[f"/{slug}"] for slug in slugs) == 1
    site.pages |= {f"/{slug}": Answer(article(slug)) for slug in slugs}
    assert "article" not in outcomes(vigie, now="2025-01-20T09:40:00Z").get("silex", {})
    assert outcomes(vigie, now="2025-01-20T10:30:00Z")["silex"]["article"] == 30


def test_waiting_for_a_host_costs_no_article_an_attempt(vigie: Vigie, site: Site) -> None:
    """However often a host asks to wait, what it was not asked for is never given up."""
    slugs = [f"a{n}" for n in range(12)]
    site.pages |= {f"/{slug}": Answer(b"", 429, headers={"Retry-After": "600"}) for slug in slugs}
    site.pages["/feed"] = Answer(rss(site.base, slugs))
    vigie.write_watch(source(site), crawl="delay = 0\nconcurrency_per_host = 1")
    for hour in range(10):
        outcomes(vigie, now=f"2025-01-20T{9 + hour:02}:00:00Z")
    site.pages |= {f"/{slug}": Answer(article(slug)) for slug in slugs}
    outcomes(vigie, now="2025-01-22T09:00:00Z")
    with vigie.archive.read() as tx:
        assert tx.articles.count() == 12


@pytest.mark.parametrize("host", ["127.0.0.3", "localhost", "2130706435", "0x7f000003", "127.3", "[::ffff:127.0.0.3]", "[::1]"])
def test_addresses_that_are_not_public_are_refused_at_connect_time(vigie: Vigie, site: Site, host: str) -> None:
    with Site("127.0.0.3") as inner:
        inner.pages["/secret"] = Answer(article("Secret"))
        port = inner.base.rsplit(":", 1)[1]
        site.pages |= {
            "/feed": Answer(rss(site.base, ["hop"])),
            "/hop": Answer(b"", 302, headers={"Location": f"http://{host}:{port}/secret"}),
        }
        vigie.write_watch(source(site))
        vigie.watch.write_text(vigie.watch.read_text().replace("127.0.0.0/8", "127.0.0.2"))
        ended = outcomes(vigie)["silex"]
        assert ended.pop("listing") == 1
        assert set(ended) <= {"refused", "deferred", "unreachable"}, ended
        assert not inner.requests


def test_a_broken_feed_and_an_unreachable_source_are_told_and_stop_nobody(vigie: Vigie, site: Site) -> None:
    site.pages |= {
        "/feed": Answer(rss(site.base, ["a"])),
        "/a": Answer(article("Titre")),
        "/broken": Answer(b"<rss><channel><item>"),
    }
    nowhere = '[[sources]]\nid = "nowhere"\nname = "n"\nhome = "http://127.0.0.4:9/"\nfeeds = ["http://127.0.0.4:9/feed"]\nlanguage = "fr"\ncountry = "FR"\n'
    vigie.write_watch(source(site, feeds="feed broken") + nowhere)
    told = vigie("crawl", "--once", "--format", "json")
    assert told.code == 4
    rows = {row["source"]: row for row in told.json}
    assert rows["silex"]["article"] == 1
    assert rows["silex"]["broken"] == 1
    assert rows["nowhere"]["unreachable"] + rows["nowhere"]["deferred"] == 1
    assert f"silex: {site.base}/broken: broken" in told.err
    assert "nowhere: http://127.0.0.4:9/feed" in told.err
    with vigie.archive.begin() as tx:  # what came is kept as it came: storing it again gives the same page
        again = tx.pages.store(f"{site.base}/broken", b"<rss><channel><item>", status=200, headers={}, at=0)
        assert tx.pages.body(again)[2]["URL"] == f"{site.base}/broken"


def test_retry_makes_what_is_in_quarantine_due(vigie: Vigie, site: Site) -> None:
    site.pages |= {"/feed": Answer(rss(site.base, ["a"])), "/a": Answer(b"<html><body>Soon.</body></html>")}
    vigie.write_watch(source(site))
    assert outcomes(vigie)["silex"]["not_article"] == 1
    site.pages["/a"] = Answer(article("Titre"))
    assert vigie("quarantine", "--retry").code == 0
    assert outcomes(vigie) == {"silex": {"article": 1}}
    assert vigie("quarantine").code == 3


def test_a_slow_page_costs_its_own_time_only(vigie: Vigie, site: Site) -> None:
    site.pages |= {
        "/feed": Answer(rss(site.base, ["slow", "a"])),
        "/slow": Answer(article("Lent"), delay=30),
        "/a": Answer(article("Titre")),
    }
    vigie.write_watch(source(site), crawl="delay = 0\ntimeout = 2")
    assert outcomes(vigie) == {"silex": {"listing": 1, "article": 1, "unreachable": 1}}


def test_checking_sources_keeps_nothing(vigie: Vigie, site: Site) -> None:
    site.pages |= {"/feed": Answer(rss(site.base, ["a", "b"])), "/a": Answer(article("Titre"))}
    vigie.write_watch(source(site, feeds="feed none"))
    told = vigie("sources", "check", "--format", "json")
    assert told.code == 4
    assert {row["url"].removeprefix(site.base): (row["outcome"], row["found"]) for row in told.json} == {
        "/feed": ("listing", "2 new of 2"),
        "/none": ("gone", "HTTP 404"),
    }
    assert site.requests["/a"] == 0
    assert not Path(vigie.data / "archive.db").exists()
