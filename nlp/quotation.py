"""What stands in quotation marks, and a text with it blanked, so that only the reporter's words are left to read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 1200  # characters; beyond, a mark was forgotten
BLANK = "▮"
# Pairs of marks as the languages set them; straight ones close at the next, single ones where no letter follows, and straight
# single ones, which are apostrophes too, beside another mark.
_PAIRS = re.compile(
    rf"«(?P<a>(?:[^«»]|«[^«»]{{1,{LONGEST}}}»){{1,{LONGEST}}})»|“(?P<b>[^“”\n]{{1,{LONGEST}}})”|„(?P<c>[^„“”]{{1,{LONGEST}}})[“”]"
    rf"|\"(?P<d>[^\"\n]{{1,{LONGEST}}})\"|»(?P<e>[^«»\n]{{1,{LONGEST}}})«|(?<!\w)‘(?P<f>[^‘\n]{{12,{LONGEST}}}?)’(?!\w)"
    rf"|(?<![^\s(])'(?=[^\W\d_])(?P<g>(?:[^'\n]|(?<=\w)'(?=\w)){{12,{LONGEST}}})(?:(?<=[,.!?…])'(?!\w)|'(?=\s*[,.;:!?)]))"
)


@dataclass(frozen=True, slots=True)
class Marked:
    """Words in marks. start, end: without the marks; outside: with them."""

    start: int
    end: int
    outside: tuple[int, int]


def find_marks(text: str) -> Iterator[Marked]:
    """Words in marks, in order; marks within marks belong to the outer ones."""
    for match in _PAIRS.finditer(text):
        group = next(name for name in "abcdefg" if match[name] is not None)
        inner = match[group]
        start = match.start(group) + len(inner) - len(inner.lstrip(" \n\u00a0\u202f,"))
        end = match.end(group) - len(inner) + len(inner.rstrip(" \n\u00a0\u202f,"))
        if start < end:
            yield Marked(start, end, match.span())


def blanked(text: str, marks: Sequence[Marked]) -> str:
    """The text with the words in marks blanked, the marks and the last stop in them kept; offsets stay."""
    pieces, at = [], 0
    for mark in marks:
        end = mark.end - 1 if text[mark.end - 1] in ".!?…" else mark.end
        pieces += [text[at : mark.start], BLANK * (end - mark.start)]
        at = end
    return "".join([*pieces, text[at:]])
