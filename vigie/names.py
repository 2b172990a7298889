"""Known names: who is meant by « la CNIL » and « Commission nationale de l'informatique et des libertés ».

The names come from ``aliases.toml`` beside this module and from the watch, whose own go first.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from vigie.watch import Watch

# Scripts that set no space between words, or set endings close (Korean): there each letter is a word of its own.
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
# Short names are words of other languages too (US, us; EU, eu): they count as they are written in the table.
_SHORT = 3
_ARTICLES = frozenset({"the", "l", "le", "la", "les", "der", "die", "das", "den", "el", "los", "las", "il", "lo", "gli", "i"})


@dataclass(frozen=True, slots=True)
class KnownName:
    """An entity by its canonical name. kind: as in :class:`vigie.article.Entity`."""

    name: str
    kind: str


@dataclass(frozen=True)
class KnownNames:
    """Entities by every name they are known under; the keys are those of :func:`name_key`."""

    by_key: Mapping[str, KnownName]
    # What short names, and those in small letters, must look like.
    as_written: frozenset[str] = frozenset()
    _longest: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        longest: dict[str, int] = {}
        for key in self.by_key:
            first, count = key.split(" ", 1)[0], key.count(" ") + 1
            longest[first] = max(longest.get(first, 0), count)
        object.__setattr__(self, "_longest", longest)

    def get(self, written: str) -> KnownName | None:
        """Who is meant by a name, however it is spelled, with or without its article; None: nobody known."""
        key = name_key(written)
        article, _, rest = key.partition(" ")
        return self.by_key.get(key) or (self.by_key.get(rest) if article in _ARTICLES else None)

    def find(self, text: str) -> Iterator[tuple[int, int, KnownName]]:
        """Where known names stand in a text, in order, without overlap: of names that begin together the longest."""
        words = [(match.start(), match.end(), name_key(match[0])) for match in _WORD.finditer(text)]
        at = 0
        while at < len(words):
            for count in range(min(self._longest.get(words[at][2], 0), len(words) - at), 0, -1):
                start, end = words[at][0], words[at + count - 1][1]
                known = self.by_key.get(" ".join(word for _, _, word in words[at : at + count]))
                if known and self._is_written_as_a_name(text[start:end]) and "\n" not in text[start:end]:
                    yield start, end, known
                    at += count - 1
                    break
            at += 1

    def _is_written_as_a_name(self, written: str) -> bool:
        if len(written) <= _SHORT or written[0].islower():
            return written in self.as_written
        # « Le monde change » does not name the paper.
        article, _, name = re.sub(r"['’]", " ", written).partition(" ")
        return article.casefold() not in _ARTICLES or not name[:1].islower()

    def extended(self, local: Mapping[str, KnownName], *, as_written: Iterable[str] = ()) -> "KnownNames":
        """These names and some more, which go first."""
        return KnownNames({**self.by_key, **local}, self.as_written.union(as_written)) if local else self


def name_key(written: str) -> str:
    """The form under which spellings of a name are the same: words without accents or case, parted by one space."""
    letters = unicodedata.normalize("NFKD", written.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(unicodedata.normalize("NFC", plain)))


def known_names(watch: Watch) -> KnownNames:
    """The shipped names and those of the watch's subjects and entities."""
    own = [
        *((subject.names, "other" if subject.kind == "theme" else subject.kind) for subject in watch.subjects),
        *((entity.names, entity.kind) for entity in watch.entities),
    ]
    local = {name_key(name): KnownName(names[0], kind) for names, kind in own for name in names if name_key(name)}
    return shipped_names().extended(local, as_written=(name for names, _ in own for name in names))


@cache
def shipped_names() -> KnownNames:
    """The names of aliases.toml."""
    tables = tomllib.loads((Path(__file__).parent / "aliases.toml").read_text(encoding="utf-8"))
    rows = [(KnownName(name, kind), (name, *aliases)) for kind, table in tables.items() for name, aliases in table.items()]
    return KnownNames(
        {name_key(name): known for known, names in rows for name in names}, frozenset(name for _, names in rows for name in names)
    )
