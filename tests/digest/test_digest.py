"""The digest of a week: every number equal to a recount that asks the archive alone, and found again by its search."""

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.build import build_digest
from digest.keep import keep
from digest.model import STANCES, Digest
from digest.record import Record
from index.analysis import normal_name
from index.query_parser import parse
from index.vocabulary import Vocabulary
from tests.digest.conftest import ASKED_BEFORE, FAILED, MONDAY, NEVER_ASKED, Told
from tests.digest.press import Piece, indexed, put
from tests.index.corpus import WATCH
from vigie.archive import Archive
from vigie.article import Stance
from vigie.routine import Edition

WEEK = timedelta(weeks=1)


class Recount:
    """The archive's tables, read as they are: no index, no code of the digest."""

    def __init__(self, told: Told) -> None:
        connection = sqlite3.connect(f"file:{told.folder / 'archive.db'}?mode=ro", uri=True)
        self.zone = told.watch.zone
        self.names = {source.id: source.name for source in told.watch.sources}
        self.rows = [
            {"article": json.loads(article), "labels": json.loads(labels), "story": story}
            for article, labels, story in connection.execute(
                "SELECT a.record, l.record, s.story FROM articles a JOIN labels l ON l.article = a.id"
                " JOIN stories s ON s.article = a.id"
            )
        ]
        connection.close()

    def of_week(self, monday: date) -> list[dict[str, Any]]:
        chosen = []
        for row in self.rows:
            day = datetime.fromisoformat(row["article"]["published"]["instant"]).astimezone(self.zone).date()
            if monday <= day < monday + WEEK:
                chosen.append(row)
        return sorted(chosen, key=lambda row: datetime.fromisoformat(row["article"]["published"]["instant"]))

    def about(self, monday: date = MONDAY, topic: str | None = None) -> list[dict[str, Any]]:
        return [
            row
            for row in self.of_week(monday)
            if "deepseek" in row["labels"]["subjects"] and (topic is None or topic in topics(row))
        ]


def topics(row: dict[str, Any]) -> set[str]:
    return {label["topic"] for label in row["labels"]["topics"]}


def stances(rows: list[dict[str, Any]], topic: str | None) -> dict[str, int]:
    taken = Counter(label["stance"] for row in rows for label in row["labels"]["stances"] if label["topic"] == topic)
    return {stance: taken[stance] for stance in STANCES}


def sources(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["article"]["source"] for row in rows)


def mean(values: list[float]) -> float | None:
    return pytest.approx(sum(values) / len(values), abs=1e-4) if values else None  # type: ignore[return-value]


@pytest.fixture(scope="module")
def recount(told: Told) -> Recount:
    return Recount(told)


def test_key_figures_and_what_they_are_compared_with(digest: Digest, recount: Recount) -> None:
    collected = [MONDAY - n * WEEK for n in range(5) if recount.of_week(MONDAY - n * WEEK)]
    assert collected[:2] == [MONDAY, MONDAY - WEEK], "the newsroom has a week before"
    assert len(collected) < 5, "and weeks of which nothing was collected, which no mean may count as nought"
    for figure, number in (
        (digest.articles, lambda monday: len(recount.about(monday))),
        (digest.stories, lambda monday: len({row["story"] for row in recount.about(monday)})),
        (digest.outlets, lambda monday: len(sources(recount.about(monday)))),
        (digest.attention, lambda monday: pytest.approx(len(recount.about(monday)) / len(recount.of_week(monday)), abs=1e-4)),
    ):
        assert figure.value == number(MONDAY)
        assert figure.before == number(MONDAY - WEEK)
    assert digest.articles.mean_before == mean([len(recount.about(monday)) for monday in collected[1:]])
    assert digest.outlets.mean_before == mean([len(sources(recount.about(monday))) for monday in collected[1:]])
    shares = [len(recount.about(monday)) / len(recount.of_week(monday)) for monday in collected[1:]]
    assert digest.attention.mean_before == mean(shares)
    for figure in (digest.articles, digest.stories, digest.outlets, digest.attention):
        assert figure.weeks_before == len(collected) - 1


