"""vigie trends"""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._index import Day, open_index, parse_query
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, print_rows, print_table
from vigie.errors import Exit
from vigie.settings import Settings

if TYPE_CHECKING:
    from index.trends import Series, Trend

_BARS = "▁▂▃▄▅▆▇█"
_BY = ("topic", "stance", "source", "language", "country", "subject", "entity")


@click.command(
    epilog="""\b
Examples:
  vigie trends --by topic --interval week
  vigie trends 'subject:deepseek' --by stance --topic data
  vigie trends 'language:fr subject:deepseek' --by source --share --format csv
"""
)
@click.argument("query", default="")
@click.option("--by", type=click.Choice(_BY), required=True, help="What to split by.")
@click.option("--interval", type=click.Choice(["day", "week", "month"]), default="week", show_default=True)
@click.option("--from", "first", type=Day(), metavar="DATE", help="From this day on; default: the first article found.")
@click.option("--to", "last", type=Day(last=True), metavar="DATE", help="Up to this day.")
@click.option("--share", is_flag=True, help="Attention: the share of all coverage of the same sources.")
@click.option("--unit", type=click.Choice(["articles", "stories"]), default="articles", show_default=True, help="What to count.")
@click.option(
    "--top", type=click.IntRange(min=1, max=1000), default=10, show_default=True, help="So many sources, countries, entities …"
)
@click.option("--topic", help="With --by stance: on this topic instead of over all.")
@click.option("--subject", help="With --by stance: toward this subject instead of the first of the watch.")
@with_settings
@with_format
def command(
    settings: Settings,
    query: str,
    by: Any,
    interval: Any,
    first: date | None,
    last: date | None,
    share: bool,
    unit: Any,
    top: int,
    topic: str | None,
    subject: str | None,
    output: str,
) -> int:
    """Count coverage over time: articles (or stories) a day, week or month, split by topic, stance, source …

    Weeks are ISO weeks in the watch's time zone; weeks without articles are zeros. Ends with 3 when nothing is found.
    """
    from index.trends import trend

    engine = open_index(settings)
    found = trend(
        engine, settings.watch, parse_query(settings, query), by=by, interval=interval, first=first, last=last, share=share,
        unit=unit, top=top, topic=topic, subject=subject,
    )  # fmt: skip
    if output == "table":
        _print_trend(found, share)
    elif output == "json":
        import json

        click.echo(json.dumps(_as_record(found), ensure_ascii=False, indent=2))
    else:
        print_rows(_long(found), ["bucket", "start", "key", "label", "count", *(["share"] if share else [])], output)
    if not found.totals.total:
        note("Nothing was found.")
        return Exit.NOTHING_FOUND
    return Exit.DONE


def _print_trend(found: "Trend", share: bool) -> None:
    rows: "list[Series]" = [*found.series, found.totals]  # noqa: UP037  # Series is imported for the checker only
    labels = [bucket.label for bucket in found.buckets]
    narrow = labels if len(labels) <= 12 else labels[-12:]
    shown = [
        [
            series.label or "all",
            sparkline(series.shares if share else series.counts),
            *_cells(series, share)[-len(narrow) :],
            series.total,
        ]
        for series in rows
    ]
    title = f"{'Attention' if share else found.unit.capitalize()} by {found.by}, {found.interval}s"
    print_table(shown, ["", "trend", *narrow, "total"], title=title, numbers=[*narrow, "total"])
    if len(narrow) < len(labels):
        note(f"the last 12 of {len(labels)} {found.interval}s are shown in figures; --format csv has all")


def _cells(series: "Series", share: bool) -> list[str]:
    if share:
        return ["·" if part is None else f"{part:.1%}" for part in series.shares]
    return [str(count) if count else "·" for count in series.counts]


def sparkline(values: "tuple[float | int | None, ...]") -> str:
    """Eight heights of bar; nothing is an empty place."""
    most = max((value for value in values if value), default=0)
    return "".join(_BARS[max(0, round(value / most * 8) - 1)] if value and most else " " for value in values)


def _long(found: "Trend") -> list[dict[str, Any]]:
    """One row for each bucket and series."""
    return [
        {
            "bucket": bucket.label,
            "start": bucket.start.isoformat(),
            "key": series.key,
            "label": series.label,
            "count": series.counts[n],
            **({"share": series.shares[n]} if series.shares else {}),
        }
        for series in found.series
        for n, bucket in enumerate(found.buckets)
    ]


def _as_record(found: "Trend") -> dict[str, Any]:
    def record(series: "Series") -> dict[str, Any]:
        made = {"key": series.key, "label": series.label, "counts": list(series.counts), "total": series.total}
        return made | ({"shares": list(series.shares)} if series.shares else {})

    return {
        "by": found.by,
        "interval": found.interval,
        "unit": found.unit,
        "buckets": [{"label": bucket.label, "start": bucket.start.isoformat()} for bucket in found.buckets],
        "series": [record(series) for series in found.series],
        "totals": record(found.totals),
    }
