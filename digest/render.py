"""A digest in each format: HTML page, Markdown, JSON. All are rendered from the one Digest object."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from digest.charts import STANCE_COLOURS, stance_chart
from digest.model import Digest, Figure

LOCALE = "en"


def to_json(digest: Digest) -> str:
    """The canonical form: JSON with the fields in their order."""
    return json.dumps(digest.as_dict(), ensure_ascii=False, indent=2) + "\n"


def to_html(digest: Digest) -> str:
    """A page that stands alone: no script, no font, no image from elsewhere; charts as inline SVG."""
    chart = stance_chart(digest.weeks, digest.weekly, title=f"Articles a week on {digest.subject} by stance", height=150)
    charts = {
        topic.id: stance_chart(digest.weeks, topic.weekly, title=f"Articles a week on {topic.label} by stance")
        for topic in digest.topics
    }
    return (
        _environment()
        .get_template("digest.html")
        .render(
            digest=digest,
            chart=Markup(chart),  # noqa: S704  # SVG of our own drawing; its texts are escaped by the renderer
            charts={key: Markup(svg) for key, svg in charts.items()},  # noqa: S704
            colours=STANCE_COLOURS,
        )
    )


def to_markdown(digest: Digest) -> str:
    """The digest as CommonMark, for mail, chat and version control."""
    text = _environment().get_template("digest.md").render(digest=digest)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


RENDERERS: Mapping[str, Callable[[Digest], str]] = {"html": to_html, "md": to_markdown, "json": to_json}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("digest"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "percent": _percent,
        "change": _change,
        "day": _day,
        "moment": _moment,
        "search": _search,
        "md": _markdown,
        "link": _safe_link,
    }
    environment.globals["last_day"] = _last_day
    return environment


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return format_decimal(round(value, 1), locale=LOCALE)


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    return format_percent(value, format="#,##0.0%", locale=LOCALE)


def _change(figure: Figure) -> str:
    """The change against the week before, in words that need no colour."""
    if figure.before is None:
        return "nothing was collected last week"
    if figure.value == figure.before:
        return "as last week"
    if not figure.before:
        return "none last week"
    change = (figure.value - figure.before) / figure.before
    return f"{'+' if change > 0 else '−'}{format_percent(abs(change), locale=LOCALE)} on last week"


def _day(instant: str) -> str:
    return format_date(datetime.fromisoformat(instant), "EEEE d MMMM y", locale=LOCALE)


def _last_day(end: str) -> str:
    return _day((datetime.fromisoformat(end) - timedelta(seconds=1)).isoformat())


def _moment(instant: str) -> str:
    return format_datetime(
        datetime.fromisoformat(instant), "EEE d MMM, HH:mm", tzinfo=datetime.fromisoformat(instant).tzinfo, locale=LOCALE
    )


def _search(query: str) -> str:
    """The command that yields a number."""
    return f"vigie search {shlex.quote(query)}"


def _markdown(text: str) -> str:
    """Text with everything that Markdown would take for markup escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", " ".join(text.split()))


def _safe_link(url: str) -> str:
    """Only http(s) links leave the house; what would end a Markdown link is encoded."""
    if not url.startswith(("http://", "https://")):
        return ""
    return url.replace("(", "%28").replace(")", "%29").replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")
