"""A press of known days: what is written when, by whom and how, put into an archive and an index as if it had been read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from index.embedded import EmbeddedIndex
from index.follow import bring_up_to_date
from tests.index.corpus import WATCH, stored
from vigie.archive import Archive, FrontierEntry, StoredArticle
from vigie.article import Stance
from vigie.watch import Watch


@dataclass(frozen=True)
class Piece:
    """An article: on DeepSeek where it has a stance, on something else where it has none."""

    day: date
    source: str
    stance: Stance | None = None
    story: str = ""
    title: str = "Un titre"


def put(archive: Archive, pieces: Sequence[Piece], *, first_number: int = 0) -> list[StoredArticle]:
    """Store pieces with their labels and stories; each is published at noon UTC of its day."""
    made = []
    for number, piece in enumerate(pieces, first_number):
        at = datetime(piece.day.year, piece.day.month, piece.day.day, 12, tzinfo=UTC) + timedelta(seconds=number % 3600)
        made.append(
            stored(
                number, source=piece.source, title=f"{piece.title} {number}", published=at, first_seen=at.timestamp(), story=piece.story or None,
                subjects=("deepseek",) if piece.stance else (),
                stances=(("deepseek", None, piece.stance),) if piece.stance else (),
            )
        )  # fmt: skip
    put_stored(archive, made)
    return made


def put_stored(archive: Archive, articles: Sequence[StoredArticle]) -> None:
    """Store whole articles, labelled."""
    with archive.begin() as tx:
        worker = tx.workers.enter("read", at=1)
        for one in articles:
            tx.articles.store(one.article, page_id=None, at=one.first_seen)
        ids = set(tx.to_read.claim(worker, at=2e12, limit=100_000))
        for one in articles:
            assert one.labels is not None
            assert one.article.id in ids
            labels = replace(one.labels, revision=tx.articles.get([one.article.id])[0].revision)
            assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=2)
            tx.stories.set(one.article.id, one.story or one.article.id, reprint_of=None)
        tx.workers.leave(worker)


def read_listing(archive: Archive, source: str, at: datetime, *, outcome: str = "listing") -> None:
    """Note that a listing of a source was fetched."""
    entry = FrontierEntry(f"https://{source}.example/feed", source, "feed")
    moment = at.timestamp()
    with archive.begin() as tx:
        worker = tx.workers.enter("crawl", at=moment)
        tx.frontier.plan_listings([entry], at=moment)
        tx.frontier.poll_now(at=moment)
        (claimed,) = (one for one in tx.frontier.claim(worker, at=moment, limit=99, per_source=99) if one.source == source)
        assert tx.frontier.finish(claimed, worker=worker, outcome=outcome, at=moment, next_try=moment)
        tx.workers.leave(worker)


def indexed(archive: Archive, folder: Path, watch: Watch = WATCH) -> EmbeddedIndex:
    """The index of an archive, brought up to it."""
    index = EmbeddedIndex(folder / "index", watch)
    bring_up_to_date(archive, watch, index)
    return index


WATCH_TEXT = """
name = "small"
timezone = "Europe/Paris"
languages = ["fr", "en"]
[[subjects]]
id = "deepseek"
name = "DeepSeek"
[[topics]]
id = "data"
label = { fr = "Données", en = "Data" }
description = { fr = "Données personnelles", en = "Personal data" }
""" + "".join(
    f'[[sources]]\nid = "{source.id}"\nname = "{source.name}"\nhome = "{source.home}"\nfeeds = ["{source.feeds[0]}"]\n'
    f'language = "{source.language}"\ncountry = "{source.country}"\nowner = "{source.owner}"\n'
    for source in WATCH.sources
)
