"""Entities under one name: by normal form, known aliases, acronyms that the text explains, and last names."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vigie.article import Entity
from vigie.names import KnownName, KnownNames, name_key

_ARTICLE = re.compile(
    r"^(?:l['’]|d['’]|(?:the|a|an|le|la|les|un|une|des|du|de|der|die|das|den|dem|el|los|las|una|lo|il|gli|i)\s+)",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"^(?:M\.|MM\.|Mme|Mlle|Me|Mr\.?|Mrs\.?|Ms\.?|Dr\.?|Pr\.?|Prof\.?|Sir|Monsieur|Madame|Herrn?|Frau|Sra?\.|Señora?|"
    r"Signora?|Sig\.(?:ra)?|Councillor|Senator|Governor|President|Minister|Mayor|Judge|Professor|Chancellor|Sen\.|Rep\.|Gov\.)\s+(?=[^\Wa-z])"
    r"|^(?:Lord|Lady|Don|Doña)\s+(?=[^\Wa-z][\w’'-]*\s+[^\Wa-z])"
)
# Before one word, these may be a part of the name (Lady Gaga).
_HONOUR = re.compile(r"^(?:Lord|Lady|Don|Doña)\s+")
_POSSESSIVE = re.compile(r"['’]s?$")
_LETTER = re.compile(r"[^\W\d_]")
# What companies add to their names.
_LEGAL_FORM = re.compile(r",?\s+(?:Inc|Corp|Ltd|Co|LLC|PLC|plc|SA|SAS|SE|AG|GmbH|KG|NV|SpA|S\.p\.A|S\.A|S\.L)\.?$")
_IN_BRACKETS = re.compile(r"[\s ]\(([^()\n]{2,90})\)")


@dataclass(frozen=True, slots=True)
class Named:
    """A place where something is named: under which name it counts, its kind, and where it stands, in characters."""

    name: str
    kind: str
    start: int
    end: int


def normal_name(name: str) -> str:
    """The form under which an entity is counted: no article, title, legal form or possessive, one space, composed characters."""
    name = _TITLE.sub("", _ARTICLE.sub("", _composed(name)))
    name = _ARTICLE.sub("", name) if name[:1].islower() else name  # M. Le Guennec is Le Guennec
    return _LEGAL_FORM.sub("", _POSSESSIVE.sub("", name)).strip(" '’,")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).strip(" \"'«»“”„.,;:()[]-–—")


def may_open_a_name(word: str) -> bool:
    """Whether a word is an article with a capital, with which some names begin (Le Monde); those of English never count."""
    return word[:1].isupper() and word.casefold() not in ("the", "a", "an") and _ARTICLE.match(f"{word} ") is not None


def _with_own_parts(text: str, span: Named, name: str) -> str:
    """A normal name with the article or the possessive that the text shows to be a part of it (La Rochelle, Moody's).

    An article is one where it has its capital within a sentence, and never a small letter; a possessive where nothing follows
    that could be owned, and the name never stands without it.
    """
    article = _ARTICLE.match(_composed(span.name))
    if article and may_open_a_name(article[0].strip()) and not name.isupper():
        whole = article[0] + name
        if article[0].lower() + name not in text and re.search(rf"[\w,)][ \u00a0]{re.escape(whole)}", text):
            name = whole
    if re.match(r".*['’]s(?!\w)", text[span.start : span.end + 2], re.DOTALL):
        places = list(re.finditer(rf"(?<!\w){re.escape(name)}(?P<own>['’]s)?(?!\w)(?P<next>\s+(?!(?:and|or)\b)\w)?", text))
        if places and all(place["own"] for place in places) and not all(place["next"] for place in places):
            return f"{name}'s"
    return name


def link(text: str, found: Iterable[Named], known: KnownNames) -> list[Named]:
    """What a text names, each under one name, in order. found: the spans in which a model or rules see a name.

    A known name counts wherever it stands, unless it is a part of a longer name (Banque de France is not France). An acronym
    that the text explains, and a last name of which it has one bearer, count with the full name.
    """
    known = _with_acronyms(text, known)
    places = list(known.find(text))
    owners = {start: end for start, end, _ in places}
    others = [span for span in (_trimmed(text, span, owners) for span in found) if span is not None]
    longer = [span for span in others if any(_is_longer(text, span, *place) for place in places)]
    kept = [Named(who.name, who.kind, start, end) for start, end, who in places if not _overlaps(start, end, longer)]
    kept += longer
    kept += [span for span in others if not _overlaps(span.start, span.end, kept)]
    return _with_full_names(sorted(kept, key=lambda span: span.start))


def count(named: Iterable[Named]) -> tuple[Entity, ...]:
    """Entities by name: the kind most often given, spelled as most often written; the most frequent first."""
    kinds: dict[str, Counter[str]] = {}
    spellings: dict[str, Counter[str]] = {}
    for span in named:
        key = name_key(span.name) or span.name
        kinds.setdefault(key, Counter())[span.kind] += 1
        spellings.setdefault(key, Counter())[span.name] += 1
    entities = [
        Entity(max(spellings[key].items(), key=_most_then_first)[0], max(counts.items(), key=_most_then_first)[0], counts.total())
        for key, counts in kinds.items()
    ]
    return tuple(sorted(entities, key=lambda entity: (-entity.count, entity.name)))


def _most_then_first(pair: tuple[str, int]) -> tuple[int, list[int]]:
    """Most frequent; of equals, the first in the alphabet: the same labels whatever the order of reading."""
    return pair[1], [-ord(letter) for letter in pair[0]]


def _trimmed(text: str, span: Named, owners: Mapping[int, int]) -> Named | None:
    """A span under its normal name; None for what is no name: a line break inside, one letter, no capital.

    owners: where known names begin and end. What they own is a name of its own (Alphabet's Sundar Pichai).
    """
    owned = re.compile(r"['’]s?\s+").match(text, owners.get(span.start, len(text)))
    if owned and owned.end() < span.end:
        span = replace(span, start=owned.end(), name=text[owned.end() : span.end])
    name = _with_own_parts(text, span, normal_name(span.name))
    written = text[span.start : span.end]
    if not 2 <= len(name) <= 80 or "\n" in written.strip() or not _LETTER.search(name) or name.islower():
        return None
    return replace(span, name=name)


def _is_longer(text: str, span: Named, start: int, end: int, who: KnownName) -> bool:
    """Whether a span names something else that has a known name in it: a word more, at both ends words of a name.

    Where rules see names, a noun may stand before one (Konzern SAP).
    """
    if not (span.start <= start and end <= span.end) or name_key(span.name) in name_key(text[start:end]):
        return False
    if span.kind == "other" and end == span.end and who.kind != "place":
        return False
    words: list[str] = re.findall(r"[^\W_][\w.’'-]*", span.name)
    beginning = words[0][:1]
    return bool((beginning.isupper() or beginning.isdigit()) and (words[-1][:1].isupper() or words[-1][:1].isdigit()))


def _overlaps(start: int, end: int, spans: Sequence[Named]) -> bool:
    return any(span.start < end and start < span.end for span in spans)


def _with_acronyms(text: str, known: KnownNames) -> KnownNames:
    """The known names and those that a text explains: « Autorité de la concurrence (ADLC) »."""
    local: dict[str, KnownName] = {}
    for full, short in explained_acronyms(text):
        meant = known.get(full) or known.get(short) or KnownName(normal_name(full), "organisation")
        local |= {name_key(full): meant, name_key(short): meant}
    return known.extended(local, as_written=(written for pair in explained_acronyms(text) for written in pair))


def explained_acronyms(text: str) -> Iterator[tuple[str, str]]:
    """Names with the acronyms that a text sets beside them in brackets, in either order: (full name, acronym).

    By the method of Schwartz and Hearst, A Simple Algorithm for Identifying Abbreviation Definitions in Biomedical Text (2003):
    the letters of the acronym are sought from its end backwards in at most twice as many words before the bracket.
    """
    for match in _IN_BRACKETS.finditer(text):
        inside, before = match[1].strip(), re.split(r"[.;:!?\n«»“”]", text[max(0, match.start() - 200) : match.start()])[-1]
        last = re.search(r"[\w&.-]+$", before)
        if _is_acronym(inside):
            words = before.split()
            full = _full_form(" ".join(words[-min(len(inside) + 5, 2 * len(inside)) :]), inside)
            if full:
                yield full, inside
        elif last and _is_acronym(last[0]) and (full := _full_form(inside, last[0])) and full == inside:
            yield full, last[0]


def _is_acronym(text: str) -> bool:
    return 2 <= len(text) <= 10 and " " not in text and sum(letter.isupper() for letter in text) >= 2


def _full_form(text: str, acronym: str) -> str:
    """The end of a text that the acronym stands for; empty where its letters are not found in it."""
    plain = [name_key(letter)[:1] or letter for letter in text]
    at = len(text)
    letters = [letter for letter in name_key(acronym) if letter.isalnum()]
    for n, letter in reversed(list(enumerate(letters))):
        at -= 1
        while at >= 0 and (plain[at] != letter or (n == 0 and at > 0 and text[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return ""
    full = text[at:]
    return full if full[:1].isupper() and len(full) > len(acronym) + 2 else ""


def _with_full_names(named: Sequence[Named]) -> list[Named]:
    """The same with last names under the full name, where one person of that last name is named."""
    bearers: dict[str, set[str]] = {}
    for span in sorted(named, key=lambda span: bool(_HONOUR.match(span.name))):
        words = span.name.split()
        if (
            span.kind in ("person", "other")
            and 2 <= len(words) <= 4
            and all(word[:1].isupper() or len(word) <= 3 for word in words)
        ):
            for n in range(1, len(words)):
                key = name_key(" ".join(words[n:]))
                if not (key in bearers and _HONOUR.match(span.name)):
                    bearers.setdefault(key, set()).add(span.name)
    kinds = {span.name: span.kind for span in named}
    full = {last: next(iter(names)) for last, names in bearers.items() if len({name_key(name) for name in names}) == 1}
    return [
        replace(span, name=full[key], kind=kinds[full[key]]) if (key := _as_last_name(span.name)) in full else span
        for span in named
    ]


def _as_last_name(name: str) -> str:
    """The key of a name that may be a last name: one word, or behind a title or article (Lord Byron, Le Guennec); else empty."""
    last = _HONOUR.sub("", name)
    first, *more = last.split()
    return name_key(last) if not more or (len(more) == 1 and may_open_a_name(first)) else ""
