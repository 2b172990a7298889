"""The stories that matter, with what they quote."""

from digest._enquiry import Enquiry
from digest._tally import Hit, Telling
from digest.model import STANCES, Quote, StanceCount, StoryWeek
from index.analysis import normal_name
from index.query import FieldValue, Query, all_of, render
from vigie import article

MOST_QUOTES = 2
# A story's quotes are looked for in so many of its articles, the last ones.
ARTICLES_LOOKED_AT = 30
# Characters of a quote that says something and can be read at a glance.
SHORTEST, LONGEST = 30, 320


def stories_of(enquiry: Enquiry, topic: str | None, most: int) -> tuple[StoryWeek, ...]:
    """The stories that most outlets tell; of equals those in most articles, then those that take sides, then the earliest."""
    tellings = enquiry.tally.stories(topic, most)
    first = enquiry.record.articles(telling.first["id"] for telling in tellings)
    return tuple(_story(enquiry, telling, topic, first.get(telling.first["id"])) for telling in tellings)


def _story(enquiry: Enquiry, telling: Telling, topic: str | None, as_read: article.Article | None) -> StoryWeek:
    first = telling.first
    query = _query(enquiry, telling, topic)
    return StoryWeek(
        id=telling.id,
        title=first["title"],
        url=first["url"],
        source=enquiry.name(first["source"]),
        authors=as_read.authors if as_read else (),
        language=first["language"],
        published=first["published"],
        articles=telling.articles,
        outlets=len(telling.sources),
        languages=tuple(sorted(telling.languages)),
        stances=tuple(
            StanceCount(stance, telling.stances[stance], render(enquiry.of_week(query, enquiry.stance(stance, topic))))
            for stance in STANCES
        ),
        quotes=_quotes(enquiry, enquiry.of_week(query)),
        query=render(enquiry.of_week(query)),
    )


def _query(enquiry: Enquiry, telling: Telling, topic: str | None) -> Query:
    # An article that tells no story yet stands for itself.
    place = FieldValue("story" if telling.first["story"] else "id", telling.id)
    return all_of((place, enquiry.about, *((FieldValue("topic", topic),) if topic else ())))


def _quotes(enquiry: Enquiry, query: Query) -> tuple[Quote, ...]:
    """The speakers' own words: up to two quotes of different speakers, from the earliest articles."""
    hits = {hit["id"]: hit for hit in reversed(enquiry.reader.search(query, limit=ARTICLES_LOOKED_AT, sort="date").hits)}
    chosen: dict[str, Quote] = {}
    for id_, quotes in enquiry.record.quotes(hits):
        for quote in quotes:
            if quote.speaker and quote.kind == "direct" and can_be_shown(quote):
                chosen.setdefault(normal_name(quote.speaker), quote_of(enquiry, quote, hits[id_]))
    return tuple(chosen.values())[:MOST_QUOTES]


def can_be_shown(quote: article.Quote) -> bool:
    """Whether a quote is neither a scrap nor a speech."""
    return SHORTEST <= len(quote.text) <= LONGEST


def quote_of(enquiry: Enquiry, quote: article.Quote, hit: Hit) -> Quote:
    """A quote with the article that it stands in."""
    return Quote(quote.speaker, quote.kind, quote.text, hit["language"], hit["url"], enquiry.name(hit["source"]))
