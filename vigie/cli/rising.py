"""vigie rising"""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._index import Week, last_whole_week, open_index, parse_query
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, print_rows, print_table
from vigie.errors import Exit
from vigie.settings import Settings

if TYPE_CHECKING:
    from index.rising import RisingTerm

_COLUMNS = ("kind", "term", "label", "count", "before", "g2", "log_ratio", "owners", "example_title", "example_url")


@click.command(
    epilog="\b\nExamples:\n  vigie rising --week 2025-W05\n  vigie rising 'subject:deepseek' --week 2025-W05 --format json"
)
@click.argument("query", default="")
@click.option("--week", type=Week(), metavar="WEEK", help="The ISO week; default: the last whole week.")
@click.option(
    "--limit", type=click.IntRange(min=1, max=1000), default=20, show_default=True, help="So many terms, and as many entities."
)
@with_settings
@with_format
def command(settings: Settings, query: str, week: date | None, limit: int, output: str) -> int:
    """Show the terms and entities that this week's stories name far more often than those of the eight weeks before.

    Counts are of stories. G² is the log-likelihood (15.13 is p < 0.0001), the log ratio says how many doublings; a term must come
    from at least three owners.
    """
    from index.rising import rising

    found = rising(open_index(settings), parse_query(settings, query), week or last_whole_week(settings), limit=limit)
    terms = [*found.entities, *found.terms]
    if output == "table":
        if terms:
            rows = [
                [
                    term.label,
                    term.kind,
                    term.count,
                    term.before,
                    f"{term.g2:.1f}",
                    f"{term.log_ratio:+.1f}",
                    term.owners,
                    term.example["title"],
                ]
                for term in terms
            ]
            columns = ["", "kind", "stories", "before", "G²", "log ratio", "owners", "first in the week"]
            numbers = ["stories", "before", "G²", "log ratio", "owners"]
            print_table(rows, columns, title=f"On the rise in {found.week}", numbers=numbers)
    else:
        print_rows([_record(term) for term in terms], _COLUMNS, output)
    if found.note:
        note(found.note[0].upper() + found.note[1:] + ".")
    if not terms:
        note("Nothing rises.")
        return Exit.NOTHING_FOUND
    return Exit.DONE


def _record(term: "RisingTerm") -> dict[str, Any]:
    return {
        "kind": term.kind,
        "term": term.term,
        "label": term.label,
        "count": term.count,
        "before": term.before,
        "g2": round(term.g2, 3),
        "log_ratio": round(term.log_ratio, 3),
        "owners": term.owners,
        "example_title": term.example["title"],
        "example_url": term.example["url"],
    }
