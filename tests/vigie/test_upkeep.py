"""What retention lets go, and what stays; the space goes back to the disk. On both databases where it concerns both."""

import os
import time
from pathlib import Path

from sqlalchemy import text

from tests.conftest import Vigie
from vigie.archive import Archive, FrontierEntry
from vigie.article import Article, article_id

DAY = 86400.0
URL = "https://silex.example/a"


def store(archive: Archive, now: float) -> None:
    """An article read from a page of 100 days ago, corrected by one of today; a fetch each, and runs."""
    with archive.begin() as tx:
        worker = tx.workers.enter("crawl", at=now)
        for age, words in ((100, "Un texte."), (0, "Un texte corrigé.")):
            at = now - age * DAY
            page = tx.pages.store(URL, os.urandom(200_000), status=200, headers={}, at=at)
            tx.articles.store(Article(article_id(URL), URL, URL, "silex", "T", words), page_id=page, at=at)
            tx.frontier.discover(FrontierEntry(f"{URL}{age}", "silex", "article"), at=at)
            (entry,) = tx.frontier.claim(worker, at=at + 1, limit=1, per_source=1)
            assert tx.frontier.finish(entry, worker=worker, outcome="article", at=at, next_try=None)
            for job in ("gather", "digest:paris"):
                tx.runs.know(job, at=1)
                run = tx.runs.claim(job, str(age), due=at, worker=worker, at=at)
                assert run
                tx.runs.finish(run, at=at, code=0)
        tx.workers.leave(worker)


def count(archive: Archive, table: str) -> int:
    with archive.read() as tx:
        return int(tx.connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_pages_that_are_let_go_leave_their_articles_and_revisions(archive: Archive) -> None:
    now = time.time()
    store(archive, now)
    assert archive.write(lambda tx: tx.upkeep.drop_pages(before=now - 50 * DAY)) == 1
    assert archive.write(lambda tx: tx.upkeep.drop_pages(before=now - 50 * DAY)) == 0
    assert {table: count(archive, table) for table in ("pages", "revisions", "articles")} == {
        "pages": 1, "revisions": 2, "articles": 1,
    }  # fmt: skip
    with archive.read() as tx:
        assert [revision.text for revision in tx.articles.revisions(article_id(URL))] == ["Un texte.", "Un texte corrigé."]
        pages = tx.connection.execute(text("SELECT page IS NULL FROM revisions ORDER BY revision")).scalars().all()
        assert [bool(page) for page in pages] == [True, False]


def test_it_goes_in_batches(archive: Archive) -> None:
    with archive.begin() as tx:
        for number in range(25):
            tx.pages.store(f"{URL}{number}", b"x", status=200, headers={}, at=float(number))
    dropped = [archive.write(lambda tx: tx.upkeep.drop_pages(before=23, limit=10)) for _ in range(4)]
    assert dropped == [10, 10, 3, 0]


def test_upkeep_lets_go_what_the_watch_says_and_gives_the_space_back(vigie: Vigie) -> None:
    vigie.write_watch("", more="[retention]\npages_days = 50\nfetches_days = 90\n")
    archive, now = vigie.archive, time.time()
    store(archive, now)
    archive.close()
    before = (vigie.data / "archive.db").stat().st_size
    told = vigie("upkeep")
    assert told.code == 0, told.err
    # Of 100 days ago: the run of gathering, whose runs are kept for a month; the digest's is kept for 400 days.
    assert told.out.splitlines()[:3] == ["1 pages removed", "1 fetches removed", "1 runs removed"]
    assert float(told.out.splitlines()[3].split()[0]) > 0.1
    assert (vigie.data / "archive.db").stat().st_size < before or wal(vigie.data) == 0
    assert {table: count(archive, table) for table in ("pages", "fetches", "runs", "articles")} == {
        "pages": 1, "fetches": 1, "runs": 3, "articles": 1,
    }  # fmt: skip
    assert vigie("upkeep").out.splitlines()[:3] == ["0 pages removed", "0 fetches removed", "0 runs removed"]


def test_programs_are_told_what_was_removed(vigie: Vigie) -> None:
    vigie.write_watch("", more="[retention]\nfetches_days = 90\n")
    store(vigie.archive, time.time())
    (told,) = vigie("upkeep", "--format", "json").json
    assert {**told, "bytes": 0} == {"pages": 0, "fetches": 1, "runs": 1, "bytes": 0}
    assert vigie("upkeep", "--format", "csv").out.splitlines()[0] == "pages,fetches,runs,bytes"


def wal(data: Path) -> int:
    file = data / "archive.db-wal"
    return file.stat().st_size if file.exists() else 0


def test_without_days_everything_is_kept(vigie: Vigie) -> None:
    vigie.write_watch("", more="[retention]\nfetches_days = 0\nruns_days = 0\n")
    store(vigie.archive, time.time())
    assert vigie("upkeep").out.splitlines()[:3] == ["0 pages removed", "0 fetches removed", "0 runs removed"]
    assert count(vigie.archive, "pages") == 2


def test_vacuum_leaves_a_database_server_alone(archive: Archive) -> None:
    store(archive, time.time())
    assert archive.vacuum() >= 0
