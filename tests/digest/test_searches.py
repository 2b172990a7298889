"""Every number of a digest has the search behind it: asked again it gives the number, and each format leads there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from typing import Any

import pytest
from lxml import html

from digest.build import build_digest
from digest.formats.eml import _html
from digest.model import Digest, Part
from digest.record import Record
from digest.render import command, to_html, to_markdown
from digest.words import words
from index.analysis import normal_name
from index.embedded import EmbeddedIndex
from index.query_parser import parse
from index.vocabulary import Vocabulary
from tests.digest import press
from tests.digest.conftest import Told
from tests.index import test_rising
from vigie.archive import Archive
from vigie.routine import Edition
from vigie.watch import Watch

Hit = Mapping[str, Any]

# Each number of the object: the field that holds its query, or why it has none.
NUMBERS: Mapping[tuple[str, str], str] = {
    ("Figure", "value"): "query",
    ("Figure", "before"): "query_before",
    ("Figure", "mean_before"): "query_mean",
    ("Series", "values"): "queries",
    ("StanceCount", "count"): "query",
    ("Balance", "n"): "query",
    ("StoryWeek", "articles"): "query",
    ("StoryWeek", "outlets"): "query",
    ("Rising", "stories"): "query",
    ("Rising", "stories_before"): "query_before",
    ("Speaker", "quotes"): "query",
    ("Speaker", "outlets"): "query",
    ("SourceWeek", "articles"): "query",
    ("SourceChange", "articles"): "query",
    ("SourceChange", "articles_before"): "query_before",
    ("Reach", "articles"): "query",
}
WITHOUT = {
    "of no articles": {
        ("Digest", "form"), ("Digest", "version"), ("Digest", "watermark"), ("Amended", "revision"),
        ("Reach", "sources"), ("Reach", "reached"), ("Figure", "weeks_before"), ("Accuracy", "score"), ("Accuracy", "texts"),
    },
    "told of the n beside it": {
        ("Balance", "value"), ("Balance", "low"), ("Balance", "high"), ("SourceWeek", "share"),
        ("Rising", "significance"), ("Rising", "effect"),
    },
    "of articles that are in no index yet": {("Reach", "waiting")},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A digest, and the index and archive it was built from."""

    digest: Digest
    watch: Watch
    engine: EmbeddedIndex
    archive: Archive

    def found(self, query: str) -> list[Hit]:
        return list(self.engine.export(parse(query, Vocabulary.of(self.watch))))


@pytest.fixture(scope="module", params=["newsroom", "rising"])
def case(told: Told, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """The newsroom's week; and one in which terms rise, names are quoted and the outlets change."""
    if request.param == "newsroom":
        yield Case(told.digest(), told.watch, told.engine, told.archive)
        return
    folder = tmp_path_factory.mktemp("rising")
    archive, watch = Archive.open(folder), test_rising.WATCH
    articles = [
        replace(one, first_seen=one.article.published.instant.timestamp())
        for one in test_rising.press()
        if one.article.published
        and not (one.article.source == "heise" and one.article.published.instant.date() < date(2025, 3, 31))
        and not (one.article.source == "wired" and one.article.published.instant.date() >= date(2025, 3, 31))
    ]
    press.put_stored(archive, articles)
    engine = press.indexed(archive, folder, watch)
    with archive.read() as tx:
        digest = build_digest(engine, watch, Edition(id="weekly"), test_rising.MONDAY, record=Record(tx, engine.name))
    yield Case(digest, watch, engine, archive)
    archive.close()


def parts(value: Any, path: str = "digest") -> Iterator[tuple[str, Any]]:
    """The objects of a digest, each with its place."""
    if isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from parts(one, f"{path}[{number}]")
    elif is_dataclass(value):
        yield path, value
        for field in fields(value):
            yield from parts(getattr(value, field.name), f"{path}.{field.name}")


def numbers(digest: Digest) -> Iterator[tuple[str, str, float, str]]:
    """Every number that has a query: its place, the name of its field, the number, and its query."""
    for path, one in parts(digest):
        for field in fields(one):
            holds = NUMBERS.get((type(one).__name__, field.name))
            value = getattr(one, field.name)
            if holds == "queries":
                for at, (number, query) in enumerate(zip(value, one.queries, strict=True)):
                    if number is not None:
                        yield f"{path}.values[{at}]", field.name, number, query
            elif holds and value is not None:
                yield f"{path}.{field.name}", field.name, value, getattr(one, holds)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, tuple) and any(isinstance(one, int | float) for one in value))


