"""Building the digest of a week from an index: a pure function of the watch, the week and what the index holds."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from digest.model import (
    STANCES,
    Digest,
    Figure,
    Rising,
    Series,
    SourceWeek,
    StanceCount,
    StoryWeek,
    TopicWeek,
    Voice,
)
from index import calendar
from index.engine import Reader
from index.query import Everything, FactFilter, FieldValue, Query, all_of, render, within
from index.rising import rising
from index.trends import Trend, trend
from vigie.watch import Watch

WEEKS_SHOWN = 8
WEEKS_BEFORE = 4
MOST_STORIES = 8
MOST_VOICES = 3
MOST_RISING = 8
# Stories are chosen among so many articles of the week, the newest first; a larger week is cut there, and the method box says so.
MOST_ARTICLES = 2000
# A story of several articles is told by its earliest; so many voices are looked at to find one for each stance.
VOICES_LOOKED_AT = 50


class _Week:
    """The questions that a digest asks, about one subject in one week."""

    def __init__(self, reader: Reader, watch: Watch, subject: str, monday: date) -> None:
        self.reader = reader
        self.watch = watch
        self.subject = subject
        self.monday = monday
        self.about: Query = FieldValue("subject", subject)
        self.names = {source.id: source.name for source in watch.sources}

    def days(self, weeks_ago: int = 0) -> tuple[date, date]:
        """The first and last day of the week, or of one before it."""
        first = self.monday - timedelta(weeks=weeks_ago)
        return first, first + timedelta(days=6)

    def within_week(self, query: Query, weeks_ago: int = 0) -> Query:
        return within(query, *self.days(weeks_ago))

    def trend(self, query: Query, **options: Any) -> Trend:
        """A weekly trend over the weeks shown."""
        first = self.monday - timedelta(weeks=WEEKS_SHOWN - 1)
        return trend(self.reader, self.watch, query, first=first, last=self.days()[1], subject=self.subject, **options)

    def figure(self, values: Sequence[float | None], query: Query) -> Figure:
        """The last of weekly values, with the one before and the mean of the four before; None: a week that has no value."""
        before = [value for value in values[-1 - WEEKS_BEFORE : -1] if value is not None]
        mean = round(sum(before) / len(before), 4) if before else 0.0
        return Figure(values[-1] or 0.0, values[-2] or 0.0, mean, render(self.within_week(query)))


def build_digest(reader: Reader, watch: Watch, monday: date, *, watermark: int, method: Sequence[str] = ()) -> Digest:
    """The digest of the ISO week that begins on monday, about the first subject of the watch.

    watermark: the change of the archive that the index has reached. method: how the labels were made, for the method box.
    """
    subject = watch.subjects[0]
    week = _Week(reader, watch, subject.id, monday)
    articles = week.trend(week.about, share=True)
    stories = week.trend(week.about, unit="stories")
    by_stance = week.trend(week.about, by="stance")
    outlets = [float(len(_sources(week, weeks_ago))) for weeks_ago in reversed(range(WEEKS_SHOWN))]
    numbers = calendar.label(calendar.day_number(monday), "week")
    topics = tuple(_topic(week, topic.id, topic.label_in("en")) for topic in watch.topics)
    stances = _stance_counts(week, None)
    figure = week.figure(articles.totals.counts, week.about)
    top_stories = _stories(week)
    risen, note = _rising(week)
    sources = _source_weeks(week)
    return Digest(
        watch=watch.name,
        title=watch.title or watch.name,
        subject=subject.name,
        week=numbers,
        start=calendar.start(calendar.day_number(monday), "week", watch.zone).isoformat(),
        end=calendar.start(calendar.day_number(monday) + 7, "week", watch.zone).isoformat(),
        timezone=watch.timezone,
        watermark=watermark,
        summary=_summary(subject.name, figure, stances, topics, top_stories),
        articles=figure,
        stories=week.figure(stories.totals.counts, week.about),
        outlets=week.figure(outlets, week.about),
        attention=week.figure(articles.totals.shares, week.about),
        stances=stances,
        weeks=tuple(bucket.label for bucket in by_stance.buckets),
        weekly=_by_stance(by_stance),
        topics=topics,
        top_stories=top_stories,
        rising=risen,
        rising_note=note,
        sources=sources,
        silent=_silent(week),
        method=tuple(method),
    )


def _sources(week: _Week, weeks_ago: int) -> dict[str, int]:
    cells = week.reader.cells(week.within_week(week.about, weeks_ago), ("source",))
    return {str(source): count for (source,), count in cells.items()}


def _by_stance(found: Trend) -> tuple[Series, ...]:
    counts = {series.key: series.counts for series in found.series}
    return tuple(Series(stance, counts.get(stance, (0,) * len(found.buckets))) for stance in STANCES)


def _fact(week: _Week, stance: str, topic: str | None) -> Query:
    return FactFilter(stance, topic or "*", week.subject)


def _stance_counts(week: _Week, topic: str | None) -> tuple[StanceCount, ...]:
    queries = [week.within_week(_fact(week, stance, topic)) for stance in STANCES]
    return tuple(StanceCount(s, week.reader.count(q), render(q)) for s, q in zip(STANCES, queries, strict=True))


def _topic(week: _Week, topic: str, label: str) -> TopicWeek:
    query = all_of((week.about, FieldValue("topic", topic)))
    counts = week.trend(query).totals.counts
    return TopicWeek(
        id=topic,
        label=label,
        articles=week.figure(counts, query),
        stances=_stance_counts(week, topic),
        weekly=_by_stance(week.trend(week.about, by="stance", topic=topic)),
        voices=_voices(week, topic),
    )


def _voices(week: _Week, topic: str) -> tuple[Voice, ...]:
    """The surest critical, supportive and neutral article on a topic, each from another outlet where there is one."""
    chosen: list[Voice] = []
    for stance in ("critical", "supportive", "neutral"):
        page = week.reader.search(week.within_week(_fact(week, stance, topic)), limit=VOICES_LOOKED_AT, sort="date")
        ranked = sorted(page.hits, key=lambda hit: (-_label(hit, week.subject, topic)["confidence"], hit["published"], hit["id"]))
        heard = {voice.source for voice in chosen}
        fresh = [hit for hit in ranked if week.names.get(hit["source"], hit["source"]) not in heard] or ranked
        for hit in fresh:
            evidence = [text for text in _label(hit, week.subject, topic)["evidence"] if text != hit["title"]]
            if evidence:
                chosen.append(_voice(week, hit, stance, evidence[0]))
                break
    return tuple(chosen[:MOST_VOICES])


def _label(hit: dict[str, Any], subject: str, topic: str | None) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in hit["stances"] if one["topic"] == topic and one["subject"] == subject)
    return found


def _voice(week: _Week, hit: dict[str, Any], stance: str, evidence: str) -> Voice:
    return Voice(
        id=hit["id"],
        url=hit["url"],
        title=hit["title"],
        source=week.names.get(hit["source"], hit["source"]),
        language=hit["language"],
        published=hit["published"],
        stance=stance,
        evidence=evidence,
    )


def _stories(week: _Week) -> tuple[StoryWeek, ...]:
    """The stories of the week that most outlets tell; of equals those with most articles, then the earliest."""
    page = week.reader.search(week.within_week(week.about), limit=MOST_ARTICLES, sort="date")
    members: dict[str, list[dict[str, Any]]] = {}
    for hit in page.hits:
        members.setdefault(hit["story"] or hit["id"], []).append(hit)
    stories = [_story(week, key, sorted(hits, key=lambda hit: (hit["published"], hit["id"]))) for key, hits in members.items()]
    ranked = sorted(stories, key=lambda story: (-story.outlets, -story.articles, -_taken_sides(story), story.published, story.id))
    return tuple(ranked[:MOST_STORIES])


def _taken_sides(story: StoryWeek) -> int:
    return sum(one.count for one in story.stances if one.stance in ("supportive", "critical"))


def _story(week: _Week, key: str, hits: Sequence[dict[str, Any]]) -> StoryWeek:
    first = hits[0]
    query = week.within_week(FieldValue("story", key)) if first["story"] else FieldValue("id", key)
    taken = [
        label["stance"] for hit in hits for label in hit["stances"] if label["topic"] is None and label["subject"] == week.subject
    ]
    return StoryWeek(
        id=key,
        title=first["title"],
        url=first["url"],
        source=week.names.get(first["source"], first["source"]),
        language=first["language"],
        published=first["published"],
        articles=len(hits),
        outlets=len({hit["source"] for hit in hits}),
        languages=tuple(sorted({hit["language"] for hit in hits})),
        stances=tuple(StanceCount(stance, taken.count(stance), render(query)) for stance in STANCES),
        query=render(query),
    )


def _rising(week: _Week) -> tuple[tuple[Rising, ...], str]:
    found = rising(week.reader, Everything(), week.monday, limit=MOST_RISING)
    terms = [*found.entities, *found.terms]
    risen = tuple(
        Rising(
            term.label, term.kind, term.count, term.before, round(term.g2, 2), round(term.log_ratio, 2),
            render(week.within_week(FieldValue(term.kind, term.term))),
        )
        for term in terms
    )  # fmt: skip
    if found.baseline is None:
        return (), "Nothing older is indexed to compare this week with."
    compared = f"{found.window.stories} stories of the week against {found.baseline.stories} of the {found.weeks} weeks before."
    criterion = "Shown: G² of at least 15.13 (p < 0.0001), at least twice as often, from at least three owners."
    return risen, f"{compared} {criterion}" + ("" if risen else " Nothing passed.")


def _source_weeks(week: _Week) -> tuple[SourceWeek, ...]:
    counts = _sources(week, 0)
    coverage = week.reader.cells(week.within_week(Everything()), ("source",))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        SourceWeek(
            source,
            week.names.get(source, source),
            count,
            round(count / coverage[(source,)], 4),
            render(week.within_week(all_of((week.about, FieldValue("source", source))))),
        )
        for source, count in ranked
    )


def _silent(week: _Week) -> tuple[str, ...]:
    """The outlets that covered the subject in the four weeks before and not in this one."""
    first, last = week.days(WEEKS_BEFORE)[0], week.days(1)[1]
    before = {str(source) for (source,) in week.reader.cells(within(week.about, first, last), ("source",))}
    return tuple(sorted(week.names.get(source, source) for source in before - _sources(week, 0).keys()))


def _summary(
    subject: str, articles: Figure, stances: Sequence[StanceCount], topics: Sequence[TopicWeek], stories: Sequence[StoryWeek]
) -> tuple[str, ...]:
    """Three sentences computed from the numbers."""
    if not articles.value:
        return (f"No article named {subject} this week.",)
    plural = "s" if articles.value != 1 else ""
    count = f"{articles.value:g} article{plural} named {subject} this week, {articles.before:g} the week before."
    taken = {one.stance: one.count for one in stances}
    total = sum(taken.values())
    balance = (
        f"Of the {total} whose stance was read, {taken['critical']} were critical and {taken['supportive']} supportive."
        if total
        else "None of them said enough about it for a stance to be read."
    )
    most = max(topics, key=lambda topic: topic.articles.value, default=None)
    if most is None or not most.articles.value:
        return count, balance
    leading = f"Most was written on {most.label.lower()} ({most.articles.value:g} articles)"
    wide = stories[0] if stories and stories[0].outlets > 1 else None
    return count, balance, leading + (f"; the widest story ran in {wide.outlets} outlets." if wide else ".")
