"""The digest of a week as one object. Every format is rendered from it; the same object gives the same bytes.

Counts are of articles unless the name says stories. Each comes with the query that finds the articles counted, in the language
of index.query_parser; what is no count of articles (outlets, quotes, a share, a mean) comes with that of the articles it is
told of. Sentences are in the language
of the edition; titles, evidence and quotes are verbatim, in the language of their article.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

STANCES = ("supportive", "neutral", "critical", "unsure")
# The form of the object, told in its JSON; docs/digest.schema.json describes it.
FORM = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence: a number with its query, or what stands between numbers, with none."""

    text: str
    query: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence whose numbers keep their queries."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        """The sentence as it is read."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it was a week before, and the mean of the four weeks before.

    before and mean_before are None where nothing was collected then: no change can be told. The mean is over those of the four
    weeks of which something was collected, of which there are weeks_before; query_mean finds their articles.
    """

    value: float
    before: float | None
    mean_before: float | None
    weeks_before: int
    query: str
    query_before: str
    query_mean: str


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of weekly counts, oldest first, aligned with Digest.weeks, each with its query.

    None stands for a week of which nothing was collected, on whatever subject.
    """

    name: str
    values: tuple[int | None, ...]
    queries: tuple[str, ...]


def anything_in(weekly: Iterable[Series]) -> bool:
    """Whether there is anything to draw."""
    return any(any(series.values) for series in weekly)


@dataclass(frozen=True, slots=True)
class StanceCount:
    """How many articles take a stance, and the query that finds them."""

    stance: str
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class Balance:
    """Supportive less critical articles, as a share of those whose stance was read (unsure ones left out).

    value in -1..1 with its 95 % interval (low, high); n: articles it rests on. All three are None where n is 0.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None
    query: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What an article says that a speaker said, verbatim, with the article.

    kind: direct (the speaker's own words, which stood in quotation marks), indirect or according (the article's words for them).
    """

    speaker: str
    kind: str
    text: str
    language: str
    url: str
    source: str


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
class StoryWeek:
    """A story of the week: the article that told it first in the week, with its authors, and how far the story went."""

    id: str
    title: str
    url: str
    source: str
    authors: tuple[str, ...]
    language: str
    published: str
    articles: int
    outlets: int
    languages: tuple[str, ...]
    stances: tuple[StanceCount, ...]
    quotes: tuple[Quote, ...]  # two at most
    query: str


@dataclass(frozen=True, slots=True)
class TopicWeek:
    """What the press said on a topic; note says why a part is empty."""

    id: str
    label: str
    articles: Figure
    stances: tuple[StanceCount, ...]
    balance: Balance
    weekly: tuple[Series, ...]
    voices: tuple[Voice, ...]
    stories: tuple[StoryWeek, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Rising:
    """A term or entity on the rise: story counts, significance (signed G²) and effect (log2 ratio).

    A story counts where its first article of the week, or of the weeks before, names the term; the queries find all articles
    that do.
    """

    term: str
    kind: str
    stories: int
    stories_before: int
    significance: float
    effect: float
    query: str
    query_before: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who was quoted in articles on the subject: how many quotes, in how many outlets, and one of them."""

    name: str
    quotes: int
    outlets: int
    example: Quote
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
class SourceChange:
    """A source that is new to the subject (none in the weeks before), or silent (some before, none now)."""

    id: str
    name: str
    articles: int
    articles_before: int
    query: str
    query_before: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """A source of which no listing could be read in the week, and how its last try ended."""

    id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What was collected: the sources of the watch, how many were reached in the week, and which were not.

    articles: all of the week that were read and indexed, on any subject. waiting: those that were not yet, or have changed since.
    """

    sources: int
    reached: int
    unreached: tuple[Unreached, ...]
    articles: int
    waiting: int
    query: str


@dataclass(frozen=True, slots=True)
class Amended:
    """An article that came late (of an earlier week, collected in this one) or that its outlet corrected in this week."""

    id: str
    url: str
    title: str
    source: str
    language: str
    published: str
    seen: str
    revision: int
    query: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What labels were measured to be worth on reference texts (docs/model_card.md): a macro-F1, and on how many texts."""

    what: str
    score: float
    texts: int


@dataclass(frozen=True, slots=True)
class Method:
    """How the numbers were made."""

    notes: tuple[str, ...]
    analysers: tuple[str, ...]
    accuracy: tuple[Accuracy, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """For each section why it is empty, or what it rests on; an empty text where there is nothing to say."""

    stories: str
    rising: Sentence
    speakers: str
    changes: str
    amended: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of one ISO week in one edition.

    start, end: local instants (ISO 8601), end exclusive. watermark: the change number of the archive that the index had reached.
    version: 1 for the first digest of the week in this edition, one more whenever it was made anew and tells something else.
    """

    form: int
    watch: str
    edition: str
    language: str
    title: str
    subject: str
    subject_id: str
    week: str
    version: int
    start: str
    end: str
    timezone: str
    watermark: int
    reach: Reach
    summary: tuple[Sentence, ...]
    articles: Figure
    stories: Figure
    outlets: Figure
    attention: Figure
    stances: tuple[StanceCount, ...]
    balance: Balance
    weeks: tuple[str, ...]
    weekly: tuple[Series, ...]
    topics: tuple[TopicWeek, ...]
    top_stories: tuple[StoryWeek, ...]
    rising: tuple[Rising, ...]
    speakers: tuple[Speaker, ...]
    sources: tuple[SourceWeek, ...]
    new_sources: tuple[SourceChange, ...]
    silent_sources: tuple[SourceChange, ...]
    late: tuple[Amended, ...]
    corrected: tuple[Amended, ...]
    notes: Notes
    method: Method

    def as_dict(self) -> dict[str, Any]:
        """The digest as plain values, in the order of its fields."""
        return asdict(self)
