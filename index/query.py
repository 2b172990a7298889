"""What a query means: a tree that both engines compile, and its text form.

The language of the tree is described in :mod:`index.query_parser`, which builds it from what the user wrote. Nodes compare equal
whatever their position in the text.
"""

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from index import calendar

Scope = Literal["text", "title"]  # text: title and body
KeywordField = Literal[
    "source", "language", "country", "kind", "topic", "subject", "entity", "author", "speaker", "story", "id", "term"
]  # fmt: skip

OVERALL = "*"  # in the place of a topic: the stance over all, as in vigie.article.StanceLabel.fact


@dataclass(frozen=True, slots=True)
class Span:
    """Where a clause stands in the query text: characters, half open."""

    start: int = 0
    end: int = 0


_NOWHERE = Span()


@dataclass(frozen=True, slots=True)
class Word:
    """Articles with this token, or another with the same stem in a language of the watch."""

    text: str
    scope: Scope = "text"
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Articles with these tokens (two or more) in a row, all as forms or all as stems of one language."""

    words: tuple[str, ...]
    scope: Scope = "text"
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Articles with a form that begins so."""

    text: str
    scope: Scope = "text"
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """Articles with this exact value; entities, authors and speakers are compared by :func:`index.analysis.normal_name`."""

    field: KeywordField
    value: str
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FactFilter:
    """Articles with this stance on a topic (None: on any, or over all; ``"*"``: over all) toward a subject (None: any)."""

    stance: str
    topic: str | None = None
    subject: str | None = None
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DateRange:
    """Articles published from the first day to the last, both included, in the watch's zone; None leaves an end open."""

    first: date | None
    last: date | None
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """Articles that satisfy all parts (two or more, none of them an And). Build it with :func:`all_of`."""

    parts: tuple["Query", ...]
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Articles that satisfy at least one part (two or more, none of them an Or). Build it with :func:`any_of`."""

    parts: tuple["Query", ...]
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Articles that do not satisfy the part."""

    part: "Query"
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Everything:
    """All articles."""

    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Articles whose column holds one of these values. Programs build it; the language has no word for it."""

    column: str
    values: tuple[str, ...] | tuple[int, ...]
    span: Span = dataclasses.field(default=_NOWHERE, compare=False, repr=False)


Query = Word | Phrase | Prefix | FieldValue | FactFilter | DateRange | And | Or | Not | Everything | OneOf


def all_of(parts: Iterable[Query], span: Span = _NOWHERE) -> Query:
    """The conjunction, flat; a single part is itself, none at all is Everything."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))]
    return And(tuple(flat), span) if len(flat) > 1 else flat[0] if flat else Everything(span)


def any_of(parts: Iterable[Query], span: Span = _NOWHERE) -> Query:
    """The disjunction (of one or more parts), flat; a single part is itself."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))]
    return Or(tuple(flat), span) if len(flat) > 1 else flat[0]


def within(query: Query, first: date | None, last: date | None) -> Query:
    """The query, limited to the days from first to last (both included; None leaves an end open)."""
    if first is None and last is None:
        return query
    days = DateRange(first, last)
    return days if isinstance(query, Everything) else all_of((query, days))


def coverage_scope(query: Query) -> Query:
    """What the same sources published at the same time, on any subject: the query without the clauses on content.

    Kept are the clauses, joined by AND at the top of the query, that only say who published and when (source, language, country,
    kind, published; with OR and NOT inside): ``deepseek source:(a OR b)`` has the scope ``source:(a OR b)``.
    """
    parts = query.parts if isinstance(query, And) else (query,)
    return all_of(part for part in parts if _is_about_the_outlet(part))


def _is_about_the_outlet(query: Query) -> bool:
    match query:
        case FieldValue(field=name):
            return name in ("source", "language", "country", "kind")
        case DateRange():
            return True
        case And(parts=parts) | Or(parts=parts):
            return all(_is_about_the_outlet(part) for part in parts)
        case Not(part=part):
            return _is_about_the_outlet(part)
        case _:
            return False


def render(query: Query) -> str:
    """A text that parses to an equal query."""
    match query:
        case Word(text=text, scope=scope):
            return _scoped(scope, text)
        case Phrase(words=words, scope=scope):
            return _scoped(scope, f'"{" ".join(words)}"')
        case Prefix(text=text, scope=scope):
            return _scoped(scope, f"{text}*")
        case FieldValue(field=name, value=value):
            return f"{name}:{_quoted(value)}"
        case FactFilter(stance=stance, topic=topic, subject=subject):
            return f"stance:{stance}" + (f"@{topic}" if topic else "") + (f"/{subject}" if subject else "")
        case DateRange(first=first, last=last):
            return f"published:{_days(first, last)}"
        case And(parts=parts):
            return " AND ".join(f"({render(part)})" if isinstance(part, Or) else render(part) for part in parts)
        case Or(parts=parts):
            return " OR ".join(render(part) for part in parts)
        case Not(part=part):
            inner = render(part)
            return f"NOT ({inner})" if isinstance(part, And | Or) else f"NOT {inner}"
        case Everything():
            return "*"
        case OneOf(column=column):
            raise ValueError(f"a set of values of {column} has no text form")


def _scoped(scope: Scope, text: str) -> str:
    return f"title:{text}" if scope == "title" else text


def _days(first: date | None, last: date | None) -> str:
    """A whole ISO week by its name, which people read and which is half as long; all else as a range."""
    if first and last and first.isoweekday() == 1 and last - first == timedelta(days=6):
        return calendar.label(calendar.day_number(first), "week")
    return f"[{first or '*'} TO {last or '*'}]"


def _quoted(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
