"""vigie review"""

import getpass
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import click

from vigie.cli._index import open_index, parse_query
from vigie.cli._options import check_known, with_format, with_settings
from vigie.cli._output import counted, note, print_rows, print_table
from vigie.errors import Exit, UsageError
from vigie.settings import Settings

if TYPE_CHECKING:
    from vigie.archive import StoredArticle, Transaction
    from vigie.correction import Correction
    from vigie.review import Question

_COLUMNS = (
    "article", "revision", "subject", "topic", "stance", "present", "confidence", "by", "answer", "title", "url", "source",
    "language", "published", "evidence",
)  # fmt: skip
_MADE_COLUMNS = (
    "id", "at", "author", "article", "revision", "stale", "in_effect", "subject", "topic", "stance", "present", "note", "title",
    "url",
)  # fmt: skip


@click.command(
    epilog="""\b
Examples:
  vigie review                          on a terminal: one question a screen, ? shows the keys
  vigie review --topic data --limit 20
  vigie review --query 'source:silex published:2025-W05'
  vigie review --format csv > questions.csv
  vigie review --apply questions.csv    the same lines, with your answer where you have one
  vigie review --list                   what has been said so far
"""
)
@click.option("--subject", metavar="ID", help="Only stances toward this subject.")
@click.option("--topic", metavar="ID", help="Only this topic, and stances on it.")
@click.option("--query", default="", help="Only articles that this query finds (as in vigie search).")
@click.option("--limit", type=click.IntRange(min=1, max=10_000), default=40, show_default=True, help="At most so many questions.")
@click.option(
    "--author", envvar="VIGIE_AUTHOR", default="", help="Who answers (VIGIE_AUTHOR); default: the name you are logged in under."
)
@click.option("--apply", "answers", metavar="FILE", help="Take answers as JSON lines or CSV; - is standard input.")
@click.option("--list", "made", is_flag=True, help="Show the corrections in effect.")
@click.option("--history", is_flag=True, help="Show every correction ever made, those replaced or withdrawn too.")
@click.option("--withdraw", metavar="NUMBER", type=int, help="Take a correction back (--list shows the numbers).")
@with_settings
@with_format
def command(
    settings: Settings,
    subject: str | None,
    topic: str | None,
    query: str,
    limit: int,
    author: str,
    answers: str | None,
    made: bool,
    history: bool,
    withdraw: int | None,
    output: str,
) -> int:
    """Judge the labels that are least sure; what you say wins over the models, and keeps doing so when articles are read again.

    Asks first about answers to texts that were edited since, then about unsure stances, doubtful ones, doubtful topics (those
    that were just not found too), and the rest; and of each article also whether it treats a topic without a label, while that
    topic has few answers. Where there is no terminal, or in another format than a table, it lists the questions. Ends with 3 when
    there are none.
    """
    from vigie import clock

    if sum((answers is not None, made or history, withdraw is not None)) > 1:
        raise UsageError("--apply, --list (or --history) and --withdraw do different things", mend="give one of them")
    watch = settings.watch
    check_known("subject", subject, [one.id for one in watch.subjects])
    check_known("topic", topic, [one.id for one in watch.topics])
    archive = settings.existing_archive()
    if withdraw is not None:
        if not archive.write(lambda tx: tx.corrections.withdraw(withdraw, at=clock.now().timestamp())):
            raise UsageError(f"no correction {withdraw} is in effect", mend="vigie review --list shows their numbers")
        note(f"Correction {withdraw} is withdrawn; vigie index brings it into search.")
        return Exit.DONE
    if made or history:
        with archive.read() as tx:
            return _print_made(tx, output, everything=history)
    if answers is not None:
        from vigie.cli._review_answers import apply_answers

        applied = apply_answers(archive, watch, answers, _author(author))
        told = [f"{counted(applied.kept, 'correction')} kept"]
        told += [f"{applied.known} known already"] * bool(applied.known)
        told += [f"{counted(applied.empty, 'line')} without an answer skipped"] * bool(applied.empty)
        note(", ".join(told) + "; vigie index brings corrections into search")
        return Exit.DONE
    among = None
    if query.strip():
        among = {hit["id"] for hit in open_index(settings).export(parse_query(settings, query))}
    from vigie.review import open_questions

    with archive.read() as tx:
        topics = [one.id for one in watch.topics]
        questions, count = open_questions(tx, limit=limit, topics=topics, subject=subject, topic=topic, among=among)
        if output != "table" or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _print_questions(tx, questions, count, output, watch.zone)
            return Exit.DONE if questions else Exit.NOTHING_FOUND
    if not questions:
        note("Nothing is open: no article has been read, or every label that fits has been judged.")
        return Exit.NOTHING_FOUND
    from vigie.cli._review_screen import ask

    ask(archive, watch, questions, _author(author), of=count)
    return Exit.DONE


