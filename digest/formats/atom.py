"""The digests of an edition as an Atom feed (RFC 4287): an entry a week, with its summary, figures and stories."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from digest.formats._cut import Room, cleaned, cut
from digest.formats._templates import environment
from digest.formats.schema import read_digest
from digest.model import Digest
from vigie.archive import KeptDigest

WEEKS = 26
_ROOM = Room(
    topics=24,
    charts=False,
    stories=8,
    stories_of_a_topic=0,
    voices=0,
    quotes=0,
    rising=8,
    speakers=0,
    sources=0,
    amended=0,
    text=400,
)


def to_atom(digest: Digest, kept: Sequence[KeptDigest]) -> str:
    """The feed of the edition that a digest belongs to. kept: the newest version of its weeks, the newest week first.

    An entry keeps its id for good; a later version of a week updates it.
    """
    entries = []
    for one in kept[:WEEKS]:
        told = read_digest(one.text)
        if told:  # one that another Vigie made in another form is passed over
            entries.append((_shown(told), identity(told.watch, told.edition, told.week), _instant(one.at)))
    feed = _shown(digest)
    updated = max((updated for _, _, updated in entries), default=datetime.fromisoformat(digest.end).astimezone(UTC).isoformat())
    return (
        environment(digest.language)
        .get_template("feed.atom")
        .render(feed=feed, id=identity(digest.watch, digest.edition), updated=updated, entries=entries)
    )


def identity(*parts: str) -> str:
    """The id of a feed or an entry: a name-based UUID (RFC 9562, version 5), the same wherever the feed lies."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "tag:vigie,2025:" + "/".join(parts)).urn


def _shown(digest: Digest) -> Digest:
    return cut(cleaned(digest), _ROOM)


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
