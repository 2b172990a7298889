"""Who is quoted in the articles of a week, and what stories quote: verbatim, with the article."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.model import Quote, Speaker
from index.analysis import normal_name
from index.query import Query
from vigie import article

if TYPE_CHECKING:
    from digest.build import _Building

MOST_QUOTES = 2
# A story's quotes are looked for in so many of its articles, the newest first.
ARTICLES_LOOKED_AT = 30
# Characters of a quote that says something and can be read in a glance.
SHORTEST, LONGEST = 30, 320


def quotes_of_stories(building: _Building, queries: Sequence[Query]) -> list[tuple[Quote, ...]]:
    """Up to two quotes of different speakers for each story, from its earliest articles found."""
    found = []
    for query in queries:
        page = building.reader.search(query, limit=ARTICLES_LOOKED_AT, sort="date")
        hits = {hit["id"]: hit for hit in reversed(page.hits)}
        chosen: dict[str, Quote] = {}
        for id_, quotes in building.record.quotes(hits):
            for quote in sorted(filter(_is_telling, quotes), key=lambda quote: (quote.kind != "direct", quote.start)):
                made = Quote(
                    quote.speaker, quote.text, hits[id_]["language"], hits[id_]["url"], building.name(hits[id_]["source"])
                )
                if all(made.text != other.text for other in chosen.values()):
                    chosen.setdefault(normal_name(quote.speaker), made)
        found.append(tuple(chosen.values())[:MOST_QUOTES])
    return found


def _is_telling(quote: article.Quote) -> bool:
    return bool(quote.speaker) and SHORTEST <= len(quote.text) <= LONGEST


def speakers_of(building: _Building, most: int) -> tuple[Speaker, ...]:
    """Who is quoted in most outlets; of equals in most quotes, then by name."""
    return ()
