"""The digest as plain text of 72 columns: the part of an e-mail for those who read no HTML."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from digest.formats._phrases import Phrases, link, phrases
from digest.model import Balance, Digest, Quote, Series, StanceCount, StoryWeek, TopicWeek, anything_in
from digest.render import command

COLUMNS = 72


def to_text(digest: Digest, *, foot: Sequence[str] = ()) -> str:
    """The whole digest; foot: the lines at its end. Only addresses and commands are wider: broken they would not work."""
    return "\n".join(_Page(digest).lines(foot)).rstrip() + "\n"


class _Page:
    def __init__(self, digest: Digest) -> None:
        self.digest = digest
        self.say: Phrases = phrases(digest.language)
        self.words = self.say.words

    def lines(self, foot: Sequence[str]) -> Iterator[str]:
        yield from self.head()
        yield from self.figures()
        yield from self.section(self.words.gettext("Stories that matter"), self.digest.notes.stories)
        for story in self.digest.top_stories:
            yield from self.story(story)
        for topic in self.digest.topics:
            yield from self.topic(topic)
        yield from self.rising()
        yield from self.speakers()
        yield from self.sources()
        yield from self.amended()
        yield from self.method()
        if foot:
            yield from ("", "-" * COLUMNS)
            for line in foot:
                yield from _wrapped(line)

    def head(self) -> Iterator[str]:
        digest, words, reach = self.digest, self.words, self.digest.reach
        yield from _heading(digest.title, "=")
        yield from _wrapped(f"{words.week_name(digest.week)}. {self.say.window(digest)}")
        yield ""
        yield from _wrapped(self.say.sentences(digest.summary))
        yield ""
        yield from _wrapped(self.say.reached(digest))
        for lost in reach.unreached:
            yield from _item(words.gettext("{source}: {reason}", source=lost.name, reason=lost.reason))

    def section(self, title: str, note: str = "") -> Iterator[str]:
        yield ""
        yield ""
        yield from _heading(title, "-")
        yield from _wrapped(note)

    def figures(self) -> Iterator[str]:
        digest, words, say = self.digest, self.words, self.say
        yield from self.section(words.gettext("Key figures"))
        stories = words.ngettext("story", "stories", digest.stories.value)
        for name, told in (
            (say.articles(digest.articles.value), say.figure(digest.articles)),
            (f"{words.number(digest.stories.value)} {stories}", say.figure(digest.stories)),
            (say.outlets(digest.outlets.value), say.figure(digest.outlets)),
            (f"{words.percent(digest.attention.value)} {words.gettext('of all coverage')}", say.share(digest.attention)),
        ):
            yield from _item(words.semicolon.join((name, *told)))
        yield f"  {command(digest.articles.query)}"
        yield from self.leaning(
            digest.stances, digest.balance, digest.weekly, words.gettext("Articles a week by stance over all")
        )

    def leaning(self, stances: Sequence[StanceCount], balance: Balance, weekly: Sequence[Series], title: str) -> Iterator[str]:
        if any(one.count for one in stances):
            yield ""
            yield from _wrapped(f"{self.say.stances(stances)}. {self.say.balance(balance)}")
        if anything_in(weekly):
            yield ""
            yield from _wrapped(title)
            yield from self.weekly(weekly)

    def weekly(self, weekly: Sequence[Series]) -> Iterator[str]:
        """A table of the weeks shown: what the chart draws."""
        names = [self.words.stance(one.name) for one in weekly]
        widths = [max(len(name), 5) for name in names]
        yield "  ".join([" " * 5, *(name.rjust(width) for name, width in zip(names, widths, strict=True))])
        for number, week in enumerate(self.digest.weeks):
            counts = [self.say.of_week(one, number) for one in weekly]
            row = (n.rjust(width) for n, width in zip(counts, widths, strict=True))
            yield "  ".join([self.words.week_label(week).ljust(5), *row])

    def topic(self, topic: TopicWeek) -> Iterator[str]:
        say, words = self.say, self.words
        yield from self.section(topic.label, topic.note)
        yield from _wrapped(words.semicolon.join((say.articles(topic.articles.value), *say.figure(topic.articles))))
        yield f"  {command(topic.articles.query)}"
        yield from self.leaning(
            topic.stances, topic.balance, topic.weekly, words.gettext("Articles a week by stance on this topic")
        )
        for voice in topic.voices:
            yield ""
            yield from _wrapped(say.voice(voice), indent="  > ")
            told = f"{words.stance(voice.stance)}{words.colon}{voice.title}, {voice.source}, {words.moment(voice.published)}"
            yield from _wrapped(told, indent="  ")
            yield from _address(voice.url)
        for story in topic.stories:
            yield from self.story(story)

    def story(self, story: StoryWeek) -> Iterator[str]:
        yield ""
        yield from _wrapped(story.title, indent="* ", hang="  ")
        yield from _wrapped(f"{self.say.byline(story)}. {self.say.spread(story)}.", indent="  ")
        yield from _address(story.url)
        for quote in story.quotes:
            yield from self.quote(quote, known=story.url)

    def quote(self, quote: Quote, *, known: str = "") -> Iterator[str]:
        """A quote, its speaker, and its address unless that is known."""
        yield from _wrapped(self.say.quote(quote), indent="  > ")
        yield from _wrapped(f"{quote.speaker}, {quote.source}", indent="  > ")
        yield from _address(quote.url if quote.url != known else "")

    def rising(self) -> Iterator[str]:
        words, _ = self.words, self.words.gettext
        yield from self.section(_("On the rise"), str(self.digest.notes.rising))
        for term in self.digest.rising:
            columns = (
                (_("Stories"), words.number(term.stories)),
                (_("Before"), words.number(term.stories_before)),
                (_("Growth"), f"× {words.number(2**term.effect)}"),
                ("G²", words.number(term.significance)),
            )
            yield from _item(f"{term.term}{words.colon}" + ", ".join(f"{name} {value}" for name, value in columns))

    def speakers(self) -> Iterator[str]:
        yield from self.section(self.words.gettext("Who is quoted"), self.digest.notes.speakers)
        for one in self.digest.speakers:
            yield from _item(f"{one.name}, {self.say.speaker(one)}")
            yield from self.quote(one.example)

    def sources(self) -> Iterator[str]:
        digest, say, words, _ = self.digest, self.say, self.words, self.words.gettext
        yield from self.section(_("Who covers it"))
        if not digest.sources:
            yield from _wrapped(_("No outlet wrote on {subject} this week.", subject=digest.subject))
        for one in digest.sources:
            share = words.colon.join((_("Share of all it published"), words.percent(one.share)))
            yield from _item(words.colon.join((one.name, words.semicolon.join((say.articles(one.articles), share)))))
        yield ""
        yield from _wrapped(digest.notes.changes)
        for change in digest.new_sources:
            yield from _item(f"{_('New: {source}', source=change.name)} ({say.new(change)})")
        for change in digest.silent_sources:
            yield from _item(f"{_('Silent: {source}', source=change.name)} ({say.silent(change)})")

    def amended(self) -> Iterator[str]:
        _ = self.words.gettext
        yield from self.section(_("Late and corrected articles"), self.digest.notes.amended)
        for title, articles, told in (
            (_("Of earlier weeks, collected in this one"), self.digest.late, self.say.late),
            (_("Changed by their outlets"), self.digest.corrected, self.say.corrected),
        ):
            if articles:
                yield ""
                yield from _wrapped(title)
            for one in articles:
                yield from _item(f"{one.title}, {told(one)}")
                yield from _address(one.url)

    def method(self) -> Iterator[str]:
        words, method = self.words, self.digest.method
        yield from self.section(words.gettext("How this was made"))
        for line in method.notes:
            yield from _wrapped(line)
        for line in method.analysers:
            yield from _wrapped(words.gettext("Read by {analyser}", analyser=line))
        if method.accuracy:
            yield from _wrapped(words.gettext("Measured accuracy of the labels, on reference texts"))
        for one in method.accuracy:
            yield from _item(self.say.accuracy(one))


def _heading(title: str, line: str) -> Iterator[str]:
    lines = list(_wrapped(title))
    yield from lines
    yield line * max(map(len, lines), default=1)


def _item(text: str) -> Iterator[str]:
    return _wrapped(text, indent="- ", hang="  ")


def _wrapped(text: str, *, indent: str = "", hang: str | None = None) -> Iterator[str]:
    """Lines of the width; what has no space to break at stays whole. No-break spaces are kept. None of an empty text."""
    yield from textwrap.wrap(
        text, COLUMNS, initial_indent=indent, subsequent_indent=indent if hang is None else hang,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _address(url: str) -> Iterable[str]:
    return [f"  {link(url)}"] if link(url) else []
