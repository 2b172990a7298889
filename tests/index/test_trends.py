"""Trends: buckets, attention and what a user may ask."""

from datetime import UTC, date, datetime, timedelta

import pytest

from index.document import indexed_article
from index.engine import Engine
from index.query import Everything, Query
from index.query_parser import parse
from index.trends import trend
from index.vocabulary import Vocabulary
from tests.index.conftest import NewIndex
from tests.index.corpus import WATCH, stored
from vigie.archive import StoredArticle
from vigie.article import Stance
from vigie.errors import UsageError


def ask(text: str) -> Query:
    return parse(text, Vocabulary.of(WATCH))


def index_of(new_index: NewIndex, *press: StoredArticle) -> Engine:
    index = new_index(WATCH)
    with index.writing():
        index.apply([indexed_article(one, WATCH) for one in press], [])
    return index


def at(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


def test_weeks_without_articles_are_zeros(new_index: NewIndex) -> None:
    index = index_of(new_index, stored(1, published=at("2026-12-22")), stored(2, published=at("2027-01-12")))
    made = trend(index, WATCH, Everything())
    assert [bucket.label for bucket in made.buckets] == ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]
    assert made.totals.counts == (1, 0, 0, 1)
    assert made.buckets[1].start == datetime(2026, 12, 28, tzinfo=WATCH.zone)
    assert (made.first, made.last) == (date(2026, 12, 22), date(2027, 1, 12))


def test_the_days_asked_for_are_shown_whatever_was_found(new_index: NewIndex) -> None:
    index = index_of(new_index, stored(1, published=at("2025-01-29"), topics=("data",)))
    made = trend(index, WATCH, ask("rien"), by="topic", interval="day", first=date(2025, 1, 27), last=date(2025, 2, 2))
    assert len(made.buckets) == 7
    assert [series.counts for series in made.series] == [(0,) * 7] * 3
    assert [series.label for series in made.series] == ["PERFORMANCE", "DATA", "GPUS"]
    nothing = trend(index, WATCH, ask("rien"), by="topic")
    assert (nothing.buckets, nothing.series, nothing.totals.total) == ((), (), 0)


def test_a_week_that_is_cut_counts_its_days_only(new_index: NewIndex) -> None:
    index = index_of(new_index, *(stored(n, published=at("2025-01-27") + timedelta(days=n)) for n in range(7)))
    made = trend(index, WATCH, Everything(), first=date(2025, 1, 29), last=date(2025, 1, 30))
    assert made.totals.counts == (2,)


def test_attention_is_a_share_of_the_coverage_of_the_same_sources(new_index: NewIndex) -> None:
    index = index_of(
        new_index,
        *(stored(n, source="lemonde", text="Nvidia" if n < 1 else "Autre", topics=("data",) if n < 3 else ()) for n in range(4)),
        *(stored(n, source="wired", language="en", text="Nvidia" if n < 13 else "Other") for n in range(10, 20)),
        stored(30, source="wired", text="Nvidia", published=at("2025-02-05")),
    )
    everywhere = trend(index, WATCH, ask("nvidia"), share=True, first=date(2025, 1, 20), last=date(2025, 2, 9))
    assert everywhere.totals.shares == (None, 4 / 14, 1.0)
    french = trend(index, WATCH, ask("nvidia source:lemonde"), share=True, first=date(2025, 1, 27), last=date(2025, 2, 2))
    assert french.totals.shares == (1 / 4,)
    by_source = trend(index, WATCH, ask("nvidia"), by="source", share=True, first=date(2025, 1, 27), last=date(2025, 2, 2))
    assert {series.key: series.shares for series in by_source.series} == {"wired": (3 / 10,), "lemonde": (1 / 4,)}
    by_topic = trend(index, WATCH, ask("nvidia"), by="topic", share=True, first=date(2025, 1, 27), last=date(2025, 2, 2))
    assert next(series for series in by_topic.series if series.key == "data").shares == (1 / 14,)


def test_stance_is_that_over_all_toward_the_first_subject_unless_another_is_named(new_index: NewIndex) -> None:
    index = index_of(
        new_index,
        stored(
            1,
            stances=(
                ("deepseek", None, Stance.SUPPORTIVE), ("deepseek", "data", Stance.CRITICAL), ("mistral", None, Stance.UNSURE),
            ),
        ),
    )  # fmt: skip

    def shown(**options: str) -> list[str]:
        made = trend(index, WATCH, Everything(), by="stance", **options)  # type: ignore[arg-type]
        return [series.key for series in made.series if series.total]

    assert shown() == ["supportive"]
    assert shown(topic="data") == ["critical"]
    assert shown(subject="mistral") == ["unsure"]
    assert shown(topic="gpus") == []


def test_a_story_counts_once_in_a_week_and_once_over_all(new_index: NewIndex) -> None:
    index = index_of(
        new_index,
        *(
            stored(n, published=at("2025-01-29") + timedelta(days=4 * n), story="s", story_size=3, topics=("data",))
            for n in range(3)
        ),
        stored(9, published=at("2025-01-29"), topics=("data",)),
    )
    made = trend(index, WATCH, Everything(), by="topic", unit="stories")
    assert made.totals.counts == (2, 1)
    assert made.totals.total == 2
    data = next(series for series in made.series if series.key == "data")
    assert (data.counts, data.total) == ((2, 1), 2)


def test_what_cannot_be_asked_says_why(new_index: NewIndex) -> None:
    index = index_of(new_index, stored(1))
    with pytest.raises(UsageError, match="by month"):
        trend(index, WATCH, Everything(), interval="day", first=date(1, 1, 1), last=date(2025, 1, 1))
    with pytest.raises(UsageError, match="before the first"):
        trend(index, WATCH, Everything(), first=date(2025, 2, 1), last=date(2025, 1, 1))
    with pytest.raises(UsageError, match="performance, data, gpus"):
        trend(index, WATCH, Everything(), by="stance", topic="x")
    with pytest.raises(UsageError, match="deepseek, mistral"):
        trend(index, WATCH, Everything(), by="stance", subject="x")
    with pytest.raises(UsageError, match="topic, stance"):
        trend(index, WATCH, Everything(), by="colour")  # type: ignore[arg-type]


def test_top_by_stories_is_not_the_top_by_articles(new_index: NewIndex) -> None:
    """A source that reprints itself leads by articles and not by stories, also where the top is short."""
    index = index_of(
        new_index,
        *(stored(n, source="lemonde", story="s", story_size=20) for n in range(20)),
        *(stored(n, source="wired") for n in range(30, 35)),
        *(stored(n, source="heise") for n in range(40, 43)),
    )
    assert [series.key for series in trend(index, WATCH, Everything(), by="source", top=1).series] == ["lemonde"]
    by_stories = trend(index, WATCH, Everything(), by="source", top=1, unit="stories").series
    assert [(series.key, series.total) for series in by_stories] == [("wired", 5)]
