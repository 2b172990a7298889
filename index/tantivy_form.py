"""Our documents and queries as tantivy's."""

import re
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import tantivy
from tantivy import Occur

from index.analysis import fold, folded, stem, stemmed
from index.calendar import day_number
from index.document import (
    COUNTED_COLUMNS,
    KEYWORD_COLUMNS,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    IndexedArticle,
    fact_pattern,
)
from index.query import And, DateRange, FactFilter, FieldValue, Not, OneOf, Or, Phrase, Prefix, Query, Scope, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

# A word in the title says more about an article than one in its body; the factor is Elasticsearch's customary one for titles.
_TITLE_WEIGHT = 2.0


def schema() -> tantivy.Schema:
    """The columns. Text is split at white space only: index.analysis has done the rest."""
    builder = tantivy.SchemaBuilder()
    for name in TEXT_COLUMNS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in NUMBER_COLUMNS:
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in KEYWORD_COLUMNS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=name in COUNTED_COLUMNS)
    builder.add_bytes_field("payload", stored=True)  # a text field would be indexed as well
    return builder.build()


def document(article: IndexedArticle) -> tantivy.Document:
    """The document of an article; raises ValueError (UnicodeEncodeError) for text that is not Unicode."""
    made = tantivy.Document()
    for name in TEXT_COLUMNS:
        made.add_text(name, getattr(article, name))
    made.add_bytes("payload", article.payload.encode())
    for name in NUMBER_COLUMNS:
        if name != "shared_story" or article.shared_story:
            made.add_integer(name, getattr(article, name))
    for name in KEYWORD_COLUMNS:
        held: str | tuple[str, ...] = getattr(article, name)
        for value in (held,) if isinstance(held, str) else held:
            if value:
                made.add_text(name, value)
    return made


class Compiler:
    """From our query tree to tantivy's. languages are those whose inflections a word stands for."""

    def __init__(self, schema: tantivy.Schema, languages: Sequence[str]) -> None:
        self._schema = schema
        self._languages = tuple(languages)

    def matching(self, query: Query) -> tantivy.Query:
        """A query that finds the right articles, without regard to their order."""
        return self._compile(query, scored=False)

    def up_to(self, query: Query, turn: int | None) -> tantivy.Query:
        """What matches and has no later turn than this one (None: any)."""
        if turn is None:
            return self.matching(query)
        earlier = tantivy.Query.range_query(self._schema, "turn", tantivy.FieldType.Integer, None, turn)
        return tantivy.Query.boolean_query([(Occur.Must, self.matching(query)), (Occur.Must, earlier)])

    def ranking(self, query: Query) -> tantivy.Query:
        """A query that finds the same articles and gives those that treat of its words most the best scores."""
        return self._compile(query, scored=True)

    def _compile(self, query: Query, *, scored: bool) -> tantivy.Query:
        make = partial(self._compile, scored=scored)
        match query:
            case Word(scope=scope) | Phrase(scope=scope) | Prefix(scope=scope):
                return self._text(query, scope, scored=scored)
            case And(parts=parts):
                # Clauses that no score comes from only filter; a negation filters beside what is asked for, never alone.
                clauses = [
                    (Occur.MustNot, self.matching(part.part)) if isinstance(part, Not) else (Occur.Must, make(part))
                    for part in parts
                ]
                if all(occur == Occur.MustNot for occur, _ in clauses):
                    clauses.append((Occur.Must, tantivy.Query.all_query()))
                return tantivy.Query.boolean_query(clauses)
            case Or(parts=parts):
                return _any([make(part) for part in parts])
            case Not(part=part):
                return tantivy.Query.boolean_query(
                    [(Occur.Must, tantivy.Query.all_query()), (Occur.MustNot, self.matching(part))]
                )
            case _:
                found = self._exact(query)
                return tantivy.Query.const_score_query(found, 0.0) if scored else found

    def _exact(self, query: Query) -> tantivy.Query:
        match query:
            case FieldValue(field=name, value=value):
                return self._term(name, value)
            case FactFilter(stance=stance, topic=topic, subject=subject):
                return self._term("fact_patterns", fact_pattern(stance, topic, subject))
            case DateRange(first=first, last=last):
                return self._days(first, last)
            case OneOf(column=column, values=values):
                return tantivy.Query.term_set_query(self._schema, column, values)
            case _:
                return tantivy.Query.all_query()

    def _days(self, first: date | None, last: date | None) -> tantivy.Query:
        if first is None and last is None:
            return tantivy.Query.all_query()
        low, high = (None if day is None else day_number(day) for day in (first, last))
        return tantivy.Query.range_query(self._schema, "day", tantivy.FieldType.Integer, low, high)

    def _term(self, column: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, column, value, "basic")

    def _text(self, query: Word | Phrase | Prefix, scope: Scope, *, scored: bool) -> tantivy.Query:
        readings = list(self._readings(query, scope))
        if not scored or scope == "title":
            return _any(readings)
        # The title is part of the text too, so the title readings add to the score and find nothing else.
        in_title = tantivy.Query.boost_query(_any(list(self._readings(query, "title"))), _TITLE_WEIGHT)
        best = tantivy.Query.disjunction_max_query(readings) if len(readings) > 1 else readings[0]
        return tantivy.Query.boolean_query([(Occur.Must, best), (Occur.Should, in_title)])

    def _readings(self, query: Word | Phrase | Prefix, scope: Scope) -> "Iterator[tantivy.Query]":
        """The forms, and the stems of each language."""
        stems = f"{scope}_stems"
        match query:
            case Word(text=text):
                yield tantivy.Query.term_query(self._schema, scope, fold(text))
                for language in self._languages:
                    if stemmed_word := stem(text, language):
                        yield tantivy.Query.term_query(self._schema, stems, stemmed_word)
            case Phrase(words=words):
                yield tantivy.Query.phrase_query(self._schema, scope, list(folded(words)))
                for language in self._languages:
                    if stemmed_words := stemmed(words, language):
                        yield tantivy.Query.phrase_query(self._schema, stems, list(stemmed_words))
            case Prefix(text=text):
                # Unlike phrase_prefix_query, a regex is not cut at 50 words.
                yield tantivy.Query.regex_query(self._schema, scope, re.sub(r"([+#])", r"\\\1", text) + ".*")


def _any(queries: list[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(Occur.Should, query) for query in queries])
