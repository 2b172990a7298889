"""Building the digest of a week: a pure function of the watch, the edition, the week, and what index and archive hold."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from digest._amended import amended_of
from digest._enquiry import WEEKS_SHOWN, Enquiry
from digest._method import method_of
from digest._sentence import counted, sentence
from digest._sources import changes_of, reach, sources_of
from digest._speakers import speakers_of
from digest._stories import stories_of
from digest._summary import summary
from digest.balance import balance
from digest.model import FORM, Balance, Digest, Notes, Rising, Sentence, StanceCount, TopicWeek, Voice
from digest.record import Record
from index import calendar
from index.engine import Reader
from index.query import Everything, FieldValue, all_of, any_of, render, within
from index.rising import rising
from vigie.routine import Edition
from vigie.watch import Topic, Watch

MOST_STORIES = 6
MOST_STORIES_OF_A_TOPIC = 3
MOST_RISING = 8
MOST_SPEAKERS = 8


def build_digest(reader: Reader, watch: Watch, edition: Edition, monday: date, *, record: Record, version: int = 1) -> Digest:
    """The digest of the ISO week that begins on monday, as the edition wants it told.

    reader: the index; record: the archive in one transaction, which knows that index by its name. version: see Digest.
    """
    enquiry = Enquiry(reader, watch, edition, monday, record)
    about, week = enquiry.about, enquiry.week
    coverage = enquiry.trend(about, share=True)
    articles, outlets = enquiry.figure(coverage.totals.counts, about), enquiry.figure(_outlets(enquiry), about)
    stances = enquiry.stances(None)
    leaning = _balance(enquiry, stances, None)
    topics = tuple(_topic(enquiry, topic) for topic in watch.topics)
    stories = stories_of(enquiry, None, MOST_STORIES)
    risen, rising_note = _rising(enquiry)
    speakers = speakers_of(enquiry, MOST_SPEAKERS)
    new, silent, changes_note = changes_of(enquiry)
    late, corrected, amended_note = amended_of(enquiry)
    nobody = enquiry.words.gettext("Nobody is quoted by name in these articles.") if enquiry.tally.articles else enquiry.nothing()
    return Digest(
        form=FORM,
        watch=watch.name,
        edition=edition.id,
        language=edition.language,
        title=edition.title or watch.title or watch.name,
        subject=enquiry.subject.name,
        subject_id=enquiry.subject.id,
        week=calendar.label(calendar.day_number(monday), "week"),
        version=version,
        start=week.start.isoformat(),
        end=week.end.isoformat(),
        timezone=watch.timezone,
        watermark=record.watermark,
        reach=reach(enquiry),
        summary=summary(enquiry.words, enquiry.subject.name, articles, outlets, stances, leaning, topics, stories),
        articles=articles,
        stories=enquiry.figure(enquiry.trend(about, unit="stories").totals.counts, about),
        outlets=outlets,
        attention=enquiry.figure(coverage.totals.shares, about),
        stances=stances,
        balance=leaning,
        weeks=tuple(bucket.label for bucket in coverage.buckets),
        weekly=enquiry.weekly_stances(None),
        topics=topics,
        top_stories=stories,
        rising=risen,
        speakers=speakers,
        sources=sources_of(enquiry),
        new_sources=new,
        silent_sources=silent,
        late=late,
        corrected=corrected,
        notes=Notes(
            stories="" if stories else enquiry.nothing(),
            rising=rising_note,
            speakers="" if speakers else nobody,
            changes=changes_note,
            amended=amended_note,
        ),
        method=method_of(enquiry.words, record, week),
    )


def _outlets(enquiry: Enquiry) -> list[float]:
    """How many outlets wrote on the subject, for each of the weeks shown."""
    cells = enquiry.reader.cells(enquiry.of_weeks_shown(enquiry.about), ("week", "source"))
    found = Counter(week for week, _ in cells)
    return [found[calendar.day_number(enquiry.days(ago)[0])] for ago in reversed(range(WEEKS_SHOWN))]


def _balance(enquiry: Enquiry, stances: Sequence[StanceCount], topic: str | None) -> Balance:
    counts = {one.stance: one.count for one in stances}
    query = any_of(enquiry.stance(stance, topic) for stance in ("supportive", "neutral", "critical"))
    return balance(counts["supportive"], counts["neutral"], counts["critical"], render(enquiry.of_week(query)))


def _topic(enquiry: Enquiry, topic: Topic) -> TopicWeek:
    query = all_of((enquiry.about, FieldValue("topic", topic.id)))
    articles = enquiry.figure(enquiry.trend(query).totals.counts, query)
    stances = enquiry.stances(topic.id)
    note = ""
    if not articles.value:
        note = enquiry.nothing()
        if enquiry.tally.articles:
            note = enquiry.words.gettext("None of the articles on {subject} treats this topic.", subject=enquiry.subject.name)
    return TopicWeek(
        id=topic.id,
        label=topic.label_in(enquiry.edition.language),
        articles=articles,
        stances=stances,
        balance=_balance(enquiry, stances, topic.id),
        weekly=enquiry.weekly_stances(topic.id),
        voices=_voices(enquiry, topic.id),
        stories=stories_of(enquiry, topic.id, MOST_STORIES_OF_A_TOPIC),
        note=note,
    )


def _voices(enquiry: Enquiry, topic: str) -> tuple[Voice, ...]:
    """The surest critical, supportive and neutral article on a topic that shows evidence, each of another outlet if it can be."""
    chosen: list[Voice] = []
    for stance in ("critical", "supportive", "neutral"):
        heard = {voice.source for voice in chosen}
        candidates = [
            Voice(
                id=hit["id"],
                url=hit["url"],
                title=hit["title"],
                source=enquiry.name(hit["source"]),
                language=hit["language"],
                published=hit["published"],
                stance=stance,
                evidence=evidence[0],
            )
            for hit in enquiry.tally.surest(topic, stance)
            if (evidence := [text for text in enquiry.tally.label(hit, topic)["evidence"] if text != hit["title"]])
        ]
        chosen += sorted(candidates, key=lambda voice: voice.source in heard)[:1]
    return tuple(chosen)


def _rising(enquiry: Enquiry) -> tuple[tuple[Rising, ...], Sentence]:
    """What rises in all coverage of the week, and what that rests on."""
    say, count = enquiry.words.gettext, enquiry.words.number
    found = rising(enquiry.reader, Everything(), enquiry.monday, limit=MOST_RISING)
    if not found.window.stories:
        return (), sentence(enquiry.nothing())
    if found.baseline is None:
        return (), sentence(say("Nothing older is indexed to compare this week with."))
    window, baseline = found.window, found.baseline
    risen = tuple(
        Rising(
            term.label, term.kind, term.count, term.before, round(term.g2, 2), round(term.log_ratio, 2),
            *(render(within(FieldValue(term.kind, term.term), span.first, span.last)) for span in (window, baseline)),
        )
        for term in (*found.entities, *found.terms)
    )  # fmt: skip
    notes = [
        enquiry.words.ngettext(
            "{now} stories of the week were compared with {then} of the week before.",
            "{now} stories of the week were compared with {then} of the {count} weeks before.",
            found.weeks,
            **{
                name: counted(count(span.stories), render(within(Everything(), span.first, span.last)))
                for name, span in (("now", window), ("then", baseline))
            },
        ),
        say(
            "Shown is what passes G² ≥ 15.13 (p < 0.0001), is at least twice as frequent, and is named by at least three owners."
        ),
    ]
    return risen, sentence(" ".join(notes if risen else [*notes, say("Nothing passes.")]))
