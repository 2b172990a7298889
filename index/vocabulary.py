"""The names that a query may use: the topics, sources, subjects and languages of the watch."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vigie.article import Stance
from vigie.names import KnownNames, known_names, shipped_names

if TYPE_CHECKING:
    from vigie.watch import Watch

STANCES = tuple(stance.value for stance in Stance)
KINDS = ("tech", "business", "general", "agency")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What ``topic:``, ``source:``, ``subject:``, ``language:``, ``country:`` and ``kind:`` accept; ids, in the watch's order.

    names: who is meant by the name in ``entity:``.
    """

    topics: tuple[str, ...]
    sources: tuple[str, ...]
    subjects: tuple[str, ...]
    languages: tuple[str, ...]
    countries: tuple[str, ...]
    kinds: tuple[str, ...] = KINDS
    stances: tuple[str, ...] = STANCES
    names: KnownNames = field(default_factory=shipped_names, compare=False)

    @classmethod
    def of(cls, watch: "Watch") -> "Vocabulary":
        """The names of a watch."""
        return cls(
            topics=tuple(topic.id for topic in watch.topics),
            sources=tuple(source.id for source in watch.sources),
            subjects=tuple(subject.id for subject in watch.subjects),
            languages=tuple(dict.fromkeys((*watch.languages, *(source.language for source in watch.sources)))),
            countries=tuple(sorted({source.country for source in watch.sources})),
            names=known_names(watch),
        )
