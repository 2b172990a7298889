"""Charts of the digest as SVG text, drawn by altair and rendered offline by vl-convert."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair
import vl_convert

from digest.model import STANCES, Series

# Orange against blue stays apart for readers who do not tell red from green (Okabe and Ito, 2008).
STANCE_COLOURS: Mapping[str, str] = {"supportive": "#0072b2", "neutral": "#b8bec6", "critical": "#d55e00", "unsure": "#e9ecef"}
INK = "#2b3440"


def stance_chart(weeks: Sequence[str], weekly: Sequence[Series], *, title: str, width: int = 560, height: int = 130) -> str:
    """Stacked bars of articles a week by stance, as an SVG element with a text alternative."""
    rows = [
        {"week": week, "stance": series.name, "articles": count, "order": STANCES.index(series.name)}
        for series in weekly
        for week, count in zip(weeks, series.values, strict=True)
    ]
    chart = (
        altair.Chart({"values": rows}, width=width, height=height)
        .mark_bar()
        .encode(
            x=altair.X("week:O", title=None, sort=list(weeks), axis=altair.Axis(labelAngle=0, labelOverlap=True)),
            y=altair.Y("articles:Q", title=None, axis=altair.Axis(tickMinStep=1, tickCount=4)),
            color=altair.Color(
                "stance:N",
                scale=altair.Scale(domain=list(STANCES), range=[STANCE_COLOURS[stance] for stance in STANCES]),
                legend=altair.Legend(orient="top", title=None),
            ),
            order=altair.Order("order:Q"),
        )
        .properties(background="transparent")
        .configure(font="system-ui, sans-serif")
        .configure_axis(labelColor=INK, gridColor="#e4e7eb", domainColor="#9aa3ad", tickColor="#9aa3ad", labelFontSize=11)
        .configure_view(stroke=None)
        .configure_legend(labelColor=INK, labelFontSize=11)
    )
    specification: dict[str, Any] = chart.to_dict()
    svg = vl_convert.vegalite_to_svg(specification)
    return _accessible(svg, title)


def _accessible(svg: str, title: str) -> str:
    """The SVG as one image with a name, scaling with its column."""
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    svg = re.sub(r"^<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", svg).strip()
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return svg.replace(size[0], 'style="max-width:100%;height:auto" ' + size[0], 1) if size else svg
