"""A digest in each format: HTML page, Markdown, JSON. All are rendered from the one Digest object.

Titles, quotes and names are the press's: each format escapes them in its own way, and only http(s) links leave the house.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote_plus

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from digest.charts import STANCE_SIGNS, balance_svg, stance_svg
from digest.model import Balance, Digest, Figure, Series, Speaker, StoryWeek, anything_in
from digest.words import NARROW, NO_BREAK, Words, words
from vigie.colours import STANCE_COLOURS


def to_json(digest: Digest) -> str:
    """The canonical form: JSON with the fields in their order."""
    return json.dumps(digest.as_dict(), ensure_ascii=False, indent=2) + "\n"


def to_html(digest: Digest, *, search_base: str = "") -> str:
    """A page that stands alone: no script, no font, no image from elsewhere; charts as inline SVG.

    search_base: where searches are asked, an http(s) address to which the query is added (``https://vigie.example/search?q=``).
    Without one each number leads to its search in a list at the end of the page.
    """
    searches = Searches(search_base)
    say = Said(words(digest.language), markup=True, link=searches.in_page)
    plain = Said(say.words, markup=False)
    title = say.words.gettext("Articles a week on {subject} by stance", subject=digest.subject)
    charts = {"": _chart(say.words, digest.weeks, digest.weekly, title)}
    for topic in digest.topics:
        title = say.words.gettext("Articles a week on the topic {topic} by stance", topic=say.words.quoted(topic.label))
        charts[topic.id] = _chart(say.words, digest.weeks, topic.weekly, title)
    return _render(
        "digest.html",
        digest,
        say,
        searches,
        charts=charts,
        scale=lambda balance: Markup(balance_svg(say.words, balance, title=plain.balance(balance))),  # noqa: S704
        colours=STANCE_COLOURS,
        signs=STANCE_SIGNS,
    )


def _chart(language: Words, weeks: Sequence[str], weekly: Sequence[Series], title: str) -> Markup:
    """The chart of a page; nothing where all bars would be empty."""
    drawn = stance_svg(language, weeks, weekly, title=title) if anything_in(weekly) else ""
    return Markup(drawn)  # noqa: S704  # of our own drawing; its texts are escaped


def to_markdown(digest: Digest, *, search_base: str = "") -> str:
    """The digest as Markdown for mail, chat and version control; searches as links, or as footnotes without a search_base."""
    searches = Searches(search_base)
    say = Said(words(digest.language), markup=False, link=searches.in_markdown)
    text = _render("digest.md", digest, say, searches, signs=STANCE_SIGNS, anything_in=anything_in)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


RENDERERS: Mapping[str, Callable[[Digest], str]] = {"html": to_html, "md": to_markdown, "json": to_json}


class Searches:
    """The searches behind the numbers of a page: addresses where there is somebody to ask, else numbered in a list."""

    def __init__(self, base: str = "") -> None:
        self._base = base if base.startswith(("http://", "https://")) else ""
        self._numbers: dict[str, int] = {}

    def link(self, query: str) -> str:
        """The address of a search, or of its place in the list."""
        return self._base + quote_plus(query) if self._base else f"#s{self.number(query)}"

    def in_page(self, text: str, query: str) -> str:
        """A number that leads to its search, in a page."""
        return Markup('<a class="n" href="{}" title="{}">{}</a>').format(self.link(query), command(query), text)

    def in_mail(self, text: str, query: str) -> str:
        """The same in a mail, whose readers show no titles of links and whose bytes count."""
        return Markup('<a href="{}">{}</a>').format(self.link(query), text)

    def in_markdown(self, text: str, query: str) -> str:
        """The same in Markdown, with a footnote where the search has no address."""
        return f"[{text}]({_safe_link(self.link(query))})" if self._base else f"{text}[^{self.number(query)}]"

    def number(self, query: str) -> int:
        """The number of a search, in the order of first use."""
        return self._numbers.setdefault(query, len(self._numbers) + 1)

    @property
    def listed(self) -> list[tuple[int, str]]:
        """The searches so far: number and query."""
        return [(number, query) for query, number in self._numbers.items()]


def command(query: str) -> str:
    """The command that yields a number."""
    return f"vigie search {shlex.quote(query)}"


class Said:
    """What the templates say, as text or as markup in which values are escaped.

    link: what a number becomes that has a query, in the manner of the format.
    """

    def __init__(self, language: Words, *, markup: bool, link: Callable[[str, str], str] = lambda text, _: text) -> None:
        self.words = language
        self._markup = markup
        self._link = link

    def num(self, text: str, query: str) -> str:
        """A number, or a few words with numbers, that lead to a search."""
        return self._link(text, query) if query else text

    def count(self, value: float, query: str) -> str:
        """A count that leads to its search."""
        return self.num(self.words.number(value), query)

    def row(self, parts: Iterable[str], between: str) -> str:
        """Parts in a row."""
        return escape(between).join(parts) if self._markup else between.join(parts)

    def gettext(self, message: str, **values: object) -> str:
        return self._filled(self.words.form(message), values)

    def ngettext(self, one: str, many: str, count: float, /, **values: object) -> str:
        return self._filled(self.words.nform(one, many, count), {"count": self.words.number(count), **values})

    def _filled(self, message: str, values: Mapping[str, object]) -> str:
        return escape(message).format(**values) if self._markup else message.format(**values)

    def balance(self, balance: Balance) -> str:
        """The balance in words, in points from −100 to +100."""
        if balance.value is None or balance.low is None or balance.high is None:
            return self.words.gettext("No balance: no stance was read with confidence.")
        return self.ngettext(
            "Balance {value} points (95% interval {low} to {high}; {count} article)",
            "Balance {value} points (95% interval {low} to {high}; {count} articles)",
            balance.n,
            count=self.count(balance.n, balance.query),
            value=self.words.signed(100 * balance.value),
            low=self.words.signed(100 * balance.low),
            high=self.words.signed(100 * balance.high),
        )

    def of_week(self, series: Series, at: int) -> str:
        """The count of one of the weeks shown; a dot for nought, and a dash where nothing was collected."""
        value = series.values[at]
        return "–" if value is None else self.count(value, series.queries[at]) if value else "·"

    def extent(self, story: StoryWeek) -> str:
        """In how many articles, outlets and, where there are several, languages a story was told."""
        told = [
            self.words.ngettext("{count} article", "{count} articles", story.articles),
            self.words.ngettext("{count} outlet", "{count} outlets", story.outlets),
        ]
        if len(story.languages) > 1:
            told.append(self.words.ngettext("{count} language", "{count} languages", len(story.languages)))
        return self.num(", ".join(told), story.query)

    def speaker(self, one: Speaker) -> str:
        """How often somebody is quoted, and how widely."""
        quotes = self.words.ngettext("{count} quote", "{count} quotes", one.quotes)
        outlets = self.words.ngettext("in {count} outlet", "in {count} outlets", one.outlets)
        return self.num(f"{quotes} {outlets}", one.query)

    def before(self, figure: Figure) -> str:
        """What it was last week, and the change, in words that need no colour."""
        if figure.before is None:
            return self.gettext("nothing was collected last week")
        before = self.count(figure.before, figure.query_before)
        if not figure.before or figure.value == figure.before:
            return self.gettext("last week: {before}", before=before)
        change = self.words.signed_percent(figure.value / figure.before - 1)
        return self.gettext("last week: {before} ({change})", before=before, change=change)

    def share_before(self, figure: Figure) -> str:
        """The same for a share; its change is in percentage points."""
        if figure.before is None:
            return self.gettext("nothing was collected last week")
        before = self.num(self.words.percent(figure.before), figure.query_before)
        change = self.words.signed(100 * (figure.value - figure.before), 1)
        return self.gettext("last week: {before} ({change} points)", before=before, change=change)

    def mean(self, figure: Figure, *, share: bool = False) -> str:
        """The mean of the weeks before, and of how many; nothing where there is none."""
        if figure.mean_before is None:
            return ""
        told = self.words.percent(figure.mean_before) if share else self.words.number(figure.mean_before)
        return self.ngettext(
            "mean of {count} week: {mean}",
            "mean of {count} weeks: {mean}",
            figure.weeks_before,
            mean=self.num(told, figure.query_mean),
        )


def _render(template: str, digest: Digest, say: Said, searches: Searches, **values: Any) -> str:
    spoken = say.words
    return (
        _environment()
        .get_template(template)
        .render(
            digest=digest,
            _=say.gettext,
            ngettext=say.ngettext,
            say=say,
            num=say.num,
            count=say.count,
            command=command,
            words=spoken,
            searches=searches,
            **values,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("digest"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"md": _markdown, "link": _safe_link}
    return environment


def _markdown(text: str) -> str:
    """Text on one line, its no-break spaces kept, with everything that Markdown would take for markup escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~&])", r"\\\1", re.sub(rf"[^\S{NO_BREAK}{NARROW}]+", " ", text))


def _safe_link(url: str) -> str:
    """Only http(s) links leave the house; what would end a Markdown link is encoded."""
    if not url.startswith(("http://", "https://")):
        return ""
    return re.sub(r"[()<>\s\\]", lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), url)
