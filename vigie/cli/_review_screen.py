"""Questions about labels on a terminal: one a screen, one key an answer, each answer kept at once."""

import os
import re
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from vigie import clock
from vigie.cli._output import console, note, plain
from vigie.correction import Answer
from vigie.review import Question, look_again, passages

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from vigie.archive import Archive
    from vigie.article import Article
    from vigie.watch import Watch

_STANCES = {"s": Answer.SUPPORTIVE, "n": Answer.NEUTRAL, "c": Answer.CRITICAL, "0": Answer.NONE}
_STANCE_KEYS = "[s]upportive  [n]eutral  [c]ritical  [0] none"
_MORE_KEYS = "[k] skip  [u]ndo  [q]uit  [?] help"
_ENTER = ("\r", "\n")
_HELP = """\
What does the article as a whole convey about the subject, on the topic that is named, or over all?

  s  supportive: it praises, defends or credits the subject
  n  neutral: neither side predominates
  c  critical: it doubts, accuses or warns, or puts the subject in question
  0  none: over all, the subject is named in passing; on a topic, the article says nothing of it there
  t  the topic: asked about a stance, the article does not treat this topic;
     asked about a topic, the opposite of what is shown
  ⏎  what is shown is right (kept as well: it confirms the models)
  k  skip; the question comes again next time
  u  undo: back to the question before, its answer is withdrawn
  q  end; every answer given is kept

A stance that is relayed without counterweight counts as the article's own. Press any key to go on."""


@dataclass
class _Session:
    """What has been asked so far: the places of questions shown, each with the number of the correction made there, if any."""

    asked: list[tuple[int, int | None]] = field(default_factory=list)
    changed: int = 0
    confirmed: int = 0

    @contextmanager
    def summed_up(self, of: int) -> Iterator[None]:
        """Say in the end, however it comes, what was kept; of: how many questions were open."""
        try:
            yield
        finally:
            click.clear()
            if given := self.changed + self.confirmed:
                note(
                    f"{given} answers kept: {self.confirmed} confirm the models, {self.changed} change a label ({of} were open)."
                )
                note("vigie index brings them into search and trends.")
            else:
                note("Nothing was answered.")


def ask(archive: "Archive", watch: "Watch", questions: Sequence[Question], author: str, *, of: int) -> None:
    """Ask the questions one after another until they are done or the person ends; of: how many are open in all."""
    session = _Session()
    place, remark = 0, ""
    with _keys() as keys, session.summed_up(of):
        while place < len(questions):
            with archive.read() as tx:
                found = look_again(tx, questions[place])
            if found is None:  # an answer given meanwhile has settled it
                place += 1
                continue
            question, article = found
            _show(console(), watch, question, article, place=f"{place + 1} of {len(questions)}", remark=remark)
            key, remark = next(keys), ""
            if key == "q":
                break
            if key == "?":
                click.clear()
                click.echo(_HELP)
                next(keys)
            elif key == "u":
                if session.asked:
                    place = _undo(archive, questions, session)
                else:
                    remark = "There is nothing to undo."
            elif key == "k":
                session.asked.append((place, None))
                place += 1
            elif said := _said(question, key):
                session.asked.append((place, _keep(archive, question, author, *said)))
                _count(session, question, said, 1)
                place += 1
            else:
                remark = _why_not(key)


# A function or arrow key sends several characters, among them letters that would be answers.
_KEY = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?|.", re.DOTALL)
_END_OF_INPUT = ("", "\x04")


