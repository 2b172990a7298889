"""Sentences whose numbers keep their queries through translation."""

import re

from digest.model import Part, Sentence

# Control characters around a number and its query: no message and no name holds them.
_COUNTED = re.compile("\x02([^\x02\x03]*)\x03([^\x02\x03]*)\x02")


def counted(number: str, query: str) -> str:
    """A number for a message, marked with its query."""
    return f"\x02{number}\x03{query}\x02"


def sentence(text: str) -> Sentence:
    """The sentence of a message that was filled in with marked numbers."""
    told, *numbers = _COUNTED.split(text)
    parts = [Part(told, "")]
    for number, query, after in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
        parts += Part(number, query), Part(after, "")
    return Sentence(tuple(part for part in parts if part.text))
