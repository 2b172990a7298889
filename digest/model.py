"""The digest of a week as one object. Every format is rendered from it; the same object gives the same bytes.

Counts are of articles unless the name says stories. Each figure carries the query that yields it.
"""

from dataclasses import asdict, dataclass
from typing import Any

STANCES = ("supportive", "neutral", "critical", "unsure")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it was a week before, the mean of the four weeks before, and its query."""

    value: float
    before: float
    mean_before: float
    query: str


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of weekly counts, oldest first, aligned with Digest.weeks."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StanceCount:
    """How many articles take a stance, and the query that finds them."""

    stance: str
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class Voice:
    """An article shown as an example: what it says, in its own words and language."""

    id: str
    url: str
    title: str
    source: str
    language: str
    published: str
    stance: str
    evidence: str


@dataclass(frozen=True, slots=True)
class TopicWeek:
    """What the press said on a topic."""

    id: str
    label: str
    articles: Figure
    stances: tuple[StanceCount, ...]
    weekly: tuple[Series, ...]
    voices: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class StoryWeek:
    """A story of the week: its first article in the week, and how far it went."""

    id: str
    title: str
    url: str
    source: str
    language: str
    published: str
    articles: int
    outlets: int
    languages: tuple[str, ...]
    stances: tuple[StanceCount, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Rising:
    """A term or entity on the rise: story counts, significance (signed G²) and effect (log2 ratio)."""

    term: str
    kind: str
    stories: int
    stories_before: int
    significance: float
    effect: float
    query: str


@dataclass(frozen=True, slots=True)
class SourceWeek:
    """How much a source published on the subject, and the share of all it published."""

    id: str
    name: str
    articles: int
    share: float
    query: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of one ISO week.

    start, end: local instants (ISO 8601), end exclusive. watermark: the change number of the archive that the index had reached.
    """

    watch: str
    title: str
    subject: str
    week: str
    start: str
    end: str
    timezone: str
    watermark: int
    summary: tuple[str, ...]
    articles: Figure
    stories: Figure
    outlets: Figure
    attention: Figure
    stances: tuple[StanceCount, ...]
    weeks: tuple[str, ...]
    weekly: tuple[Series, ...]
    topics: tuple[TopicWeek, ...]
    top_stories: tuple[StoryWeek, ...]
    rising: tuple[Rising, ...]
    rising_note: str
    sources: tuple[SourceWeek, ...]
    silent: tuple[str, ...]
    method: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The digest as plain values, in the order of its fields."""
        return asdict(self)
