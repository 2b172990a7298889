"""What people say of articles: kept as it was said, with who said it, and never overwritten."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from vigie.archive._changes import Changes
from vigie.archive._schema import articles, corrections, stories
from vigie.correction import STANCE_ANSWERS, Answer, Correction
from vigie.errors import UsageError

_QUESTION = (corrections.c.article, corrections.c.subject, corrections.c.topic)


class Corrections:
    """The table of corrections."""

    def __init__(self, connection: Connection, noted: Changes) -> None:
        self._connection = connection
        self._changes = noted

    def add(
        self,
        article: str,
        answer: Answer,
        *,
        author: str,
        at: float,
        subject: str | None = None,
        topic: str | None = None,
        revision: int | None = None,
        note: str = "",
    ) -> int:
        """Keep a person's answer and tell the indexes, also of reprints; its number. What is in effect already is not kept twice.

        revision: the text that was judged, the newest by default. Raises UsageError where the archive has no such article or
        revision, ValueError on an answer that does not fit the question.
        """
        if not author or not (subject or topic) or (answer in STANCE_ANSWERS) != bool(subject):
            raise ValueError(f"{answer} by {author!r} is no answer on subject {subject!r}, topic {topic!r}")
        newest = self._connection.scalar(select(articles.c.revision).where(articles.c.id == article))
        if newest is None:
            raise UsageError(f"the archive has no article {article!r}", mend="vigie search --format json shows the ids")
        if revision is not None and not 1 <= revision <= newest:
            raise UsageError(f"article {article} has no revision {revision}", mend=f"its newest is {newest}")
        said = {
            "article": article, "revision": revision or newest, "subject": subject or "", "topic": topic or "",
            "answer": answer.value, "author": author, "note": note,
        }  # fmt: skip
        standing = self._connection.execute(
            select(corrections).where(corrections.c.id.in_(_in_effect().where(*_same_question(said))))
        ).one_or_none()
        if standing and {name: standing._mapping[name] for name in said} == said:
            return int(standing.id)
        self._changes.append(self._told_of(article))
        made = insert(corrections).values(**said, at=at).returning(corrections.c.id)
        return int(self._connection.execute(made).scalar_one())

    def withdraw(self, number: int, *, at: float) -> bool:
        """Take a correction back and tell the indexes: the one before it, or the models' label, is in effect again.

        False when there is none of that number, or it has been withdrawn.
        """
        taken = update(corrections).where(corrections.c.id == number, corrections.c.withdrawn.is_(None)).values(withdrawn=at)
        article = self._connection.scalar(taken.returning(corrections.c.article))
        if article is None:
            return False
        self._changes.append(self._told_of(article))
        return True

    def _told_of(self, article: str) -> list[str]:
        """The article and its reprints, whose labels a correction may change. They are in its story."""
        story = select(stories.c.story).where(stories.c.article == article).scalar_subquery()
        reprints = select(stories.c.article).where(stories.c.story == story, stories.c.reprint_of == article)
        return [article, *self._connection.scalars(reprints.order_by(stories.c.article))]

    def current(self, ids: Iterable[str] | None = None) -> list[Correction]:
        """The corrections in effect, of these articles or all, in the order in which they were made."""
        query = _whole().where(corrections.c.id.in_(_in_effect()))
        if ids is not None:
            query = query.where(corrections.c.article.in_(list(ids)))
        return [_correction(row) for row in self._connection.execute(query).mappings()]

    def by_article(self, ids: Iterable[str] | None = None) -> dict[str, list[Correction]]:
        """:meth:`current` by article; articles that nobody has corrected are left out."""
        found: dict[str, list[Correction]] = defaultdict(list)
        for one in self.current(ids):
            found[one.article].append(one)
        return dict(found)

    def history(self) -> list[Correction]:
        """Every correction ever made, those replaced or withdrawn too, in the order in which they were made."""
        return [_correction(row) for row in self._connection.execute(_whole()).mappings()]


def _in_effect() -> Select[tuple[int]]:
    return select(func.max(corrections.c.id)).where(corrections.c.withdrawn.is_(None)).group_by(*_QUESTION)


def _same_question(said: Mapping[str, Any]) -> list[Any]:
    return [column == said[column.name] for column in _QUESTION]


def _whole() -> Select[Any]:
    newest = articles.c.revision.label("newest")
    return select(corrections, newest).join(articles, articles.c.id == corrections.c.article).order_by(corrections.c.id)


def _correction(row: RowMapping) -> Correction:
    return Correction(
        id=row["id"],
        article=row["article"],
        revision=row["revision"],
        subject=row["subject"] or None,
        topic=row["topic"] or None,
        answer=Answer(row["answer"]),
        author=row["author"],
        at=row["at"],
        note=row["note"],
        stale=row["revision"] < row["newest"],
    )
