"""When an article appeared: how dates are read, which place is believed, and what is kept of the others."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.dates import published, read_date
from crawlers.decoding import decode
from crawlers.page import Page
from vigie.article import Published

URL = "https://example.org/article"


@pytest.fixture(autouse=True)
def _late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_NOW", "2026-11-24T12:00:00+00:00")


@pytest.mark.parametrize(
    ("raw", "instant", "offset", "precision"),
    [
        ("2025-01-06T10:00:00+01:00", "2025-01-06T09:00:00", 60, "second"),
        ("2025-01-06T10:00:00.123Z", "2025-01-06T10:00:00", 0, "second"),
        ("2025-01-06 10:00", "2025-01-06T10:00:00", None, "minute"),
        ("2025-01-06 10:00:30 +0530", "2025-01-06T04:30:30", 330, "second"),
        ("2025-01-06T10:00:00-0000", "2025-01-06T10:00:00", None, "second"),
        ("20250106T100000Z", "2025-01-06T10:00:00", 0, "second"),
        ("2025-01-06", "2025-01-06T00:00:00", None, "day"),
        ("2025-01-06T00:00:00Z", "2025-01-06T00:00:00", None, "day"),
        ("2025-01", "2025-01-01T00:00:00", None, "month"),
        ("Mon, 06 Jan 2025 10:00:00 GMT", "2025-01-06T10:00:00", 0, "second"),
        ("Mon, 6 Jan 2025 10:00:00 -0500", "2025-01-06T15:00:00", -300, "second"),
        ("Mon Jan 06 2025 10:00:00 GMT+0100 (CET)", "2025-01-06T09:00:00", 60, "second"),
        ("1736157600", "2025-01-06T10:00:00", 0, "second"),
        ("1736157600000", "2025-01-06T10:00:00", 0, "second"),
        ("January 6, 2025 at 3:30 pm EST", "2025-01-06T20:30:00", -300, "minute"),
        ("6 janvier 2025", "2025-01-06T00:00:00", None, "day"),
        ("Publié le 1er février 2025 à 18h20", "2025-02-01T18:20:00", None, "minute"),
        ("Lundi 6 janv. 2025, 10 h 05", "2025-01-06T10:05:00", None, "minute"),
        ("6. Januar 2025, 10:30 Uhr", "2025-01-06T10:30:00", None, "minute"),
        ("Stand: 06.01.2025 10:30", "2025-01-06T10:30:00", None, "minute"),
        ("6. März 2025 um 10.30 Uhr MEZ", "2025-03-06T09:30:00", 60, "minute"),
        ("6 de enero de 2025 a las 10:30", "2025-01-06T10:30:00", None, "minute"),
        ("6 gennaio 2025 ore 10:30", "2025-01-06T10:30:00", None, "minute"),
        ("03/04/2025", "2025-04-03T00:00:00", None, "day"),
        ("2025年1月6日 10:30", "2025-01-06T10:30:00", None, "minute"),
    ],
)
def test_dates_are_read_as_they_are_written(raw: str, instant: str, offset: int | None, precision: str) -> None:
    reading = read_date(raw)
    assert reading is not None
    assert (reading.instant, reading.offset, reading.precision) == (
        datetime.fromisoformat(instant).replace(tzinfo=UTC),
        offset,
        precision,
    )


def test_the_month_comes_first_where_the_page_is_american() -> None:
    american = read_date("03/04/2025", month_first=True)
    assert american is not None
    assert american.day == "2025-03-04"
    impossible = read_date("25/04/2025", month_first=True)
    assert impossible is not None
    assert impossible.day == "2025-04-25"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hier",
        "1989-12-31",
        "2031-01-01T00:00:00Z",
        "2025-02-30",
        "12 monkeys 2025",
        "2 heures",
        "0000-00-00",
        "99999999999999",
    ],
)
def test_what_is_no_date_or_an_absurd_one_is_refused(raw: str) -> None:
    assert read_date(raw) is None


@given(st.text(max_size=80))
def test_any_text_can_be_asked_for_a_date(text: str) -> None:
    reading = read_date(text)
    assert reading is None or reading.instant.tzinfo is UTC


def when(body: str = "", head: str = "", url: str = URL, *, search: bool = False, **hints: str) -> Published | None:
    page = Page.parse(f'<html lang="fr"><head>{head}</head><body>{body}</body></html>', url)
    return published(page, {name.replace("_", "."): said for name, said in hints.items()}, search=search)


JSONLD = '<script type="application/ld+json">{"@type": "NewsArticle", "datePublished": "%s", "dateModified": "2025-01-09T10:00:00Z"}</script>'


def test_what_is_stated_for_machines_is_believed_first_and_all_places_are_kept() -> None:
    found = when(
        head=JSONLD % "2025-01-06T10:00:00+01:00" + '<meta property="article:published_time" content="2025-01-05T23:00:00Z">',
        body='<time datetime="2025-01-07">mardi</time>',
        url="https://example.org/2025/01/06/titre",
        feed_published="Mon, 06 Jan 2025 09:00:00 GMT",
    )
    assert found is not None
    assert (found.method, found.offset, found.precision) == ("json-ld datePublished", 60, "second")
    assert found.instant == datetime(2025, 1, 6, 9, tzinfo=UTC)
    assert {candidate.method for candidate in found.candidates} == {
        "json-ld datePublished", "json-ld dateModified", "meta article:published_time", "time", "feed.published", "url",
    }  # fmt: skip
    assert "3 of 6 places agree" in found.reason
    assert ("2025-01-07", datetime(2025, 1, 7, tzinfo=UTC)) in {
        (candidate.raw, candidate.value) for candidate in found.candidates
    }


def test_an_unreadable_or_absurd_statement_is_kept_but_not_believed() -> None:
    found = when(head=JSONLD % "2035-01-06T10:00:00Z", feed_published="Mon, 06 Jan 2025 09:00:00 GMT")
    assert found is not None
    assert found.method == "feed.published"
    assert ("json-ld datePublished", "2035-01-06T10:00:00Z", None) in {(c.method, c.raw, c.value) for c in found.candidates}


def test_a_time_without_offset_is_read_as_utc_and_says_so() -> None:
    found = when(head='<meta name="pubdate" content="2025-01-06 10:00:00">')
    assert found is not None
    assert found.offset is None
    assert "no offset written" in found.reason


def test_a_day_is_completed_by_the_time_that_another_place_gives_for_it() -> None:
    found = when(
        head='<meta name="dc.date" content="2025-03-01">', body='<p class="auteur">Par Anne Martin, le 1 mars 2025 à 18h20</p>'
    )
    assert found is not None
    assert (found.instant, found.precision) == (datetime(2025, 3, 1, 18, 20, tzinfo=UTC), "minute")


def test_the_outlets_own_offset_is_taken_from_wherever_it_stands() -> None:
    same_instant = when(head=JSONLD % "2025-01-06T09:00:00Z", feed_published="Mon, 06 Jan 2025 10:00:00 +0100")
    assert same_instant is not None
    assert same_instant.offset == 60
    local_clock = when(head=JSONLD % "2025-01-07T03:28:35Z" + '<meta name="sailthru.date" content="2025-01-06 22:28:35">')
    assert local_clock is not None
    assert (local_clock.offset, local_clock.instant) == (-300, datetime(2025, 1, 7, 3, 28, 35, tzinfo=UTC))


def test_dates_of_comments_updates_and_teasers_are_no_publication() -> None:
    assert (
        when(
            body='<div class="comments"><time datetime="2025-01-06">6 janvier</time></div><aside><time datetime="2025-01-05">5</time></aside>'
        )
        is None
    )
    found = when(head='<meta property="article:modified_time" content="2025-01-09T10:00:00Z">')
    assert found is not None
    assert found.reason.startswith("only a time of update is given")


def test_the_address_and_the_text_are_the_last_resorts() -> None:
    by_address = when(url="https://example.org/2025/01/06/titre.html")
    assert by_address is not None
    assert (by_address.method, by_address.precision) == ("url", "day")
    by_text = when(body="<h1>Titre</h1><p>Paris, publié le 6 janvier 2025.</p><p>Le texte de l'article.</p>", search=True)
    assert by_text is not None
    assert by_text.method == "text"
    assert by_text.instant.date().isoformat() == "2025-01-06"
    assert when(body="<p>Rien.</p>", url="https://example.org/2011/12/titre") is None


@pytest.mark.shared
def test_days_of_real_pages_are_found_as_often_as_pinned(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "dates" / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    hits = 0
    for row in rows:
        page = Page.parse(decode(gzip.decompress((shared / row["html"]).read_bytes())), row["url"])
        found = published(page, {})
        day = found.instant.date().isoformat() if found else ""
        hits += row["date"] in (day, _day_as_written(found))
    floors = json.loads((Path(__file__).parent.parent.parent / "benchmarks" / "floors.json").read_text(encoding="utf-8"))
    assert hits / len(rows) >= floors["extraction"]["dates_day"]


def _day_as_written(found: Published | None) -> str:
    from crawlers.extract import iso_8601

    return iso_8601(found)[:10] if found else ""
