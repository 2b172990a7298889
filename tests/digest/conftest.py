"""The newsroom in an archive and an index, with its reference labels in place of a reader's: digests are tested apart from models."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.quality_labels import article_of
from digest.build import build_digest
from digest.model import Digest
from digest.record import Record
from index.embedded import EmbeddedIndex
from index.follow import bring_up_to_date
from newsroom.press import Piece, load_press
from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from vigie.archive import Archive, FrontierEntry, Transaction
from vigie.article import Article, Labels, Quote, Sentence, Stance, StanceLabel, TopicLabel
from vigie.routine import Edition
from vigie.watch import Watch, load_watch

MONDAY = date(2025, 1, 27)
HOSTILE = '<script>alert("x")</script> [click](javascript:alert(1)) *bold* & `tick`'
SPEAKERS = ("Odile Marchetti", "CNIL", "Rosalind Penhallow", "")
# What the log of fetches says of three outlets; the others were read in the week.
FAILED, ASKED_BEFORE, NEVER_ASKED = "silex", "rechenzeit", "diario-del-bit"


@dataclass(frozen=True)
class Told:
    """A week that can be told. unread: an article of the week that waits; late and corrected: ids of such articles."""

    folder: Path
    watch: Watch
    engine: EmbeddedIndex
    archive: Archive
    unread: str
    late: frozenset[str]
    corrected: frozenset[str]

    def digest(self, monday: date = MONDAY, *, language: str = "en", version: int = 1, **of_edition: str) -> Digest:
        edition = Edition(id="weekly", language=language, **of_edition)  # type: ignore[arg-type]
        with self.archive.read() as tx:
            return build_digest(self.engine, self.watch, edition, monday, record=Record(tx, self.engine.name), version=version)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The week of 2025-W05."""
    folder = tmp_path_factory.mktemp("digest")
    with Newsroom(port=0) as newsroom:
        (folder / "watch.toml").write_text(watch_text(newsroom), encoding="utf-8")
    watch = load_watch(folder / "watch.toml")
    archive = Archive.open(folder)
    pieces = {article_of(piece).id: piece for piece in load_press()}
    articles = {id_: as_found(n, piece) for n, (id_, piece) in enumerate(pieces.items())}
    late, corrected, unread = chosen(pieces)
    start = datetime(2025, 1, 27, tzinfo=watch.zone)
    with archive.begin() as tx:
        for article in sorted(articles.values(), key=published):
            seen = start + timedelta(days=2) if article.id in late else published(article) + timedelta(hours=1)
            tx.articles.store(article, page_id=None, at=seen.timestamp())
        for id_ in corrected:
            changed = replace(articles[id_], text=articles[id_].text + "\n\nThis article has been corrected.")
            tx.articles.store(changed, page_id=None, at=(start + timedelta(days=4)).timestamp())
        log_fetches(tx, watch, start)
        worker = tx.workers.enter("read", at=1e9)
        ids = [id_ for id_ in tx.to_read.claim(worker, at=2e9, limit=1000) if id_ != unread]
        for article in tx.articles.get(ids):
            labels = labels_of(article, pieces[article.id])
            assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=2e9)
            tx.stories.set(article.id, story_of(article, pieces), reprint_of=None)
    engine = EmbeddedIndex(folder / "index", watch)
    bring_up_to_date(archive, watch, engine)
    yield Told(folder, watch, engine, archive, unread, late, corrected)
    archive.close()


@pytest.fixture(scope="session")
def digest(told: Told) -> Digest:
    return told.digest()


def published(article: Article) -> datetime:
    assert article.published is not None
    return article.published.instant


def as_found(n: int, piece: Piece) -> Article:
    article = replace(article_of(piece), authors=piece.authors)
    return replace(article, title=f"{HOSTILE} {piece.title}") if n % 9 == 0 else article


def chosen(pieces: dict[str, Piece]) -> tuple[frozenset[str], frozenset[str], str]:
    """Two articles on the subject that come late, one that is corrected, and one that is not read."""
    about = sorted((piece.published, id_) for id_, piece in pieces.items() if piece.reference.overall != "none")
    before = [id_ for instant, id_ in about if instant.date() < MONDAY]
    begun: set[str] = set()  # the first article of an outlet is the beginning of what is known of it, and not late
    late: dict[str, str] = {}  # the last one of each outlet
    for id_, piece in sorted(pieces.items(), key=lambda pair: pair[1].published):
        if id_ in before and piece.outlet.id in begun:
            late[piece.outlet.id] = id_
        begun.add(piece.outlet.id)
    within = [id_ for instant, id_ in about if MONDAY <= instant.date() < MONDAY + timedelta(days=7)]
    two = frozenset(list(late.values())[-2:])
    corrected = next(id_ for id_ in before if id_ not in two)
    return two, frozenset((corrected, within[0])), within[-1]


def log_fetches(tx: Transaction, watch: Watch, start: datetime) -> None:
    """Each source has one listing; the newsroom's outlets are asked on the Wednesdays of two weeks."""
    worker = tx.workers.enter("crawl", at=1e9)
    for wednesday, outcomes in (
        (start - timedelta(days=5), {ASKED_BEFORE: "listing", FAILED: "listing"}),
        (start + timedelta(days=2), {s.id: "unchanged" for s in watch.sources} | {FAILED: "http_error"}),
    ):
        asked = [s for s in outcomes if s != NEVER_ASKED and (wednesday < start or s != ASKED_BEFORE)]
        at = wednesday.timestamp()
        tx.frontier.plan_listings([FrontierEntry(f"https://{s}.example/feed", s, "feed") for s in asked], at=at)
        tx.frontier.poll_now(at=at)
        for entry in tx.frontier.claim(worker, at=at, limit=100, per_source=10):
            tx.frontier.finish(entry, worker=worker, outcome=outcomes[entry.source], at=at, next_try=at)


def labels_of(article: Article, piece: Piece) -> Labels:
    named = piece.reference.overall != "none"
    evidence = (Sentence(piece.paragraphs[0][:120], 0, 120),)
    takes = {None: piece.reference.overall, **piece.reference.topics}
    length = min(60, len(article.text))
    return Labels(
        article.id,
        article.revision,
        piece.outlet.language,
        "reference 1",
        subjects=("deepseek",) if named else (),
        topics=tuple(TopicLabel(topic, 0.9) for topic in piece.reference.topics),
        stances=tuple(
            StanceLabel("deepseek", topic, Stance(stance), 0.5, 0.5 + len(article.text) % 50 / 100, evidence)
            for topic, stance in takes.items()
            if named and stance != "none"
        ),
        quotes=(
            Quote(SPEAKERS[len(article.text) % 4], article.text[:length], 0, length),
            Quote(SPEAKERS[len(article.title) % 4], article.text[5 : 5 + length], 5, 5 + length, "indirect"),
        ),
    )


def story_of(article: Article, pieces: dict[str, Piece]) -> str:
    """The earliest article of the same story."""
    story = pieces[article.id].reference.story
    same = [(piece.published, id_) for id_, piece in pieces.items() if story and piece.reference.story == story]
    return min(same)[1] if same else article.id
