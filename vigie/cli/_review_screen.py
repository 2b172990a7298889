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
from rich.padding import Padding
from rich.text import Text

from vigie import clock
from vigie.cli._output import console, counted, note, plain
from vigie.correction import Answer
from vigie.review import Passage, Question, further_questions, look_again, passages

if TYPE_CHECKING:
    from rich.console import Console

    from vigie.archive import Archive
    from vigie.article import Article
    from vigie.watch import Watch

_STANCES = {"s": Answer.SUPPORTIVE, "n": Answer.NEUTRAL, "c": Answer.CRITICAL, "0": Answer.NONE}
_STANCE_KEYS = "[s]upportive  [n]eutral  [c]ritical  [0] none"
_MORE_KEYS = "[v]iew all  [a]dd  [w]rite a note  [k] skip  [u]ndo  [q]uit  [?] help"
_ENTER = ("\r", "\n")
_BACKSPACE = ("\x7f", "\b")
_ESCAPE = "\x1b"
_PLACES = "123456789abcdefghijklmnoprstuvwxyz"  # of a list to choose from, which q leaves
_HELP = """\
What does the article as a whole convey about the subject, on the topic that is named, or over all?

  s  supportive: it praises, defends or credits the subject
  n  neutral: neither side predominates
  c  critical: it doubts, accuses or warns, or puts the subject in question
  0  none: over all, the subject is named in passing; on a topic, the article says nothing of it there
  t  the topic: asked about a stance, the article does not treat this topic;
     asked about a topic, the opposite of what is shown
  ⏎  what is shown is right (kept as well: it confirms the label)
  v  view the whole text; the sentences that the models decided on are marked
  a  add what nobody asked about: the stance over all, a topic, the stance on a topic; where a
     topic turns out to be there, the stance on it is asked next
  w  write a note, kept with the answer that you give to this question
  k  skip; the question comes again next time
  u  undo: back to the question before, its answer is withdrawn
  q  end; every answer given is kept

A stance that is relayed without counterweight counts as the article's own. Press any key to go on."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A question passed: its place, the number of the correction made there (None: skipped), whether that confirms the label."""

    place: int
    number: int | None = None
    confirms: bool = False


@dataclass
class _Session:
    """What has been asked so far."""

    steps: list[_Step] = field(default_factory=list)

    @contextmanager
    def summed_up(self, of: int) -> Iterator[None]:
        """Say in the end, however it comes, what was kept; of: how many questions were open."""
        try:
            yield
        finally:
            click.clear()
            kept = [step for step in self.steps if step.number is not None]
            if kept:
                confirming = sum(step.confirms for step in kept)
                changing = len(kept) - confirming
                told = f"{counted(len(kept), 'answer')} kept: {confirming} confirming a label, {changing} changing one"
                note(f"{told} (open before: {of}).")
                note("vigie index brings them into search and trends.")
            else:
                note("Nothing was answered.")


def ask(archive: "Archive", watch: "Watch", questions: Sequence[Question], author: str, *, of: int) -> None:
    """Ask the questions one after another until they are done or the person ends; of: how many are open in all."""
    session, asked = _Session(), list(questions)
    place, remark, comment = 0, "", ""
    with _keys() as keys, session.summed_up(of):
        while place < len(asked):
            with archive.read() as tx:
                found = look_again(tx, asked[place])
            if found is None:  # an answer given meanwhile has settled it
                place, comment = place + 1, ""
                continue
            question, article = found
            _show(console(), watch, question, article, f"{place + 1} of {len(asked)}", remark=remark, comment=comment)
            key, remark = next(keys).lower(), ""
            if key in ("q", _END_OF_INPUT):
                break
            if key == "?":
                click.clear()
                click.echo(_HELP)
                next(keys)
            elif key == "v":
                _view(console(), question, article, keys)
            elif key == "a":
                asked[place:place] = _chosen(console(), watch, _further(archive, watch, question, asked), keys)
            elif key == "w":
                comment = _written(keys)
            elif key == "u":
                if session.steps:
                    place, comment = _undo(archive, session), ""
                else:
                    remark = "There is nothing to undo."
            elif key == "k":
                session.steps.append(_Step(place))
                place, comment = place + 1, ""
            elif said := _said(question, key):
                number = _keep(archive, question, author, comment, *said)
                session.steps.append(_Step(place, number, confirms=said == (question.subject, question.answer)))
                place, comment = place + 1, ""
                if question.answer is Answer.ABSENT and said == (None, Answer.PRESENT):
                    others = _further(archive, watch, question, asked)
                    asked[place:place] = [one for one in others if one.subject and one.topic == question.topic]
            else:
                remark = _why_not(key)


# A function or arrow key sends several characters, among them letters that would be answers.
_KEY = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?|.", re.DOTALL)
_END_OF_INPUT = "\x04"


