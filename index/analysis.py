"""From text to the tokens that are indexed and searched. The one analysis of the house: engines are handed its tokens.

Every engine splits what it is given at white space and does nothing else, so two engines agree by construction.

An article is indexed under two token lists with the same positions: its **forms** (tokens without accents) and its **stems**
(Snowball, Porter 2001, through PyStemmer). Stop words are kept, so that exact phrases can be found.
"""

import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import Stemmer

# Raised whenever the same text would give other tokens: an index built before must then be built anew.
ANALYSIS_VERSION = f"1/{Stemmer.version()}"

# Elasticsearch cuts longer tokens at 255 and nothing that long is a word; both sides of a search cut alike.
LONGEST_TOKEN = 100

# Articles and conjunctions that lose their vowel before an apostrophe: French (Grevisse § 45), Italian, Catalan.
_ELIDED = (
    "l d j m t s c n qu jusqu lorsqu puisqu quoiqu presqu quelqu entr "
    "un gl all dall dell nell sull coll pell quest quell sant bell buon nessun ciascun tutt com dov"
)
# Scripts written without spaces between words: Han, kana, Hangul. Bigrams of characters stand in for words there.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
# Marks that belong to the letter before them; `re` counts them as no part of a word, which would tear Hindi or Arabic apart.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0971-\u0df3"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u3099\u309a"
)
_WORD = re.compile(
    rf"(?:{'|'.join(sorted(_ELIDED.split(), key=len, reverse=True))})['’ʼ](?=[^\W_])"  # l'intelligence → intelligence
    rf"|['’ʼ]s(?![^\W_])"  # Nvidia's → nvidia
    rf"|([a-z](?:\+\+|\#)(?![^\W_])|[^\W_][^\W_{_MARKS}]*(?:[{_MARKS}]+[^\W_]*)*)"  # C++, C#, words and numbers
)
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_MARK = re.compile(f"[{_MARKS}]")
_ACCENT = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ς": "σ"}
)

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "nb": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip

# A Zipf vocabulary of several languages fits; a daemon that runs for months must not grow without end.
_REMEMBERED = 400_000


def tokens(text: str) -> list[str]:
    """The words of a text: NFC, lower case, accents kept, elided articles and the English possessive dropped.

    ``L'IA de Nvidia's GPT-4o en C++`` gives ``ia de nvidia gpt 4o en c++``. Chinese, Japanese and Korean runs become bigrams of
    characters. No token holds white space, and ``tokens(token) == [token]``.
    """
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if _UNSPACED_RUN.search(text):
            return [piece for word in _words(text) for piece in _bigrams(word)]
    return _words(text)


def _words(text: str) -> list[str]:
    return [word if len(word) <= LONGEST_TOKEN else word[:LONGEST_TOKEN] for word in _WORD.findall(text) if word]


def _bigrams(word: str) -> list[str]:
    """A word as it is, its unspaced runs cut into overlapping pairs of characters."""
    pieces: list[str] = []
    done = 0
    for run in _UNSPACED_RUN.finditer(word):
        pieces.append(word[done : run.start()])
        characters = run.group()
        pieces.extend(characters[at : at + 2] for at in range(max(1, len(characters) - 1)))
        done = run.end()
    pieces.append(word[done:])
    return [piece for piece in pieces if piece]


class _Remembered:
    """A function from token to token whose answers are remembered, since a few words make up most of any text."""

    def __init__(self, compute: Callable[[str], str]) -> None:
        self._compute = compute
        self._answers: dict[str, str] = {}
        self._lock = threading.Lock()  # PyStemmer's objects must not be used by two threads at once

    def __call__(self, token: str) -> str:
        answer = self._answers.get(token)
        if answer is None:
            with self._lock:
                answer = self._compute(token)
                if len(self._answers) >= _REMEMBERED:
                    self._answers.clear()
                self._answers[token] = answer
        return answer

    def over(self, words: Sequence[str]) -> list[str]:
        """The answers for many tokens."""
        known = self._answers
        return [known.get(word) or self(word) for word in words]


def _fold(token: str) -> str:
    if token.isascii():
        return token
    letters = _ACCENT.sub("", unicodedata.normalize("NFKD", token)).lower().translate(_LETTERS)
    letters = unicodedata.normalize("NFC", letters)  # Hangul syllables and the marks of other scripts come together again
    kept = "".join(letter for letter in letters if letter.isalnum() or _MARK.match(letter))
    return kept[:LONGEST_TOKEN] or token


fold = _Remembered(_fold)
fold.__doc__ = "A token without accents: ``modèle`` → ``modele``, ``cœur`` → ``coeur``, ``straße`` → ``strasse``."


@cache
def _stemmer(language: str) -> _Remembered | None:
    name = _STEMMERS.get(language)
    if name is None or name not in Stemmer.algorithms():
        return None
    stemmer = Stemmer.Stemmer(name)
    return _Remembered(lambda token: f"{language}·{_fold(stemmer.stemWord(token))}")


def stem(token: str, language: str) -> str | None:
    """The stem of a token in a language, named for it (``fr·perform``); None where the language has no stemmer."""
    stemmer = _stemmer(language)
    return stemmer(token) if stemmer else None


def folded(words: Sequence[str]) -> list[str]:
    """The forms of tokens, one for each."""
    return fold.over(words)


def stemmed(words: Sequence[str], language: str) -> list[str]:
    """The stems of tokens, one for each; none at all where the language has no stemmer."""
    stemmer = _stemmer(language)
    return stemmer.over(words) if stemmer else []


def forms(text: str) -> list[str]:
    """The tokens of a text without accents."""
    return folded(tokens(text))


def stems(text: str, language: str) -> list[str]:
    """The stems of a text in a language, at the positions of its forms; empty where the language has no stemmer."""
    return stemmed(tokens(text), language)


def normal_name(name: str) -> str:
    """The form under which names of people, organisations and places are the same: ``L'Oréal`` and ``l’oreal`` → ``oreal``."""
    return " ".join(forms(name)) or name.strip().lower()
