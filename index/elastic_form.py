"""Our documents and queries as Elasticsearch's."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from index.about import About
from index.analysis import fold, folded, stem, stemmed
from index.calendar import day_number
from index.document import COUNTED_COLUMNS, KEYWORD_COLUMNS, NUMBER_COLUMNS, TEXT_COLUMNS, IndexedArticle, fact_pattern, moment_of
from index.query import And, DateRange, Everything, FactFilter, FieldValue, Not, OneOf, Or, Phrase, Prefix, Query, Scope, Word

Json = dict[str, Any]

# Languages for which Elasticsearch has an analyzer of its own, by the name that it gives it. They serve its other users, such as
# Kibana's, in the fields original.fr, original.en …; Vigie itself asks the fields that hold its own tokens.
LANGUAGE_ANALYZERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
ANY_LANGUAGE = "other"

_TITLE_WEIGHT = 2.0  # as in the embedded index
_MOST_TERMS = 65_000  # of one clause; Elasticsearch refuses more than 65,536
# What reading an article again cannot change; the rest is sent as a partial update.
_OF_THE_TEXT = (*TEXT_COLUMNS, "id", "url", "headline", "original", "author")


def index_body(about: About, prefix: str, *, shards: int, replicas: str) -> Json:
    """Settings and mapping of a new index. replicas: a number, or a range such as ``0-1`` that follows the number of nodes.

    The mapping is strict: a document with a column that it does not have is refused. Its ``_meta`` says who has built the index,
    and with what.
    """
    return {
        "settings": {
            "index": {
                "number_of_shards": shards,
                **copies(replicas),
                "codec": "best_compression",
                # So many values of a column may be asked for at once, and no fewer than the embedded index takes.
                "max_terms_count": _MOST_TERMS,
            }
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": {
                "made_by": "vigie",
                "prefix": prefix,
                "schema": about.schema,
                "analysis": about.analysis,
                "zone": about.zone,
            },
            "properties": _properties(),
        },
    }


def copies(replicas: str) -> Json:
    """The setting for a number of copies, or a range."""
    return {"auto_expand_replicas": replicas} if "-" in replicas else {"number_of_replicas": replicas}


def _properties() -> Json:
    # index.analysis has made the tokens: forms without accents, which know no language, and stems, which begin with theirs.
    tokens = {name: {"type": "text", "analyzer": "whitespace"} for name in TEXT_COLUMNS}
    keywords = {name: {"type": "keyword", "doc_values": name in (*COUNTED_COLUMNS, *_FOR_OTHERS)} for name in KEYWORD_COLUMNS}
    languages = {**LANGUAGE_ANALYZERS, ANY_LANGUAGE: "standard"}
    return {
        **tokens,
        **{name: {"type": "long"} for name in NUMBER_COLUMNS},
        **keywords,
        "payload": {"type": "keyword", "index": False, "doc_values": False},
        "text_digest": {"type": "keyword", "index": False, "doc_values": False},
        "published": {"type": "date", "format": "epoch_second||strict_date_optional_time"},
        "url": {"type": "keyword", "index": False},
        "headline": {"type": "keyword", "ignore_above": 1000},
        "original": {
            "dynamic": "strict",
            "properties": {code: {"type": "text", "analyzer": name, "norms": False} for code, name in languages.items()},
        },
        # The number of dimensions is that of the first vector. HNSW: Malkov & Yashunin 2016; bytes take a quarter of the memory.
        "embedding": {
            "type": "dense_vector", "index": True, "similarity": "cosine",
            "index_options": {"type": "int8_hnsw", "m": 16, "ef_construction": 100},
        },
    }  # fmt: skip


_FOR_OTHERS = ("kind", "author", "story", "spellings")  # keywords that Kibana's users count by


def document(article: IndexedArticle, dimensions: int | None) -> Json:
    """The document of an article. A vector of another number of dimensions than the index has is left out."""
    made: Json = {name: getattr(article, name) for name in (*TEXT_COLUMNS, *KEYWORD_COLUMNS, *NUMBER_COLUMNS)}
    for name in KEYWORD_COLUMNS:
        held = made[name]
        made[name] = (held or None) if isinstance(held, str) else [value for value in held if value]
    language = article.language if article.language in LANGUAGE_ANALYZERS else ANY_LANGUAGE
    return {
        **made,
        "shared_story": article.shared_story or None,
        "payload": article.payload,
        "text_digest": text_digest(article),
        "published": moment_of(article.turn),
        "url": article.url,
        "headline": article.headline,
        "original": {language: f"{article.headline}\n\n{article.body}"},
        "embedding": _vector(article.embedding, dimensions),
    }


def labels_only(made: Json) -> Json:
    """The part of a document that reading an article again may change."""
    return {name: value for name, value in made.items() if name not in _OF_THE_TEXT}


def text_digest(article: IndexedArticle) -> str:
    """A digest of all that labels_only leaves out: where it is the same, a partial update is enough."""
    parts = [*(getattr(article, name) for name in TEXT_COLUMNS), article.language, article.url, article.headline, article.body]
    joined = "\0".join((*parts, *article.author)).encode()
    return base64.b64encode(hashlib.sha256(joined).digest()[:15]).decode()


def dimensions_of(embedding: bytes) -> int:
    """How many numbers a vector of the archive has."""
    return len(embedding) // 2


def _vector(embedding: bytes, dimensions: int | None) -> list[float] | None:
    if not embedding or dimensions not in (None, dimensions_of(embedding)):
        return None
    vector = np.frombuffer(embedding, np.float16).astype(np.float32)
    return [round(float(value), 5) for value in vector] if vector.any() else None  # a cosine needs a direction


class Compiler:
    """From our query tree to the query DSL. languages are those whose inflections a word stands for."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._languages = tuple(languages)

    def matching(self, query: Query) -> Json:
        """A query that finds the right articles, without regard to their order."""
        return {"bool": {"filter": [self._compile(query, scored=False)]}}

    def ranking(self, query: Query) -> Json:
        """A query that finds the same articles and gives those that treat of its words most the best scores."""
        return self._compile(query, scored=True)

    def _compile(self, query: Query, *, scored: bool) -> Json:
        make = partial(self._compile, scored=scored)
        match query:
            case Word(scope=scope) | Phrase(scope=scope) | Prefix(scope=scope):
                return self._text(query, scope, scored=scored)
            case And(parts=parts):
                asked = [make(part) for part in parts if not isinstance(part, Not)]
                refused = [self._compile(part.part, scored=False) for part in parts if isinstance(part, Not)]
                return {"bool": {"must": asked or [{"match_all": {}}], "must_not": refused}}
            case Or(parts=parts):
                return _any([make(part) for part in parts])
            case Not(part=part):
                return {"bool": {"filter": [{"match_all": {}}], "must_not": [self._compile(part, scored=False)]}}
            case _:
                return {"bool": {"filter": [self._exact(query)]}}

    def _exact(self, query: Query) -> Json:
        match query:
            case FieldValue(field=name, value=value):
                return {"term": {name: value}}
            case FactFilter(stance=stance, topic=topic, subject=subject):
                return {"term": {"fact_patterns": fact_pattern(stance, topic, subject)}}
            case DateRange(first=first, last=last):
                low, high = (None if day is None else day_number(day) for day in (first, last))
                bounds = {"gte": low, "lte": high}
                return {"range": {"day": {side: day for side, day in bounds.items() if day is not None}}}
            case OneOf(column=column, values=values):
                return _any([{"terms": {column: list(some)}} for some in _slices(values)] or [{"match_none": {}}])
            case Everything():
                return {"match_all": {}}
            case _:
                raise AssertionError(query)

    def _text(self, query: Word | Phrase | Prefix, scope: Scope, *, scored: bool) -> Json:
        readings = list(self._readings(query, scope))
        if not scored or scope == "title":
            return _any(readings)
        # The title is part of the text too, so the title readings add to the score and find nothing else.
        in_title = {"bool": {"should": list(self._readings(query, "title")), "minimum_should_match": 1, "boost": _TITLE_WEIGHT}}
        return {"bool": {"must": [{"dis_max": {"queries": readings}}], "should": [in_title]}}

    def _readings(self, query: Word | Phrase | Prefix, scope: Scope) -> Iterator[Json]:
        """The forms, and the stems of each language."""
        stems = f"{scope}_stems"
        match query:
            case Word(text=text):
                yield {"term": {scope: fold(text)}}
                for language in self._languages:
                    if stemmed_word := stem(text, language):
                        yield {"term": {stems: stemmed_word}}
            case Phrase(words=words):
                yield {"match_phrase": {scope: " ".join(folded(words))}}
                for language in self._languages:
                    if stemmed_words := stemmed(words, language):
                        yield {"match_phrase": {stems: " ".join(stemmed_words)}}
            case Prefix(text=text):
                yield {"prefix": {scope: text}}


def _any(queries: list[Json]) -> Json:
    return queries[0] if len(queries) == 1 else {"bool": {"should": queries, "minimum_should_match": 1}}


def _slices(values: tuple[str, ...] | tuple[int, ...]) -> Iterator[tuple[str | int, ...]]:
    return (values[at : at + _MOST_TERMS] for at in range(0, len(values), _MOST_TERMS))