def test_nothing_is_compared_with_weeks_of_which_nothing_was_collected(told: Told, recount: Recount) -> None:
    first = min(datetime.fromisoformat(row["article"]["published"]["instant"]).astimezone(recount.zone) for row in recount.rows)
    monday = first.date() - timedelta(days=first.weekday())
    digest = told.digest(monday)
    assert digest.reach.articles > 0
    assert (digest.articles.before, digest.articles.mean_before) == (None, None)
    assert (digest.attention.before, digest.stories.mean_before) == (None, None)
    assert digest.articles.weeks_before == 0
    assert digest.notes.changes == "Nothing of the four weeks before was collected to compare with."
    assert str(digest.notes.rising) == "Nothing older is indexed to compare this week with."


def test_stances_over_all_by_topic_and_by_week(digest: Digest, recount: Recount) -> None:
    for topic, counts, balance, weekly in (
        (None, digest.stances, digest.balance, digest.weekly),
        *((topic.id, topic.stances, topic.balance, topic.weekly) for topic in digest.topics),
    ):
        expected = stances(recount.about(), topic)
        assert {one.stance: one.count for one in counts} == expected
        n = sum(expected.values()) - expected["unsure"]
        assert balance.n == n
        assert balance.value == pytest.approx((expected["supportive"] - expected["critical"]) / n, abs=1e-4)
        for at, week in enumerate(digest.weeks):
            monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
            of_week = stances(recount.about(monday), topic) if recount.of_week(monday) else dict.fromkeys(STANCES)
            assert {series.name: series.values[at] for series in weekly} == of_week
    assert digest.weeks[-1] == digest.week
    assert None in digest.weekly[0].values, "weeks of which nothing was collected are not told as nought"
    assert 0 in digest.weekly[0].values, "unlike those of which something was, and nothing on the subject"


def test_topics_with_their_voices(digest: Digest, recount: Recount) -> None:
    for topic in digest.topics:
        rows = {row["article"]["id"]: row for row in recount.about(topic=topic.id)}
        assert topic.articles.value == len(rows)
        assert topic.articles.before == len(recount.about(MONDAY - WEEK, topic.id))
        for voice in topic.voices:
            label = label_of(rows[voice.id], topic.id)
            assert (label["stance"], voice.evidence) == (voice.stance, label["evidence"][0]["text"])
            of_stance = [row for row in rows.values() if (label_of(row, topic.id) or {}).get("stance") == voice.stance]
            first_of_stance = topic.voices[0] is voice
            if first_of_stance:
                assert label["confidence"] == max(label_of(row, topic.id)["confidence"] for row in of_stance)


def label_of(row: dict[str, Any], topic: str) -> dict[str, Any]:
    return next((label for label in row["labels"]["stances"] if label["topic"] == topic), {})


def test_stories_that_most_outlets_tell_come_first(digest: Digest, recount: Recount) -> None:
    for topic, stories in ((None, digest.top_stories), *((topic.id, topic.stories) for topic in digest.topics)):
        told: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in recount.about(topic=topic):
            told[row["story"]].append(row)
        for story in stories:
            rows = told[story.id]
            first = rows[0]["article"]
            assert (story.title, story.authors, story.language) == (
                first["title"],
                tuple(first["authors"]),
                rows[0]["labels"]["language"],
            )
            assert story.source == recount.names[first["source"]]
            assert (story.articles, story.outlets) == (len(rows), len(sources(rows)))
            assert story.languages == tuple(sorted({row["labels"]["language"] for row in rows}))
            assert {one.stance: one.count for one in story.stances} == stances(rows, topic)
        reach = [(story.outlets, story.articles) for story in stories]
        assert reach == sorted(((len(sources(rows)), len(rows)) for rows in told.values()), reverse=True)[: len(stories)]
    assert digest.top_stories[0].outlets > 1


