"""Articles and their labels: what crosses from room to room.

Offsets are in characters (code points) of ``Article.text``; the interval is half open, ``text[start:end]``.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

Precision = Literal["second", "minute", "day", "month"]
QuoteKind = Literal["direct", "indirect", "according"]


class Stance(StrEnum):
    """What a text conveys about a subject. ``UNSURE`` means low confidence and is never folded into ``NEUTRAL``."""

    SUPPORTIVE = "supportive"
    NEUTRAL = "neutral"
    CRITICAL = "critical"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class DateCandidate:
    """One place that states a publication date: where it stands, what it says, and its reading (None: unreadable)."""

    method: str
    raw: str
    value: datetime | None


@dataclass(frozen=True, slots=True)
class Published:
    """When an article appeared.

    instant: aware, in UTC. offset: minutes east of UTC as the page wrote it, None where it gave none.
    method: the candidate that was chosen; reason: why.
    """

    instant: datetime
    offset: int | None
    precision: Precision
    method: str
    reason: str = ""
    candidates: tuple[DateCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """What a page says. An edited article is a new revision of the same id, never a second article."""

    id: str
    url: str
    canonical_url: str
    source: str
    title: str
    text: str
    authors: tuple[str, ...] = ()
    published: Published | None = None
    language: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    image: str = ""
    paywalled: bool = False
    revision: int = 1


def article_id(canonical_url: str) -> str:
    """The id of an article: SHA-256 of its canonical URL, in hexadecimal (64 characters)."""
    return hashlib.sha256(canonical_url.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence shown as evidence, with its place in the text (title sentences have start = end = 0)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a subject of the watch is named."""

    subject: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity, counted over title and text. kind: person, organisation, place, product, other."""

    name: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class TopicLabel:
    """A topic that the article treats with substance. score in 0..1; by and stale as in :class:`StanceLabel`."""

    topic: str
    score: float
    by: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class StanceLabel:
    """The article's stance toward a subject, on a topic or over all (topic None).

    score: −1 (critical) .. 1 (supportive); confidence: 0..1, the probability given to the stance shown
    (for ``UNSURE``: to the likeliest one). by: the person who says so, empty for the models; stale: that person judged another
    revision of the text.
    """

    subject: str
    topic: str | None
    stance: Stance
    score: float
    confidence: float
    evidence: tuple[Sentence, ...] = ()
    by: str = ""
    stale: bool = False

    @property
    def fact(self) -> str:
        """The composite keyword under which both index engines hold this stance: ``subject|topic|stance``."""
        return f"{self.subject}|{self.topic or '*'}|{self.stance}"


@dataclass(frozen=True, slots=True)
class Quote:
    """Reported speech: verbatim text with offsets, and who is said to have spoken.

    kind: direct (the words in quotation marks), indirect (a reported clause) or according (« selon X », "according to X").
    Labels of an analyser that knew direct quotes only have no kind.
    """

    speaker: str
    text: str
    start: int
    end: int
    kind: QuoteKind = "direct"


@dataclass(frozen=True, slots=True)
class Voice:
    """What a quoted speaker conveys about a subject; the stance of the article is kept apart from it.

    text, start, end: of the quote; empty in labels of an analyser that did not keep them.
    """

    speaker: str
    stance: StanceLabel
    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Labels:
    """Everything that the reader says of one revision of an article; analyser names the models and versions.

    doubtful: topics that were not found, and might be there; a person is asked about them.
    """

    article_id: str
    revision: int
    language: str
    analyser: str
    subjects: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    entities: tuple[Entity, ...] = ()
    topics: tuple[TopicLabel, ...] = ()
    stances: tuple[StanceLabel, ...] = ()
    quotes: tuple[Quote, ...] = ()
    voices: tuple[Voice, ...] = ()
    notes: tuple[str, ...] = field(default=())
    doubtful: tuple[TopicLabel, ...] = ()
