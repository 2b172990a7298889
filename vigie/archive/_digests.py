"""The digests that were made: each version of each week in each edition, as the JSON that it was."""

import hashlib
from dataclasses import dataclass

import zstandard
from sqlalchemy import Connection, Row, func, insert, select

from vigie.archive._schema import digests


@dataclass(frozen=True, slots=True)
class KeptDigest:
    """A version of the digest of a week; at: when it was made, seconds since the epoch."""

    edition: str
    week: str
    version: int
    watermark: int
    at: float
    sha256: str
    text: str  # the JSON


class Digests:
    """The table of digests. What was kept is never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, edition: str, week: str) -> KeptDigest | None:
        """The newest version of a week."""
        query = select(digests).where(digests.c.edition == edition, digests.c.week == week)
        row = self._connection.execute(query.order_by(digests.c.version.desc()).limit(1)).one_or_none()
        return _kept(row) if row else None

    def keep(self, edition: str, week: str, version: int, text: str, *, watermark: int, at: float) -> bool:
        """Keep a version, told by its JSON; False where exactly this is kept already.

        Raises sqlalchemy's IntegrityError where another text is kept under the version.
        """
        sha256 = digest_sum(text)
        kept = self._connection.scalar(
            select(digests.c.sha256).where(digests.c.edition == edition, digests.c.week == week, digests.c.version == version)
        )
        if kept == sha256:
            return False
        record = zstandard.ZstdCompressor().compress(text.encode())
        made = insert(digests).values(
            edition=edition, week=week, version=version, watermark=watermark, at=at, sha256=sha256, record=record
        )
        self._connection.execute(made)
        return True

    def weeks(self, edition: str, *, limit: int) -> list[KeptDigest]:
        """The newest version of each of the last weeks of an edition, the newest week first."""
        last = (
            select(digests.c.week, func.max(digests.c.version).label("version"))
            .where(digests.c.edition == edition)
            .group_by(digests.c.week)
            .subquery()
        )
        query = (
            select(digests)
            .join(last, (digests.c.week == last.c.week) & (digests.c.version == last.c.version))
            .where(digests.c.edition == edition)
            .order_by(digests.c.week.desc())
            .limit(limit)
        )
        return [_kept(row) for row in self._connection.execute(query)]


def digest_sum(text: str) -> str:
    """What tells whether two digests are the same: the SHA-256 of the JSON, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _kept(row: "Row[tuple[str, str, int, int, float, str, bytes]]") -> KeptDigest:
    text = zstandard.ZstdDecompressor().decompress(row.record).decode()
    return KeptDigest(row.edition, row.week, row.version, row.watermark, row.at, row.sha256, text)