def test_quotes_are_verbatim_and_attributed(digest: Digest, recount: Recount) -> None:
    said = {row["article"]["url"]: row for row in recount.rows}
    quotes = [quote for story in digest.top_stories for quote in story.quotes]
    assert quotes
    for story in digest.top_stories:
        assert len(story.quotes) <= 2
        assert len({quote.speaker for quote in story.quotes}) == len(story.quotes)
    for quote in [*quotes, *(speaker.example for speaker in digest.speakers)]:
        row = said[quote.url]
        assert quote.text in row["article"]["text"]
        assert any((one["speaker"], one["text"]) == (quote.speaker, quote.text) for one in row["labels"]["quotes"])
        assert (quote.source, quote.language) == (recount.names[row["article"]["source"]], row["labels"]["language"])
    assert {quote.kind for quote in quotes} == {"direct"}


def test_who_is_quoted(digest: Digest, recount: Recount) -> None:
    spoken: defaultdict[str, list[str]] = defaultdict(list)
    for row in recount.about():
        for quote in row["labels"]["quotes"]:
            if quote["speaker"]:
                spoken[quote["speaker"]].append(row["article"]["source"])
    assert {speaker.name: (speaker.quotes, speaker.outlets) for speaker in digest.speakers} == {
        name: (len(where), len(set(where))) for name, where in spoken.items()
    }
    assert [speaker.outlets for speaker in digest.speakers] == sorted((s.outlets for s in digest.speakers), reverse=True)


def test_sources_and_those_that_are_new_or_silent(digest: Digest, recount: Recount) -> None:
    now = sources(recount.about())
    all_of_them = sources(recount.of_week(MONDAY))
    before = sum((sources(recount.about(MONDAY - n * WEEK)) for n in range(1, 5)), Counter[str]())
    assert {source.id: source.articles for source in digest.sources} == now
    for source in digest.sources:
        assert source.share == pytest.approx(now[source.id] / all_of_them[source.id], abs=1e-4)
    assert {one.id: one.articles for one in digest.new_sources} == {one: now[one] for one in now.keys() - before.keys()}
    assert {one.id: one.articles_before for one in digest.silent_sources} == {
        one: before[one] for one in before.keys() - now.keys()
    }
    assert digest.new_sources


def test_what_was_reached_and_why_the_rest_was_not(told: Told, digest: Digest, recount: Recount) -> None:
    reach = digest.reach
    assert (reach.sources, reach.reached) == (len(told.watch.sources), len(told.watch.sources) - 3)
    assert {one.id: one.reason for one in reach.unreached} == {
        FAILED: "the site answered with an error, last tried on 29 January 2025",
        ASKED_BEFORE: "not asked in this week, the last time on 22 January 2025",
        NEVER_ASKED: "never asked until the week was over",
    }
    assert (reach.articles, reach.waiting) == (len(recount.of_week(MONDAY)), 1)


def test_late_and_corrected_articles(told: Told, digest: Digest) -> None:
    assert {one.id for one in digest.late} == told.late
    assert {one.id: one.revision for one in digest.corrected} == dict.fromkeys(told.corrected, 2)
    assert {one.seen for one in digest.late} == {"2025-01-29T00:00:00+01:00"}
    before = told.digest(MONDAY - WEEK)
    assert (before.late, before.corrected) == ((), ())
    assert before.notes.amended == "No article on DeepSeek came late, and none was corrected."


def test_the_summary_is_three_sentences_of_the_numbers(digest: Digest, recount: Recount) -> None:
    taken, now, before = stances(recount.about(), None), len(recount.about()), len(recount.about(MONDAY - WEEK))
    volume, leaning, matter = map(str, digest.summary)
    outlets = len(sources(recount.about()))
    assert volume == f"{now} articles in {outlets} outlets named DeepSeek this week, against {before} the week before."
    n = sum(taken.values()) - taken["unsure"]
    assert leaning.startswith(
        f"Stance was read with confidence in {n} articles, {taken['critical']} of them critical and {taken['supportive']} supportive:"
    )
    most = max(digest.topics, key=lambda topic: topic.articles.value)
    assert f"“{most.label}” ({most.articles.value:g} articles)" in matter
    assert f"ran in {max(story.outlets for story in digest.top_stories)} outlets" in matter


