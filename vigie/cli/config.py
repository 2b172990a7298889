"""vigie config"""

import click

from vigie.cli._options import with_settings
from vigie.errors import UsageError
from vigie.settings import Settings


@click.group()
def command() -> None:
    """Check the watch file."""


@command.command(epilog="\b\nExample:\n  vigie config check --watch watches/deepseek.toml")
@with_settings
def check(settings: Settings) -> None:
    """Read the watch file and say what it holds; every fault is named with file, line, key and mend."""
    from index.query_parser import fault_of
    from vigie.watch import load_watch

    watch = load_watch(settings.watch_file, query_fault=fault_of)
    by_language: dict[str, int] = {}
    for source in watch.sources:
        by_language[source.language] = by_language.get(source.language, 0) + 1
    sources = ", ".join(f"{count} {language}" for language, count in by_language.items())
    click.echo(f"{settings.watch_file}: good")
    click.echo(f"  subjects  {', '.join(subject.name for subject in watch.subjects)}")
    click.echo(f"  topics    {', '.join(topic.id for topic in watch.topics) or 'none'}")
    click.echo(
        f"  sources   {len(watch.sources)} ({sources or 'none yet'}), {sum(source.checked for source in watch.sources)} checked"
    )
    click.echo(f"  zone      {watch.timezone}")
    if not watch.sources:
        raise UsageError(
            f"{settings.watch_file}: no sources: there is nothing to crawl",
            mend="add a [[sources]] table or: vigie sources import FILE.opml",
        )
