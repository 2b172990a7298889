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

    What is the same to the letter as the newest version of its week is that version; anything else is the next.
    """
    with archive.begin() as tx:
        newest = tx.digests.newest(digest.edition, digest.week)
        if newest:
            same = to_json(replace(digest, version=newest.version))
            digest = replace(digest, version=newest.version + (same != newest.text))
        now = clock.now().timestamp()
        tx.digests.keep(digest.edition, digest.week, digest.version, to_json(digest), watermark=digest.watermark, at=now)
        return digest, tx.digests.weeks(digest.edition, limit=WEEKS)
