"""vigie topics"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._index import Day, open_index
from vigie.cli._options import ListByDefault, with_format, with_settings
from vigie.cli._output import console, note, plain, print_rows, print_table, progress_bar
from vigie.errors import Exit, UsageError, VigieError
from vigie.settings import Settings

if TYPE_CHECKING:
    from nlp.topic_trial import Match, Trial
    from vigie.watch import Topic, Watch

_COLUMNS = ("id", "label", "articles", "languages", "examples")
_TRY_COLUMNS = ("article", "url", "title", "source", "language", "published", "score", "topics", "passage")
_LONGEST_LABEL = 40
_LONGEST_PASSAGE = 320


@click.group(cls=ListByDefault)
def command() -> None:
    """List the topics of the watch, and try a new one on the archive (without a subcommand: list)."""


@command.command("list", epilog="\b\nExample:\n  vigie topics --watch watches/deepseek.toml")
@with_settings
@with_format
def list_topics(settings: Settings, output: str) -> int:
    """List the topics of the watch with the number of articles that treat each."""
    watch = settings.watch
    if not watch.topics:
        note('The watch has no topics; try one: vigie topics try "what belongs to it"')
        return Exit.NOTHING_FOUND
    counts = _counts(settings)
    rows: list[dict[str, Any]] = [
        {
            "id": topic.id,
            "label": topic.label_in(watch.languages[0]),
            "articles": counts.get(topic.id, 0) if counts is not None else None,
            "languages": list(topic.description),
            "examples": sum(len(texts) for texts in topic.examples.values()),
        }
        for topic in watch.topics
    ]
    if output != "table":
        print_rows(rows, _COLUMNS, output)
    else:
        cells = [[row["id"], row["label"], row["articles"], " ".join(row["languages"]), row["examples"]] for row in rows]
        print_table(cells, _COLUMNS, numbers=["articles", "examples"])
    return Exit.DONE


def _counts(settings: Settings) -> dict[str, int] | None:
    """Articles by topic, as the index counts them; None without an index."""
    from index.query import Everything

    try:
        cells = open_index(settings).cells(Everything(), ["topic"])
    except VigieError as error:
        note(f"no counts: {error}")
        return None
    return {str(topic): count for (topic,), count in cells.items()}


@command.command(
    "try",
    epilog="""\b
Examples:
  vigie topics try "Consommation d'électricité et d'eau des centres de données"
  vigie topics try "Energy use of data centres" --example "The campus will draw as much power as a city of 200,000."
