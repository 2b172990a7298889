"""Answers to questions about labels, as JSON lines or CSV: all of them are taken, or none.

A listed question says in stance or present what is held, and has an empty field for the answer: what nobody fills says nothing.
A line that somebody wrote has no such field, and says in stance or present how it should be.
"""

import csv
import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vigie import clock
from vigie.cells import cell_text
from vigie.cli._jsonl import lines_of
from vigie.correction import STANCE_ANSWERS, TOPIC_ANSWERS, Answer
from vigie.errors import UsageError

if TYPE_CHECKING:
    from vigie.archive import Archive, Transaction
    from vigie.watch import Watch

_SAID = ("article", "revision", "subject", "topic", "answer", "stance", "present", "author", "note")
# What a listed question says beside; it may stand in the answer.
_BESIDE = ("confidence", "by", "title", "url", "source", "language", "published", "evidence")
_SHOWN_ERRORS = 20


@dataclass(frozen=True, slots=True)
class _Said:
    line: int
    article: str
    revision: int | None
    subject: str | None
    topic: str | None
    answer: Answer
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Applied:
    """How many answers of a file were new, how many known already, and how many of its lines have none."""

    kept: int
    known: int
    empty: int


def apply_answers(archive: "Archive", watch: "Watch", file: str, author: str) -> Applied:
    """Keep the answers of a file (``-``: standard input).

    Raises UsageError that names line and key of everything that is wrong; nothing is kept then.
    """
    subjects, topics = [one.id for one in watch.subjects], [one.id for one in watch.topics]
    said: list[_Said] = []
    faults: list[str] = []
    empty = 0
    for number, line in _lines(file):
        try:
            record = _record(line) if isinstance(line, str) else _of_cells(line)
            if "answer" in record and record["answer"] in (None, ""):
                empty += 1
            else:
                said.append(_answer(number, record, subjects, topics, author))
        except UsageError as error:
            faults.append(f"line {number}: {error.message}")
    if not faults:
        with archive.read() as tx:
            faults = list(_misplaced(tx, said))
    if faults:
        more = [f"… and {len(faults) - _SHOWN_ERRORS} more"] if len(faults) > _SHOWN_ERRORS else []
        raise UsageError(
            "\n".join([*faults[:_SHOWN_ERRORS], *more]),
            mend="nothing was kept; mend these lines, or leave them away, and apply the file again",
        )
    new = archive.write(lambda tx: _keep(tx, said))
    return Applied(new, len(said) - new, empty)


def _lines(file: str) -> Iterator[tuple[int, str | dict[str | None, str | None]]]:
    """The lines of a file with their numbers; as cells by column where the first line names the columns of a CSV."""
    lines = list(lines_of(file))
    head = lines[0][1] if lines else ""
    if head.startswith("{") or "article" not in re.split(r'[,;\t"\s]+', head):
        yield from lines
        return
    # Spreadsheets separate as their locale does.
    rows = csv.DictReader((line for _, line in lines), delimiter=max(",;\t", key=head.count))
    yield from ((lines[rows.line_num - 1][0], row) for row in rows)


def _of_cells(row: dict[str | None, str | None]) -> dict[str, Any]:
    """The record of a line of CSV: what its cells hold, numbers and truths as in JSON. An empty answer stays one."""
    if None in row:
        raise UsageError("it has more cells than the first line names columns")
    cells = {name or "": cell_text(cell or "").strip() for name, cell in row.items()}
    record: dict[str, Any] = {name: cell for name, cell in cells.items() if cell or name == "answer"}
    if cells.get("revision", "").isdecimal():
        record["revision"] = int(cells["revision"])
    if (present := cells.get("present", "").lower()) in ("true", "false"):
        record["present"] = present == "true"
    return record


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"not JSON (column {error.colno}): {error.msg}") from None
    if not isinstance(record, dict):
        raise UsageError("not a JSON object")
    return record


def _answer(number: int, record: dict[str, Any], subjects: Sequence[str], topics: Sequence[str], author: str) -> _Said:
    for key in record:
        if key not in (*_SAID, *_BESIDE):
            near = difflib.get_close_matches(key, _SAID, 1)
            raise UsageError(f'unknown key "{key}"' + (f'; did you mean "{near[0]}"?' if near else ""))
    revision = record.get("revision")
    if revision is not None and (type(revision) is not int or revision < 1):
        raise UsageError(f'"revision": {revision!r} is no number of a revision')
    subject = _one_of(record, "subject", subjects)
    topic = _one_of(record, "topic", topics)
    if "answer" in record:
        said = _one_of(record, "answer", STANCE_ANSWERS if subject else TOPIC_ANSWERS)
        record = record | ({"stance": said, "present": None} if subject else {"stance": None, "present": said == Answer.PRESENT})
    elif "confidence" in record:
        raise UsageError('"answer" is missing: a listed question says in "stance" or "present" what is held')
    stance, present = record.get("stance"), record.get("present")
    if (stance is None) == (present is None):
        raise UsageError('it must have either "stance" (toward the subject) or "present" (is the topic there: true or false)')
    if present is not None:
        if type(present) is not bool:
            raise UsageError(f'"present": {present!r} is neither true nor false')
        if topic is None:
            raise UsageError('"topic" is missing: which topic is present or absent?')
        subject, answer = None, Answer.PRESENT if present else Answer.ABSENT
    else:
        if subject is None:
            raise UsageError('"subject" is missing: toward which is the stance meant?')
        answer = Answer(_one_of(record, "stance", STANCE_ANSWERS) or "")
    return _Said(
        line=number,
        article=_text(record, "article") or _missing("article"),
        revision=revision,
        subject=subject,
        topic=topic,
        answer=answer,
        author=(_text(record, "author") or "").strip() or author,
        note=_text(record, "note") or "",
    )


def _text(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f'"{key}": {value!r} is no text')
    return value


def _missing(key: str) -> str:
    raise UsageError(f'"{key}" is missing')


def _one_of(record: dict[str, Any], key: str, known: Sequence[str]) -> str | None:
    value = _text(record, key)
    if value is not None and value not in known:
        near = difflib.get_close_matches(value, known, 1)
        raise UsageError(f'"{key}": "{value}" is none of {", ".join(known)}' + (f'; did you mean "{near[0]}"?' if near else ""))
    return value


def _misplaced(tx: "Transaction", said: Sequence[_Said]) -> Iterator[str]:
    """What is said of articles or revisions that the archive does not have."""
    newest = {article.id: article.revision for article in tx.articles.get(list({one.article for one in said}))}
    for one in said:
        if one.article not in newest:
            yield f'line {one.line}: "article": the archive has no "{one.article}"'
        elif (one.revision or 1) > newest[one.article]:
            yield f'line {one.line}: "revision": the newest of this article is {newest[one.article]}'


def _keep(tx: "Transaction", said: Sequence[_Said]) -> int:
    """Keep what is said; how much of it is new."""
    at = clock.now().timestamp()
    known = {one.id for one in tx.corrections.current()}
    numbers = [
        tx.corrections.add(
            one.article, one.answer, author=one.author, at=at, subject=one.subject, topic=one.topic, revision=one.revision,
            note=one.note,
        )
        for one in said
    ]  # fmt: skip
    return len(set(numbers) - known)
