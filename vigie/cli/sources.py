"""vigie sources"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._options import ListByDefault, with_format, with_settings
from vigie.cli._output import counted, note, print_rows, print_table, progress_bar
from vigie.errors import Exit, UsageError
from vigie.settings import Settings

if TYPE_CHECKING:
    from vigie.watch import Source

_COLUMNS = ("id", "name", "language", "country", "kind", "owner", "feeds", "sitemaps", "sections", "checked", "home")


@click.group(cls=ListByDefault)
def command() -> None:
    """List, check, import and export the sources of the watch (without a subcommand: list)."""


@command.command("list", epilog="\b\nExample:\n  vigie sources list --watch watches/deepseek.toml --language fr")
@click.option("--language", help="Only sources in this language.")
@with_settings
@with_format
def list_sources(settings: Settings, language: str | None, output: str) -> int:
    """List the sources with what is known of each."""
    sources = [source for source in settings.watch.sources if language in (None, source.language)]
    if not sources:
        note("No source of the watch fits.")
        return Exit.NOTHING_FOUND
    if output != "table":
        from msgspec.structs import asdict

        print_rows([asdict(source) for source in sources], _COLUMNS, output)
        return Exit.DONE
    states = _states(settings)
    print_table(
        [
            [
                source.id, source.name, source.language, source.kind,
                _entrances(source),
                states.get(source.id, {}).get("articles", ""), states.get(source.id, {}).get("failing") or "",
                "yes" if source.checked else "unchecked",
            ]
            for source in sources
        ],
        ["id", "name", "lang", "kind", "entrances", "known URLs", "failing", "checked"],
        numbers=["known URLs", "failing"],
    )  # fmt: skip
    return Exit.DONE


def _entrances(source: "Source") -> str:
    counts = {"feed": len(source.feeds), "sitemap": len(source.sitemaps), "section": len(source.sections)}
    return ", ".join(counted(count, what) for what, count in counts.items() if count)


def _states(settings: Settings) -> dict[str, dict[str, Any]]:
    if not settings.has_archive:
        return {}
    with settings.open_archive().read() as tx:
        return {row["source"]: row for row in tx.frontier.source_states()}


@command.command(epilog="\b\nExample:\n  vigie sources check --source numerama")
@click.option("--source", "only", multiple=True, metavar="ID", help="Only this source.")
@with_settings
@with_format
def check(settings: Settings, only: tuple[str, ...], output: str) -> int:
    """Fetch every feed, sitemap and section page once and say what each brings. Nothing is kept."""
    watch = settings.watch
    sources = [watch.source(source) for source in only] if only else list(watch.sources)
    import tempfile

    from crawlers.crawl import check_listings

    with tempfile.TemporaryDirectory() as folder, progress_bar("Checking") as progress:
        results = check_listings(Path(folder), watch, [source.id for source in sources], lambda _source, _outcome: progress())
    rows = [
        {"source": row.source, "kind": row.kind, "url": row.url, "outcome": row.outcome, "found": row.detail} for row in results
    ]
    if output == "table":
        print_table([list(row.values()) for row in rows], ["source", "kind", "url", "outcome", "found"])
    else:
        print_rows(rows, ["source", "kind", "url", "outcome", "found"], output)
    bad = [row for row in rows if row["outcome"] != "listing"]
    note(f"{len(rows) - len(bad)} of {len(rows)} entrances can be read.")
    return Exit.PARTLY_DONE if bad else Exit.DONE


@command.command("export", epilog="\b\nExample:\n  vigie sources export --watch watches/deepseek.toml > press.opml")
@with_settings
def export(settings: Settings) -> None:
    """Write the feeds of the watch as OPML 2.0, which every feed reader takes in."""
    from vigie.opml import to_opml

    click.echo(to_opml(settings.watch), nl=False)


@command.command("import", epilog="\b\nExample:\n  vigie sources import press.opml --language fr --country FR >> watch.toml")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--language", default="fr", show_default=True, help="Language of the new sources where the file does not say it.")
@click.option("--country", default="FR", show_default=True, help="Country of the new sources.")
@with_settings
def import_opml(settings: Settings, file: Path, language: str, country: str) -> int:
    """Print [[sources]] tables for the feeds of an OPML file that the watch does not have yet, ready to be appended to it."""
    from vigie.opml import from_opml, to_toml

    try:
        text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    known = {url for source in settings.watch.sources for url in source.feeds} if settings.watch_file.exists() else set()
    taken = {source.id for source in settings.watch.sources} if settings.watch_file.exists() else set()
    found: list[Source] = from_opml(text, str(file), language=language, country=country, known=known, taken=taken)
    if not found:
        note("Every feed of the file is in the watch already.")
        return Exit.NOTHING_FOUND
    click.echo(to_toml(found), nl=False)
    note(f"{len(found)} sources; none is checked yet: vigie sources check")
    return Exit.DONE
