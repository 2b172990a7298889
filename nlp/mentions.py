"""Where the subjects of a watch are named, in any script."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol

from vigie.article import Mention
from vigie.names import UNSPACED
from vigie.watch import Subject

# In unspaced scripts a name may stand anywhere, and a name in other letters may stand close to them.
_IS_UNSPACED = re.compile(f"[{UNSPACED}]")
_LETTER = rf"[^\W{UNSPACED}]"


def find_mentions(text: str, subjects: Sequence[Subject]) -> tuple[Mention, ...]:
    """All places where a subject is named, in order; of names that overlap, the longest counts."""
    found = [
        Mention(subject.id, match.start(), match.end())
        for subject in subjects
        for match in _pattern(subject.names).finditer(text)
    ]
    return tuple(sorted(_longest(found), key=lambda mention: mention.start))


class About(Protocol):
    """What is about a subject: a mention, a stance."""

    @property
    def subject(self) -> str:
        """Its id."""


def subjects_of(found: Iterable[About], subjects: Sequence[Subject]) -> list[Subject]:
    """Those of the subjects that something is about, in their order."""
    ids = {one.subject for one in found}
    return [subject for subject in subjects if subject.id in ids]


def _longest(found: Iterable[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda mention: (mention.start, -mention.end)):
        if kept and mention.start < kept[-1].end:
            if mention.end - mention.start > kept[-1].end - kept[-1].start:
                kept[-1] = mention
        else:
            kept.append(mention)
    return kept


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all spellings of a name: any case, any space or hyphen between its parts, as a word of its own.

    A name may carry a genitive (DeepSeek's, DeepSeeks) and be part of a compound (DeepSeek-R1).
    """
    forms = []
    for name in sorted(set(names), key=len, reverse=True):
        parts = [re.escape(part) for part in re.split(r"[\s\-‐‑–]+", name.strip()) if part]
        if not parts:
            continue
        form = r"[\s\-‐‑–]?".join(parts)
        forms.append(form if _IS_UNSPACED.search(name) else rf"(?<!{_LETTER}){form}(?:['’]?s)?(?!{_LETTER})")
    return re.compile("|".join(forms) or r"(?!)", re.IGNORECASE)
