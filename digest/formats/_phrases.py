"""What several formats say of a figure, a balance or a story, in the words of the edition."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digest.model import Amended, Balance, Figure, StanceCount, StoryWeek
from digest.words import Words, words

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Phrases:
    """The phrases of a language."""

    words: Words

    def change(self, figure: Figure, *, share: bool = False) -> str:
        """How a figure stands to that of the week before; a share in points of percentage."""
        say = self.words.gettext
        if figure.before is None:
            return say("nothing was collected the week before")
        if figure.value == figure.before:
            return say("as the week before")
        if share:
            points = 100 * (figure.value - figure.before)
            return say("{change} points on the week before", change=self.words.signed(points, 1))
        if not figure.before:
            return say("none the week before")
        change = (figure.value - figure.before) / figure.before
        return say("{change} on the week before", change=self.words.signed_percent(change))

    def mean(self, figure: Figure, *, share: bool = False) -> str:
        """The mean of the four weeks before."""
        if figure.mean_before is None:
            return self.words.gettext("no mean: nothing was collected in the four weeks before")
        mean = self.words.percent(figure.mean_before) if share else self.words.number(figure.mean_before)
        return self.words.gettext("mean of the four weeks before: {mean}", mean=mean)

    def stance(self, stance: str) -> str:
        """The name of a stance, of one article."""
        say = self.words.gettext
        return {
            "supportive": say("supportive"),
            "neutral": say("neutral"),
            "critical": say("critical"),
            "unsure": say("unsure"),
        }[stance]

    def counted(self, one: StanceCount) -> str:
        """3 critical."""
        count = self.words.ngettext
        return {
            "supportive": count("{count} supportive", "{count} supportive", one.count),
            "neutral": count("{count} neutral", "{count} neutral", one.count),
            "critical": count("{count} critical", "{count} critical", one.count),
            "unsure": count("{count} unsure", "{count} unsure", one.count),
        }[one.stance]

    def stances(self, stances: Sequence[StanceCount]) -> str:
        """All counts that are not nought, in a row."""
        taken = [self.counted(one) for one in stances if one.count]
        return ", ".join(taken) or self.words.gettext("no stance was read")

    def balance(self, balance: Balance) -> str:
        """The balance with its interval and what it rests on."""
        if balance.value is None or balance.low is None or balance.high is None:
            return self.words.gettext("no balance: no stance was read with confidence")
        return self.words.gettext(
            "balance {value} points (95 % interval {low} to {high}, n = {n})",
            value=self.words.signed(100 * balance.value),
            low=self.words.signed(100 * balance.low),
            high=self.words.signed(100 * balance.high),
            n=self.words.number(balance.n),
        )

    def articles(self, count: float) -> str:
        """5 articles."""
        return self.words.ngettext("{count} article", "{count} articles", count)

    def outlets(self, count: float) -> str:
        """3 outlets."""
        return self.words.ngettext("{count} outlet", "{count} outlets", count)

    def stories(self, count: float) -> str:
        """3 stories."""
        return self.words.ngettext("{count} story", "{count} stories", count)

    def quotes(self, count: float) -> str:
        """3 quotes."""
        return self.words.ngettext("{count} quote", "{count} quotes", count)

    def spread(self, story: StoryWeek) -> str:
        """How far a story went: articles, outlets, languages."""
        names = self.words.listed([self.words.language_name(code) for code in story.languages])
        return f"{self.articles(story.articles)}, {self.outlets(story.outlets)} ({names})"

    def byline(self, story: StoryWeek) -> str:
        """Who told a story first, and when."""
        by = f" ({self.words.listed(list(story.authors))})" if story.authors else ""
        return self.words.gettext(
            "first in {source}{by}, {moment}", source=story.source, by=by, moment=self.words.moment(story.published)
        )

    def amended(self, one: Amended) -> str:
        """Whose article it is, of when, and when it was seen."""
        return self.words.gettext(
            "{source}, published {published}, seen {seen}",
            source=one.source,
            published=self.words.day(one.published, year=False),
            seen=self.words.moment(one.seen),
        )


def phrases(language: str) -> Phrases:
    """The phrases of an edition's language."""
    return Phrases(words(language))


def search(query: str) -> str:
    """The command that yields a number."""
    return f"vigie search {shlex.quote(query)}"


def clean(value: Any) -> Any:
    """A digest's values with every text on one line, without control characters and direction overrides."""
    if isinstance(value, str):
        return " ".join(_CONTROL.sub(" ", value).split())
    return value


def link(url: str) -> str:
    """The address where it is one that may leave the house (http or https), else nothing."""
    return url if re.match(r"https?://[^\s\"'<>]+$", url) else ""
