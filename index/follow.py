"""Bringing an index up to the archive: it follows the change log, in batches, each one durable commit.

One process at a time does it for each index, whatever machine it runs on: the archive says who. After a crash the last batch is
simply applied again. Where a second article tells a story, the archive names the first one among
the changes as well, so that both become articles of a shared story.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError

from index.document import IndexedArticle, indexed_article
from index.engine import Engine, Progress
from vigie.archive import HEARTBEAT_S
from vigie.clock import now
from vigie.errors import VigieError

if TYPE_CHECKING:
    from vigie.archive import Archive, StoredArticle, Transaction
    from vigie.watch import Watch

STEP = "index"  # in the archive's quarantine

_BATCH = 1_000
# A rebuild has no reader that waits for its commits, and fewer commits leave fewer segments to merge.
_REBUILD_BATCH = 5_000
_WAIT_S = 15.0
# Of all articles that a rebuild looks at: more that cannot be indexed are a fault of the program or the cluster.
_BROKEN_AT_MOST = 0.01


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the articles looked at: each is counted once.

    indexed: they are in the index now. unread: they have no labels yet and come later. gone: no longer in the archive.
    quarantined: they cannot be indexed; the archive's quarantine says why.
    """

    indexed: int = 0
    unread: int = 0
    gone: int = 0
    quarantined: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.indexed + other.indexed,
            self.unread + other.unread,
            self.gone + other.gone,
            self.quarantined + other.quarantined,
        )

    @property
    def seen(self) -> int:
        """How many articles were looked at."""
        return self.indexed + self.unread + self.gone + self.quarantined


def bring_up_to_date(
    archive: "Archive", watch: "Watch", engine: Engine, *, progress: Progress | None = None, batch: int = _BATCH
) -> Counts:
    """Apply every change that the index has not seen. Raises VigieError where the index cannot be written."""
    with _alone(archive, "index", engine) as turn, engine.writing():
        return _follow(archive, watch, engine, turn, progress, batch)


def _follow(archive: "Archive", watch: "Watch", engine: Engine, turn: "_Turn", progress: Progress | None, batch: int) -> Counts:
    counts = Counts()
    name = engine.name
    with archive.read() as tx:
        waiting = tx.changes.unindexed(name)
        position = begun = tx.changes.position(name)
    while True:
        with archive.read() as tx:
            ids, reached = tx.changes.after(position, limit=batch)
        if reached == position:
            return counts
        counts += _index(archive, watch, engine, ids)
        if not archive.write(lambda tx, ids=ids, reached=reached: turn.reach(tx, name, ids, reached)):  # type: ignore[misc]
            raise _taken_over(engine)
        position = reached
        if progress:
            progress(min(reached - begun, waiting), waiting)


def rebuild(
    archive: "Archive", watch: "Watch", engine: Engine, *, progress: Progress | None = None, batch: int = _REBUILD_BATCH
) -> Counts:
    """Build the whole index anew beside the present one, which serves until the new one takes its place.

    Raises VigieError, and leaves the present one, where the new one does not hold what was put in.
    """
    counts = Counts()
    with _alone(archive, "rebuild", engine) as turn, engine.rebuilding() as fresh:
        with archive.read() as tx:
            known = tx.changes.last()  # read before the articles: what changes meanwhile is applied again below
            ids = tx.changes.every_article()
            broken = len(tx.quarantine.entries(step=STEP))
        for start in range(0, len(ids), batch):
            counts += _index(archive, watch, fresh, ids[start : start + batch])
            if not archive.write(turn.goes_on):
                raise _taken_over(engine)
            if progress:
                progress(min(start + batch, len(ids)), len(ids))
        _compare(counts, fresh.size, broken, engine.place)
        archive.write(lambda tx: tx.changes.reached(fresh.name, known))
    try:
        return counts + bring_up_to_date(archive, watch, engine)
    except BusyError:  # another process goes on from here
        return counts


def _compare(counts: Counts, size: int, broken: int, place: str) -> None:
    """Raise VigieError where a rebuilt index must not take over: it lacks what was put in, or too much could not be put in."""
    if size != counts.indexed:
        raise VigieError(
            f"{place}: the rebuilt index holds {size} articles, {counts.indexed} were put in; the old one stays",
            mend="see that nothing else writes the index, then rebuild again",
        )
    if counts.quarantined > max(broken, _BROKEN_AT_MOST * counts.seen):
        raise VigieError(
            f"{place}: {counts.quarantined} of {counts.seen} articles cannot be indexed; the old index stays",
            mend="vigie quarantine --step index says why",
        )


