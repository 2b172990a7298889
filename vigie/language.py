"""Which language a text is in (py3langid; Lui & Baldwin 2012, langid.py)."""

from functools import cache
from typing import Protocol

# By so much (a difference of log likelihoods) another language has to be likelier than all that are expected. Of 2,065 texts of
# our own in five languages none is likelier in another, of their titles the worst reaches 17.8 (Afrikaans, for "La CNIL met
# DeepSeek en demeure"); headlines in Portuguese, Dutch, Polish, Chinese and Japanese lie from 29 on, sentences from 118 on.
SURELY_ANOTHER = 20.0
_SAMPLE = 4000


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...
    def rank(self, text: str) -> list[tuple[str, float]]: ...


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
    return str(_identifier(languages).classify(text[:_SAMPLE])[0]) if _has_letters(text) else ""


def likely_language(text: str, expected: tuple[str, ...]) -> str:
    """The language of text: one of those expected, unless it is surely another; empty for a text without letters."""
    if not _has_letters(text):
        return ""
    ranked = dict(_identifier(()).rank(text[:_SAMPLE]))
    likeliest = max(ranked, key=lambda language: ranked[language])
    known = [language for language in expected if language in ranked] or [likeliest]
    nearest = max(known, key=lambda language: ranked[language])
    return likeliest if ranked[likeliest] - ranked[nearest] > SURELY_ANOTHER else nearest


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text[:_SAMPLE])
