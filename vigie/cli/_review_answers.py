"""Answers to questions about labels, as JSON lines: all of them are taken, or none."""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vigie import clock
from vigie.cli._jsonl import lines_of
from vigie.correction import STANCE_ANSWERS, Answer
from vigie.errors import UsageError

if TYPE_CHECKING:
    from vigie.archive import Archive, Transaction
    from vigie.watch import Watch

_SAID = ("article", "revision", "subject", "topic", "stance", "present", "author", "note")
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


def apply_answers(archive: "Archive", watch: "Watch", file: str, author: str) -> tuple[int, int]:
    """Keep the answers of a file (``-``: standard input); how many were new, and how many were known already.

    Raises UsageError that names line and key of everything that is wrong; nothing is kept then.
    """
    subjects, topics = [one.id for one in watch.subjects], [one.id for one in watch.topics]
    said: list[_Said] = []
    faults: list[str] = []
    for number, line in lines_of(file):
        try:
            said.append(_answer(number, _record(line), subjects, topics, author))
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
    return archive.write(lambda tx: _keep(tx, said))


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


def _keep(tx: "Transaction", said: Sequence[_Said]) -> tuple[int, int]:
    at = clock.now().timestamp()
    known = {one.id for one in tx.corrections.current()}
    numbers = [
        tx.corrections.add(
            one.article, one.answer, author=one.author, at=at, subject=one.subject, topic=one.topic, revision=one.revision,
            note=one.note,
        )
        for one in said
    ]  # fmt: skip
    new = set(numbers) - known
    return len(new), len(said) - len(new)