def test_every_number_of_the_object_has_a_query_or_a_reason(case: Case) -> None:
    reasons = set().union(*WITHOUT.values())
    for path, one in parts(case.digest):
        for field in fields(one):
            if is_number(getattr(one, field.name)):
                where = (type(one).__name__, field.name)
                assert (where in NUMBERS) != (where in reasons), f"{path}.{field.name}"


def measured(case: Case, path: str, name: str, query: str) -> float:
    """The number, counted again in what its query finds."""
    found, coverage = case.found(query), case.found(re.sub(r".*(published:)", r"\1", query))
    if name == "mean_before":
        collected = {week_of(hit) for hit in coverage}
        each = [counted(path, *([hit for hit in hits if week_of(hit) == one] for hits in (found, coverage))) for one in collected]
        return sum(each) / len(each)
    if name == "quotes":
        speaker = re.findall(r'speaker:(?:"(.*?)"|(\S+))', query)[0]
        with case.archive.read() as tx:
            labels = tx.labels.get([hit["id"] for hit in found])
        return sum(normal_name(quote.speaker) == "".join(speaker) for one in labels.values() for quote in one.quotes)
    return counted(path, found, coverage)


def week_of(hit: Hit) -> tuple[int, int]:
    return date.fromisoformat(hit["published"][:10]).isocalendar()[:2]


def counted(path: str, found: list[Hit], coverage: list[Hit]) -> float:
    """What is told of articles, by the place where it is told. coverage: all articles of the same days, the newest first."""
    if "outlets" in path:
        return len({hit["source"] for hit in found})
    if path.startswith("digest.stories"):
        return len({hit["story"] or hit["id"] for hit in found})
    if path.startswith("digest.attention"):
        return len(found) / len(coverage)
    if path.startswith("digest.rising"):  # the first article of each story stands for it
        first = {hit["story"] or hit["id"]: hit["id"] for hit in coverage}
        return len({hit["id"] for hit in found} & set(first.values()))
    return len(found)


def test_every_number_is_what_its_search_finds(case: Case) -> None:
    asked = 0
    for path, name, number, query in numbers(case.digest):
        assert measured(case, path, name, query) == pytest.approx(number, abs=1e-4), (path, query)
        asked += 1
    assert asked > 80


def test_numbers_in_sentences_are_what_their_searches_find(case: Case) -> None:
    say = words(case.digest.language)
    linked = [part for _, part in parts(case.digest) if isinstance(part, Part) and part.query]
    for part in linked:
        found = case.found(part.query)
        told = {len(found), len({hit["source"] for hit in found}), len({hit["story"] for hit in found})}
        assert part.text in map(say.number, told), part
    assert len(linked) >= 4
    for sentence in case.digest.summary:
        bare = "".join(part.text for part in sentence.parts if not part.query)
        assert not re.search(r"\d", bare), bare


def test_the_cases_hold_every_kind_of_number(case: Case) -> None:
    digest = case.digest
    if digest.watch == "newsroom":
        assert digest.late
        assert digest.corrected
        assert digest.new_sources
        assert any(topic.stories and topic.balance.n for topic in digest.topics)
    else:
        assert any(term.kind == "entity" for term in digest.rising)
        assert any(term.kind == "term" for term in digest.rising)
        assert digest.silent_sources
        assert digest.new_sources
    assert digest.speakers


def test_late_and_corrected_articles_are_found_each(case: Case) -> None:
    for one in (*case.digest.late, *case.digest.corrected):
        assert [hit["id"] for hit in case.found(one.query)] == [one.id]


def test_a_number_that_is_wrong_is_seen(case: Case) -> None:
    """The check itself: with one article more nothing of it passes."""
    digest = case.digest
    wrong = replace(digest, weekly=tuple(replace(one, values=tuple((n or 0) + 1 for n in one.values)) for one in digest.weekly))
    told = [(path, measured(case, path, name, query) == number) for path, name, number, query in numbers(wrong)]
    assert {right for path, right in told if path.startswith("digest.weekly")} == {False}
    assert {right for path, right in told if path.startswith("digest.reach")} == {True}


