"""Labels, stories, and the queue of articles that wait to be read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, or_, select, update

from vigie.archive._articles import told_in
from vigie.archive._changes import Changes
from vigie.archive._dialect import STORIES, lock, upsert
from vigie.archive._leases import may_lease
from vigie.archive._records import from_json, to_json
from vigie.archive._schema import articles, labels, stories, to_read
from vigie.article import Labels

ANALYSER = "analyser"


class ReadQueue:
    """The articles that wait to be read (or read again)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, ids: Sequence[str], *, at: float) -> None:
        """Queue articles to be read again."""
        for article in sorted(ids):
            self._connection.execute(
                upsert(self._connection, to_read)
                .values(article=article, since=at, attempts=0, next_try=0)
                .on_conflict_do_update(index_elements=["article"], set_={"attempts": 0, "next_try": 0})
            )

    def claim(self, worker: str, *, at: float, limit: int) -> list[str]:
        """Lease up to limit articles, the earliest published first: ids in that order."""
        if not may_lease(self._connection, worker):
            return []
        ids = list(
            self._connection.scalars(
                select(to_read.c.article)
                .join(articles, articles.c.id == to_read.c.article)
                .where(to_read.c.lease.is_(None), to_read.c.next_try <= at)
                .order_by(articles.c.published.nulls_first(), articles.c.id)
                .limit(limit)
                .with_for_update(of=to_read, skip_locked=True)
            )
        )
        if ids:
            self._connection.execute(update(to_read).where(to_read.c.article.in_(ids)).values(lease=worker))
        return ids

    def hold(self, ids: Iterable[str], worker: str) -> set[str]:
        """Those of these articles that are still leased to the worker, locked until the transaction ends."""
        query = select(to_read.c.article).where(to_read.c.article.in_(list(ids)), to_read.c.lease == worker)
        return set(self._connection.scalars(query.order_by(to_read.c.article).with_for_update()))

    def put_off(self, article: str, *, worker: str, until: float) -> None:
        """Note a failure: the article is not tried again before that instant. Nothing when the lease is another worker's."""
        self._connection.execute(
            update(to_read)
            .where(to_read.c.article == article, to_read.c.lease == worker)
            .values(lease=None, attempts=to_read.c.attempts + 1, next_try=until)
        )

    def leased(self, *, at: float) -> int:
        """How many articles other workers are reading that have not been put off."""
        query = select(func.count()).select_from(to_read).where(to_read.c.lease.is_not(None), to_read.c.next_try <= at)
        return self._connection.scalar(query) or 0

    def waiting(self, *, at: float | None = None) -> int:
        """How many articles wait (those put off beyond at are not counted)."""
        query = select(func.count()).select_from(to_read)
        return self._connection.scalar(query.where(to_read.c.next_try <= at) if at is not None else query) or 0


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What story grouping needs of an article. analyser: by which its vector was made."""

    article: str
    source: str
    published: float | None
    language: str
    embedding: bytes | None
    sketch: bytes | None
    marks: str
    story: str | None
    reprint_of: str | None
    analyser: str = ""


class LabelStore:
    """The table of labels."""

    def __init__(self, connection: Connection, noted: Changes) -> None:
        self._connection = connection
        self._changes = noted

    def store(
        self, record: Labels, *, worker: str, embedding: bytes | None, sketch: bytes | None, marks: str = "", at: float
    ) -> bool:
        """Keep the labels of a revision, take the article off the queue and tell the indexes; False when it has moved on.

        An article that got a newer revision, or whose lease went to another worker, stays queued.
        """
        revision = self._connection.scalar(select(articles.c.revision).where(articles.c.id == record.article_id))
        if revision != record.revision:
            return False
        taken = self._connection.execute(delete(to_read).where(to_read.c.article == record.article_id, to_read.c.lease == worker))
        if taken.rowcount == 0:
            return False
        values = {
            "revision": record.revision, "analyser": record.analyser, "record": to_json(record),
            "embedding": embedding, "sketch": sketch, "marks": marks, "at": at,
        }  # fmt: skip
        self._connection.execute(
            upsert(self._connection, labels)
            .values(article=record.article_id, author=ANALYSER, **values)
            .on_conflict_do_update(index_elements=["article", "author"], set_=values)
        )
        # Its place among the stories is to be found again; until then it has none.
        self._connection.execute(delete(stories).where(stories.c.article == record.article_id))
        self._changes.append([record.article_id])
        return True

    def get(self, ids: Sequence[str]) -> dict[str, Labels]:
        """The analyser's labels of these articles, as no person has corrected them."""
        rows = self._connection.execute(
            select(labels.c.article, labels.c.record).where(labels.c.article.in_(ids), labels.c.author == ANALYSER)
        )
        return {row.article: from_json(Labels, row.record) for row in rows}

    def originals(self) -> Iterator[Labels]:
        """The analyser's labels of every read article that reprints no other, by article, streamed."""
        query = (
            select(labels.c.record)
            .outerjoin(stories, stories.c.article == labels.c.article)
            .where(labels.c.author == ANALYSER, stories.c.reprint_of.is_(None))
            .order_by(labels.c.article)
        )
        for row in self._connection.execute(query, execution_options={"yield_per": 1000}):
            yield from_json(Labels, row.record)

    def count(self) -> int:
        """How many articles have been read."""
        return self._connection.scalar(select(func.count()).select_from(labels).where(labels.c.author == ANALYSER)) or 0

    def analysers(self, *, since: float, until: float) -> dict[str, int]:
        """The analysers that read the articles of [since, until), with the number of articles."""
        rows = self._connection.execute(
            select(labels.c.analyser, func.count())
            .join(articles, articles.c.id == labels.c.article)
            .where(labels.c.author == ANALYSER, told_in(since, until))
            .group_by(labels.c.analyser)
            .order_by(labels.c.analyser)
        )
        return {row[0]: row[1] for row in rows}

    def fingerprints(self, *, since: float | None = None, until: float | None = None) -> list[Fingerprint]:
        """What story grouping needs of every read article published in [since, until), by publication and id.

        Articles without a date come first; they are left out only where until is given.
        """
        query = (
            select(
                labels.c.article, articles.c.source, articles.c.published, labels.c.record, labels.c.embedding, labels.c.sketch,
                labels.c.marks, labels.c.analyser, stories.c.story, stories.c.reprint_of,
            )
            .join(articles, articles.c.id == labels.c.article)
            .outerjoin(stories, stories.c.article == labels.c.article)
            .where(labels.c.author == ANALYSER)
            .order_by(articles.c.published.nulls_first(), labels.c.article)
        )  # fmt: skip
        if since is not None:
            query = query.where(or_(articles.c.published >= since, articles.c.published.is_(None)))
        if until is not None:
            query = query.where(articles.c.published < until)
        return [
            Fingerprint(
                article=row.article, source=row.source, published=row.published, language=from_json(Labels, row.record).language,
                embedding=row.embedding, sketch=row.sketch, marks=row.marks, story=row.story, reprint_of=row.reprint_of,
                analyser=row.analyser,
            )
            for row in self._connection.execute(query)
        ]  # fmt: skip


