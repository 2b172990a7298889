"""The weekly digest: numbers equal to a recount, the same bytes each time, every format from one object, hostile text escaped."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality_labels import article_of
from digest.build import build_digest
from digest.model import STANCES, Digest
from digest.record import Record
from digest.render import RENDERERS, to_html, to_json, to_markdown
from index.embedded import EmbeddedIndex
from index.follow import bring_up_to_date
from index.query_parser import parse
from index.vocabulary import Vocabulary
from newsroom.press import load_press
from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from vigie.archive import Archive, StoredArticle
from vigie.article import Labels, Sentence, Stance, StanceLabel, TopicLabel
from vigie.routine import Edition
from vigie.watch import Watch, load_watch

EDITION = Edition(id="weekly")
MONDAY = date(2025, 1, 27)
HOSTILE = '<script>alert("x")</script> [click](javascript:alert(1)) *bold*'


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedIndex, Watch, list[StoredArticle]]]:
    """The newsroom with its reference labels in place of a reader's, so that the digest is tested apart from the models."""
    folder = tmp_path_factory.mktemp("digest")
    with Newsroom(port=0) as newsroom:
        (folder / "watch.toml").write_text(watch_text(newsroom), encoding="utf-8")
    watch = load_watch(folder / "watch.toml")
    archive = Archive.open(folder)
    with archive.begin() as tx:
        worker = tx.workers.enter("read", at=1)
        for n, piece in enumerate(load_press()):
            article = replace(article_of(piece), title=HOSTILE if n == 0 else piece.title)
            tx.articles.store(article, page_id=None, at=1)
        ids = tx.to_read.claim(worker, at=2, limit=1000)
        found = {article.id: article for article in tx.articles.get(ids)}
        for piece in load_press():
            article = found[article_of(piece).id]
            evidence = (Sentence(piece.paragraphs[0][:120], 0, 120),)
            named = piece.reference.overall != "none"
            stances = [StanceLabel("deepseek", None, Stance(piece.reference.overall), 0.5, 0.8, evidence)] if named else []
            stances += [
                StanceLabel("deepseek", t, Stance(s), 0.5, 0.8, evidence)
                for t, s in piece.reference.topics.items()
                if named and s != "none"
            ]
            labels = Labels(
                article.id, 1, piece.outlet.language, "reference 1", subjects=("deepseek",) if named else (),
                topics=tuple(TopicLabel(topic, 0.9) for topic in piece.reference.topics), stances=tuple(stances),
            )  # fmt: skip
            assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=2)
            tx.stories.set(article.id, article.id, reprint_of=None)
    engine = EmbeddedIndex(folder / "index", watch)
    bring_up_to_date(archive, watch, engine)
    with archive.read() as tx:
        stored = list(tx.articles.all())
        yield engine, watch, stored, Record(tx, engine.name)
    archive.close()


@pytest.fixture(scope="module")
def digest(week: Any) -> Digest:
    engine, watch, _, record = week
    return build_digest(engine, watch, EDITION, MONDAY, record=record)


def of_week(stored: list[StoredArticle], watch: Watch, monday: date) -> list[StoredArticle]:
    """The recount: straight from the archive, without the index."""
    chosen = []
    for one in stored:
        assert one.article.published is not None
        day = one.article.published.instant.astimezone(watch.zone).date()
        if monday <= day < monday + timedelta(days=7):
            chosen.append(one)
    return chosen


def test_numbers_are_those_of_a_recount(week: Any, digest: Digest) -> None:
    _, watch, stored, _ = week
    everything = of_week(stored, watch, MONDAY)
    about = [one for one in everything if one.labels and one.labels.subjects]
    before = [one for one in of_week(stored, watch, MONDAY - timedelta(weeks=1)) if one.labels and one.labels.subjects]
    assert (digest.articles.value, digest.articles.before) == (len(about), len(before))
    assert digest.outlets.value == len({one.article.source for one in about})
    assert digest.attention.value == pytest.approx(len(about) / len(everything))
    shares = []
    for weeks_ago in range(1, 5):
        earlier = of_week(stored, watch, MONDAY - timedelta(weeks=weeks_ago))
        if earlier:  # a week without any coverage has no share
            shares.append(sum(bool(one.labels and one.labels.subjects) for one in earlier) / len(earlier))
    assert digest.attention.mean_before == pytest.approx(sum(shares) / len(shares), abs=1e-4)
    overall = Counter(label.stance.value for one in about if one.labels for label in one.labels.stances if label.topic is None)
    assert {one.stance: one.count for one in digest.stances} == {stance: overall[stance] for stance in STANCES}
    for topic in digest.topics:
        taken = Counter(
            label.stance.value for one in about if one.labels for label in one.labels.stances if label.topic == topic.id
        )
        assert {one.stance: one.count for one in topic.stances} == {stance: taken[stance] for stance in STANCES}
    assert {source.name: source.articles for source in digest.sources} == dict(
        Counter(watch.source(one.article.source).name for one in about)
    )


