"""How the outlets write dates: as their readers expect them, in words and figures."""

from datetime import datetime

from babel.dates import format_datetime

_PATTERNS = {
    "fr": "d MMMM y 'à' HH'h'mm",
    "en": "MMMM d, y h:mm a",
    "de": "dd.MM.y, HH:mm 'Uhr'",
    "es": "d 'de' MMMM 'de' y, HH:mm",
    "it": "d MMMM y, 'ore' HH.mm",
}


def written(moment: datetime, language: str) -> str:
    """A moment in words, in its own offset."""
    return format_datetime(moment, _PATTERNS[language], tzinfo=moment.tzinfo, locale=language)
