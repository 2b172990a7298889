"""Pages as they were fetched, and the articles read out of them, with every revision."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import zstandard
from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update

from vigie.archive._corrections import Corrections
from vigie.archive._dialect import upsert
from vigie.archive._records import from_json, to_json
from vigie.archive._schema import articles, changes, corrections, cursors, labels, pages, revisions, stories, to_read
from vigie.article import Article, Labels, article_id
from vigie.correction import Correction, corrected, same_text

# Typical pages shrink to a sixth at level 3; level 10 saves 4 % more for three times the work.
_COMPRESS = zstandard.ZstdCompressor(level=3)

Stored = Literal["article", "revised", "unchanged"]


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article with all that is known of it. labels is None while it is unread; embedding is that of the labels.

    What people have corrected is corrected in the labels, also what they said of the text that this one reprints.
    """

    article: Article
    first_seen: float
    labels: Labels | None
    story: str | None
    reprint_of: str | None
    story_size: int = 1
    embedding: bytes | None = None


@dataclass(frozen=True, slots=True)
class Amended:
    """An article that came late or was changed: which revision, and when that was seen."""

    article: str
    revision: int
    seen: float


class Pages:
    """The table of pages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def store(self, url: str, body: bytes, *, status: int, headers: Mapping[str, str], at: float) -> int:
        """Keep a page; its id. The same bytes of the same URL are kept once."""
        digest = hashlib.sha256(body).hexdigest()
        kept = select(pages.c.id).where(pages.c.url == url, pages.c.digest == digest)
        found = self._connection.scalar(kept)
        if found is None:
            found = self._connection.scalar(
                upsert(self._connection, pages)
                .values(
                    url=url,
                    digest=digest,
                    status=status,
                    headers=json.dumps(dict(headers)),
                    body=_COMPRESS.compress(body),
                    fetched=at,
                )
                .on_conflict_do_nothing()
                .returning(pages.c.id)
            )
        # Nothing comes back where another worker was quicker.
        return int(found if found is not None else self._connection.execute(kept).scalar_one())

    def body(self, page_id: int) -> tuple[str, bytes, dict[str, str]]:
        """URL, bytes and headers of a page."""
        row = self._connection.execute(select(pages).where(pages.c.id == page_id)).one()
        return row.url, zstandard.ZstdDecompressor().decompress(row.body), json.loads(row.headers)


class Articles:
    """The tables of articles and their revisions."""

    def __init__(self, connection: Connection, said: Corrections) -> None:
        self._connection = connection
        self._corrections = said

    def store(self, article: Article, *, page_id: int | None, at: float) -> Stored:
        """Keep an article: new, a new revision where title or text changed, or unchanged. What is kept waits to be read."""
        article = _without_nul(article)
        stored = replace(article, revision=1)
        if self._insert(stored, at=at):
            outcome: Stored = "article"
        else:
            # Locked, so that two workers with the same article make one revision after the other.
            known = select(articles.c.record).where(articles.c.id == article.id).with_for_update()
            before = from_json(Article, self._connection.execute(known).scalar_one())
            if (before.title, before.text) == (article.title, article.text):
                return "unchanged"
            outcome = "revised"
            # The first publication stays: an edit does not move an article to another week.
            stored = replace(article, revision=before.revision + 1, published=before.published or article.published)
            self._connection.execute(update(articles).where(articles.c.id == stored.id).values(**_columns(stored)))
        self._connection.execute(
            insert(revisions).values(article=stored.id, revision=stored.revision, page=page_id, seen=at, record=to_json(stored))
        )
        self._connection.execute(
            upsert(self._connection, to_read)
            .values(article=stored.id, since=at, attempts=0, next_try=0)
            .on_conflict_do_update(index_elements=["article"], set_={"lease": None, "attempts": 0, "next_try": 0})
        )
        return outcome

    def _insert(self, article: Article, *, at: float) -> bool:
        """Whether the article was new."""
        fresh = upsert(self._connection, articles).values(id=article.id, first_seen=at, **_columns(article))
        return self._connection.scalar(fresh.on_conflict_do_nothing().returning(articles.c.id)) is not None

    def get(self, ids: Sequence[str]) -> list[Article]:
        """The newest revisions of these articles, in the order of ids; unknown ids are left out."""
        rows = self._connection.execute(select(articles.c.id, articles.c.record).where(articles.c.id.in_(ids)))
        found = {row.id: from_json(Article, row.record) for row in rows}
        return [found[key] for key in ids if key in found]

    def matching(self, word: str) -> list[Article]:
        """The newest revisions of the article of this canonical URL, and of those whose ids begin with a word; eight at most."""
        fits = or_(articles.c.id == article_id(word), articles.c.id.startswith(word, autoescape=True))
        rows = self._connection.execute(select(articles.c.record).where(fits).order_by(articles.c.id).limit(8))
        return [from_json(Article, row.record) for row in rows]

    def revisions(self, article: str) -> list[Article]:
        """All revisions of an article, oldest first."""
        rows = self._connection.execute(
            select(revisions.c.record).where(revisions.c.article == article).order_by(revisions.c.revision)
        )
        return [from_json(Article, row.record) for row in rows]

    def whole(self, ids: Iterable[str]) -> list[StoredArticle]:
        """These articles with labels and stories."""
        ids = list(ids)
        return list(self._join(_whole().where(articles.c.id.in_(ids)), self.answers(ids)))

    def all(self) -> Iterator[StoredArticle]:
        """Every article with labels and story, by id, streamed."""
        return self._join(_whole().order_by(articles.c.id), self.answers(), stream=True)

    def count(self) -> int:
        """How many articles the archive holds."""
        return self._connection.scalar(select(func.count()).select_from(articles)) or 0

    def ids(self, *, since: float | None = None) -> list[str]:
        """All ids, or those published since an instant."""
        query = select(articles.c.id).order_by(articles.c.published.nulls_first(), articles.c.id)
        return list(self._connection.scalars(query.where(articles.c.published >= since) if since is not None else query))

    def late(self, *, since: float, until: float) -> list[Amended]:
        """The articles first seen in [since, until) and published before, of sources that had been read before; by id.

        What the first reading of a source brings is its past, and not late.
        """
        begun = select(articles.c.source).where(articles.c.first_seen < since).distinct()
        query = select(articles.c.id, articles.c.revision, articles.c.first_seen).where(
            since <= articles.c.first_seen,
            articles.c.first_seen < until,
            articles.c.published < since,
            articles.c.source.in_(begun),
        )
        return [Amended(*row) for row in self._connection.execute(query.order_by(articles.c.id))]

    def revised(self, *, since: float, until: float) -> list[Amended]:
        """The articles of which a new revision was seen in [since, until), with the newest of these; by id."""
        query = (
            select(revisions.c.article, func.max(revisions.c.revision), func.max(revisions.c.seen))
            .where(since <= revisions.c.seen, revisions.c.seen < until, revisions.c.revision > 1)
            .group_by(revisions.c.article)
            .order_by(revisions.c.article)
        )
        return [Amended(*row) for row in self._connection.execute(query)]

    def waiting(self, index: str, *, since: float, until: float) -> int:
        """How many articles published in [since, until) wait to be read, or have changed since an index came by."""
        reached = select(cursors.c.seq).where(cursors.c.index == index).scalar_subquery()
        unread = select(to_read.c.article)
        changed = select(changes.c.article).where(changes.c.seq > func.coalesce(reached, 0))
        query = select(func.count()).select_from(articles).where(told_in(since, until))
        return self._connection.scalar(query.where(or_(articles.c.id.in_(unread), articles.c.id.in_(changed)))) or 0

    def answers(self, ids: Sequence[str] | None = None) -> dict[str, list[Correction]]:
        """The corrections that hold for these articles or all: their own, and those of the text that they reprint, in order."""
        repeated = (
            select(stories.c.reprint_of, articles.c.record)
            .join(articles, articles.c.id == stories.c.article)
            .where(stories.c.reprint_of.in_(select(corrections.c.article)))
        )
        if ids is not None:
            repeated = repeated.where(stories.c.article.in_(ids))
        reprints = [(row.reprint_of, from_json(Article, row.record)) for row in self._connection.execute(repeated)]
        originals = {original for original, _ in reprints}
        made = self._corrections.by_article(None if ids is None else {*ids, *originals})
        judged = {(one.id, one.revision): one.text for original in originals for one in self.revisions(original)}
        for original, reprint in reprints:
            passed_on = [
                replace(one, article=reprint.id, revision=reprint.revision, stale=False)
                for one in made.get(original, ())
                if same_text(judged[original, one.revision], reprint.text)
            ]
            made[reprint.id] = sorted([*made.get(reprint.id, ()), *passed_on], key=lambda one: one.id)
        return made

    def _join(
        self, query: Select[tuple[object, ...]], answers: Mapping[str, list[Correction]], *, stream: bool = False
    ) -> Iterator[StoredArticle]:
        for row in self._connection.execute(query, execution_options={"yield_per": 1000} if stream else {}):
            yield StoredArticle(
                article=from_json(Article, row.record),
                first_seen=row.first_seen,
                labels=corrected(from_json(Labels, row.labels), answers.get(row.id, ())) if row.labels else None,
                story=row.story,
                reprint_of=row.reprint_of,
                story_size=row.story_size or 1,
                embedding=row.embedding,
            )


def told_in(since: float, until: float) -> ColumnElement[bool]:
    """Which articles count for [since, until): those published then, and those without a date that were first seen then."""
    dated = and_(since <= articles.c.published, articles.c.published < until)
    return or_(dated, and_(articles.c.published.is_(None), since <= articles.c.first_seen, articles.c.first_seen < until))


def _whole() -> Select[tuple[object, ...]]:
    others = stories.alias("others")
    size = select(func.count()).select_from(others).where(others.c.story == stories.c.story).correlate(stories)
    return (
        select(
            articles.c.id,
            articles.c.record,
            articles.c.first_seen,
            labels.c.record.label("labels"),
            labels.c.embedding,
            stories.c.story,
            stories.c.reprint_of,
            size.scalar_subquery().label("story_size"),
        )
        .select_from(articles)
        .outerjoin(labels, (labels.c.article == articles.c.id) & (labels.c.author == "analyser"))
        .outerjoin(stories, stories.c.article == articles.c.id)
    )


def _without_nul(article: Article) -> Article:
    """The article as every database can keep it: no NUL in any text."""
    changed: dict[str, Any] = {}
    for name in article.__slots__:
        value = getattr(article, name)
        if isinstance(value, str) and "\0" in value:
            changed[name] = value.replace("\0", "")
        elif isinstance(value, tuple) and any(isinstance(one, str) and "\0" in one for one in value):
            changed[name] = tuple(one.replace("\0", "") for one in value)
    return replace(article, **changed) if changed else article


def _columns(article: Article) -> dict[str, object]:
    return {
        "source": article.source,
        "revision": article.revision,
        "published": article.published.instant.timestamp() if article.published else None,
        "record": to_json(article),
    }
