"""The articles of a week gone through once, however many: its stories, and the surest article of each stance on each topic."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from digest.model import STANCES

Hit = Mapping[str, Any]  # an article as in the contract of search results

# What is kept of the first article of a story: weeks may have a hundred thousand of them.
_SHOWN = ("id", "url", "title", "source", "language", "published", "story")
# Of each stance on each topic so many of the surest articles are kept, so that one of another outlet can be chosen.
_SUREST = 12


@dataclass(slots=True)
class Telling:
    """A story as far as it was told, on the subject and perhaps on one topic. first: its earliest article of the week."""

    id: str
    first: Hit
    articles: int = 0
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    stances: Counter[str] = field(default_factory=Counter)

    def add(self, hit: Hit, stance: str | None) -> None:
        self.articles += 1
        if hit["source"] not in self.sources:
            self.sources += (hit["source"],)
        if hit["language"] not in self.languages:
            self.languages += (hit["language"],)
        if stance:
            self.stances[stance] += 1

    @property
    def weight(self) -> tuple[int, int, int]:
        """What makes a story matter: how many outlets tell it, in how many articles, and how many of these take sides."""
        return len(self.sources), self.articles, self.stances["supportive"] + self.stances["critical"]


class Tally:
    """What one pass over the articles on a subject finds, over all (topic None) and by topic."""

    def __init__(self, subject: str, topics: Sequence[str]) -> None:
        self._subject = subject
        self._stories: dict[str | None, dict[str, Telling]] = {topic: {} for topic in (None, *topics)}
        self._surest: dict[tuple[str, str], list[Hit]] = {(topic, stance): [] for topic in topics for stance in STANCES}
        self.articles = 0

    def add_all(self, hits: Iterable[Hit]) -> "Tally":
        """Go through articles, the newest first (ties as the index orders them)."""
        for hit in hits:
            self._add(hit)
        return self

    def _add(self, hit: Hit) -> None:
        self.articles += 1
        labels = {label["topic"]: label for label in hit["stances"] if label["subject"] == self._subject}
        shown = {key: hit[key] for key in _SHOWN}
        for topic, stories in self._stories.items():
            if topic is None or topic in hit["topics"]:
                label = labels.get(topic)
                key = hit["story"] or hit["id"]
                telling = stories.get(key)
                if telling is None:
                    telling = stories[key] = Telling(key, shown)
                telling.first = shown  # the newest come first, so that the last one stays
                telling.add(hit, label["stance"] if label else None)
        for topic, label in labels.items():
            if (topic, label["stance"]) in self._surest:
                self._keep_surest(topic, label["stance"], hit)

    def _keep_surest(self, topic: str, stance: str, hit: Hit) -> None:
        kept = self._surest[topic, stance]
        kept.append(hit)
        if len(kept) > 2 * _SUREST:
            kept[:] = self._ranked(topic, kept)

    def _ranked(self, topic: str, hits: Iterable[Hit]) -> list[Hit]:
        return sorted(hits, key=lambda hit: (-self.label(hit, topic)["confidence"], hit["published"], hit["id"]))[:_SUREST]

    def label(self, hit: Hit, topic: str | None) -> Mapping[str, Any]:
        """What an article conveys about the subject on a topic; it is one that has such a label."""
        found: Mapping[str, Any] = next(
            one for one in hit["stances"] if one["topic"] == topic and one["subject"] == self._subject
        )
        return found

    def surest(self, topic: str, stance: str) -> list[Hit]:
        """The articles that take this stance on the topic with most confidence, the surest first."""
        return self._ranked(topic, self._surest[topic, stance])

    def stories(self, topic: str | None, most: int) -> list[Telling]:
        """The stories that matter most; of equals the earlier."""

        def rank(telling: Telling) -> tuple[int | str, ...]:
            return (*(-one for one in telling.weight), telling.first["published"], telling.id)

        return sorted(self._stories[topic].values(), key=rank)[:most]