def _author(given: str) -> str:
    """Who answers: as given, or the name of the login. A container that runs under a bare number has none."""
    try:
        return given.strip() or getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("who answers? this login has no name", mend="give --author or VIGIE_AUTHOR") from None


def _print_questions(tx: "Transaction", questions: "list[Question]", count: int, output: str, zone: tzinfo) -> None:
    stored = {one.article.id: one for one in tx.articles.whole({question.article for question in questions})}
    rows = [_question_row(question, stored[question.article]) for question in questions]
    if output == "table":
        shown = ("subject", "topic", "label", "confidence", "published", "source", "title")
        cells = [row | _shown(one, row, zone) for row, one in zip(rows, questions, strict=True)]
        print_table([[row[name] for name in shown] for row in cells], shown, numbers=["confidence"])
    else:
        print_rows(rows if output != "csv" else _without_lists(rows), _COLUMNS, output)
    if count > len(questions):
        note(f"{len(questions)} of {count} open questions (--limit shows more)")
    elif not count:
        note("Nothing is open.")


def _shown(question: "Question", row: dict[str, Any], zone: tzinfo) -> dict[str, str]:
    """Cells of the table, shorter than the values: days of the watch's zone; no confidence where the labels say nothing."""
    published = row["published"]
    return {
        "label": str(question.answer or "unsure"),
        "confidence": f"{question.confidence:.2f}" if question.confidence else "",
        "published": f"{datetime.fromisoformat(published).astimezone(zone):%Y-%m-%d}" if published else "undated",
    }


def _question_row(question: "Question", stored: "StoredArticle") -> dict[str, Any]:
    article = stored.article
    is_topic = question.subject is None
    return {
        "article": question.article,
        "revision": question.revision,
        "subject": question.subject,
        "topic": question.topic,
        "stance": None if is_topic else str(question.answer or "unsure"),
        "present": question.answer == "present" if is_topic else None,
        "confidence": question.confidence,
        "by": question.by,
        "answer": None,
        "title": article.title,
        "url": article.url,
        "source": article.source,
        "language": article.language,
        "published": article.published.instant.isoformat() if article.published else None,
        "evidence": [sentence.text for sentence in question.evidence],
    }


def _without_lists(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"evidence": json.dumps(row["evidence"], ensure_ascii=False)} for row in rows]


def _print_made(tx: "Transaction", output: str, *, everything: bool) -> int:
    in_effect = tx.corrections.current()
    corrections = tx.corrections.history() if everything else in_effect
    if not corrections:
        note("Nobody has corrected anything yet.")
        return Exit.NOTHING_FOUND
    numbers = {one.id for one in in_effect}
    articles = {article.id: article for article in tx.articles.get(list({one.article for one in corrections}))}
    rows = [
        _made_row(one, in_effect=one.id in numbers) | {"title": articles[one.article].title, "url": articles[one.article].url}
        for one in corrections
    ]
    if output == "table":
        shown = ("id", "at", "author", "subject", "topic", "answer", "state", "title")
        cells = [{**row, "answer": str(one.answer), "state": _state(row)} for row, one in zip(rows, corrections, strict=True)]
        print_table([[str(row[name] or "")[:60] for name in shown] for row in cells], shown, numbers=["id"])
    else:
        print_rows(rows, _MADE_COLUMNS, output)
    return Exit.DONE


def _made_row(one: "Correction", *, in_effect: bool) -> dict[str, Any]:
    is_topic = one.subject is None
    return {
        "id": one.id,
        "at": datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds"),
        "author": one.author,
        "article": one.article,
        "revision": one.revision,
        "stale": one.stale,
        "in_effect": in_effect,
        "subject": one.subject,
        "topic": one.topic,
        "stance": None if is_topic else str(one.answer),
        "present": one.answer == "present" if is_topic else None,
        "note": one.note,
    }


def _state(row: dict[str, Any]) -> str:
    if not row["in_effect"]:
        return "replaced or withdrawn"
    return "edited since" if row["stale"] else ""
