"""Rising terms are those that a plain count finds."""

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import normal_name
from index.document import indexed_article, turn
from index.engine import Engine
from index.query import Everything, FieldValue
from index.rising import MUCH, OWNERS, SIGNIFICANT, fewest, log_ratio, rising, signed_g2
from tests.index.conftest import NewIndex
from tests.index.corpus import WATCH, day_of, instant_of, shared_story, stored
from vigie.archive import StoredArticle

MONDAY = date(2025, 3, 31)
_COMMON = "modèle logiciel marché régulateur puces données annonce usine réseau calcul"


def press(weeks: int = 9, a_week: int = 60) -> list[StoredArticle]:
    """Weeks of everyday news that end with one in which "sobriété énergétique" and Blackwell rise, and in which one publisher repeats
    "promotion" while reprints repeat "dépêche"."""
    random = Random(3)
    sources = [source.id for source in WATCH.sources]
    made: list[StoredArticle] = []
    for week in range(weeks):
        for number in range(a_week):
            last = week == weeks - 1
            words = random.sample(_COMMON.split(), 4)
            source = sources[number % len(sources)]
            story, size = None, 1
            entities = [random.choice(("Nvidia", "CNIL", "OpenAI"))]
            if last and number % 5 < 2:
                words.insert(0, "la sobriété énergétique")
                entities.append("Blackwell")
            if last and source in ("numerama", "frandroid"):
                words.append("promotion")
            if last and 20 <= number < 50:
                words.append("dépêche")
                story, size = "agency", 30
            elif number % 10 == 1:
                story, size = f"story-{number // 20}", 12
            made.append(
                stored(
                    1000 * week + number,
                    source=source,
                    title=" ".join(words[:2]),
                    text=" ".join(words),
                    published=datetime.combine(MONDAY, datetime.min.time(), UTC)
                    - timedelta(weeks=weeks - 1 - week, hours=-12 - number),
                    entities=tuple(entities),
                    story=story,
                    story_size=size,
                )
            )
    return made


def index_of(new_index: NewIndex, articles: list[StoredArticle]) -> Engine:
    index = new_index(WATCH)
    with index.writing():
        for start in range(0, len(articles), 100):
            index.apply([indexed_article(one, WATCH) for one in articles[start : start + 100]], [])
    return index


def representatives(articles: list[StoredArticle]) -> list[StoredArticle]:
    earliest: dict[object, StoredArticle] = {}
    for one in sorted(articles, key=lambda one: turn(instant_of(one), one.article.id)):
        earliest.setdefault(shared_story(one) or one.article.id, one)
    return list(earliest.values())


def counts(articles: list[StoredArticle], kind: str) -> Counter[str]:
    if kind == "entity":
        return Counter(normal_name(e.name) for one in articles if one.labels for e in one.labels.entities)
    return Counter(term for one in articles for term in indexed_article(one, WATCH).term)


def test_what_rises_is_what_a_plain_count_finds(new_index: NewIndex) -> None:
    articles = press()
    made = rising(index_of(new_index, articles), Everything(), MONDAY + timedelta(days=3), limit=1000)
    here = representatives([one for one in articles if day_of(one) >= MONDAY])
    there = representatives([one for one in articles if day_of(one) < MONDAY])
    assert (made.week, made.weeks, made.note) == ("2025-W14", 8, "")
    assert made.baseline
    assert (made.window.stories, made.baseline.stories) == (len(here), len(there))
    for kind, found in (("term", made.terms), ("entity", made.entities)):
        now, before = counts(here, kind), counts(there, kind)
        expected = {}
        for term, number in now.items():
            g2, ratio = (
                signed_g2(number, len(here), before[term], len(there)),
                log_ratio(number, len(here), before[term], len(there)),
            )
            owners = {WATCH.source(one.article.source).owner or one.article.source for one in here if term in counts([one], kind)}
            if g2 >= SIGNIFICANT and ratio >= MUCH and len(owners) >= OWNERS:
                expected[term] = (number, before[term], g2, ratio, len(owners))
        assert {one.term: (one.count, one.before, one.g2, one.log_ratio, one.owners) for one in found} == expected
    assert {"sobriété", "énergétique", "sobriété énergétique"} <= {one.term for one in made.terms}
    assert [(one.term, one.label) for one in made.entities] == [("blackwell", "Blackwell")]


def test_one_publisher_or_a_reprinted_story_is_no_trend(new_index: NewIndex) -> None:
    made = rising(index_of(new_index, press()), Everything(), MONDAY)
    assert not {"promotion", "dépêche"} & {one.term for one in made.terms}


def test_every_number_leads_to_its_articles(new_index: NewIndex) -> None:
    articles = press()
    index = index_of(new_index, articles)
    top = rising(index, Everything(), MONDAY).terms[0]
    naming = [
        one for one in representatives([one for one in articles if day_of(one) >= MONDAY]) if top.term in counts([one], "term")
    ]
    assert top.count == len(naming)
    assert top.example["id"] == min(naming, key=instant_of).article.id
    assert index.count(FieldValue("term", top.term)) >= top.count


def test_a_young_index_compares_with_what_it_has_and_says_so(new_index: NewIndex) -> None:
    made = rising(index_of(new_index, press(weeks=3)), Everything(), MONDAY)
    assert made.weeks == 2
    assert made.baseline
    assert made.baseline.first == MONDAY - timedelta(weeks=2)
    assert "2 of 8 weeks" in made.note
    assert "sobriété" in {one.term for one in made.terms}


def test_nothing_is_said_where_there_is_nothing_to_compare_with(new_index: NewIndex) -> None:
    made = rising(index_of(new_index, press(weeks=1)), Everything(), MONDAY)
    assert (made.baseline, made.terms, made.entities) == (None, (), ())
    assert "nothing older" in made.note
    empty = rising(index_of(new_index, press(weeks=2)), Everything(), MONDAY + timedelta(weeks=2))
    assert (empty.window.stories, empty.terms) == (0, ())


def test_the_measures_are_those_of_the_literature() -> None:
    # A table worked by hand.
    observed = [[30, 20], [70, 380]]
    total = 500
    by_hand = 2 * sum(
        cell * math.log(cell * total / (sum(row) * sum(line[at] for line in observed)))
        for row in observed
        for at, cell in enumerate(row)
    )
    assert signed_g2(30, 100, 20, 400) == pytest.approx(by_hand)
    assert signed_g2(20, 400, 30, 100) == pytest.approx(-by_hand)
    assert signed_g2(10, 100, 40, 400) == pytest.approx(0, abs=1e-9)
    assert log_ratio(30, 100, 15, 400) == pytest.approx(3)
    assert log_ratio(8, 100, 0, 100) == pytest.approx(4)


@given(st.integers(1, 300), st.integers(1, 3000))
def test_no_smaller_count_can_be_significant(stories: int, before: int) -> None:
    least = fewest(stories, before)
    significant = [count for count in range(1, stories + 1) if signed_g2(count, stories, 0, before) >= SIGNIFICANT]
    assert significant == (list(range(least, stories + 1)) if least else [])
