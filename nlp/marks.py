"""The marks of an article: the names and amounts by which an event is recognised in any language.

A text about "600 milliards de dollars" and one about "$600bn" share an amount; translations keep names of people and firms.
"""

import re
import unicodedata
from collections.abc import Iterator

# Scale words of French, English, German, Spanish and Italian; the billion of English is a thousand times smaller than theirs.
_THOUSAND = ("thousand", "mille", "tausend", "mil", "mila")
_MILLION = ("million", "millions", "millionen", "mio", "millon", "millones", "milione", "milioni", "mn", "m")
_MILLIARD = ("milliard", "milliards", "milliarde", "milliarden", "mrd", "md", "mds", "miliardo", "miliardi", "bn")
_BILLION = ("billion", "billions")
_TRILLION = ("trillion", "trillions", "tn", "billionen", "billon", "billones", "bilione", "bilioni")
_SCALES = {
    word: scale for words, scale in ((_THOUSAND, 1e3), (_MILLION, 1e6), (_MILLIARD, 1e9), (_TRILLION, 1e12)) for word in words
}
_DECIMAL_POINT = ("en", "zh", "ja", "ko")  # elsewhere the decimal sign is a comma
_NUMBER = re.compile(
    r"""(?<![\w.,])(?P<whole>\d{1,3}(?:[.,\u00a0\u202f\ ]\d{3})+|\d+)(?:[.,](?P<fraction>\d{1,3}))?(?!\d)
        (?:\s?(?P<percent>%|percent\b|per\ cent\b|Prozent\b|por\ ciento\b|per\ cento\b))?
        (?P<scales>(?:[\s\u00a0]?[^\W\d_]+\b)?(?:\s[^\W\d_]+\b)?)""",
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
        scale = _scale(found["scales"], language)
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
