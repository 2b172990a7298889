"""Keeping digests: each version of a week as it was made."""

from dataclasses import replace

from digest.model import Digest
from digest.render import to_json
from vigie import clock
from vigie.archive import Archive, KeptDigest

# The weeks of an edition that its feed may tell.
WEEKS = 26


def keep(archive: Archive, digest: Digest) -> tuple[Digest, list[KeptDigest]]:
    """Keep a digest that was just made; the digest with its version, and the newest version of the edition's last weeks.

    What tells the same as the newest version of its week is that version, to the letter: that the archive has gone on in other
    weeks makes no new one. Anything else is the next.
    """
    with archive.begin() as tx:
        newest = tx.digests.newest(digest.edition, digest.week)
        if newest:
            same = replace(digest, version=newest.version, watermark=newest.watermark)
            digest = same if to_json(same) == newest.text else replace(digest, version=newest.version + 1)
        now = clock.now().timestamp()
        tx.digests.keep(digest.edition, digest.week, digest.version, to_json(digest), watermark=digest.watermark, at=now)
        return digest, tx.digests.weeks(digest.edition, limit=WEEKS)
