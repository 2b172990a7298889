"""A digest in each format: HTML page, Markdown, JSON. All are rendered from the one Digest object.

Titles, quotes and names are the press's: each format escapes them in its own way, and only http(s) links leave the house.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote_plus

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from digest.charts import STANCE_SIGNS, balance_svg, stance_svg
from digest.model import Balance, Digest, Figure, Series
from digest.words import Words, words
from vigie.colours import STANCE_COLOURS


def to_json(digest: Digest) -> str:
    """The canonical form: JSON with the fields in their order."""
    return json.dumps(digest.as_dict(), ensure_ascii=False, indent=2) + "\n"


def to_html(digest: Digest, *, search_base: str = "") -> str:
    """A page that stands alone: no script, no font, no image from elsewhere; charts as inline SVG.

    search_base: where searches are asked, an http(s) address to which the query is added (``https://vigie.example/search?q=``).
    Without one each number leads to its search in a list at the end of the page.
    """
    say = Said(words(digest.language), markup=True)
    title = say.words.gettext("Articles a week on {subject} by stance", subject=digest.subject)
    charts = {"": _chart(say.words, digest.weeks, digest.weekly, title)}
    for topic in digest.topics:
        title = say.words.gettext("Articles a week on the topic {topic} by stance", topic=say.words.quoted(topic.label))
        charts[topic.id] = _chart(say.words, digest.weeks, topic.weekly, title)
    return _render(
        "digest.html",
        digest,
        say,
        Searches(search_base),
        charts=charts,
        scale=lambda balance: Markup(balance_svg(say.words, balance, title=say.balance(balance))),  # noqa: S704
        colours=STANCE_COLOURS,
        signs=STANCE_SIGNS,
    )


def _chart(language: Words, weeks: Sequence[str], weekly: Sequence[Series], title: str) -> Markup:
    """The chart of a page; nothing where all bars would be empty."""
    drawn = stance_svg(language, weeks, weekly, title=title) if any(any(series.values) for series in weekly) else ""
    return Markup(drawn)  # noqa: S704  # of our own drawing; its texts are escaped


def to_markdown(digest: Digest, *, search_base: str = "") -> str:
    """The digest as Markdown for mail, chat and version control; searches as links, or as footnotes without a search_base."""
    text = _render("digest.md", digest, Said(words(digest.language), markup=False), Searches(search_base), signs=STANCE_SIGNS)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


RENDERERS: Mapping[str, Callable[[Digest], str]] = {"html": to_html, "md": to_markdown, "json": to_json}


class Searches:
    """The searches behind the numbers of a page: addresses where there is somebody to ask, else numbered in a list."""

    def __init__(self, base: str = "") -> None:
        self._base = base if base.startswith(("http://", "https://")) else ""
        self._numbers: dict[str, int] = {}

    @property
    def are_links(self) -> bool:
        """Whether a search has an address."""
        return bool(self._base)

    def link(self, query: str) -> str:
        """The address of a search, or of its place in the list."""
        return self._base + quote_plus(query) if self._base else f"#s{self.number(query)}"

    def number(self, query: str) -> int:
        """The number of a search, in the order of first use."""
        return self._numbers.setdefault(query, len(self._numbers) + 1)

    @property
    def listed(self) -> list[tuple[int, str]]:
        """The searches so far: number, and the command that yields what is counted."""
        return [(number, command(query)) for query, number in self._numbers.items()]


def command(query: str) -> str:
    """The command that yields a number."""
    return f"vigie search {shlex.quote(query)}"


class Said:
    """What the templates say, as text or as markup in which values are escaped."""

    def __init__(self, language: Words, *, markup: bool) -> None:
        self.words = language
        self._markup = markup

    def gettext(self, message: str, **values: object) -> str:
        return self._filled(self.words.form(message), values)

    def ngettext(self, one: str, many: str, count: float, **values: object) -> str:
        return self._filled(self.words.nform(one, many, count), {"count": self.words.number(count), **values})

    def _filled(self, message: str, values: Mapping[str, object]) -> str:
        return escape(message).format(**values) if self._markup else message.format(**values)

    def balance(self, balance: Balance) -> str:
        """The balance in words, in points from −100 to +100."""
        if balance.value is None or balance.low is None or balance.high is None:
            return self.words.gettext("No balance: no stance was read with confidence.")
        return self.words.ngettext(
            "Balance {value} points (95% interval {low} to {high}; {count} article)",
            "Balance {value} points (95% interval {low} to {high}; {count} articles)",
            balance.n,
            value=self.words.signed(100 * balance.value),
            low=self.words.signed(100 * balance.low),
            high=self.words.signed(100 * balance.high),
        )

    def before(self, figure: Figure) -> str:
        """What it was last week, and the change, in words that need no colour."""
        say = self.words.gettext
        if figure.before is None:
            return say("nothing was collected last week")
        before = self.words.number(figure.before)
        if not figure.before or figure.value == figure.before:
            return say("last week: {before}", before=before)
        change = self.words.signed_percent(figure.value / figure.before - 1)
        return say("last week: {before} ({change})", before=before, change=change)

    def share_before(self, figure: Figure) -> str:
        """The same for a share; its change is in percentage points."""
        if figure.before is None:
            return self.words.gettext("nothing was collected last week")
        before, change = self.words.percent(figure.before), self.words.signed(100 * (figure.value - figure.before), 1)
        return self.words.gettext("last week: {before} ({change} points)", before=before, change=change)


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
            words=spoken,
            searches=searches,
            command=command,
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
    """Text with everything that Markdown would take for markup escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~&])", r"\\\1", " ".join(text.split()))


def _safe_link(url: str) -> str:
    """Only http(s) links leave the house; what would end a Markdown link is encoded."""
    if not url.startswith(("http://", "https://")):
        return ""
    return re.sub(r"[()<>\s\\]", lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), url)