class BusyError(VigieError):
    """Another process is doing it."""


def _taken_over(engine: Engine) -> VigieError:
    """What to say where another process has begun to do this one's work."""
    return VigieError(f"{engine.place}: another process has taken over", mend="nothing is lost: it goes on there")


class _Turn:
    """The right to write an index, held while the process lives and its heart beats."""

    def __init__(self, archive: "Archive", worker: str) -> None:
        self._archive = archive
        self._worker = worker
        self._over = threading.Event()
        # A batch may take longer than a heart may stand still: the engine waits for a cluster that is restarted.
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_S):
            with suppress(DatabaseError):
                self._archive.write(self.goes_on)

    def goes_on(self, tx: "Transaction") -> bool:
        """Whether nobody has taken over, in the belief that this process was dead (its machine slept, say)."""
        return tx.workers.goes_on(self._worker, at=now().timestamp())

    def reach(self, tx: "Transaction", name: str, ids: Sequence[str], seq: int) -> bool:
        """Note that these changes have been applied; False where somebody has taken over meanwhile.

        What was applied since then may have overwritten something newer, so that it is noted as changed again.
        """
        if self.goes_on(tx):
            tx.changes.reached(name, seq)
            return True
        tx.changes.append(ids)
        return False

    def end(self) -> None:
        """Give the right back."""
        self._over.set()
        self._heart.join()
        self._archive.write(lambda tx: tx.workers.leave(self._worker))


@contextmanager
def _alone(archive: "Archive", step: str, engine: Engine) -> Iterator[_Turn]:
    """Be the only one who does this step for an index; raises VigieError where another process goes on doing it."""
    patience = time.monotonic() + _WAIT_S
    while True:
        worker = archive.write(lambda tx: tx.workers.enter_alone(f"{step} {engine.exclusive}", at=now().timestamp()))
        if worker:
            break
        if time.monotonic() > patience:
            raise BusyError(
                f"{engine.place}: another process is writing the index", mend="wait until it has finished, then try again"
            )
        time.sleep(0.2)
    turn = _Turn(archive, worker)
    try:
        yield turn
    finally:
        turn.end()


def _index(archive: "Archive", watch: "Watch", engine: Engine, ids: Sequence[str]) -> Counts:
    """Put these articles into the index as the archive now holds them."""
    stored, refused = _fetch(archive, ids)
    documents: list[IndexedArticle] = []
    for one in stored.values():
        if one.labels is not None:
            try:
                documents.append(indexed_article(one, watch))
            except Exception as error:  # whatever is wrong with one article must not stop its neighbours
                refused[one.article.id] = f"{type(error).__name__}: {error}"
    kept = {document.id for document in documents}
    refused |= engine.apply(documents, [article for article in ids if article not in kept])
    kept -= refused.keys()
    _note(archive, stored, refused, kept)
    return Counts(
        indexed=len(kept),
        unread=sum(one.labels is None for one in stored.values()),
        gone=len(set(ids) - stored.keys() - refused.keys()),
        quarantined=len(refused),
    )


def _fetch(archive: "Archive", ids: Sequence[str]) -> tuple[dict[str, "StoredArticle"], dict[str, str]]:
    """The articles by id; and those whose record cannot be read, with the reason."""
    with archive.read() as tx:
        try:
            return _by_id(tx.articles.whole(ids)), {}
        except ValueError:  # a record in the batch is broken; find out which
            pass
        stored: dict[str, StoredArticle] = {}
        broken: dict[str, str] = {}
        for article in ids:
            try:
                stored |= _by_id(tx.articles.whole([article]))
            except ValueError as error:
                broken[article] = f"{type(error).__name__}: {error}"
        return stored, broken


def _by_id(articles: Iterable["StoredArticle"]) -> dict[str, "StoredArticle"]:
    return {one.article.id: one for one in articles}


def _note(archive: "Archive", stored: dict[str, "StoredArticle"], refused: dict[str, str], kept: set[str]) -> None:
    """Keep the archive's quarantine right: what was refused goes in, what is indexed now comes out."""
    with archive.read() as tx:
        quarantined = {entry.key for entry in tx.quarantine.entries(step=STEP)}
    if not refused and not quarantined & kept:
        return
    at = now().timestamp()

    def note(tx: "Transaction") -> None:
        for article, reason in refused.items():
            source = stored[article].article.source if article in stored else ""
            tx.quarantine.put(STEP, article, reason="cannot be indexed", detail=reason[:2000], source=source, at=at)
        for article in quarantined & kept:
            tx.quarantine.release(STEP, article)

    archive.write(note)