def test_an_empty_week_says_why_everywhere(told: Told) -> None:
    empty = told.digest(date(2025, 6, 2))
    uncollected = "No article of this week has been collected and read."
    assert list(map(str, empty.summary)) == ["No article named DeepSeek this week."]
    assert {topic.note for topic in empty.topics} == {uncollected}
    assert (empty.notes.stories, empty.notes.speakers, str(empty.notes.rising)) == (uncollected,) * 3
    assert empty.notes.changes == "Nothing of the four weeks before was collected to compare with."
    assert empty.notes.amended == "No article on DeepSeek came late, and none was corrected."
    assert (empty.balance.n, empty.balance.value, empty.balance.low) == (0, None, None)
    assert {one.reason[:26] for one in empty.reach.unreached} == {"not asked in this week, th", "never asked until the week"}


def test_the_week_is_that_of_the_watch_across_changes_of_clock_and_week_53(told: Told, digest: Digest) -> None:
    assert (digest.week, digest.start, digest.end) == ("2025-W05", "2025-01-27T00:00:00+01:00", "2025-02-03T00:00:00+01:00")
    for monday, hours, label in (
        (date(2025, 3, 24), 167, "2025-W13"),
        (date(2025, 10, 20), 169, "2025-W43"),
        (date(2026, 12, 28), 168, "2026-W53"),
    ):
        found = told.digest(monday)
        start, end = datetime.fromisoformat(found.start), datetime.fromisoformat(found.end)
        assert ((end - start).total_seconds() / 3600, found.week) == (hours, label)


def test_an_edition_names_its_digest(told: Told) -> None:
    assert told.digest().title == told.watch.title
    titled = told.digest(title="The Monday look-out", version=3)
    assert (titled.title, titled.edition, titled.version, titled.language) == ("The Monday look-out", "weekly", 3, "en")
    assert titled.watermark == told.digest(language="fr").watermark > 0


def test_a_week_gets_a_new_version_only_when_it_tells_something_else(told: Told, tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    first, _ = keep(archive, told.digest())
    assert keep(archive, replace(first, watermark=first.watermark + 100))[0] == first, "the archive went on elsewhere"
    second, kept = keep(archive, replace(first, watermark=first.watermark + 100, title="Corrected"))
    assert (second.version, second.watermark) == (first.version + 1, first.watermark + 100)
    assert [one.version for one in kept] == [second.version]


def test_articles_of_other_weeks_make_no_new_version(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    edition = Edition(id="weekly")

    def told_and_kept() -> Digest:
        engine = indexed(archive, tmp_path)
        with archive.read() as tx:
            digest = build_digest(engine, WATCH, edition, MONDAY, record=Record(tx, engine.name))
        return keep(archive, digest)[0]

    put(archive, [Piece(MONDAY + timedelta(days=n), "wired", Stance.CRITICAL) for n in range(3)])
    first = told_and_kept()
    assert first.method.analysers == ("test: 3 articles",)
    put(archive, [Piece(MONDAY + n * WEEK, "wired", Stance.CRITICAL) for n in (1, 2, 3)], first_number=10)
    assert told_and_kept() == first
    put(archive, [Piece(MONDAY, "wired", Stance.CRITICAL)], first_number=20)
    assert told_and_kept().version == 2


def test_speakers_are_found_by_their_normal_names(told: Told) -> None:
    vocabulary = Vocabulary.of(told.watch)
    for written in ('speaker:"Odile Marchetti"', 'speaker:"odile MARCHETTI"'):
        found = list(told.engine.export(parse(written, vocabulary)))
        assert found
        assert normal_name("Odile Marchetti") == "odile marchetti"
