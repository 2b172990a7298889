"""What an index holds of an article."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import tantivy

from index.analysis import folded, normal_name, stemmed, tokens
from index.calendar import bucket

if TYPE_CHECKING:
    from vigie.archive import StoredArticle
    from vigie.article import StanceLabel
    from vigie.watch import Watch

# Stands between title and body, so that no phrase runs from one into the other; no query holds it.
TITLE_END = "¶"

# Words that can be found rising are taken from the whole text, pairs of words from the title and the opening, where the press
# says what is new: nearly every pair further down is unique and would only swell the index. The cap keeps a transcript of 20,000
# words from weighing as much as a hundred articles.
_OPENING = 50
_MOST_TERMS = 400
_SHORTEST_TERM = 3

# Bits of a digest that tell apart the articles of one second. With the seconds before them they fit a double exactly until 2242,
# and a double is what engines compute a minimum in.
_TIE_BITS = 20

_STOP_LISTS = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "nb": "norwegian", "pt": "portuguese", "ru": "russian", "sv": "swedish",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """An article as every engine indexes it: one attribute for each column.

    title, text (title, TITLE_END and body) are forms separated by spaces; title_stems and text_stems are the stems at the same
    positions, empty in a language without stemmer. turn orders articles by time, uniquely. day, week and month are those of
    :mod:`index.calendar`. facts are ``subject|topic|stance``; fact_patterns the same with every part left empty that a filter may
    leave open. entity, author and speaker (who is quoted) hold normal names; spellings are ``normal name|name as
    written``. shared_story is the :func:`story_number` of the story where other articles tell it too, else 0. term holds what can
    be found rising. payload is the JSON that a search gives back.

    url, headline, body and embedding (the archive's: float16, of unit length; empty where there is none) are the article as it
    was published, for engines whose users look at it with other programs; nothing that Vigie asks needs them.
    """

    id: str
    title: str
    text: str
    title_stems: str
    text_stems: str
    turn: int
    day: int
    week: int
    month: int
    source: str
    owner: str
    country: str
    kind: str
    language: str
    topic: tuple[str, ...]
    subject: tuple[str, ...]
    facts: tuple[str, ...]
    fact_patterns: tuple[str, ...]
    entity: tuple[str, ...]
    spellings: tuple[str, ...]
    author: tuple[str, ...]
    speaker: tuple[str, ...]
    story: str
    shared_story: int
    term: tuple[str, ...]
    payload: str
    url: str
    headline: str
    body: str
    embedding: bytes


COLUMNS = tuple(column.name for column in fields(IndexedArticle))
TEXT_COLUMNS = ("title", "text", "title_stems", "text_stems")
NUMBER_COLUMNS = ("turn", "day", "week", "month", "shared_story")
AS_PUBLISHED = ("url", "headline", "body", "embedding")
KEYWORD_COLUMNS = tuple(name for name in COLUMNS if name not in (*TEXT_COLUMNS, *NUMBER_COLUMNS, *AS_PUBLISHED, "payload"))
# Those that are counted over; the other keywords are only looked up.
COUNTED_COLUMNS = ("source", "owner", "country", "language", "topic", "subject", "facts", "entity", "speaker", "term")


def indexed_article(stored: "StoredArticle", watch: "Watch") -> IndexedArticle:
    """What the index holds of a read article. An article without date counts from when it was first seen.

    A source that has left the watch keeps its articles; they then have no country or kind, and the source is its own owner.
    """
    article, labels = stored.article, stored.labels
    if labels is None:
        raise ValueError(f"article {article.id} has not been read yet")
    source = next((source for source in watch.sources if source.id == article.source), None)
    language = labels.language or article.language
    instant = article.published.instant if article.published else datetime.fromtimestamp(stored.first_seen, UTC)
    local = instant.astimezone(watch.zone)
    day = local.date()
    title, body = tokens(article.title), tokens(article.text)
    words = [*title, TITLE_END, *body]
    entities = {normal_name(entity.name): entity.name for entity in labels.entities}
    return IndexedArticle(
        id=article.id,
        title=" ".join(folded(title)),
        text=" ".join(folded(words)),
        title_stems=" ".join(stemmed(title, language)),
        text_stems=" ".join(stemmed(words, language)),
        turn=turn(instant, article.id),
        day=bucket(day, "day"),
        week=bucket(day, "week"),
        month=bucket(day, "month"),
        source=article.source,
        owner=(source.owner if source else "") or article.source,
        country=source.country if source else "",
        kind=source.kind if source else "",
        language=language,
        topic=_distinct(label.topic for label in labels.topics),
        subject=_distinct(labels.subjects),
        facts=_distinct(label.fact for label in labels.stances),
        fact_patterns=_distinct(pattern for label in labels.stances for pattern in _patterns(label)),
        entity=tuple(entities),
        spellings=tuple(f"{normal}|{name}" for normal, name in entities.items()),
        author=_distinct(normal_name(author) for author in article.authors),
        speaker=_distinct(normal_name(quote.speaker) for quote in labels.quotes),
        story=stored.story or "",
        shared_story=story_number(stored.story) if stored.story and stored.story_size > 1 else 0,
        term=tuple(_terms(title, body, language)),
        payload=json.dumps(_payload(stored, local, language), ensure_ascii=False, separators=(",", ":")),
        url=article.url,
        headline=article.title,
        body=article.text,
        embedding=stored.embedding or b"",
    )


def turn(instant: datetime, article_id: str) -> int:
    """A number that orders articles by publication (whole seconds), and those of one second by a digest of their ids."""
    tie = int.from_bytes(hashlib.sha256(article_id.encode()).digest()[:4], "big") >> (32 - _TIE_BITS)
    return (int(instant.timestamp()) << _TIE_BITS) + tie


def moment_of(turn: int) -> int:
    """The second of publication in a turn, since the epoch."""
    return turn >> _TIE_BITS


def story_number(story: str) -> int:
    """A story as a positive number of 62 bits, a digest of its id: engines count numbers ten times faster than long keywords."""
    return int.from_bytes(hashlib.sha256(story.encode()).digest()[:8], "big") >> 2 or 1


def fact_pattern(stance: str, topic: str | None, subject: str | None) -> str:
    """The keyword for a stance on a topic (None: any, ``"*"``: over all) toward a subject (None: any)."""
    return f"{subject or ''}|{topic or ''}|{stance}"


def _patterns(label: "StanceLabel") -> Iterator[str]:
    for subject in (label.subject, None):
        for topic in (label.topic or "*", None):
            yield fact_pattern(label.stance, topic, subject)


def _payload(stored: "StoredArticle", local: datetime, language: str) -> dict[str, Any]:
    """The contract of search results."""
    article, labels = stored.article, stored.labels
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "language": language,
        "published": local.isoformat(),
        "topics": [label.topic for label in labels.topics] if labels else [],
        "stances": [stance_row(label) for label in labels.stances] if labels else [],
        "story": stored.story,
        "notes": list(labels.notes) if labels else [],
    }


def stance_row(label: "StanceLabel") -> dict[str, Any]:
    """A stance as search results and exports show it."""
    return {
        "subject": label.subject,
        "topic": label.topic,
        "stance": label.stance.value,
        "score": label.score,
        "confidence": label.confidence,
        "evidence": [sentence.text for sentence in label.evidence],
        "by": label.by,
    }


def _distinct(values: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _terms(title: list[str], body: list[str], language: str) -> list[str]:
    """The words and pairs of words that can be found rising, in the order of their first appearance."""
    telling = _telling((*title, *body), language)
    opening = (title, body[:_OPENING])
    pairs = (f"{a} {b}" for part in opening for a, b in pairwise(part) if a in telling and b in telling)
    words = (word for word in (*title, *body) if word in telling)
    return list(dict.fromkeys((*pairs, *words)))[:_MOST_TERMS]


def _telling(words: Sequence[str], language: str) -> set[str]:
    """The words that can name news: of three characters and more (two in scripts without spaces), no stop words, no numbers."""
    candidates = {word for word in words if (len(word) >= _SHORTEST_TERM or word >= "\u3040") and not word.isnumeric()}
    stop_words = _stop_words(language)
    return set(stop_words.analyze(" ".join(candidates))) if stop_words else candidates


@cache
def _stop_words(language: str) -> tantivy.TextAnalyzer | None:
    """What takes the stop words of a language (Snowball's lists) out of tokens separated by spaces; None without a list."""
    if language not in _STOP_LISTS:
        return None
    stop = tantivy.Filter.stopword(_STOP_LISTS[language])
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(stop).build()
