"""Where the subjects of a watch are named, in any script."""

import re
from collections.abc import Sequence
from functools import cache

from vigie.article import Mention
from vigie.watch import Subject

# Scripts that set no space between words: there a name may stand anywhere.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def find_mentions(text: str, subjects: Sequence[Subject]) -> tuple[Mention, ...]:
    """All places where a subject is named, in order; of names that overlap, the longest counts."""
    found = [
        Mention(subject.id, match.start(), match.end())
        for subject in subjects
        for match in _pattern(subject.names).finditer(text)
    ]
    return tuple(sorted(found, key=lambda mention: (mention.start, -mention.end)))


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
        forms.append(form if _UNSPACED.search(name) else rf"(?<!\w){form}(?:['’]?s)?(?!\w)")
    return re.compile("|".join(forms) or r"(?!)", re.IGNORECASE)
