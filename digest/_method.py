"""The method box: how the numbers were made, and what the labels were measured to be worth."""

import tomllib
from functools import cache
from importlib.resources import files

from digest.model import Accuracy, Method
from digest.record import Record, Week
from digest.words import Words


def method_of(words: Words, record: Record, week: Week) -> Method:
    """How the digest of a week was made."""
    notes = (
        words.gettext(
            "Counts are of articles found in the feeds, sitemaps and section pages of the outlets; weeks are ISO weeks in the "
            "time zone of the watch. A mean leaves out weeks of which nothing was collected."
        ),
        words.gettext(
            "Stance is what an article conveys toward the subject, over all or on a topic, as read by machine; where confidence "
            "is low it is shown as unsure."
        ),
        words.gettext(
            "The balance is the share of supportive articles less that of critical ones, unsure ones left out, in points from "
            "−100 to +100, with its 95% interval (Bonett and Price, 2012)."
        ),
        words.gettext(
            "A story is the articles that tell one event or reprint one text; it is shown by the article that told it first in "
            "the week, and ranked by the outlets that told it."
        ),
    )
    analysers = tuple(
        words.ngettext("{analyser}: {count} article", "{analyser}: {count} articles", count, analyser=analyser)
        for analyser, count in record.analysers(week).items()
    )
    told = {
        "stance": words.gettext("stance"),
        "stance over all": words.gettext("stance over all"),
        "stance by topic": words.gettext("stance by topic"),
        "topics": words.gettext("topics"),
    }
    return Method(notes, analysers, tuple(Accuracy(told[one.what], one.score, one.texts) for one in measured()))


@cache
def measured() -> tuple[Accuracy, ...]:
    """The measured accuracy of the labels, as shipped in accuracy.toml."""
    table = tomllib.loads((files("digest") / "accuracy.toml").read_text(encoding="utf-8"))
    return tuple(Accuracy(row["what"], row["score"], row["texts"]) for row in table["labels"])