@contextmanager
def _keys() -> Iterator[Iterator[str]]:
    """The keys, as they are pressed; control-D where the input ends.

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
        yield from _KEY.findall(read) or [_END_OF_INPUT]


def _written(keys: Iterator[str]) -> str:
    """A line as it is typed, up to Enter; empty where Escape or the end of the input takes it back."""
    click.echo("\nNote: ", nl=False)
    line = ""
    while (key := next(keys)) not in _ENTER:
        if key in (_ESCAPE, _END_OF_INPUT):
            return ""
        if key in _BACKSPACE and line:
            line = line[:-1]
            click.echo("\b \b", nl=False)
        elif key.isprintable():
            line += key
            click.echo(key, nl=False)
    return line.strip()


def _further(archive: "Archive", watch: "Watch", question: Question, asked: Sequence[Question]) -> list[Question]:
    """What can still be said of the article that a question is about, beside the questions asked already."""
    subjects, topics = [one.id for one in watch.subjects], [one.id for one in watch.topics]
    with archive.read() as tx:
        further = further_questions(tx, question.article, subjects, topics)
    known = {one.key for one in asked}
    return [one for one in further if one.key not in known]


def _chosen(out: "Console", watch: "Watch", further: Sequence[Question], keys: Iterator[str]) -> list[Question]:
    """The question that a person chooses from these; none where another key is pressed."""
    places = dict(zip(_PLACES, further, strict=False))
    click.clear()
    click.echo("What do you want to judge?\n" if places else "Everything here has been judged, or will be asked.\n")
    for place, one in places.items():
        out.print(Text(f"  {place}  ").append_text(_asked(watch, one)))
    click.echo("\nAny other key goes back.")
    chosen = places.get(next(keys).lower())
    return [chosen] if chosen else []


def _view(out: "Console", question: Question, article: "Article", keys: Iterator[str]) -> None:
    """The whole text, a screenful after the other, with the evidence marked."""
    everything = len(article.text)
    with out.capture() as captured:
        for passage in passages(article.text, question.evidence, around=everything, opening=everything):
            out.print(_marked(passage))
    lines = captured.get().splitlines()
    at, height = 0, max(1, out.height - 3)
    while at < len(lines):
        click.clear()
        shown = lines[at : at + height]
        click.echo("\n".join(shown))
        click.echo(f"\nLines {at + 1} to {at + len(shown)} of {len(lines)}: any key goes on, b back, q to the question")
        key = next(keys).lower()
        if key in ("q", _ESCAPE, _END_OF_INPUT):
            return
        at = max(0, at - height) if key == "b" else at + height


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


def _keep(archive: "Archive", question: Question, author: str, comment: str, subject: str | None, answer: Answer) -> int:
    return archive.write(
        lambda tx: tx.corrections.add(
            question.article, answer, author=author, at=clock.now().timestamp(), subject=subject, topic=question.topic,
            revision=question.revision, note=comment,
        )
    )  # fmt: skip


def _undo(archive: "Archive", session: _Session) -> int:
    """Take the last answer back; the place of its question."""
    step = session.steps.pop()
    if (number := step.number) is not None:
        archive.write(lambda tx: tx.corrections.withdraw(number, at=clock.now().timestamp()))
    return step.place


def _show(
    out: "Console", watch: "Watch", question: Question, article: "Article", place: str, *, remark: str, comment: str
) -> None:
    click.clear()
    published = article.published.instant.astimezone(watch.zone).strftime("%Y-%m-%d %H:%M") if article.published else "undated"
    source = next((one.name for one in watch.sources if one.id == article.source), article.source)
    out.print(Text(f"{place}   {plain(source)} · {published} · {article.language}", style="bright_black"))
    in_title = any(not sentence.end for sentence in question.evidence)
    out.print(Text(plain(article.title), style="bold black on yellow" if in_title else "bold"))
    out.print(Text(plain(article.url), style="bright_black"), soft_wrap=True)
    out.print()
    for passage in passages(article.text, question.evidence):
        out.print(Padding(_marked(passage), (0, 2, 1, 2)))
    out.print(_asked(watch, question))
    if comment:
        out.print(Text(f"Note: {plain(comment)}"))
    if remark:
        out.print(Text(remark, style="bold"))
    keys = [] if question.subject is None else [_STANCE_KEYS]
    keys += ["[t]opic absent" if question.subject or question.answer is Answer.PRESENT else "[t]opic present"] * bool(
        question.topic
    )
    keys += ["[⏎] right"] * (question.answer is not None)
    out.print(Text("  ".join(keys), style="bright_black"))
    out.print(Text(_MORE_KEYS, style="bright_black"))


def _marked(passage: Passage) -> Text:
    """A passage with its evidence marked."""
    line = Text()
    for piece, is_evidence in passage:
        # Paragraphs stay apart.
        line.append("\n".join(map(plain, piece.split("\n"))), style="black on yellow" if is_evidence else "")
    return line


def _asked(watch: "Watch", question: Question) -> Text:
    """The question in words: "DeepSeek on Data: critical (0.62)"."""
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
        line.append(f" ({question.confidence:.2f})" if question.confidence else " (no label)")
    return line
