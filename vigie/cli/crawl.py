"""vigie crawl"""

import click

from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, print_rows, print_table, progress_bar
from vigie.errors import Exit
from vigie.settings import Settings


@click.command(
    epilog="\b\nExamples:\n  vigie crawl --watch watches/deepseek.toml\n  vigie crawl --source numerama --now --format json"
)
@click.option("--source", "sources", multiple=True, metavar="ID", help="Only this source (may be given several times).")
@click.option("--once", is_flag=True, help="Every URL at most once: do not wait for retries.")
@click.option("--now", "poll_now", is_flag=True, help="Poll all feeds, sitemaps and sections, also those not due yet.")
@click.option("--deadline", type=click.FloatRange(min=1), default=None, metavar="SECONDS", help="Stop after so many seconds.")
@click.option("-v", "--verbose", is_flag=True, help="Log each decision.")
@with_settings
@with_format
def command(
    settings: Settings, sources: tuple[str, ...], once: bool, poll_now: bool, deadline: float | None, verbose: bool, output: str
) -> int:
    """Fetch what is due: feeds, sitemaps and section pages, then the articles found in them.

    Prints how the fetches of each source ended; the outcomes add up to the URLs fetched. Ends with 4 where a feed, sitemap or
    section page could not be read.
    """
    watch = settings.watch
    for source in sources:
        watch.source(source)
    archive = settings.open_archive()
    from crawlers.crawl import crawl
    from crawlers.outcomes import Outcome
    from crawlers.spider import CrawlOrder

    order = CrawlOrder(watch, sources, once, deadline or watch.crawl.deadline)
    with progress_bar("Fetching") as progress:
        report = crawl(archive, order, poll_now=poll_now, progress=lambda _source, _outcome: progress(), verbose=verbose)
    rows = [
        {"source": source, **{str(outcome): counts.get(outcome, 0) for outcome in Outcome}, "fetched": sum(counts.values())}
        for source, counts in sorted(report.outcomes.items())
    ]
    if output == "table":
        _print_outcomes(rows)
    else:
        print_rows(rows, ["source", *map(str, Outcome), "fetched"], output)
    for source, url, why in report.failing:
        note(f"{source}: {url}: {why}; it will be tried again")
    return Exit.PARTLY_DONE if report.failing else Exit.DONE


def _print_outcomes(rows: list[dict[str, object]]) -> None:
    if not rows:
        note("Nothing is due. (--now polls all the same)")
        return
    used = [key for key in rows[0] if key not in ("source", "fetched") and any(row[key] for row in rows)]
    columns = ["source", *used, "fetched"]
    table = [[row[column] or "·" for column in columns] for row in rows]
    table.append(["total", *(sum(int(str(row[column])) for row in rows) for column in columns[1:])])
    print_table(table, columns, title="Fetches by outcome", numbers=columns[1:])
