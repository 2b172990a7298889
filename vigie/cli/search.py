"""vigie search"""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._index import Day, open_index, parse_query
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import console, note, plain, print_rows
from vigie.errors import Exit
from vigie.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text


_COLUMNS = ("id", "url", "title", "source", "language", "published", "topics", "stances", "story", "notes")
_COLOURS = {"supportive": "blue", "critical": "dark_orange", "neutral": "bright_black", "unsure": "bright_black"}


@click.command(
    epilog="""\b
Examples:
  vigie search 'subject:deepseek topic:gpus'
  vigie search 'stance:critical@data published:2025-W05' --sort date
  vigie search '"export controls" AND NOT title:nvidia' --format json
\b
Words are found in all their forms, with or without accents; performan* finds what begins so. Fields: title source language
country kind topic stance subject entity author speaker story published. stance:critical@data is that stance on that topic.
"""
)
@click.argument("query", default="")
@click.option(
    "--from", "first", type=Day(), metavar="DATE", help="Published on this day or later (2025-01-27, 2025-W05, 2025-01)."
)
@click.option("--to", "last", type=Day(last=True), metavar="DATE", help="Published on this day or earlier.")
@click.option("--limit", type=click.IntRange(min=1, max=10_000), default=20, show_default=True, help="At most so many articles.")
@click.option(
    "--sort", type=click.Choice(["date", "relevance"]), help="Order; default: relevance where words are searched, else date."
)
@with_settings
@with_format
def command(
    settings: Settings,
    query: str,
    first: date | None,
    last: date | None,
    limit: int,
    sort: str | None,
    output: str,
) -> int:
    """Find articles: the first of them, for reading; vigie export writes them all. Ends with 3 when none is found."""
    from index.query import within

    engine = open_index(settings)
    parsed = within(parse_query(settings, query), first, last)
    page = engine.search(parsed, limit=limit, sort="date" if (sort or _default_sort(parsed)) == "date" else "relevance")
    if output == "table":
        _print_hits(page.hits)
        if page.total > len(page.hits):
            note(f"{len(page.hits)} of {page.total} articles (--limit shows more, vigie export writes all)")
    else:
        print_rows((_flat(hit) if output == "csv" else hit for hit in page.hits), _COLUMNS, output)
    if not page.hits:
        note("No article was found.")
    return Exit.DONE if page.hits else Exit.NOTHING_FOUND


def _default_sort(query: object) -> str:
    """Relevance means something only where words are searched."""
    from index.query import And, Or, Phrase, Prefix, Word

    if isinstance(query, And | Or):
        return "relevance" if any(_default_sort(part) == "relevance" for part in query.parts) else "date"
    return "relevance" if isinstance(query, Word | Phrase | Prefix) else "date"


def _print_hits(hits: "Iterable[dict[str, Any]]") -> None:
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    for hit in hits:
        line = Text()
        line.append(plain(hit["title"]), style="bold")
        out.print(line)
        about = Text(f"{hit['published'][:16].replace('T', ' ')}  {hit['source']} ({hit['language']})", style="bright_black")
        for label in hit["stances"]:
            about.append("  ")
            about.append(f"{label['topic'] or 'overall'}: {label['stance']}", style=_COLOURS[label["stance"]])
        if hit["notes"]:
            about.append(f"  ({', '.join(hit['notes'])})")
        out.print(Padding(about, (0, 0, 0, 2)))
        if shown := _evidence(hit):
            out.print(Padding(shown, (0, 0, 0, 2)))
        out.print(Padding(Text(plain(hit["url"]), style="bright_black"), (0, 0, 1, 2)), soft_wrap=True)


def _evidence(hit: dict[str, Any]) -> "Text | None":
    from rich.text import Text

    for label in hit["stances"]:
        said = [text for text in label["evidence"] if text != hit["title"]]
        if label["stance"] in ("supportive", "critical") and said:
            return Text(f"“{plain(said[0])}”", style="italic")
    return None


def _flat(hit: dict[str, Any]) -> dict[str, Any]:
    """Lists as words, for a spreadsheet: each stance as topic:stance, overall as *."""
    return hit | {
        "topics": " ".join(hit["topics"]),
        "stances": " ".join(f"{label['topic'] or '*'}:{label['stance']}" for label in hit["stances"]),
        "notes": ", ".join(hit["notes"]),
    }
