"""Charts of the digest, drawn by altair and rendered offline by vl-convert: SVG for pages, PNG for mail.

Both are loaded when the first chart is drawn: alerts and exports, which share the digest's words and tables, draw none.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from digest.model import STANCES, Balance, Series
from digest.words import Words
from vigie.colours import STANCE_COLOURS

if TYPE_CHECKING:
    import altair

STANCE_SIGNS: Mapping[str, str] = {"supportive": "+", "neutral": "=", "critical": "−", "unsure": "?"}
INK, AXIS = "#3c4650", "#9aa3ad"
FONT = "system-ui, 'Helvetica Neue', Arial, sans-serif"
_FORMATS: Mapping[str, Literal["en-GB", "fr-FR"]] = {"en": "en-GB", "fr": "fr-FR"}


def stance_svg(words: Words, weeks: Sequence[str], weekly: Sequence[Series], *, title: str, width: int = 540) -> str:
    """Articles a week by stance, a row of bars for each, as an SVG element that says its numbers in words."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(_stances(words, weeks, weekly, width), format_locale=_FORMATS[words.language])
    return _embedded(svg, title, _told(words, weeks, weekly))


def stance_png(words: Words, weeks: Sequence[str], weekly: Sequence[Series], *, width: int = 540, scale: float = 2) -> bytes:
    """The same as PNG, on white. scale: pixels for each point."""
    import vl_convert

    specification = _stances(words, weeks, weekly, width) | {"background": "white"}
    png: bytes = vl_convert.vegalite_to_png(specification, scale=scale, format_locale=_FORMATS[words.language])
    return png


def stance_text(words: Words, weeks: Sequence[str], weekly: Sequence[Series]) -> str:
    """What the chart shows, for those who do not see it."""
    return _told(words, weeks, weekly)


def _stances(words: Words, weeks: Sequence[str], weekly: Sequence[Series], width: int) -> dict[str, Any]:
    import altair

    names = {stance: words.stance(stance) for stance in STANCES}
    labels = [words.week_label(week) for week in weeks]
    rows = [
        {"week": label, "stance": names[series.name], "articles": count or 0, "shown": _shown(words, count)}
        for series in weekly
        for label, count in zip(labels, series.values, strict=True)
    ]
    most = max((count or 0 for series in weekly for count in series.values), default=0)
    x = altair.X(
        "week:O",
        title=None,
        sort=labels,
        axis=altair.Axis(labelAngle=0, labelOverlap=True, ticks=False, labelPadding=6),
        scale=altair.Scale(paddingInner=0.35, paddingOuter=0.15),
    )
    # Room above the tallest bar for its number.
    y = altair.Y("articles:Q", title=None, axis=None, scale=altair.Scale(domain=[0, max(most, 1) * 1.5]))
    bars = altair.Chart().mark_bar().encode(x=x, y=y, color=_colour(names))
    numbers = altair.Chart().mark_text(dy=-7, fontSize=12, color=INK).encode(x=x, y=y, text="shown:N")
    row = altair.Row(
        "stance:N",
        sort=[names[stance] for stance in STANCES],
        title=None,
        header=altair.Header(
            labelAngle=0, labelAlign="left", labelAnchor="middle", labelPadding=12, labelFontSize=13, labelColor=INK
        ),
    )
    chart = (
        altair.layer(bars, numbers)
        .properties(width=width - 95, height=38)
        .facet(row=row, data=altair.InlineData(values=rows), spacing=2)
        .properties(background="transparent")
        .configure(font=FONT, padding=0)
        .configure_axis(labelColor=INK, domainColor=AXIS, labelFontSize=12, grid=False)
        .configure_view(stroke=None)
    )
    specification: dict[str, Any] = chart.to_dict()
    return specification


def _shown(words: Words, count: int | None) -> str:
    """What stands over a bar: its number, and a dash for a week of which nothing was collected."""
    return "–" if count is None else words.number(count) if count else ""


def _colour(names: Mapping[str, str]) -> "altair.Color":
    import altair

    colours = [STANCE_COLOURS[stance] for stance in STANCES]
    return altair.Color("stance:N", legend=None, scale=altair.Scale(domain=[names[stance] for stance in STANCES], range=colours))


def _told(words: Words, weeks: Sequence[str], weekly: Sequence[Series]) -> str:
    told, uncollected = [], []
    for at, week in enumerate(map(words.week_label, weeks)):
        counts = {series.name: count for series in weekly if (count := series.values[at]) is not None}
        numbers = [f"{words.number(counts[one])} {words.stance(one, counts[one])}" for one in STANCES if one in counts]
        if numbers:
            told.append(words.gettext("{week}: {numbers}.", week=week, numbers=words.listed(numbers)))
        else:
            uncollected.append(week)
    if uncollected:
        told.insert(0, words.gettext("{weeks}: nothing was collected.", weeks=words.listed(uncollected)))
    return " ".join(told)


def balance_svg(words: Words, balance: Balance, *, title: str) -> str:
    """The balance as a point with its interval on a line from −100 to +100; nothing where there is none."""
    if balance.value is None or balance.low is None or balance.high is None:
        return ""
    point, low, high = (round(150 + 140 * value, 1) for value in (balance.value, balance.low, balance.high))
    side = "supportive" if balance.low > 0 else "critical" if balance.high < 0 else "neutral"
    colour = STANCE_COLOURS[side]
    ends = (
        f"{html.escape(words.stance('critical'))} {words.signed(-100)}",
        f"{words.signed(100)} {html.escape(words.stance('supportive'))}",
    )
    return (
        f'<svg role="img" aria-label="{html.escape(title)}" viewBox="0 0 300 34" width="300" height="34" '
        f'xmlns="http://www.w3.org/2000/svg" style="max-width:100%;height:auto">'
        f'<g fill="none" stroke="{AXIS}"><path d="M10 12H290"/><path d="M10 8v8M290 8v8M150 5v14"/></g>'
        f'<path d="M{low} 12H{high}" stroke="{colour}" stroke-width="5" stroke-linecap="round" opacity=".55"/>'
        f'<circle cx="{point}" cy="12" r="5" fill="{colour}"/>'
        f'<g fill="currentColor" font-family="{html.escape(FONT)}" font-size="10">'
        f'<text x="10" y="31">{ends[0]}</text><text x="150" y="31" text-anchor="middle">0</text>'
        f'<text x="290" y="31" text-anchor="end">{ends[1]}</text></g></svg>'
    )


def _embedded(svg: str, title: str, description: str) -> str:
    """The SVG as one image with a name and a description, as wide as its column and in the colour of its text."""
    svg = re.sub(r"^<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", svg).strip().replace(INK, "currentColor")
    # The renderer describes every mark to screen readers, in English; the image as a whole is described here.
    svg = re.sub(r' (?:role|aria-\w+)="[^"]*"', "", svg)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    label = html.escape(f"{title}. {description}")
    style = f'style="width:100%;height:auto" {size[0]}' if size else ""
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1).replace(size[0] if size else "", style, 1)
