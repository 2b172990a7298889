"""The outlets: what was reached of them, how much they wrote, and who began or ceased to write on the subject."""

from collections.abc import Iterable
from datetime import datetime

from digest._enquiry import WEEKS_BEFORE, Enquiry
from digest.model import Reach, SourceChange, SourceWeek, Unreached
from index.query import Everything, FieldValue, render

Changes = tuple[SourceChange, ...]


def reach(enquiry: Enquiry) -> Reach:
    """What was collected of the week, and of which sources no listing could be read."""
    reached = enquiry.record.reached(enquiry.week)
    tries = enquiry.record.last_tries(enquiry.week)
    sources = enquiry.watch.sources
    missed = [source for source in sources if source.id not in reached]
    return Reach(
        sources=len(sources),
        reached=len(sources) - len(missed),
        unreached=tuple(Unreached(one.id, one.name, _reason(enquiry, tries.get(one.id))) for one in missed),
        articles=enquiry.collected[-1],
        waiting=enquiry.record.waiting(enquiry.week),
        query=render(enquiry.of_week(Everything())),
    )


def _reason(enquiry: Enquiry, last: tuple[str, float] | None) -> str:
    """Why no listing of a source was read in the week; last: how and when its last fetch before the end of the week ended."""
    say = enquiry.words.gettext
    if last is None:
        return say("never asked until the week was over")
    outcome, at = last
    when = datetime.fromtimestamp(at, enquiry.watch.zone)
    day = enquiry.words.date(when.isoformat())
    if when < enquiry.week.start:
        return say("not asked in this week, the last time on {day}", day=day)
    # The outcomes are those of crawlers.outcomes.
    told = {
        "gone": say("the listing is gone"),
        "forbidden": say("the site refuses access"),
        "disallowed": say("its robots.txt does not allow it"),
        "deferred": say("the site asked to wait"),
        "refused": say("the address is not public"),
        "unreachable": say("the site could not be reached"),
        "http_error": say("the site answered with an error"),
        "too_large": say("the listing is too large"),
        "broken": say("the listing could not be understood"),
    }
    return say("{outcome}, last tried on {day}", outcome=told.get(outcome, outcome), day=day)


def sources_of(enquiry: Enquiry) -> tuple[SourceWeek, ...]:
    """The sources that wrote on the subject, those with most articles first."""
    counts = enquiry.by_source(enquiry.of_week(enquiry.about))
    coverage = enquiry.by_source(enquiry.of_week(Everything()))
    return tuple(
        SourceWeek(
            source, enquiry.name(source), counts[source], round(counts[source] / coverage[source], 4), _now(enquiry, source)
        )
        for source in sorted(counts, key=lambda source: (-counts[source], source))
    )


def changes_of(enquiry: Enquiry) -> tuple[Changes, Changes, str]:
    """The sources that are new to the subject, and those that have fallen silent on it, against the four weeks before.

    The last is why there are none.
    """
    if not any(enquiry.collected[-1 - WEEKS_BEFORE : -1]):
        return (), (), enquiry.words.gettext("Nothing of the four weeks before was collected to compare with.")
    now = enquiry.by_source(enquiry.of_week(enquiry.about))
    before = enquiry.by_source(enquiry.of_weeks_before(enquiry.about))

    def changed(sources: Iterable[str]) -> Changes:
        counted = [
            SourceChange(
                one, enquiry.name(one), now.get(one, 0), before.get(one, 0), _now(enquiry, one), _before(enquiry, one)
            )
            for one in sources
        ]  # fmt: skip
        return tuple(sorted(counted, key=lambda change: (-change.articles - change.articles_before, change.id)))

    new, silent = changed(now.keys() - before.keys()), changed(before.keys() - now.keys())
    if new or silent:
        return new, silent, ""
    if not now:
        return (), (), enquiry.words.gettext("No outlet wrote on {subject}, now or before.", subject=enquiry.subject.name)
    return (), (), enquiry.words.gettext("The outlets are those of the four weeks before.")


def _now(enquiry: Enquiry, source: str) -> str:
    return render(enquiry.of_week(enquiry.about, FieldValue("source", source)))


def _before(enquiry: Enquiry, source: str) -> str:
    return render(enquiry.of_weeks_before(enquiry.about, FieldValue("source", source)))
