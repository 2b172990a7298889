"""The marks of an article: the names and amounts by which an event is recognised in any language.

A text about "600 milliards de dollars" and one about "$600bn" share an amount; translations keep names of people and firms.
"""

import re
import unicodedata
from collections.abc import Iterator

# Scale words of French, English, German, Spanish and Italian; the billion of English is a thousand times smaller than theirs.
_THOUSAND = ("thousand", "mille", "tausend", "mil", "mila")
_MILLION = ("million", "millions", "millionen", "mio", "millon", "millones", "milione", "milioni", "mn")
_MILLIARD = ("milliard", "milliards", "milliarde", "milliarden", "mrd", "md", "mds", "miliardo", "miliardi", "bn")
_BILLION = ("billion", "billions")
_TRILLION = ("trillion", "trillions", "tn", "billionen", "billon", "billones", "bilione", "bilioni")
_SCALES = {
    word: scale for words, scale in ((_THOUSAND, 1e3), (_MILLION, 1e6), (_MILLIARD, 1e9), (_TRILLION, 1e12)) for word in words
}
# Single letters measure as well (40 m, 500 K): these say how an amount of money or a count is written.
_LETTERS = {"k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6}
_MONEY = ("euro", "euros", "dollar", "dollars")
_DECIMAL_POINT = ("en", "zh", "ja", "ko")  # elsewhere the decimal sign is a comma
_NUMBER = re.compile(
    r"""(?P<before>[$€£¥]\s?)?(?<![\w.,])(?P<whole>\d{1,3}(?:[.,\u00a0\u202f\ ]\d{3})+|\d+)(?:[.,](?P<fraction>\d{1,3}))?(?!\d)
        (?:\s?(?P<percent>%|percent\b|per\scent\b|pour\scent\b|Prozent\b|por\ ciento\b|per\ cento\b))?
        (?P<scales>(?:[\s\u00a0]?[^\W\d_]+\b)?(?:\s[^\W\d_]+\b)?)(?=(?P<behind>\s?[$€£¥])?)""",
    re.VERBOSE,
)
# Days of the month and small counts stand in every text, and so do years.
_SMALL = 31
_YEARS = range(1900, 2040)


def find_marks(title: str, text: str, language: str) -> str:
    """The marks of a text, each once, sorted, with a space between: names folded to plain lower case, amounts behind a ``#``."""
    whole = f"{title} . {text}"
    return " ".join(sorted({*_names(whole), *_amounts(whole, language)}))


def _names(text: str) -> Iterator[str]:
    """Words with a capital, and words that mix letters and digits (r1, 910c); German nouns come with them and do no harm."""
    for word in re.findall(r"\w{2,}", text):
        mixed = any(letter.isdigit() for letter in word) and any(letter.isalpha() for letter in word)
        if word[0].isupper() or mixed:
            yield _folded(word)


def _folded(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(letter))


def _amounts(text: str, language: str) -> Iterator[str]:
    """Amounts by value, to four digits: percentages, and numbers that are neither small nor a year."""
    for found in _NUMBER.finditer(text):
        value = _value(found["whole"], found["fraction"], language)
        scale = _letter(found, language) or _scale(found["scales"], language)
        if found["percent"]:
            yield f"#{value:.4g}%"
        elif scale > 1 or not value.is_integer() or (value > _SMALL and not (value in _YEARS and len(found["whole"]) == 4)):
            yield f"#{value * scale:.4g}"


def _value(whole: str, fraction: str | None, language: str) -> float:
    """A number as it is written in a language: "1.234" is a thousand and more in German, one and a bit in English."""
    point = "." if language in _DECIMAL_POINT else ","
    if fraction is None and re.fullmatch(rf"\d{{1,3}}{re.escape(point)}\d{{3}}", whole):
        return float(whole.replace(point, "."))
    return float(f"{re.sub(r'[^0-9]', '', whole)}.{fraction or 0}")


def _letter(found: re.Match[str], language: str) -> float | None:
    """What a single letter behind a number multiplies it by; None where it is a unit, or a word stands there.

    With money it always does, close to the number too; but 40m are metres outside English, and so are 40 m.
    """
    unit, *more = found["scales"].split() or [""]
    money = found["before"] or found["behind"] or any(_folded(word) in _MONEY for word in more)
    close = found["scales"][:1] == unit
    if unit in _LETTERS and (money or unit == "M" or (close and (unit != "m" or language == "en"))):
        return _LETTERS[unit]
    return None


def _scale(words: str, language: str) -> float:
    """What the words behind a number multiply it by: "mil millones" is 10⁹."""
    scale = 1.0
    for word in words.split():
        folded = _folded(word)
        factor = (1e9 if language == "en" else 1e12) if folded in _BILLION else _SCALES.get(folded)
        if factor is None:
            break
        scale *= factor
    return scale