# Numbers of pages that lead nowhere: they count no articles, or articles that no search finds.
UNLINKED = (
    r"Listings of \d+ of \d+ sources were read", r"\d+ articles? waits? to be read", r"version \d+ seen",
    r"W\d+", r"× [\d.]+", r"\([+−]?[\d.]+( points|%)\)", r"[\d.]+%", r"Balance [+−]?\d+ points", r"interval [+−]?\d+ to [+−]?\d+",
    r"(on|From) [A-Z]?[a-z]* ?\d+ [A-Z][a-z]+ \d{4}", r"to [A-Z][a-z]+ \d+ [A-Z][a-z]+ \d{4}", r"\d\d:\d\d", r"G² ≥ [\d.]+", r"p < [\d.]+",
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ [A-Z][a-z]{2}", r"of the \d+ weeks before", r"mean of \d+ weeks?", r"Week \d+ of \d{4}",
)  # fmt: skip


def bare_numbers(page: html.HtmlElement, left_out: str) -> list[str]:
    """The lines of a page with digits that are in no link, beside what is known to count nothing."""
    for one in page.xpath(f"//style | //head | //svg | //a | //time | //*[@lang and not(self::html)] | //th | {left_out}"):
        one.tail = f" {one.tail or ''}"
        one.drop_tree()
    text = " ".join(page.text_content().split())
    for known in UNLINKED:
        text = re.sub(known, " ", text)
    return re.findall(r".{0,40}\d.{0,20}", text)


def links(page: html.HtmlElement, searches: Mapping[str, str]) -> set[tuple[str, str]]:
    """What is linked, word by word, with the search behind it."""
    return {
        (word, searches[link.get("href")])
        for link in page.xpath("//a[starts-with(@href, '#s')]")
        if link.get("href") in searches
        for word in re.findall(r"[\d.,]*\d%?", link.text_content())
    }


def shown(digest: Digest, *, cells: bool) -> Iterator[tuple[str, str]]:
    """Each number that a page shows, as it is written, with its query: noughts of stories, cells and changes are not."""
    say = words(digest.language)
    empty = tuple(f"digest.topics[{at}]" for at, topic in enumerate(digest.topics) if topic.note)
    for path, _, number, query in numbers(digest):
        hidden = path.startswith(empty) if empty else False
        if number and not hidden and (cells or "weekly" not in path):
            yield say.percent(number) if "attention" in path else say.number(number), query


def test_every_number_of_the_page_is_a_link(case: Case) -> None:
    page = html.fromstring(to_html(case.digest))
    searches = {f"#{one.get('id')}": one.xpath("string(code)") for one in page.xpath("//ol[@class='searches']/li")}
    linked = links(page, searches)
    for number, query in shown(case.digest, cells=True):
        assert (number, command(query)) in linked, (number, query)
    plain = bare_numbers(page, "//*[@class='searches'] | //section[@class='method'] | //footer")
    assert plain == []


def test_every_number_of_the_mail_is_a_link(case: Case) -> None:
    page = html.fromstring(_html(case.digest, {}, (), ""))
    searches = {f"#{one.get('name')}": one.tail.strip() for one in page.xpath("//a[@name]")}
    linked = links(page, searches)
    for number, query in shown(case.digest, cells=False):
        assert (number, query) in linked, (number, query)
    (last,) = page.xpath("//td[b and .//a[@name]]")
    last.drop_tree()
    assert bare_numbers(page, "//div[contains(@style, 'display:none')]") == []


def test_every_number_in_markdown_has_its_footnote(case: Case) -> None:
    text = to_markdown(case.digest)
    searches = dict(re.findall(r"^\[\^(\d+)\]: `(.*)`$", text, re.MULTILINE))
    behind = {searches[number] for number in re.findall(r"\[\^(\d+)\](?!:)", text)}
    assert {command(query) for _, query in shown(case.digest, cells=True)} <= behind


def test_the_week_is_named(told: Told) -> None:
    assert told.digest().articles.query == "subject:deepseek AND published:2025-W05"
