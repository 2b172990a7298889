"""Which language a text is in (py3langid; Lui & Baldwin 2012, langid.py)."""

from functools import cache
from typing import Protocol


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


@cache
def _identifier(languages: tuple[str, ...]) -> _Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    # A page may declare anything, and a watch may name a language that the model does not know.
    if known := [language for language in languages if language in identifier.labels]:
        identifier.set_languages(known)
    return identifier  # type: ignore[no-any-return]  # py3langid carries no types


def detect_language(text: str, languages: tuple[str, ...] = ()) -> str:
    """The ISO 639-1 code of the language of text, among languages where given; empty for a text without letters."""
    sample = text[:4000]
    if not any(character.isalpha() for character in sample):
        return ""
    return str(_identifier(languages).classify(sample)[0])
