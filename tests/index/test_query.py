"""The query language: what is understood, what is refused and how that is said, and that a query can be written down again."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.query import (
    And,
    DateRange,
    Everything,
    FactFilter,
    FieldValue,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Span,
    Word,
    coverage_scope,
    render,
    within,
)
from index.query_parser import QuerySyntaxError, fault_of, parse
from index.vocabulary import Vocabulary
from tests.index.corpus import WATCH, queries
from vigie.errors import Exit

NAMES = Vocabulary.of(WATCH)
a, b, c = Word("a"), Word("b"), Word("c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Everything()),
        ("  ", Everything()),
        ("*", Everything()),
        ("Nvidia", Word("nvidia")),
        ("a b", And((a, b))),
        ("a AND b", And((a, b))),
        ("a +b", And((a, b))),
        ("a -b", And((a, Not(b)))),
        ("a NOT b", And((a, Not(b)))),
        ("a OR b AND c", Or((a, And((b, c))))),
        ("a b OR c", Or((And((a, b)), c))),
        ("a OR b c", Or((a, And((b, c))))),
        ("(a OR b) c", And((Or((a, b)), c))),
        ("a and or not", And((a, Word("and"), Word("or"), Word("not")))),
        ("a AND (b AND c)", And((a, b, c))),
        ("NOT (NOT a)", Not(Not(a))),
        ("TO", Word("to")),
        ("l'intelligence", Word("intelligence")),
        ("l’intelligence", Word("intelligence")),
        ('"l\'intelligence artificielle"', Phrase(("intelligence", "artificielle"))),
        ("« open source » a", And((Phrase(("open", "source")), a))),
        ("GPT-4o", Phrase(("gpt", "4o"))),
        ("C++", Word("c++")),
        ("perf*", Prefix("perf")),
        ("Donné*", Prefix("donne")),
        ('"https://a.b/c?d"', Phrase(("https", "a", "b", "c", "d"))),
        ("title:nvidia", Word("nvidia", "title")),
        ("title:(a OR b)", Or((Word("a", "title"), Word("b", "title")))),
        ("title: perf*", Prefix("perf", "title")),
        ("source:LeMonde", FieldValue("source", "lemonde")),
        ("source:(lemonde OR wired)", Or((FieldValue("source", "lemonde"), FieldValue("source", "wired")))),
        ("country:fr", FieldValue("country", "FR")),
        ('entity:"Jensen Huang"', FieldValue("entity", "jensen huang")),
        ("entity:L’Oréal", FieldValue("entity", "oreal")),
        ('entity:"États-Unis"', FieldValue("entity", "united states")),
        ('entity:"la CNIL"', FieldValue("entity", "cnil")),
        ("entity:Deep-Seek", FieldValue("entity", "deepseek")),
        ("TOPIC:data", FieldValue("topic", "data")),
        ("stance:Critical", FactFilter("critical")),
        ("stance:critical@data", FactFilter("critical", "data")),
        ("stance:critical@*", FactFilter("critical", "*")),
        ("stance:critical@data/mistral", FactFilter("critical", "data", "mistral")),
        ("stance:critical/mistral", FactFilter("critical", None, "mistral")),
        ("stance:(critical OR unsure)", Or((FactFilter("critical"), FactFilter("unsure")))),
        ("published:2025-01-20", DateRange(date(2025, 1, 20), date(2025, 1, 20))),
        ("published:2026-W53", DateRange(date(2026, 12, 28), date(2027, 1, 3))),
        ("published:2024-02", DateRange(date(2024, 2, 1), date(2024, 2, 29))),
        ("published:2025-12", DateRange(date(2025, 12, 1), date(2025, 12, 31))),
        ("published:2025", DateRange(date(2025, 1, 1), date(2025, 12, 31))),
        ("published:[2025-01-20 TO 2025-01-26]", DateRange(date(2025, 1, 20), date(2025, 1, 26))),
        ("published:{2025-01-20 TO 2025-01-26}", DateRange(date(2025, 1, 21), date(2025, 1, 25))),
        ("published:[2025-W05 TO *]", DateRange(date(2025, 1, 27), None)),
        ("published:[* TO 2025-01}", DateRange(None, date(2024, 12, 31))),
        ("published:>2025-W05", DateRange(date(2025, 2, 3), None)),
        ("published:<=2025-01", DateRange(None, date(2025, 1, 31))),
    ],
)
def test_what_is_understood(text: str, expected: Query) -> None:
    assert parse(text, NAMES) == expected


@pytest.mark.parametrize(
    ("text", "offset", "problem", "mend"),
    [
        ("a AND", 5, "missing at the end", "add a word"),
        ("AND", 0, "AND cannot stand here", "lower case"),
        ("a OR OR b", 5, "OR cannot stand here", "both sides"),
        ("a (b", 2, "never closed", "close it"),
        ("a)", 1, "never opened", "leave it out"),
        ('a "b', 2, "never closed", 'another "'),
        ("()", 1, "cannot stand here", "between the parentheses"),
        ("'a'", 0, "cannot begin", "double"),
        ("a\\", 1, "nothing to escape", "leave it out"),
        ("!a", 0, "means nothing", "NOT"),
        ("a && b", 2, "means nothing", "AND"),
        ("tpoic:data", 0, 'unknown field "tpoic"', '"topic"'),
        ("see https://a.b", 4, 'unknown field "https"', "quotation marks"),
        ("a topic:dta", 8, 'unknown topic "dta"', '"data"'),
        ("source:lemond", 7, 'unknown source "lemond"', '"lemonde"'),
        ("language:xx", 9, 'unknown language "xx"', "fr, en"),
        ("country:XX", 8, 'unknown country "XX"', "FR"),
        ("kind:blog", 5, 'unknown kind "blog"', "tech"),
        ("subject:depseek", 8, 'unknown subject "depseek"', '"deepseek"'),
        ("stance:critcal", 7, 'unknown stance "critcal"', '"critical"'),
        ("stance:critical@dat", 7, 'unknown topic "dat"', '"data"'),
        ("stance:critical@data/x", 7, 'unknown subject "x"', "deepseek, mistral"),
        ("p?rf", 1, "? is not supported", "quotation marks"),
        ("p*f", 1, "* is not supported", "perf*"),
        ("entity:Nvi*", 10, "* is not supported", "quotation marks"),
        ("gpt-4*", 0, "more than one word", "gpt 4*"),
        ("gpu~1", 0, "similar spellings", "OR"),
        ('"a b"~2', 0, "near each other", "AND"),
        ("a^2", 0, "weights", "leave"),
        ("/a.b/", 0, "regular expressions", "prefix"),
        ("[a TO b]", 0, "published: only", "published:["),
        ("published:soon", 10, '"soon" is no date', "2025-W05"),
        ("published:2025-02-30", 10, "is no date", "2025-01-20"),
        ("published:2025-W53", 10, "is no date", "2025-W05"),
        ("published:[2025-02 TO 2025-01]", 10, "holds no day", "earlier day first"),
        ("title:(source:wired)", 7, "inside of field", "beside"),
        ('"…"', 0, "means nothing", "leave it out"),
        ("(" * 60 + "a" + ")" * 60, 41, "nested deeper", "parentheses"),
        ("a " * 11_000, 20_000, "longer than", "less"),
    ],
)
def test_what_is_refused_says_where_and_how_to_mend_it(text: str, offset: int, problem: str, mend: str) -> None:
    with pytest.raises(QuerySyntaxError) as refused:
        parse(text, NAMES)
    assert refused.value.offset == offset
    assert problem in refused.value.message
    assert mend in refused.value.mend
    assert refused.value.exit_code == Exit.USAGE


def test_the_caret_stands_under_the_error() -> None:
    with pytest.raises(QuerySyntaxError) as refused:
        parse("数据 source:lemond", NAMES)
    _, query, carets = refused.value.message.splitlines()
    assert query == "  数据 source:lemond"
    assert carets == "  " + " " * len("....  source:"[:-1]) + "^^^^^^"
    with pytest.raises(QuerySyntaxError) as refused:
        parse("a " * 300 + "topic:x\x1b[31m" + " b" * 300, NAMES)
    _, query, carets = refused.value.message.splitlines()
    assert len(query) < 120
    assert "\x1b" not in str(refused.value)
    assert query[carets.index("^")] == "["


@given(queries)
def test_a_query_that_is_written_down_is_the_same_query(query: Query) -> None:
    assert parse(render(query), NAMES) == query


_SIGNS = "a()[]{}\"'\\:*?~^+-!/<>= "
_PIECES = (
    "a b AND OR NOT TO ( ) [ ] { } \" ' \\ : * ? ~ ^ + - ! / < > = topic: data stance: critical@data published: 2025-W05 "
    "source: lemonde title: && || 数据 l'ia «"
)


@settings(max_examples=400)
@given(
    st.one_of(
        st.text(),
        st.text(_SIGNS),
        st.lists(st.sampled_from(_PIECES.split())).map(" ".join),
    )
)
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    refused = None
    try:
        query = parse(text, NAMES)
    except QuerySyntaxError as error:
        refused = error
    if refused:
        assert 0 <= refused.offset <= len(text)
        assert refused.mend
        assert "^" in refused.message
    else:
        assert parse(render(query), NAMES) == query


def test_what_is_wrong_with_a_query_can_be_asked() -> None:
    assert fault_of(WATCH, "topic:data") == ""
    assert fault_of(WATCH, "topic:dta").startswith('query, character 7: unknown topic "dta"')


def test_clauses_know_their_place() -> None:
    query = parse("nvidia OR topic:data", NAMES)
    assert isinstance(query, Or)
    assert [part.span for part in query.parts] == [Span(0, 6), Span(16, 20)]


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("nvidia", "*"),
        ("nvidia source:(lemonde OR wired)", "source:(lemonde OR wired)"),
        ("language:fr country:FR topic:data stance:critical", "language:fr country:FR"),
        ("language:fr OR nvidia", "*"),
        ("-source:wired kind:tech published:2025-W05 data", "-source:wired kind:tech published:2025-W05"),
    ],
)
def test_attention_is_measured_against_the_same_outlets(text: str, scope: str) -> None:
    assert coverage_scope(parse(text, NAMES)) == parse(scope, NAMES)


def test_days_narrow_a_query() -> None:
    days = DateRange(date(2025, 1, 1), None)
    assert within(Everything(), date(2025, 1, 1), None) == days
    assert within(And((a, b)), date(2025, 1, 1), None) == And((a, b, days))
    assert within(a, None, None) == a
