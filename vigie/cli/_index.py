"""The index that the settings name, and what commands that ask it share."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from vigie.settings import Settings

if TYPE_CHECKING:
    from index.engine import Engine
    from index.query import Query


def open_index(settings: Settings) -> "Engine":
    """The index that the settings name: that of an Elasticsearch cluster, or the one in the data folder."""
    if settings.index_url:
        from index.elastic import ElasticIndex

        return ElasticIndex(settings.index_url, settings.watch)
    from index.embedded import EmbeddedIndex

    return EmbeddedIndex(settings.index_folder, settings.watch)


def parse_query(settings: Settings, text: str) -> "Query":
    """The query of the command line; empty: everything."""
    from index.query import Everything
    from index.query_parser import parse
    from index.vocabulary import Vocabulary

    return parse(text, Vocabulary.of(settings.watch)) if text.strip() else Everything()


class Day(click.ParamType[date]):
    """A day: 2025-01-27, or ISO week or month, of which the first (or last) day is meant."""

    name = "day"

    def __init__(self, *, last: bool = False) -> None:
        self._last = last

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            if len(value) == 7 and value[4] == "-":
                first = date.fromisoformat(f"{value}-01")
                return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1) if self._last else first
            if len(value) == 8 and value[4:6] == "-W":
                return monday_of(value) + timedelta(days=6 if self._last else 0)
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day: write 2025-01-27, 2025-W05 or 2025-01", param, ctx)


def monday_of(week: str) -> date:
    """The Monday of an ISO week such as 2025-W05; raises ValueError on anything else, W53 of a year that has none included."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)


class Week(click.ParamType[date]):
    """An ISO week such as 2025-W05, as its Monday."""

    name = "week"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return monday_of(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO week: write 2025-W05", param, ctx)


def last_whole_week(settings: Settings) -> date:
    """The Monday of the newest week that is over, in the watch's zone."""
    from vigie import clock

    today = clock.now().astimezone(settings.watch.zone).date()
    return today - timedelta(days=today.weekday() + 7)
