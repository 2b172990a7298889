"""What mail and feed say of a figure, a stance or a story, in the words of the edition."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from digest.model import Accuracy, Amended, Digest, Figure, Quote, Sentence, SourceChange, StanceCount, StoryWeek, Voice
from digest.render import Said
from digest.words import words

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Phrases(Said):
    """The phrases of a language."""

    def figure(self, figure: Figure) -> list[str]:
        """What it was last week, and in the four weeks before."""
        return [told for told in (self.before(figure), self.mean(figure)) if told]

    def share(self, figure: Figure) -> list[str]:
        """The same for a share."""
        return [told for told in (self.share_before(figure), self.mean(figure, share=True)) if told]

    def sentences(self, sentences: Iterable[Sentence]) -> str:
        """Sentences in a row."""
        return self.row((self.row((self.num(part.text, part.query) for part in one.parts), "") for one in sentences), " ")

    def counted(self, one: StanceCount) -> str:
        """3 critical."""
        return self.row((self.count(one.count, one.query), self.words.stance(one.stance, one.count)), " ")

    def stances(self, stances: Sequence[StanceCount]) -> str:
        """All counts that are not nought, in a row."""
        return self.row((self.counted(one) for one in stances if one.count), ", ")

    def articles(self, count: float, query: str = "") -> str:
        """5 articles."""
        return self.num(self.words.ngettext("{count} article", "{count} articles", count), query)

    def outlets(self, count: float) -> str:
        """3 outlets."""
        return self.words.ngettext("{count} outlet", "{count} outlets", count)

    def spread(self, story: StoryWeek) -> str:
        """How far a story went: articles, outlets, languages, and the stances of its articles."""
        names = self.words.listed([self.words.language_name(code) for code in story.languages])
        told = self.num(f"{self.articles(story.articles)}, {self.outlets(story.outlets)}", story.query)
        return self.row(filter(None, (self.row((told, f"({names})"), " "), self.stances(story.stances))), self.words.semicolon)

    def byline(self, story: StoryWeek) -> str:
        """Who told a story first, and when."""
        by = f" ({self.words.listed(story.authors)})" if story.authors else ""
        first = self.words.gettext("First in {outlet}", outlet=story.source)
        return f"{first}{by}, {self.words.moment(story.published)}"

    def quote(self, quote: Quote) -> str:
        """What was said: in quotation marks where these are the speaker's own words."""
        return self.words.quoted(quote.text) if quote.kind == "direct" else quote.text

    def voice(self, voice: Voice) -> str:
        """What an article says, in its own words."""
        return self.words.quoted(voice.evidence)

    def new(self, one: SourceChange) -> str:
        """How much a new outlet published."""
        return self.ngettext(
            "{number} article, none in the four weeks before",
            "{number} articles, none in the four weeks before",
            one.articles,
            number=self.count(one.articles, one.query),
        )

    def silent(self, one: SourceChange) -> str:
        """How much a silent outlet used to publish."""
        return self.ngettext(
            "{number} article in the four weeks before, none now",
            "{number} articles in the four weeks before, none now",
            one.articles_before,
            number=self.count(one.articles_before, one.query_before),
        )

    def late(self, one: Amended) -> str:
        """Whose late article it is, of when, and when it was collected."""
        seen = self.words.gettext("collected {moment}", moment=self.words.moment(one.seen))
        return self._amended(one, seen)

    def corrected(self, one: Amended) -> str:
        """Whose corrected article it is, of when, and when which version was seen."""
        number, moment = self.words.number(one.revision), self.words.moment(one.seen)
        seen = self.words.gettext("version {number} seen {moment}", number=number, moment=moment)
        return self._amended(one, seen)

    def _amended(self, one: Amended, seen: str) -> str:
        return self.row((f"{one.source}, {self.words.moment(one.published)}", self.num(seen, one.query)), self.words.semicolon)

    def window(self, digest: Digest) -> str:
        """The window of a digest, exactly, and its version."""
        words, _ = self.words, self.words.gettext
        first, last = _("{day}, 00:00", day=words.day(digest.start)), _("{day}, 24:00", day=words.last_day(digest.end))
        told = _("From {first} to {last}, {zone} time", first=first, last=last, zone=digest.timezone)
        return told if digest.version == 1 else f"{told}, {_('version {number}', number=words.number(digest.version))}"

    def reached(self, digest: Digest) -> str:
        """What was reached and collected."""
        words, reach = self.words, digest.reach
        listings = words.ngettext(
            "Listings of {reached} of {count} source were read in the week.",
            "Listings of {reached} of {count} sources were read in the week.",
            reach.sources,
            reached=words.number(reach.reached),
        )
        articles = self.ngettext(
            "{number} article of the week, on any subject, is counted here.",
            "{number} articles of the week, on any subject, are counted here.",
            reach.articles,
            number=self.count(reach.articles, reach.query),
        )
        waiting = (
            words.ngettext("{count} article waits to be read.", "{count} articles wait to be read.", reach.waiting)
            if reach.waiting
            else words.gettext("None waits to be read.")
        )
        return self.row((listings, articles, waiting), " ")

    def accuracy(self, one: Accuracy) -> str:
        """What a label was measured to be worth."""
        score, texts = self.words.decimal(one.score, 2), self.words.number(one.texts)
        told = f"{self.words.gettext('Macro-F1')} {score}, {self.words.gettext('Texts').lower()} {texts}"
        return self.words.gettext("{source}: {reason}", source=one.what, reason=told)


def phrases(language: str) -> Phrases:
    """The phrases of an edition's language."""
    return Phrases(words(language), markup=False)


def clean(value: Any) -> Any:
    """A value of a digest; text on one line, without control characters and direction overrides."""
    if isinstance(value, str):
        return re.sub(r"[ \t\r\n\x0b\x0c\x85\u2028\u2029]+", " ", _CONTROL.sub(" ", value))
    return value


def link(url: str) -> str:
    """The address where it is one that may leave the house (http or https), else nothing."""
    return url if re.match(r"https?://[^\s\"'<>]+$", url) else ""