""",
)
@click.argument("description")
@click.option("--language", metavar="CODE", help="Language of description and examples; default: as recognised.")
@click.option("--label", default="", help="A short name; default: how the description begins.")
@click.option(
    "--example", "examples", multiple=True, metavar="TEXT", help="A sentence as it could stand in an article; may be repeated."
)
@click.option("--from", "first", type=Day(), metavar="DATE", help="Only articles published on this day or later.")
@click.option("--to", "last", type=Day(last=True), metavar="DATE", help="Only articles published on this day or earlier.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many matches.")
@click.option(
    "--candidates",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    help="Look into so many articles, the nearest ones.",
)
@with_settings
@with_format
def try_one(
    settings: Settings,
    description: str,
    language: str | None,
    label: str,
    examples: tuple[str, ...],
    first: date | None,
    last: date | None,
    limit: int,
    candidates: int,
    output: str,
) -> int:
    """Show what a topic of this description would match in the archive, before it is adopted. Nothing is kept.

    The articles are scored by the model that reads them, with what it has learnt (vigie learn). Shows score and best passage of
    each match, how the matches overlap with the topics of the watch, and the lines to put into the watch file. Ends with 3 when
    nothing matches.
    """
    watch = settings.watch
    topic = _topic(watch, description, language, label, examples)
    archive = settings.existing_archive()
    since = datetime.combine(first, time.min, watch.zone).timestamp() if first else None
    until = datetime.combine(last + timedelta(days=1), time.min, watch.zone).timestamp() if last else None
    with archive.read() as tx:
        if not tx.labels.count():
            raise VigieError(f"{archive.place}: no article has been read yet", mend="vigie crawl, then vigie read")
    from nlp.topic_trial import try_topic

    with progress_bar("Looking into articles") as progress:
        trial = try_topic(archive, watch, topic, candidates=candidates, since=since, until=until, progress=progress)
    rows = [_row(match, watch) for match in trial.matches[:limit]]
    if output == "table":
        _print_trial(trial, topic, rows)
    elif output == "json":
        import json

        click.echo(json.dumps(_as_record(trial, topic, rows), ensure_ascii=False, indent=2))
    else:
        print_rows(rows, _TRY_COLUMNS, output)
    if not trial.matches:
        note("Nothing matches: say more of what belongs to the topic, as the press writes it, or give --example.")
        return Exit.NOTHING_FOUND
    return Exit.DONE


def _topic(watch: "Watch", description: str, language: str | None, label: str, examples: tuple[str, ...]) -> "Topic":
    from vigie._tables import Faults
    from vigie.language import detect_language
    from vigie.watch import Topic

    if not any(letter.isalpha() for letter in description):
        raise UsageError("the description says nothing", mend="say in a sentence what belongs to the topic")
    language = language or detect_language(" ".join((description, *examples)), watch.languages) or watch.languages[0]
    label = label.strip() or _beginning(description)
    taken = {topic.id for topic in watch.topics}
    slug = _slug(label)
    name = next(name for name in (slug, *(f"{slug}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
    try:
        return Topic.of(
            {
                "id": name,
                "label": {language: label},
                "description": {language: description},
                "examples": {language: examples} if examples else {},
            }
        )
    except Faults:
        raise UsageError(f"--language: {language!r} is no language code", mend="write fr, en, de …") from None


def _beginning(description: str) -> str:
    """The first words, up to a mark or 40 characters."""
    words = re.split(r"[:;,.(–—]", description.strip(), maxsplit=1)[0] or description
    if len(words) > _LONGEST_LABEL:
        words = words[: _LONGEST_LABEL + 1].rpartition(" ")[0] or words[:_LONGEST_LABEL]
        words = re.sub(r"(\s+\S{1,3})+$", "", words)  # "… de la" is no end
    return words.strip()


def _slug(label: str) -> str:
    """An id made of a label: Latin letters and digits; "topic" for a label that has none."""
    plain_letters = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain_letters).strip("-")[:_LONGEST_LABEL].strip("-") or "topic"


def _row(match: "Match", watch: "Watch") -> dict[str, Any]:
    article, labels = match.stored.article, match.stored.labels
    return {
        "article": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "language": labels.language if labels else article.language,
        "published": article.published.instant.astimezone(watch.zone).isoformat() if article.published else None,
        "score": match.score,
        "topics": [label.topic for label in labels.topics] if labels else [],
        "passage": match.passage,
    }


def _as_record(trial: "Trial", topic: "Topic", rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "articles": trial.articles,
        "looked_at": trial.looked_at,
        "other_model": trial.other_model,
        "found": len(trial.matches),
        "overlap": trial.overlap,
        "alone": trial.alone,
        "notes": list(trial.notes),
        "matches": rows,
        "toml": _toml(topic),
    }


def _print_trial(trial: "Trial", topic: "Topic", rows: list[dict[str, Any]]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    if trial.notes:
        out.print(Text(f"Note: {', '.join(trial.notes)}"))
    for row in rows:
        out.print(Text(plain(row["title"]), style="bold"))
        about = f"{row['score']:.2f}  {(row['published'] or 'undated')[:10]}  {row['source']} ({row['language']})"
        out.print(Padding(Text("  ".join([about, *row["topics"]]), style="bright_black"), (0, 0, 0, 2)))
        passage = row["passage"].removeprefix(f"{row['title']}. ")
        out.print(Padding(Text(plain(_shortened(passage)), style="italic"), (0, 0, 1, 2)))
    shown = f", the {len(rows)} strongest are shown (--limit shows more)" if len(rows) < len(trial.matches) else ""
    out.print(f"{len(trial.matches)} of {trial.looked_at} articles match{shown}.")
    if trial.looked_at < trial.articles - trial.other_model:
        out.print(
            f"Only the {trial.looked_at} nearest of {trial.articles} articles were looked into, chosen by the vector of the "
            "whole article: what is treated in one passage of a long text may be missed (--candidates looks into more)."
        )
        if 2 * len(trial.matches) > trial.looked_at:
            out.print("More than half of them match: there are surely more among the others.")
    if trial.other_model:
        out.print(f"{trial.other_model} articles were read by another model and left out: vigie read --all reads them again.")
    if trial.matches:
        overlap = ", ".join(f"{topic} {count}" for topic, count in trial.overlap.items()) or "none of the watch's"
        out.print(f"Topics that the matches have already: {overlap}. Without any topic: {trial.alone}.")
        out.print("\nTo adopt it, put this into the watch file, then: vigie read --all && vigie index\n")
        click.echo(_toml(topic))


def _shortened(passage: str) -> str:
    return passage if len(passage) <= _LONGEST_PASSAGE else passage[:_LONGEST_PASSAGE].rpartition(" ")[0] + " …"


def _toml(topic: "Topic") -> str:
    """The topic as a [[topics]] table of a watch file."""
    import tomlkit

    table = tomlkit.table()
    table["id"] = topic.id
    for key, texts in (("label", topic.label), ("description", topic.description), ("examples", topic.examples)):
        if texts:
            inline = tomlkit.inline_table()
            inline.update({language: list(text) if isinstance(text, tuple) else text for language, text in texts.items()})
            table[key] = inline
    document = tomlkit.document()
    tables = tomlkit.aot()
    tables.append(table)
    document["topics"] = tables
    return tomlkit.dumps(document).rstrip()