class Stories:
    """Which article tells which story. The id of a story is the id of its earliest article."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, *, shared: bool = False) -> None:
        """Take the stories for this transaction, as its first lock: to group them, or (shared) to give articles labels.

        Grouping sees all labels or waits for them: an article that is read again meanwhile would keep its old place.
        """
        lock(self._connection, STORIES, shared=shared)

    def set(self, article: str, story: str, *, reprint_of: str | None) -> None:
        """Put an article into a story."""
        values = {"story": story, "reprint_of": reprint_of}
        self._connection.execute(
            upsert(self._connection, stories)
            .values(article=article, **values)
            .on_conflict_do_update(index_elements=["article"], set_=values)
        )

    def ungrouped(self) -> tuple[int, float | None]:
        """How many read articles have no story yet, and when the first of them was published (None: none has a date)."""
        row = self._connection.execute(
            select(func.count(), func.min(articles.c.published))
            .select_from(labels)
            .join(articles, articles.c.id == labels.c.article)
            .outerjoin(stories, stories.c.article == labels.c.article)
            .where(labels.c.author == ANALYSER, stories.c.story.is_(None))
        ).one()
        return row[0], row[1]

    def members(self, story: str) -> list[str]:
        """The articles of a story."""
        return list(self._connection.scalars(select(stories.c.article).where(stories.c.story == story)))