def test_the_week_is_that_of_the_watch(digest: Digest) -> None:
    assert (digest.week, digest.start, digest.end) == ("2025-W05", "2025-01-27T00:00:00+01:00", "2025-02-03T00:00:00+01:00")


def test_every_number_comes_with_the_search_that_yields_it(week: Any, digest: Digest) -> None:
    engine, watch, _, record = week
    vocabulary = Vocabulary.of(watch)
    assert engine.count(parse(digest.articles.query, vocabulary)) == digest.articles.value
    for topic in digest.topics:
        assert engine.count(parse(topic.articles.query, vocabulary)) == topic.articles.value
        for stance in topic.stances:
            assert engine.count(parse(stance.query, vocabulary)) == stance.count
    for source in digest.sources:
        assert engine.count(parse(source.query, vocabulary)) == source.articles
    for story in digest.top_stories:
        assert engine.count(parse(story.query, vocabulary)) == story.articles
    for term in digest.rising:
        assert engine.count(parse(term.query, vocabulary)) >= term.stories


def test_the_same_index_gives_the_same_bytes(week: Any, digest: Digest) -> None:
    engine, watch, _, record = week
    again = build_digest(engine, watch, EDITION, MONDAY, record=record)
    for render in RENDERERS.values():
        assert render(again) == render(digest)


def test_json_is_the_whole_object(digest: Digest) -> None:
    assert json.loads(to_json(digest)) == json.loads(json.dumps(digest.as_dict()))


def test_the_page_stands_alone_and_escapes(digest: Digest) -> None:
    hostile = replace(
        digest,
        top_stories=(replace(digest.top_stories[0], title=HOSTILE, url="javascript:alert(1)"), *digest.top_stories[1:]),
        topics=tuple(
            replace(topic, voices=tuple(replace(voice, evidence=HOSTILE) for voice in topic.voices)) for topic in digest.topics
        ),
    )
    page = to_html(hostile)
    assert "<script" not in page
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page)
    assert not re.search(r'(?:src|href)="(?!https?://|")', page)
    assert page.count("<svg") == 1 + sum(bool(topic.articles.value) for topic in digest.topics)
    text = to_markdown(hostile)
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(javascript:", text)
    assert r"\[click\]" in text


def test_headlines_keep_their_language(digest: Digest) -> None:
    page = to_html(digest)
    for story in digest.top_stories:
        assert f'<b lang="{story.language}">' in page


def test_an_empty_week_says_so(week: Any) -> None:
    engine, watch, _, record = week
    empty = build_digest(engine, watch, EDITION, date(2025, 6, 2), record=record)
    assert empty.articles.value == 0
    assert empty.summary == ("No article named DeepSeek this week.",)
    page = to_html(empty)
    assert "No article treated this topic this week." in page
    assert "No story this week." in page
    assert "nan" not in to_json(empty).lower().replace("finance", "")


def test_files_are_written_where_they_are_asked_for(week: Any, tmp_path: Path) -> None:
    for name, render in RENDERERS.items():
        path = tmp_path / f"d.{name}"
        path.write_text(render(build_digest(week[0], week[1], EDITION, MONDAY, record=week[3])), encoding="utf-8")
        assert path.stat().st_size > 1000


def test_weeks_across_changes_of_clock_and_week_53(week: Any) -> None:
    engine, watch, _, record = week
    for monday, hours, label in (
        (date(2025, 3, 24), 167, "2025-W13"),
        (date(2025, 10, 20), 169, "2025-W43"),
        (date(2026, 12, 28), 168, "2026-W53"),
    ):
        found = build_digest(engine, watch, EDITION, monday, record=record)
        start, end = datetime.fromisoformat(found.start), datetime.fromisoformat(found.end)
        assert ((end - start).total_seconds() / 3600, found.week) == (hours, label)
