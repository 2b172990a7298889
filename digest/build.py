"""Building the digest of a week: a pure function of the watch, the edition, the week, and what index and archive hold."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from digest._method import method_of
from digest._quotes import quotes_of_stories, speakers_of
from digest._summary import summary
from digest._tally import Hit, Tally, Telling
from digest.balance import balance
from digest.model import (
    FORM,
    STANCES,
    Amended,
    Balance,
    Digest,
    Figure,
    Notes,
    Reach,
    Rising,
    Series,
    SourceChange,
    SourceWeek,
    StanceCount,
    StoryWeek,
    TopicWeek,
    Unreached,
    Voice,
)
from digest.record import Record, Week, batches
from digest.words import Words, words
from index import calendar
from index.engine import Reader
from index.query import Everything, FactFilter, FieldValue, OneOf, Query, all_of, render, within
from index.rising import rising
from index.trends import Trend, trend
from vigie import archive
from vigie.routine import Edition
from vigie.watch import Watch

WEEKS_SHOWN = 8
WEEKS_BEFORE = 4
MOST_STORIES = 6
MOST_STORIES_OF_A_TOPIC = 3
MOST_VOICES = 3
MOST_RISING = 8
MOST_SPEAKERS = 8
MOST_AMENDED = 10  # of the late and of the corrected articles; the note tells how many there are


def build_digest(reader: Reader, watch: Watch, edition: Edition, monday: date, *, record: Record, version: int = 1) -> Digest:
    """The digest of the ISO week that begins on monday, as the edition wants it.

    reader: the index; record: the archive, in one transaction, with the name of that index. version: see Digest.
    """
    return _Building(reader, watch, edition, monday, record).digest(version)


@dataclass(frozen=True)
class _Building:
    """The questions that a digest asks, about one subject in one week."""

    reader: Reader
    watch: Watch
    edition: Edition
    monday: date
    record: Record

    # What everything rests on.

    @cached_property
    def subject(self) -> Any:
        wanted = self.edition.subject
        return next(one for one in self.watch.subjects if wanted in (None, one.id))

    @cached_property
    def words(self) -> Words:
        return words(self.edition.language)

    @cached_property
    def about(self) -> Query:
        return FieldValue("subject", self.subject.id)

    @cached_property
    def week(self) -> Week:
        monday = calendar.day_number(self.monday)
        zone = self.watch.zone
        return Week(calendar.start(monday, "week", zone), calendar.start(monday + 7, "week", zone))

    @cached_property
    def names(self) -> Mapping[str, str]:
        return {source.id: source.name for source in self.watch.sources}

    @cached_property
    def tally(self) -> Tally:
        return Tally(self.subject.id, [topic.id for topic in self.watch.topics]).add_all(
            self.reader.export(self.of_week(self.about))
        )

    @cached_property
    def collected(self) -> tuple[int, ...]:
        """All articles, on whatever subject, of each of the weeks shown."""
        return self.trend(Everything()).totals.counts

    def days(self, weeks_ago: int = 0) -> tuple[date, date]:
        """The first and last day of the week, or of one before it."""
        first = self.monday - timedelta(weeks=weeks_ago)
        return first, first + timedelta(days=6)

    def of_week(self, query: Query) -> Query:
        return within(query, *self.days())

    def of_weeks_before(self, query: Query) -> Query:
        return within(query, self.days(WEEKS_BEFORE)[0], self.days(1)[1])

    def name(self, source: str) -> str:
        return self.names.get(source, source)

    def trend(self, query: Query, **options: Any) -> Trend:
        """A weekly trend over the weeks shown."""
        first = self.days(WEEKS_SHOWN - 1)[0]
        return trend(self.reader, self.watch, query, first=first, last=self.days()[1], subject=self.subject.id, **options)

    def figure(self, values: Sequence[float | None], query: Query) -> Figure:
        """The last of weekly values, with the one before and the mean of the four before, as far as anything was collected."""
        known = [value if collected else None for value, collected in zip(values, self.collected, strict=True)]
        before = [value for value in known[-1 - WEEKS_BEFORE : -1] if value is not None]
        mean = round(sum(before) / len(before), 4) if before else None
        return Figure(_rounded(values[-1] or 0), _rounded(known[-2]), mean, render(self.of_week(query)))

    # The whole.

    def digest(self, version: int) -> Digest:
        articles = self.trend(self.about, share=True)
        by_stance = self.trend(self.about, by="stance")
        figure = self.figure(articles.totals.counts, self.about)
        stances = self.stance_counts(None)
        topics = tuple(self.topic(topic.id, topic.label_in(self.edition.language)) for topic in self.watch.topics)
        stories = self.stories(None, MOST_STORIES)
        risen, rising_note = self.rising()
        speakers = speakers_of(self, MOST_SPEAKERS)
        new, silent, changes_note = self.changes()
        late, corrected, amended_note = self.amended()
        outlets = self.figure(self.outlets_by_week(), self.about)
        return Digest(
            form=FORM,
            watch=self.watch.name,
            edition=self.edition.id,
            language=self.edition.language,
            title=self.edition.title or self.watch.title or self.watch.name,
            subject=self.subject.name,
            subject_id=self.subject.id,
            week=calendar.label(calendar.day_number(self.monday), "week"),
            version=version,
            start=self.week.start.isoformat(),
            end=self.week.end.isoformat(),
            timezone=self.watch.timezone,
            watermark=self.record.watermark,
            reach=self.reach(),
            summary=summary(self.words, self.subject.name, figure, outlets, _balance(stances), stances, topics, stories),
            articles=figure,
            stories=self.figure(self.trend(self.about, unit="stories").totals.counts, self.about),
            outlets=outlets,
            attention=self.figure(articles.totals.shares, self.about),
            stances=stances,
            balance=_balance(stances),
            weeks=tuple(bucket.label for bucket in by_stance.buckets),
            weekly=_by_stance(by_stance),
            topics=topics,
            top_stories=stories,
            rising=risen,
            speakers=speakers,
            sources=self.sources(),
            new_sources=new,
            silent_sources=silent,
            late=late,
            corrected=corrected,
            notes=Notes(
                stories="" if stories else self.nothing(),
                rising=rising_note,
                speakers="" if speakers else self.no_speakers(),
                changes=changes_note,
                amended=amended_note,
            ),
            method=method_of(self.words, self.record),
        )

    def nothing(self) -> str:
        """Why there is nothing on the subject."""
        if self.collected[-1]:
            return self.words.gettext("None of the articles of this week names {subject}.", subject=self.subject.name)
        return self.words.gettext("No article of this week has been collected and read.")

    def no_speakers(self) -> str:
        return self.nothing() if not self.tally.ids else self.words.gettext("Nobody is quoted by name in these articles.")

    # What was reached.

    def reach(self) -> Reach:
        reached = self.record.reached(self.week)
        tries = self.record.last_tries(self.week)
        missed = [source for source in self.watch.sources if source.id not in reached]
        query = self.of_week(Everything())
        return Reach(
            sources=len(self.watch.sources),
            reached=len(self.watch.sources) - len(missed),
            unreached=tuple(Unreached(one.id, one.name, self.reason(tries.get(one.id))) for one in missed),
            articles=self.collected[-1],
            waiting=self.record.waiting(self.week),
            query=render(query),
        )

    def reason(self, last: tuple[str, float] | None) -> str:
        """Why no listing of a source was read in the week."""
        if last is None:
            return self.words.gettext("not asked by the end of the week")
        outcome, at = last
        when = datetime.fromtimestamp(at, self.watch.zone)
        day = self.words.day(when.isoformat())
        if when < self.week.start:
            return self.words.gettext("not asked in this week; last on {day}", day=day)
        return self.words.gettext("{outcome} (last tried on {day})", outcome=self.outcome(outcome), day=day)

    def outcome(self, outcome: str) -> str:
        """The outcome of a fetch in words; they are those of crawlers.outcomes."""
        say = self.words.gettext
        told = {
            "gone": say("the listing is gone"),
            "forbidden": say("the site refused us"),
            "disallowed": say("its robots.txt does not allow it"),
            "deferred": say("the site asked to wait"),
            "refused": say("the address is not public"),
            "unreachable": say("the site could not be reached"),
            "http_error": say("the site answered with an error"),
            "too_large": say("the listing was too large"),
            "broken": say("the listing could not be read"),
        }
        return told.get(outcome, outcome)

    # Numbers and examples.

    def outlets_by_week(self) -> list[float]:
        first = self.days(WEEKS_SHOWN - 1)[0]
        found = Counter(week for week, _ in self.reader.cells(within(self.about, first, self.days()[1]), ("week", "source")))
        return [found[calendar.day_number(self.days(ago)[0])] for ago in reversed(range(WEEKS_SHOWN))]

    def stance_counts(self, topic: str | None, within_query: Query = Everything()) -> tuple[StanceCount, ...]:
        queries = [self.of_week(_and(within_query, FactFilter(stance, topic or "*", self.subject.id))) for stance in STANCES]
        return tuple(StanceCount(s, self.reader.count(q), render(q)) for s, q in zip(STANCES, queries, strict=True))

    def topic(self, topic: str, label: str) -> TopicWeek:
        query = all_of((self.about, FieldValue("topic", topic)))
        articles = self.figure(self.trend(query).totals.counts, query)
        stances = self.stance_counts(topic)
        note = (
            ""
            if articles.value
            else self.nothing()
            if not self.tally.ids
            else self.words.gettext("None of the articles on {subject} treats this topic.", subject=self.subject.name)
        )
        return TopicWeek(
            id=topic,
            label=label,
            articles=articles,
            stances=stances,
            balance=_balance(stances),
            weekly=_by_stance(self.trend(self.about, by="stance", topic=topic)),
            voices=self.voices(topic),
            stories=self.stories(topic, MOST_STORIES_OF_A_TOPIC),
            note=note,
        )

    def voices(self, topic: str) -> tuple[Voice, ...]:
        """The surest critical, supportive and neutral article on a topic, each from another outlet where there is one."""
        chosen: list[Voice] = []
        for stance in ("critical", "supportive", "neutral"):
            hits = self.tally.surest(topic, stance)
            heard = {voice.source for voice in chosen}
            fresh = [hit for hit in hits if self.name(hit["source"]) not in heard]
            for hit in (*fresh, *hits):
                evidence = [text for text in self.tally.label(hit, topic)["evidence"] if text != hit["title"]]
                if evidence:
                    chosen.append(self.voice(hit, stance, evidence[0]))
                    break
        return tuple(chosen[:MOST_VOICES])

    def voice(self, hit: Hit, stance: str, evidence: str) -> Voice:
        return Voice(
            id=hit["id"],
            url=hit["url"],
            title=hit["title"],
            source=self.name(hit["source"]),
            language=hit["language"],
            published=hit["published"],
            stance=stance,
            evidence=evidence,
        )

    def stories(self, topic: str | None, most: int) -> tuple[StoryWeek, ...]:
        """The stories that most outlets tell; of equals those with most articles, then those that take sides, then the earliest."""
        tellings = self.tally.stories(topic, most)
        articles = self.record.articles(telling.first["id"] for telling in tellings)
        queries = [self.story_query(telling, topic) for telling in tellings]
        quotes = quotes_of_stories(self, [self.of_week(query) for query in queries])
        return tuple(
            self.story(telling, query, topic, articles[telling.first["id"]].authors, spoken)
            for telling, query, spoken in zip(tellings, queries, quotes, strict=True)
        )

    def story_query(self, telling: Telling, topic: str | None) -> Query:
        place = FieldValue("story", telling.id) if telling.first["story"] else FieldValue("id", telling.id)
        return all_of((place, self.about, *((FieldValue("topic", topic),) if topic else ())))

    def story(
        self, telling: Telling, query: Query, topic: str | None, authors: tuple[str, ...], quotes: tuple[Any, ...]
    ) -> StoryWeek:
        first = telling.first
        return StoryWeek(
            id=telling.id,
            title=first["title"],
            url=first["url"],
            source=self.name(first["source"]),
            authors=authors,
            language=first["language"],
            published=first["published"],
            articles=telling.articles,
            outlets=len(telling.sources),
            languages=tuple(sorted(telling.languages)),
            stances=tuple(
                StanceCount(
                    stance,
                    telling.stances[stance],
                    render(self.of_week(_and(query, FactFilter(stance, topic or "*", self.subject.id)))),
                )
                for stance in STANCES
            ),
            quotes=quotes,
            query=render(self.of_week(query)),
        )

    def rising(self) -> tuple[tuple[Rising, ...], str]:
        found = rising(self.reader, Everything(), self.monday, limit=MOST_RISING)
        risen = tuple(
            Rising(
                term.label, term.kind, term.count, term.before, round(term.g2, 2), round(term.log_ratio, 2),
                render(self.of_week(FieldValue(term.kind, term.term))),
            )
            for term in (*found.entities, *found.terms)
        )  # fmt: skip
        if found.baseline is None:
            return (), self.words.gettext("Nothing older is indexed to compare this week with.")
        compared = self.words.ngettext(
            "{now} stories of the week against {then} of the week before.",
            "{now} stories of the week against {then} of the {count} weeks before.",
            found.weeks,
            now=self.words.number(found.window.stories),
            then=self.words.number(found.baseline.stories),
        )
        criterion = self.words.gettext(
            "Shown: G² of at least 15.13 (p < 0.0001), at least twice as often, from at least three owners."
        )
        return risen, " ".join([compared, criterion, *([] if risen else [self.words.gettext("Nothing passed.")])])

    # Sources.

    def sources(self) -> tuple[SourceWeek, ...]:
        counts = self.by_source(self.of_week(self.about))
        coverage = self.by_source(self.of_week(Everything()))
        return tuple(
            SourceWeek(
                source, self.name(source), counts[source], round(counts[source] / coverage[source], 4), self.source_query(source)
            )
            for source in sorted(counts, key=lambda source: (-counts[source], source))
        )

    def by_source(self, query: Query) -> dict[str, int]:
        return {str(source): count for (source,), count in self.reader.cells(query, ("source",)).items()}

    def source_query(self, source: str) -> str:
        return render(self.of_week(all_of((self.about, FieldValue("source", source)))))

    def changes(self) -> tuple[tuple[SourceChange, ...], tuple[SourceChange, ...], str]:
        """The sources that are new to the subject and those that have fallen silent on it, against the four weeks before."""
        if not any(self.collected[-1 - WEEKS_BEFORE : -1]):
            return (), (), self.words.gettext("Nothing of the four weeks before has been collected to compare with.")
        now = self.by_source(self.of_week(self.about))
        before = self.by_source(self.of_weeks_before(self.about))

        def changed(sources: Iterable[str], query: Any) -> tuple[SourceChange, ...]:
            ranked = sorted(sources, key=lambda source: (-now.get(source, 0) - before.get(source, 0), source))
            return tuple(
                SourceChange(source, self.name(source), now.get(source, 0), before.get(source, 0), query(source))
                for source in ranked
            )

        new = changed(now.keys() - before.keys(), self.source_query)
        silent = changed(
            before.keys() - now.keys(),
            lambda source: render(self.of_weeks_before(all_of((self.about, FieldValue("source", source))))),
        )
        return (
            new,
            silent,
            ""
            if new or silent
            else self.words.gettext(
                "The same outlets wrote on {subject} as in the four weeks before.", subject=self.subject.name
            ),
        )

    # Late and corrected articles.

    def amended(self) -> tuple[tuple[Amended, ...], tuple[Amended, ...], str]:
        late, late_all = self.amendments(self.record.late(self.week))
        corrected, corrected_all = self.amendments(self.record.corrected(self.week))
        if not late_all and not corrected_all:
            return (
                (),
                (),
                self.words.gettext("No article on {subject} came late, and none was corrected.", subject=self.subject.name),
            )
        shown = [
            self.words.gettext(text, shown=self.words.number(MOST_AMENDED), all=self.words.number(number))
            for text, number in (
                ("Of {all} late articles the last {shown} are shown.", late_all),
                ("Of {all} corrected articles the last {shown} are shown.", corrected_all),
            )
            if number > MOST_AMENDED
        ]
        return late, corrected, " ".join(shown)

    def amendments(self, found: Sequence[archive.Amended]) -> tuple[tuple[Amended, ...], int]:
        """Those of the articles that are on the subject, the last seen first, and how many there are of them."""
        by_id = {one.article: one for one in found}
        hits = [hit for batch in batches(by_id) for hit in self.reader.export(all_of((self.about, OneOf("id", tuple(batch)))))]
        hits.sort(key=lambda hit: (-by_id[hit["id"]].seen, hit["id"]))
        return tuple(self.amendment(hit, by_id[hit["id"]]) for hit in hits[:MOST_AMENDED]), len(hits)

    def amendment(self, hit: Hit, one: archive.Amended) -> Amended:
        return Amended(
            id=hit["id"],
            url=hit["url"],
            title=hit["title"],
            source=self.name(hit["source"]),
            language=hit["language"],
            published=hit["published"],
            seen=datetime.fromtimestamp(one.seen, self.watch.zone).isoformat(timespec="seconds"),
            revision=one.revision,
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _and(query: Query, fact: Query) -> Query:
    return fact if isinstance(query, Everything) else all_of((query, fact))


def _by_stance(found: Trend) -> tuple[Series, ...]:
    counts = {series.key: series.counts for series in found.series}
    return tuple(Series(stance, counts.get(stance, (0,) * len(found.buckets))) for stance in STANCES)


def _balance(stances: Sequence[StanceCount]) -> Balance:
    counts = {one.stance: one.count for one in stances}
    return balance(counts["supportive"], counts["neutral"], counts["critical"])
