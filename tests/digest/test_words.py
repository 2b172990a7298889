"""Two languages: every message translated, numbers, dates and typography as each language has them."""

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import babel_extract

from digest.words import LOCALE_FOLDER, typeset, words

DIGEST = LOCALE_FOLDER.parent
TEMPLATES = sorted(path for path in (DIGEST / "templates").iterdir() if path.suffix != ".css")
KEYWORDS = ["_", "gettext", "say", "ngettext"]
NARROW, NO_BREAK = "\u202f", "\u00a0"


def messages() -> Iterator[str | tuple[str, str]]:
    """All messages of the code and the templates."""
    for path in sorted(DIGEST.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (name := _name(node.func)) in KEYWORDS:
                written = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                if written:
                    yield (written[0], written[1]) if name == "ngettext" else written[0]
    for path in TEMPLATES:
        with path.open("rb") as source:
            for _, function, message, _ in babel_extract(source, KEYWORDS, [], {}):
                written = [one for one in message if one] if isinstance(message, tuple) else [message]
                yield (written[0], written[1]) if function == "ngettext" else written[0]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def test_every_message_is_translated_with_the_same_values() -> None:
    with (LOCALE_FOLDER / "fr" / "LC_MESSAGES" / "digest.po").open("rb") as source:
        catalogue = read_po(source, locale="fr")
    used = set(messages())
    assert len(used) > 100
    for message in used:
        entry = catalogue.get(message[0] if isinstance(message, tuple) else message)
        assert entry is not None, message
        assert entry.id == message
        said = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        assert all(said), message
        asked = set(re.findall(r"{\w+}", " ".join(message) if isinstance(message, tuple) else message))
        assert all(set(re.findall(r"{\w+}", one)) <= asked for one in said), message
        assert set(re.findall(r"{\w+}", said[-1])) == asked, message
        assert not entry.fuzzy
    assert {entry.id for entry in catalogue if entry.id} == used, "no translation is left over"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_text_of_its_own(path: Path) -> None:
    kept = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    texts = [text for _, kind, text in Environment(trim_blocks=True).lex(kept) if kind == "data"]
    # Attributes that are shown or read aloud hold expressions only, so that the tags themselves can be left out.
    page = "\0".join(texts)
    assert not re.search(r'(?:aria-label|title|alt)="[^"\0]', page)
    shown = re.sub(r"<[^>]*>", "", page) if path.suffix != ".md" else page
    assert set(re.findall(r"[A-Za-zÀ-ÿ]{2,}", html.unescape(shown))) <= {"Vigie"}


@pytest.mark.parametrize(
    ("language", "count", "mean", "share", "sign", "change"),
    [
        ("en", "12,345", "3.5", "8.2%", "−3", "+433%"),
        ("fr", f"12{NARROW}345", "3,5", f"8,2{NO_BREAK}%", "−3", f"+433{NO_BREAK}%"),
    ],
)
def test_numbers(language: str, count: str, mean: str, share: str, sign: str, change: str) -> None:
    say = words(language)
    assert say.number(12345) == count
    assert (say.number(3.52), say.number(3.0)) == (mean, "3")
    assert say.percent(0.0823) == share
    assert (say.signed(-3.2), say.signed(0.3), say.signed(2)) == (sign, "0", "+2")
    assert say.signed_percent(4.333) == change


def test_dates() -> None:
    first, later = "2025-02-01T09:05:00+01:00", "2025-01-27T14:30:00+01:00"
    en, fr = words("en"), words("fr")
    assert (en.day(later), fr.day(later)) == ("Monday 27 January 2025", "lundi 27 janvier 2025")
    assert (en.date(first), fr.date(first)) == ("1 February 2025", "1er février 2025")
    assert fr.day(first) == "samedi 1er février 2025"
    assert fr.day("2025-02-11T00:00:00+01:00") == "mardi 11 février 2025"
    assert fr.last_day("2025-02-03T00:00:00+01:00") == "dimanche 2 février 2025"
    assert en.moment(later) == "Mon 27 Jan, 14:30"
    assert fr.moment(first) == f"sam. 1er févr., 9{NO_BREAK}h{NO_BREAK}05"
    assert (en.week_name("2026-W53"), fr.week_name("2026-W53")) == ("Week 53 of 2026", "Semaine 53 de 2026")


def test_typography() -> None:
    fr, en = words("fr"), words("en")
    assert fr.quoted("mot") == f"«{NARROW}mot{NARROW}»"
    assert en.quoted("word") == "“word”"
    assert fr.gettext("{source}: {reason}", source="A", reason="b") == f"A{NO_BREAK}: b"
    set_in_french = f"«{NARROW}l’un{NARROW}»{NO_BREAK}: 5{NO_BREAK}%{NARROW}; oui{NARROW}!"
    assert typeset("« l'un » : 5 % ; oui !", "fr") == set_in_french
    assert typeset('it\'s "so" - or not', "en") == "it’s “so” – or not"
    assert (fr.semicolon, fr.colon) == (f"{NARROW}; ", f"{NO_BREAK}: ")
    assert (en.semicolon, en.colon) == ("; ", ": ")
    assert fr.gettext("{day}, 24:00", day="lundi") == f"lundi à 24{NO_BREAK}h"
    assert "n’existe" in fr.gettext("the listing is gone")
    told = fr.gettext("{sentence}; the widest story ran in {outlets}.", sentence="X", outlets="2 titres")
    assert told.startswith(f"X{NARROW}; l’affaire")


def test_no_name_stands_where_french_would_elide_before_it() -> None:
    with (LOCALE_FOLDER / "fr" / "LC_MESSAGES" / "digest.po").open("rb") as source:
        for entry in read_po(source, locale="fr"):
            for said in entry.string if isinstance(entry.string, tuple) else (entry.string,):
                assert not re.search(r"\b(?:d|qu|jusqu|lorsqu|puisqu)e {(?:subject|title|topic|source|outlet)}", said), said


def test_plurals_follow_the_language() -> None:
    en, fr = words("en"), words("fr")
    for count, english, french in (
        (0, "0 articles", "0 article"),
        (1, "1 article", "1 article"),
        (1.5, "1.5 articles", "1,5 article"),
        (2, "2 articles", "2 articles"),
    ):
        assert en.ngettext("{count} article", "{count} articles", count) == english
        assert fr.ngettext("{count} article", "{count} articles", count) == french
    assert (fr.stance("critical", 1), fr.stance("critical", 2)) == ("critique", "critiques")


def test_what_is_said_with_values_is_not_read_as_a_message() -> None:
    assert words("fr").gettext("{source}: {reason}", source="{reason} : !", reason="x").startswith("{reason} : !")
