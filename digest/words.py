"""The language of an edition: its sentences from the gettext catalogue, its numbers, dates and typography.

Messages are written in English and translated in ``digest/locale``. Only what Vigie says is set by the rules of the language;
headlines and quotes stay as the press wrote them.
"""

import gettext
import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALE_FOLDER = Path(__file__).parent / "locale"
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


_MOMENT = {"en": "EEE d MMM, HH:mm", "fr": f"EEE d MMM, H'{NO_BREAK}h{NO_BREAK}'mm"}


class Words:
    """What an edition says in its language (``en`` or ``fr``)."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse({"en": "en_GB"}.get(language, language))
        self._catalogue = _catalogue(language)
        # Between parts that are put in a row.
        self.semicolon, self.colon = (f"{NARROW}; ", f"{NO_BREAK}: ") if language == "fr" else ("; ", ": ")

    # Sentences.

    def gettext(self, message: str, **values: object) -> str:
        """The message in the language, with its {values}."""
        return self.form(message).format(**values)

    def form(self, message: str) -> str:
        """The message in the language, its {values} not yet filled in."""
        return typeset(self._catalogue.gettext(message), self.language)

    def ngettext(self, one: str, many: str, count: float, /, **values: object) -> str:
        """The message in the form that goes with a count, which it may name as {count}."""
        return self.nform(one, many, count).format(**{"count": self.number(count), **values})

    def nform(self, one: str, many: str, count: float) -> str:
        """The message in the form that goes with a count, its {values} not yet filled in.

        gettext's rules are for whole numbers: 1.5 is singular in French and plural in English.
        """
        whole = int(count) if count == int(count) or self.language == "fr" else 2
        return typeset(self._catalogue.ngettext(one, many, whole), self.language)

    def quoted(self, text: str) -> str:
        """Words of somebody between the quotation marks of the language."""
        return f"«{NARROW}{text}{NARROW}»" if self.language == "fr" else f"“{text}”"

    def stance(self, stance: str, articles: float = 1) -> str:
        """How a stance is called, of so many articles."""
        ngettext = self.ngettext
        return {
            "supportive": ngettext("supportive", "supportive", articles),
            "neutral": ngettext("neutral", "neutral", articles),
            "critical": ngettext("critical", "critical", articles),
            "unsure": ngettext("unsure", "unsure", articles),
        }[stance]

    def listed(self, items: Sequence[str]) -> str:
        """Items in a row: a, b and c."""
        return format_list(list(items), locale=self._locale)

    def language_name(self, code: str) -> str:
        """How a language is called."""
        try:
            return Locale.parse(code).get_display_name(self._locale) or code
        except (UnknownLocaleError, ValueError):
            return code

    # Numbers.

    def number(self, value: float) -> str:
        """A count, or a mean with one decimal; thousands as the language parts them, in French by narrow spaces."""
        return self._decimal(round(value, 1), "#,##0.#")

    def decimal(self, value: float, digits: int) -> str:
        """A number with so many decimals."""
        return self._decimal(value, _pattern(digits))

    def signed(self, value: float, digits: int = 0) -> str:
        """A number with its sign; nought has none."""
        rounded = round(value, digits)
        return ("+" if rounded > 0 else MINUS if rounded < 0 else "") + self._decimal(abs(rounded), _pattern(digits))

    def percent(self, share: float, digits: int = 1) -> str:
        """A share of one as a percentage."""
        return self._decimal(round(100 * share, digits), _pattern(digits)) + (f"{NO_BREAK}%" if self.language == "fr" else "%")

    def signed_percent(self, share: float) -> str:
        """A change, as a percentage with its sign."""
        sign = "+" if share > 0 else MINUS if share < 0 else ""
        return sign + self.percent(abs(share), 0)

    def _decimal(self, value: float, pattern: str) -> str:
        return format_decimal(value, format=pattern, locale=self._locale).replace("-", MINUS)

    # Dates: instants in ISO 8601, in the zone that they name.

    def day(self, instant: str) -> str:
        """Monday 27 January 2025; lundi 27 janvier 2025; the first of a month is « 1er » in French."""
        return self._first(format_date(datetime.fromisoformat(instant), "EEEE d MMMM y", locale=self._locale))

    def date(self, instant: str) -> str:
        """27 January 2025."""
        return self._first(format_date(datetime.fromisoformat(instant), "d MMMM y", locale=self._locale))

    def week_label(self, week: str) -> str:
        """2025-W05 in short: W5; S5 in French (semaine)."""
        return self.gettext("W{week}", week=int(week.rpartition("W")[2]))

    def week_name(self, week: str) -> str:
        """2025-W05: week 5 of 2025."""
        year, _, number = week.partition("-W")
        return self.gettext("Week {week} of {year}", week=int(number), year=year)

    def last_day(self, end: str) -> str:
        """The last day of what ends at an instant."""
        return self.day((datetime.fromisoformat(end) - timedelta(seconds=1)).isoformat())

    def moment(self, instant: str) -> str:
        """A day and time of the year that is told about."""
        when = datetime.fromisoformat(instant)
        return self._first(format_datetime(when, _MOMENT[self.language], tzinfo=when.tzinfo, locale=self._locale))

    def _first(self, day: str) -> str:
        """French counts the first day of a month, and only that."""
        return re.sub(r"\b1 (?=[^\W\d])", "1er ", day, count=1) if self.language == "fr" else day


def _pattern(digits: int) -> str:
    return "#,##0." + "0" * digits if digits else "#,##0"


@cache
def words(language: str) -> Words:
    """The words of a language."""
    return Words(language)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue, compiled as it is read: there is no file to build. English is the language of the messages."""
    file = LOCALE_FOLDER / language / "LC_MESSAGES" / "digest.po"
    if language == "en":
        return gettext.NullTranslations()
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, domain="digest")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def typeset(text: str, language: str) -> str:
    """A message of ours with the spaces and marks of its language.

    French, after the Imprimerie nationale's Lexique: a narrow no-break space before ; ! ? and inside of « », a no-break space
    before : and % and the h of an hour. English: curly quotation marks, an en dash between spaces. Apostrophes are curly in both.
    """
    text = re.sub(r"(?<=\w)'(?=\w)", "’", text)
    if language == "fr":
        text = re.sub(r" (?=[;!?»])", NARROW, text)
        text = text.replace("« ", f"«{NARROW}")
        return re.sub(r" (?=[:%])|(?<=\d) (?=h\b)", NO_BREAK, text)
    text = re.sub(r'"([^"]*)"', r"“\1”", text)
    return re.sub(r"(?<= )-(?= )", "–", text)
