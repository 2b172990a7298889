"""Fitting a digest into little room: how much of it is shown, and what is said to be left out."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from digest.formats._phrases import clean
from digest.model import Digest

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a digest is shown. text: characters of a headline, a sentence or a quote."""

    topics: int
    charts: bool
    stories: int
    stories_of_a_topic: int
    voices: int
    quotes: int
    rising: int
    speakers: int
    sources: int
    amended: int
    text: int


# From a whole digest, as it nearly always fits, to what fits whatever happened.
ROOMS = (
    Room(24, True, 8, 3, 3, 2, 12, 8, 20, 10, 400),
    Room(16, True, 6, 1, 2, 1, 8, 5, 12, 4, 300),
    Room(12, True, 5, 0, 1, 1, 6, 4, 8, 2, 200),
    Room(12, False, 4, 0, 0, 0, 5, 3, 5, 0, 140),
    Room(6, False, 2, 0, 0, 0, 3, 0, 3, 0, 80),
)


def fitted(digest: Digest, make: Callable[[Digest, Room, bool], Made], fits: Callable[[Made], bool]) -> Made:
    """What is made of the most of a digest that fits; make is told whether something is left out."""
    whole = _told_once(cleaned(digest))
    for room in ROOMS:
        shown = cut(whole, room)
        made = make(shown, room, shown != whole)
        if fits(made):
            return made
    return made


def cleaned(digest: Digest) -> Digest:
    """The digest with every text on one line, without control characters and direction overrides."""
    return _mapped(digest, clean)


def _told_once(digest: Digest) -> Digest:
    """The digest without the quotes of a topic's stories that are told, with their quotes, before the topics."""
    known = {story.id for story in digest.top_stories}
    topics = (
        replace(topic, stories=tuple(replace(one, quotes=()) if one.id in known else one for one in topic.stories))
        for topic in digest.topics
    )
    return replace(digest, topics=tuple(topics))


def cut(digest: Digest, room: Room) -> Digest:
    """The digest with no more than there is room for. Its figures stay."""
    shown = replace(
        digest,
        topics=tuple(
            replace(
                topic,
                voices=topic.voices[: room.voices],
                stories=tuple(replace(one, quotes=one.quotes[: room.quotes]) for one in topic.stories[: room.stories_of_a_topic]),
            )
            for topic in digest.topics[: room.topics]
        ),
        top_stories=tuple(replace(one, quotes=one.quotes[: room.quotes]) for one in digest.top_stories[: room.stories]),
        rising=digest.rising[: room.rising],
        speakers=digest.speakers[: room.speakers],
        sources=digest.sources[: room.sources],
        new_sources=digest.new_sources[: room.sources],
        silent_sources=digest.silent_sources[: room.sources],
        late=digest.late[: room.amended],
        corrected=digest.corrected[: room.amended],
        reach=replace(digest.reach, unreached=digest.reach.unreached[: room.sources]),
    )
    # A search or an address that is cut leads nowhere.
    return _mapped(shown, lambda value: _shortened(value, room.text), but="quer")


def _shortened(value: Any, most: int) -> Any:
    if not isinstance(value, str) or len(value) <= most:
        return value
    if value.startswith(("http://", "https://")):
        return value if len(value) <= 1000 else ""
    return value[: most - 1].rstrip() + "…"


def _mapped(value: Made, change: Callable[[Any], Any], *, but: str = "") -> Made:
    """The value with every plain value in it changed, but those of the fields whose names begin so."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value) if not (but and field.name.startswith(but))}
        return replace(value, **{name: _mapped(part, change, but=but) for name, part in parts.items()})
    made: Any = tuple(_mapped(one, change, but=but) for one in value) if isinstance(value, tuple) else change(value)
    return made  # type: ignore[no-any-return]  # a value of its kind
