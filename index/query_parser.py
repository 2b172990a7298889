"""The query language: from what the user wrote to the tree of :mod:`index.query`.

==============================  ==============================================================================================
``nvidia performances``         both words, with their inflections in the languages of the watch; accents do not matter
``"carte graphique"``           a phrase (``GPT-4o`` is one too)
``perf*``                       words that begin so
``a AND b``, ``a b``, ``a +b``  both
``a OR b``                      at least one; AND binds tighter: ``a OR b c`` is ``a OR (b AND c)``
``NOT a``, ``-a``               without
``title:nvidia``                in the title
``source:`` ``language:`` ``country:`` ``kind:`` ``topic:`` ``subject:`` ``entity:`` ``author:`` ``speaker:`` ``story:``
``id:`` ``term:``               the exact value, in upper or lower case; ``source:(a OR b)`` for several
``stance:critical``             on any topic or over all; ``stance:critical@data`` on a topic, ``stance:critical@*`` over all,
                                ``stance:critical@data/deepseek`` or ``stance:critical/deepseek`` toward one of several subjects
``published:2025-01-20``        a day; ``2025-W05`` a week, ``2025-01`` a month, ``2025`` a year, ``[2025-01-20 TO 2025-01-26]``
                                with both ends, ``{…}`` without, ``*`` open, ``>=2025-01-20``; in the time zone of the watch
``*``                           everything
==============================  ==============================================================================================

The grammar is Lucene's, read by luqum; what luqum leaves open (the precedence of the space, the place of errors) is settled here.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from typing import get_args

from luqum import tree
from luqum.exceptions import ParseError
from luqum.thread import parse as luqum_parse

from index.analysis import fold, normal_name, tokens
from index.query import (
    OVERALL,
    DateRange,
    Everything,
    FactFilter,
    FieldValue,
    KeywordField,
    Not,
    Phrase,
    Prefix,
    Query,
    Scope,
    Span,
    Word,
    all_of,
    any_of,
)
from index.vocabulary import Vocabulary
from vigie.errors import UsageError
from vigie.watch import Watch

FIELDS = ("title", "published", "stance", *get_args(KeywordField))

# Far beyond what a person writes, and well below what Python's stack and the engines bear.
DEEPEST = 40
LONGEST = 20_000

_SHOWN = 100  # characters of a long query around the error
_TYPOGRAPHIC_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})


class QuerySyntaxError(UsageError):
    """A query that means nothing: the text shows it with the place of the error. offset counts characters from 0."""

    def __init__(self, query: str, span: Span, problem: str, *, mend: str) -> None:
        self.query = query
        self.offset = min(span.start, len(query))
        super().__init__(f"query, character {self.offset + 1}: {problem}\n{_pointed_at(query, span)}", mend=mend)


def _pointed_at(query: str, span: Span) -> str:
    """The query and, below, a line of carets under the span."""
    start = min(span.start, len(query))
    end = max(min(span.end, len(query)), start + 1)
    left = max(0, start - _SHOWN // 2)
    right = min(len(query), max(left + _SHOWN, start + 1))
    before, under = query[left:start], query[start : min(end, right)]
    shown = "".join(character if character.isprintable() else " " for character in query[left:right])
    return f"  {'…' if left else ''}{shown}\n  {' ' * (_columns(before) + bool(left))}{'^' * max(1, _columns(under))}"


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def parse(text: str, vocabulary: Vocabulary) -> Query:
    """The tree of a query; an empty one means everything. Raises QuerySyntaxError naming the place and the mend."""
    return _Parser(text, vocabulary).parse()


def fault_of(watch: Watch, text: str) -> str:
    """What is wrong with a query on a watch, with its place and the mend; empty where it can be read."""
    try:
        parse(text, Vocabulary.of(watch))
    except QuerySyntaxError as error:
        return str(error)
    return ""


class _Parser:
    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._shown = text
        self._text = text if '"' in text else text.translate(_TYPOGRAPHIC_QUOTES)  # same length: positions hold
        self._vocabulary = vocabulary

    def parse(self) -> Query:
        if not self._text.strip():
            return Everything()
        if len(self._text) > LONGEST:
            raise self._error(Span(LONGEST, LONGEST), f"longer than {LONGEST} characters", mend="ask for less at once")
        try:
            root = luqum_parse(self._text)
        except (ParseError, IndexError, AttributeError, TypeError, ArithmeticError, RecursionError) as error:
            raise self._unreadable(error) from None
        return self._query(root, None, 0)

    # What luqum could not read.

    def _error(self, span: Span, problem: str, *, mend: str) -> QuerySyntaxError:
        return QuerySyntaxError(self._shown, span, problem, mend=mend)

    def _unreadable(self, error: Exception) -> QuerySyntaxError:
        at = self._offset(error)
        rest = self._text[at:]
        if _quotes(self._text) % 2:
            opening = _last_quote(self._text)
            return self._error(Span(opening, opening + 1), "the quotation mark is never closed", mend='close it with another "')
        if rest.startswith("'"):
            return self._error(Span(at, at + 1), "a word cannot begin with '", mend='put phrases between double marks: "…"')
        if rest.startswith("\\"):
            return self._error(Span(at, at + 1), r"\ has nothing to escape", mend="leave it out")
        if (unclosed := _unclosed(self._text)) is not None:
            character = self._text[unclosed]
            if character in ")]}":
                problem, mend = "was never opened", "leave it out, or open it before"
            else:
                problem, mend = "is never closed", "close it, or leave it out; a range is [2025-01-20 TO 2025-01-26]"
            return self._error(Span(unclosed, unclosed + 1), f"{character} {problem}", mend=mend)
        if not rest.strip():
            return self._error(Span(at, at), "something is missing at the end", mend="add a word, or take the last operator away")
        found = re.match(r"\S+?(?=[\s():\[\]{}]|$)|\S", rest)
        token = found.group() if found else rest[:1]
        mend = {
            ")": "put something between the parentheses",
            ":": "name a field before it, or put text with a colon between quotation marks",
            "AND": "put a word on both sides, or write it in lower case to search for it",
            "OR": "put a word on both sides, or write it in lower case to search for it",
        }.get(token, 'put what is meant literally between quotation marks: "…"')
        return self._error(Span(at, at + len(token)), f"{token} cannot stand here", mend=mend)

    def _offset(self, error: Exception) -> int:
        found = re.search(r"position (\d+)", str(error)) if isinstance(error, ParseError) else None
        return int(found[1]) if found else len(self._text)

    # From luqum's tree to ours. `name` is the field that the clause stands in, None outside of fields.

    def _query(self, node: tree.Item, name: str | None, depth: int) -> Query:
        span = _place(node)
        if depth > DEEPEST:
            raise self._error(span, f"nested deeper than {DEEPEST} levels", mend="take parentheses away")
        match node:
            case tree.Group() | tree.FieldGroup():
                return self._query(node.children[0], name, depth + 1)
            case tree.BaseOperation():
                return self._operation(node, name, depth)
            case tree.Plus():
                return self._query(node.children[0], name, depth + 1)
            case tree.Not() | tree.Prohibit():
                return Not(self._query(node.children[0], name, depth + 1), span)
            case tree.SearchField():
                return self._field(node, name, depth)
            case tree.Word() | tree.Phrase() | tree.Range() | tree.From() | tree.To():
                return self._clause(node, name, span)
            case _:
                raise self._unsupported(node, span)

    def _operation(self, node: tree.BaseOperation, name: str | None, depth: int) -> Query:
        """Operands joined by AND, spaces and OR, whatever luqum made of them: a space is an AND, AND binds tighter."""
        alternatives: list[list[Query]] = [[]]
        for operand, after_or in _in_order(node):
            if after_or:
                alternatives.append([])
            alternatives[-1].append(self._query(operand, name, depth + 1))
        return any_of((all_of(parts, _around(parts)) for parts in alternatives), _place(node))

    def _field(self, node: tree.SearchField, outer: str | None, depth: int) -> Query:
        name = str(node.name).lower()
        span = Span(_place(node).start, _place(node).start + len(node.name))
        if name not in FIELDS:
            if name in ("http", "https"):
                mend = 'put addresses between quotation marks: "https://…"'
            else:
                mend = _near(name, FIELDS, "fields") + '; put text with a colon between quotation marks: "…"'
            raise self._error(span, f'unknown field "{node.name}"', mend=mend)
        if outer:
            raise self._error(span, f'field "{name}" inside of field "{outer}"', mend="write the one beside the other")
        return self._query(node.children[0], name, depth + 1)

    def _unsupported(self, node: tree.Item, span: Span) -> QuerySyntaxError:
        what, mend = {
            "Fuzzy": ("similar spellings (~) are not supported", "leave ~ out, or write the spellings with OR"),
            "Proximity": ("words near each other (~) are not supported", "leave ~ out, or write the words with AND"),
            "Boost": ("weights (^) are not supported", "leave ^ out"),
            "Regex": ("regular expressions (/…/) are not supported", "use a prefix such as perf*; put text with / between marks"),
        }.get(type(node).__name__, ("this is not supported", "leave it out"))
        return self._error(span, what, mend=mend)

    def _clause(self, node: tree.Item, name: str | None, span: Span) -> Query:
        if name == "published":
            return self._published(node, span)
        if not isinstance(node, tree.Word | tree.Phrase):
            raise self._error(span, "ranges are for published: only", mend="write published:[2025-01-20 TO 2025-01-26]")
        if name in (None, "title"):
            return self._text_clause(node, "title" if name else "text", span)
        if name == "stance":
            return self._stance(_literal(node), span)
        return self._value(name, node, span)

    def _text_clause(self, node: tree.Word | tree.Phrase, scope: Scope, span: Span) -> Query:
        raw = _literal(node)
        prefix = False
        if isinstance(node, tree.Word):
            if node.value == "*" and scope == "text":
                return Everything(span)
            prefix = node.value.endswith("*") and not node.value.endswith("\\*")
            self._no_wildcards(node.value.removesuffix("*") if prefix else node.value, span)
        words = tokens(raw)
        if not words or (isinstance(node, tree.Word) and node.value.startswith("!")):
            mend = {"&": "write AND", "|": "write OR", "!": "write NOT"}.get(raw[:1], "leave it out")
            raise self._error(span, f"{node.value} means nothing here", mend=mend)
        if prefix and len(words) == 1:
            return Prefix(fold(words[0]), scope, span)
        if prefix:
            apart = f"{' '.join(words[:-1])} {words[-1]}*"
            raise self._error(span, f"{node.value} is more than one word", mend=f"a prefix is one word: {apart}")
        return Word(words[0], scope, span) if len(words) == 1 else Phrase(tuple(words), scope, span)

    def _no_wildcards(self, written: str, span: Span) -> None:
        found = re.search(r"(?<!\\)[*?]", written)
        if found:
            at = span.start + found.start()
            raise self._error(
                Span(at, at + 1),
                f"{found.group()} is not supported here",
                mend="a * may end a word of the text, as in perf*; else put the text between quotation marks",
            )

    def _value(self, name: str | None, node: tree.Word | tree.Phrase, span: Span) -> FieldValue:
        if isinstance(node, tree.Word):
            self._no_wildcards(node.value, span)
        raw = _literal(node).strip()
        words = self._vocabulary
        known = {
            "topic": words.topics, "source": words.sources, "subject": words.subjects, "language": words.languages,
            "country": words.countries, "kind": words.kinds,
        }.get(name or "")  # fmt: skip
        meant = words.names.get(raw) if name == "entity" else None
        value = _normal_value(name, meant.name if meant else raw)
        if not value:
            raise self._error(span, f"no value in {node.value}", mend=f"name one: {name}:…")
        if known is not None and value not in known:
            raise self._error(span, f'unknown {name} "{raw}"', mend=_near(value, known, f"the watch's {_plural(name or '')}"))
        return FieldValue(name, value, span)  # type: ignore[arg-type]  # FIELDS was checked before

    def _stance(self, raw: str, span: Span) -> FactFilter:
        written = re.fullmatch(r"([^@/]*)(?:@([^/]*))?(?:/(.*))?", raw.strip().lower())
        stance, topic, subject = written.groups() if written else (raw, None, None)
        words = self._vocabulary
        known_topics = (*words.topics, OVERALL)
        checks = (("stance", stance, words.stances), ("topic", topic, known_topics), ("subject", subject, words.subjects))
        for what, value, known in checks:
            if value is not None and value not in known:
                mend = _near(value, known, _plural(what)) + "; for example stance:critical@data"
                raise self._error(span, f'unknown {what} "{value}"', mend=mend)
        return FactFilter(stance, topic, subject, span)

    def _published(self, node: tree.Item, span: Span) -> DateRange:
        if isinstance(node, tree.Range):
            low, high = (self._period(end) for end in node.children)
            start = _from(low, node.include_low)
            end = _to(high, node.include_high)
            if start and end and start > end:
                raise self._error(span, "the range holds no day", mend="write the earlier day first; [ ] includes both ends")
            return DateRange(start, end, span)
        if isinstance(node, tree.From | tree.To):
            limit = self._period(node.children[0])
            if isinstance(node, tree.From):
                return DateRange(_from(limit, node.include), None, span)
            return DateRange(None, _to(limit, node.include), span)
        period = self._period(node)
        return DateRange(_from(period, True), _to(period, True), span)

    def _period(self, node: tree.Item) -> tuple[date, date] | None:
        """The first and last day of what a date says; None for ``*``."""
        raw = _literal(node) if isinstance(node, tree.Word | tree.Phrase) else str(node).strip()
        if raw == "*":
            return None
        try:
            return _days(raw)
        except (ValueError, OverflowError):
            raise self._error(
                _place(node),
                f'"{raw}" is no date',
                mend="write a day 2025-01-20, a week 2025-W05, a month 2025-01, a year 2025, or *",
            ) from None


def _days(raw: str) -> tuple[date, date]:
    """The first and last day of a day, week, month or year; raises ValueError for anything else."""
    if found := re.fullmatch(r"(\d{4})-[wW](\d{1,2})", raw):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday, monday + timedelta(days=6)
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", raw):
        day = date(int(found[1]), int(found[2]), int(found[3]))
        return day, day
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})", raw):
        year, month = int(found[1]), int(found[2])
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    if re.fullmatch(r"\d{4}", raw):
        return date(int(raw), 1, 1), date(int(raw), 12, 31)
    raise ValueError(raw)


def _from(period: tuple[date, date] | None, included: bool) -> date | None:
    """The first day of a range that begins with a period, or after it."""
    return period and (period[0] if included else period[1] + timedelta(days=1))


def _to(period: tuple[date, date] | None, included: bool) -> date | None:
    """The last day of a range that ends with a period, or before it."""
    return period and (period[1] if included else period[0] - timedelta(days=1))


def _normal_value(name: str | None, raw: str) -> str:
    if name in ("entity", "author", "speaker"):
        return normal_name(raw)
    if name == "term":
        return " ".join(tokens(raw))
    return raw.upper() if name == "country" else raw.lower()


def _literal(node: tree.Word | tree.Phrase) -> str:
    """What was written, without quotation marks and escapes."""
    value = str(node.value)
    inside = value[1:-1] if isinstance(node, tree.Phrase) else value
    return re.sub(r"\\(.)", r"\1", inside, flags=re.DOTALL)


def _in_order(node: tree.BaseOperation) -> Iterator[tuple[tree.Item, bool]]:
    """The operands of nested operations from left to right, parentheses left whole; and whether an OR stands before each."""
    after_or = False
    for child in node.children:
        if isinstance(child, tree.BaseOperation):
            for position, (operand, inner_or) in enumerate(_in_order(child)):
                yield operand, inner_or if position else after_or
        else:
            yield child, after_or
        after_or = isinstance(node, tree.OrOperation)


def _place(node: tree.Item) -> Span:
    start = node.pos or 0
    return Span(start, start + (node.size or 0))


def _around(parts: list[Query]) -> Span:
    return Span(parts[0].span.start, parts[-1].span.end)


def _near(value: str, known: tuple[str, ...], what: str) -> str:
    by_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(value.lower(), by_case, 3)
    if near:
        return "did you mean " + " or ".join(f'"{by_case[name]}"' for name in near) + "?"
    if not known:
        return f"{what}: there are none"
    listed = ", ".join(known[:12])
    return f"{what}: {listed}" + (", …" if len(known) > 12 else "")


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _quotes(text: str) -> int:
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text))


def _last_quote(text: str) -> int:
    return [found.end() - 1 for found in re.finditer(r'(?<!\\)(?:\\\\)*"', text)][-1]


def _unclosed(text: str) -> int | None:
    """The bracket outside of quotation marks that has no partner; None where all have one. [ pairs with } in Lucene's ranges."""
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"|\\.', lambda found: " " * len(found.group()), text, flags=re.DOTALL)
    families = {"(": "()", ")": "()", "[": "[]{}", "]": "[]{}", "{": "[]{}", "}": "[]{}"}
    open_at: list[int] = []
    for at, character in enumerate(unquoted):
        if character in "([{":
            open_at.append(at)
        elif character in ")]}":
            if not open_at or families[unquoted[open_at[-1]]] != families[character]:
                return at
            open_at.pop()
    return open_at[-1] if open_at else None
