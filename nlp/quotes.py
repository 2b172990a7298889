"""Reported speech in quotation marks, verbatim, with the speaker where the words around say who it is."""

import re
from collections.abc import Sequence

from vigie.article import Entity, Quote

# Pairs of marks as the languages set them; straight ones close at the next.
_MARKS = re.compile(
    r"«\s*(?P<a>[^«»]{12,600}?)\s*»|“(?P<b>[^“”]{12,600}?)”|„(?P<c>[^„“”]{12,600}?)[“”]|\"(?P<d>[^\"\n]{12,600}?)\""
)
_SAYING = (
    r"(?:a\s+)?(?:dit|déclaré|affirmé|expliqué|estimé|assuré|ajouté|souligné|prévenu|confié|répondu|reconnu|regretté|résumé|précisé|indiqué|"
    r"affirme|explique|estime|assure|ajoute|souligne|prévient|confie|répond|reconnaît|regrette|résume|précise|indique|déclare|juge|note|"
    r"said|says|told|added|adds|argued|argues|warned|warns|explained|explains|noted|notes|wrote|writes|stated|claims|claimed|"
    r"sagte|sagt|erklärte|erklärt|warnte|warnt|betonte|betont|meinte|meint|dijo|dice|afirmó|afirma|explicó|explica|advirtió|señaló|"
    r"ha detto|dice|afferma|spiega|avverte|sostiene|dichiara)"
)
_WORD_OF_NAME = r"(?:[A-ZÀ-Ý][\w'’-]+|[A-Z]\.|d[eu]|van|von|di|del|la|le)"
_NAME = rf"(?P<name>{_WORD_OF_NAME}(?:\s+{_WORD_OF_NAME}){{0,4}})"
_AFTER = re.compile(rf"^\s*,?\s*{_SAYING}(?:-t-(?:il|elle))?\s*,?\s+(?:\w+\s+){{0,3}}?{_NAME}")
_AFTER_NAME_FIRST = re.compile(rf"^\s*,\s*{_NAME}(?:,[^,.]{{0,60}},)?\s+{_SAYING}\b")
_BEFORE = re.compile(rf"{_NAME}(?:,[^,.]{{0,80}},)?\s+{_SAYING}[^.«“„\"]{{0,40}}[:,]?\s*$")
_ACCORDING = re.compile(
    rf"(?:[Ss]elon|[Dd]['’]après|[Pp]our|[Aa]ccording to|[Ll]aut|[Ss]egún|[Ss]econdo)\s+(?:\w+\s+){{0,2}}?{_NAME}"
)


def find_quotes(text: str, entities: Sequence[Entity]) -> tuple[Quote, ...]:
    """Quotes of at least three words in the order of the text; an unknown speaker is an empty name."""
    people = [entity.name for entity in entities if entity.kind in ("person", "organisation", "other")]
    quotes = []
    for match in _MARKS.finditer(text):
        group = next(name for name in "abcd" if match[name] is not None)
        said = match[group].strip()
        if len(said.split()) < 3:
            continue
        start = match.start(group) + match[group].index(said)
        quotes.append(Quote(_speaker(text, match.start(), match.end(), people), said, start, start + len(said)))
    return tuple(quotes)


def _speaker(text: str, start: int, end: int, people: Sequence[str]) -> str:
    after, before = text[end : end + 160], text[max(0, start - 160) : start]
    before = before[before.rfind("\n") + 1 :]
    for match in (_AFTER.search(after), _AFTER_NAME_FIRST.search(after), _BEFORE.search(before)):
        if match:
            return _full_name(match["name"], people)
    found = list(_ACCORDING.finditer(before)) + list(_ACCORDING.finditer(after.split(".")[0]))
    return _full_name(found[-1]["name"], people) if found else ""


def _full_name(name: str, people: Sequence[str]) -> str:
    """The entity of which the name is a part (« Kervran » is Maëlle Kervran), or the name as it stands."""
    name = name.strip(" .,'’")
    return max((known for known in people if name in known.split() or name == known), key=len, default=name)