@contextmanager
def _keys() -> Iterator[Iterator[str]]:
    """The keys, as they are pressed, in lower case; "q" where the input ends.

    The terminal is left in this mode between two keys: click.getchar returns to the other one each time, and what is pressed
    meanwhile is lost.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSADRAIN)
    try:
        yield _pressed(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pressed(terminal: int) -> Iterator[str]:
    while True:
        read = os.read(terminal, 1024).decode(errors="replace")
        for key in _KEY.findall(read) or [""]:
            yield "q" if key in _END_OF_INPUT else key.lower()


def _said(question: Question, key: str) -> tuple[str | None, Answer] | None:
    """The subject (None: of a topic's presence) and the answer that a key means; None for a key that answers nothing here."""
    if key in _ENTER:
        return (question.subject, question.answer) if question.answer else None
    if key == "t" and question.topic:
        was_there = question.subject is not None or question.answer is Answer.PRESENT
        return None, Answer.ABSENT if was_there else Answer.PRESENT
    if key in _STANCES and question.subject is not None:
        return question.subject, _STANCES[key]
    return None


def _why_not(key: str) -> str:
    if key in _ENTER:
        return "Unsure is no answer: say s, n, c or 0, or k to skip."
    if key == "t":
        return "This is about the article over all: there is no topic to take off."
    if key in _STANCES:
        return "This is about the topic, not about a stance: ⏎ or t."
    return "? shows what each key means."


def _keep(archive: "Archive", question: Question, author: str, subject: str | None, answer: Answer) -> int:
    return archive.write(
        lambda tx: tx.corrections.add(
            question.article, answer, author=author, at=clock.now().timestamp(), subject=subject, topic=question.topic,
            revision=question.revision,
        )
    )  # fmt: skip


def _undo(archive: "Archive", questions: Sequence[Question], session: _Session) -> int:
    """Take the last answer back; the place of its question."""
    place, number = session.asked.pop()
    if number is not None:
        with archive.read() as tx:
            made = next((one for one in tx.corrections.current([questions[place].article]) if one.id == number), None)
        archive.write(lambda tx: tx.corrections.withdraw(number, at=clock.now().timestamp()))
        if made:
            _count(session, questions[place], (made.subject, made.answer), -1)
    return place


def _count(session: _Session, question: Question, said: tuple[str | None, Answer], by: int) -> None:
    if said == (question.subject, question.answer):
        session.confirmed += by
    else:
        session.changed += by


def _show(out: "Console", watch: "Watch", question: Question, article: "Article", *, place: str, remark: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    click.clear()
    published = article.published.instant.astimezone(watch.zone).strftime("%Y-%m-%d %H:%M") if article.published else "undated"
    source = next((one.name for one in watch.sources if one.id == article.source), article.source)
    out.print(Text(f"{place}   {plain(source)} · {published} · {article.language}", style="bright_black"))
    in_title = any(not sentence.end for sentence in question.evidence)
    out.print(Text(plain(article.title), style="bold black on yellow" if in_title else "bold"))
    out.print(Text(plain(article.url), style="bright_black"), soft_wrap=True)
    out.print()
    for passage in passages(article.text, question.evidence):
        line = Text()
        for piece, is_evidence in passage:
            line.append(plain(piece), style="black on yellow" if is_evidence else "")
        out.print(Padding(line, (0, 2, 1, 2)))
    out.print(_asked(watch, question))
    if remark:
        out.print(Text(remark, style="bold"))
    keys = [] if question.subject is None else [_STANCE_KEYS]
    keys += ["[t]opic absent" if question.subject or question.answer is Answer.PRESENT else "[t]opic present"] * bool(
        question.topic
    )
    keys += ["[⏎] right"] * (question.answer is not None)
    out.print(Text("  ".join([*keys, _MORE_KEYS]), style="bright_black"))


def _asked(watch: "Watch", question: Question) -> "Text":
    """The question in words: "DeepSeek on Data: critical (0.62)"."""
    from rich.text import Text

    topics = {topic.id: topic.label_in(watch.languages[0]) for topic in watch.topics}
    names = {subject.id: subject.name for subject in watch.subjects}
    topic = topics.get(question.topic or "", question.topic)
    line = Text()
    if question.subject is None:
        line.append(f"The topic {topic}: ")
    else:
        line.append(f"{names.get(question.subject, question.subject)} {f'on {topic}' if topic else 'over all'}: ")
    line.append(question.answer or "unsure", style="bold")
    if question.by:
        line.append(f" ({plain(question.by)} said so of an earlier text; it has been edited since)")
    else:
        line.append(f" ({question.confidence:.2f})")
    return line
