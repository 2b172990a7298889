"""The digest as plain text of 72 columns: the part of an e-mail for those who read no HTML."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from digest.formats._phrases import Phrases, link, phrases, search
from digest.model import Digest, Quote, Series, StoryWeek, TopicWeek

COLUMNS = 72


def to_text(digest: Digest, *, foot: Sequence[str] = ()) -> str:
    """The whole digest; foot: the lines at its end. Only addresses and commands run over the width: broken they would not work."""
    return "\n".join(_Page(digest).lines(foot)).rstrip() + "\n"


class _Page:
    def __init__(self, digest: Digest) -> None:
        self.digest = digest
        self.say: Phrases = phrases(digest.language)
        self.words = self.say.words

    def lines(self, foot: Sequence[str]) -> Iterator[str]:
        digest, words, say = self.digest, self.words, self.say
        yield from _heading(digest.title, "=")
        yield from _wrapped(
            f"{digest.week}, {words.day(digest.start)} – {words.last_day(digest.end)} ({digest.timezone})"
            + (f", {words.gettext('version {version}', version=digest.version)}" if digest.version > 1 else "")
        )
        yield from _wrapped(self.reach())
        yield ""
        yield from _wrapped(" ".join(digest.summary))
        yield from self.section(words.gettext("Key figures"))
        yield from self.figures()
        yield f"  {search(digest.articles.query)}"
        yield ""
        yield from _wrapped(f"{words.gettext('Stance over all')}: {say.stances(digest.stances)}; {say.balance(digest.balance)}.")
        yield ""
        yield from self.weekly(words.gettext("Articles a week by stance"), digest.weekly)
        for topic in digest.topics:
            yield from self.topic(topic)
        yield from self.section(words.gettext("Stories that matter"))
        for story in digest.top_stories:
            yield from self.story(story)
        yield from self.note(digest.notes.stories)
        yield from self.rising()
        yield from self.speakers()
        yield from self.sources()
        yield from self.amended()
        yield from self.section(words.gettext("Method"))
        for line in (*digest.method.notes, *digest.method.analysers):
            yield from _item(line)
        for one in digest.method.accuracy:
            yield from _item(self.accuracy(one.what, one.score, one.texts))
        if foot:
            yield ""
            yield "-" * COLUMNS
            for line in foot:
                yield from _wrapped(line)

    def reach(self) -> str:
        reach, words = self.digest.reach, self.words
        told = words.gettext(
            "{reached} of {sources} sources reached, {articles} collected",
            reached=words.number(reach.reached), sources=words.number(reach.sources), articles=self.say.articles(reach.articles),
        )  # fmt: skip
        waiting = words.gettext("{count} of them not read yet", count=words.number(reach.waiting)) if reach.waiting else ""
        return f"{told}, {waiting}." if waiting else f"{told}."

    def accuracy(self, what: str, score: float, texts: int) -> str:
        return self.words.gettext(
            "{what}: macro-F1 {score} on {texts} reference texts",
            what=what, score=self.words.percent(score, 0), texts=self.words.number(texts),
        )  # fmt: skip

    def section(self, title: str) -> Iterator[str]:
        yield ""
        yield from _heading(title, "-")

    def note(self, text: str) -> Iterator[str]:
        if text:
            yield ""
            yield from _wrapped(text)

    def figures(self) -> Iterator[str]:
        digest, words, say = self.digest, self.words, self.say
        rows = [
            (say.articles(digest.articles.value), digest.articles, False),
            (say.stories(digest.stories.value), digest.stories, False),
            (say.outlets(digest.outlets.value), digest.outlets, False),
            (
                words.gettext("{share} of all coverage", share=words.percent(digest.attention.value)),
                digest.attention,
                True,
            ),
        ]
        for name, figure, share in rows:
            yield from _item(f"{name}: {say.change(figure, share=share)}; {say.mean(figure, share=share)}")

    def weekly(self, title: str, series: Sequence[Series]) -> Iterator[str]:
        """A small table of the weeks shown: what the chart draws."""
        names = [self.say.stance(one.name) for one in series]
        widths = [max(len(name), 5) for name in names]
        yield f"{title}:"
        yield "  " + "  ".join([" " * 8, *(name.rjust(width) for name, width in zip(names, widths, strict=True))])
        for number, week in enumerate(self.digest.weeks):
            counts = [self.words.number(one.values[number]) for one in series]
            yield "  " + "  ".join([week.ljust(8), *(n.rjust(width) for n, width in zip(counts, widths, strict=True))])

    def topic(self, topic: TopicWeek) -> Iterator[str]:
        say = self.say
        yield from self.section(topic.label)
        yield from _wrapped(f"{say.articles(topic.articles.value)}: {say.change(topic.articles)}; {say.mean(topic.articles)}.")
        yield f"  {search(topic.articles.query)}"
        if topic.articles.value:
            yield from _wrapped(f"{self.words.gettext('Stance')}: {say.stances(topic.stances)}; {say.balance(topic.balance)}.")
            yield ""
            yield from self.weekly(self.words.gettext("Articles a week by stance"), topic.weekly)
        yield from self.note(topic.note)
        for voice in topic.voices:
            yield ""
            yield from _wrapped(self.words.quoted(voice.evidence), indent="  > ")
            yield from _wrapped(
                f"{say.stance(voice.stance)} – {voice.title}, {voice.source}, {self.words.moment(voice.published)}", indent="  "
            )
            yield from _address(voice.url)
        for story in topic.stories:
            yield from self.story(story)

    def story(self, story: StoryWeek) -> Iterator[str]:
        yield ""
        yield from _wrapped(story.title, indent="* ", hang="  ")
        yield from _wrapped(f"{self.say.byline(story)}; {self.say.spread(story)}; {self.say.stances(story.stances)}", indent="  ")
        yield from _address(story.url)
        for quote in story.quotes:
            yield from self.quote(quote)

    def quote(self, quote: Quote) -> Iterator[str]:
        yield from _wrapped(f"{self.words.quoted(quote.text)} – {quote.speaker}, {quote.source}", indent="  > ")
        yield from _address(quote.url)

    def rising(self) -> Iterator[str]:
        yield from self.section(self.words.gettext("On the rise"))
        for term in self.digest.rising:
            yield from _item(
                self.words.gettext(
                    "{term}: {stories}, {before} in the weeks before (G² {significance}, log ratio {effect})",
                    term=term.term,
                    stories=self.say.stories(term.stories),
                    before=self.words.number(term.stories_before),
                    significance=self.words.number(term.significance),
                    effect=self.words.number(term.effect),
                )
            )
        yield from self.note(self.digest.notes.rising)

    def speakers(self) -> Iterator[str]:
        yield from self.section(self.words.gettext("Who is quoted"))
        for one in self.digest.speakers:
            yield from _item(f"{one.name}: {self.say.quotes(one.quotes)}, {self.say.outlets(one.outlets)}")
            yield from self.quote(one.example)
        yield from self.note(self.digest.notes.speakers)

    def sources(self) -> Iterator[str]:
        digest, words, say = self.digest, self.words, self.say
        yield from self.section(words.gettext("Who covers it"))
        for one in digest.sources:
            share = words.gettext("{share} of all it published", share=words.percent(one.share))
            yield from _item(f"{one.name}: {say.articles(one.articles)}, {share}")
        for title, changes in (
            (words.gettext("New on the subject"), digest.new_sources),
            (words.gettext("Fallen silent on the subject"), digest.silent_sources),
        ):
            if changes:
                yield ""
                yield f"{title}:"
            for change in changes:
                before = words.gettext("{count} in the four weeks before", count=words.number(change.articles_before))
                yield from _item(f"{change.name}: {say.articles(change.articles)}, {before}")
        yield from self.note(digest.notes.changes)
        if digest.reach.unreached:
            yield ""
            yield f"{words.gettext('Not reached')}:"
        for lost in digest.reach.unreached:
            yield from _item(f"{lost.name}: {lost.reason}")

    def amended(self) -> Iterator[str]:
        words = self.words
        yield from self.section(words.gettext("Late and corrected"))
        for title, found in ((words.gettext("Late"), self.digest.late), (words.gettext("Corrected"), self.digest.corrected)):
            for one in found:
                yield from _item(f"{title}: {one.title} ({self.say.amended(one)})")
                yield from _address(one.url)
        yield from self.note(self.digest.notes.amended)


def _heading(title: str, line: str) -> Iterator[str]:
    lines = list(_wrapped(title))
    yield from lines
    yield line * max(map(len, lines), default=1)


def _item(text: str) -> Iterator[str]:
    return _wrapped(text, indent="- ", hang="  ")


def _wrapped(text: str, *, indent: str = "", hang: str | None = None) -> Iterator[str]:
    """Lines of the width; what has no space to break at stays whole. No-break spaces are kept."""
    yield from textwrap.wrap(
        text, COLUMNS, initial_indent=indent, subsequent_indent=indent if hang is None else hang,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _address(url: str) -> Iterable[str]:
    return [f"  {link(url)}"] if link(url) else []
