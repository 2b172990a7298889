"""The archive: leases, revisions, the queue of unread articles, the change log, quarantine, versions."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vigie.archive import Archive, FrontierEntry
from vigie.archive._workers import _runs
from vigie.article import Article, Labels, Published, article_id
from vigie.errors import VigieError

FEED = FrontierEntry("https://silex.example/feed", "silex", "feed")


def piece(slug: str, text: str = "Un texte.", day: int = 20) -> Article:
    url = f"https://silex.example/{slug}"
    published = Published(datetime(2025, 1, day, 8, tzinfo=UTC), 60, "minute", "json-ld")
    return Article(article_id(url), url, url, "silex", f"Titre {slug}", text, published=published, language="fr")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the archive of a test is: every test runs on both databases."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""


@pytest.fixture
def archive(tmp_path: Path, url: str) -> Iterator[Archive]:
    archive = Archive.open(tmp_path, url)
    yield archive
    archive.close()


def test_a_lease_is_exclusive_and_freed_when_its_worker_leaves(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.frontier.plan_listings([FEED], at=0)
        one, two = tx.workers.enter("crawl", at=0), tx.workers.enter("crawl", at=0)
        assert [entry.url for entry in tx.frontier.claim(one, at=1, limit=9, per_source=9)] == [FEED.url]
        assert tx.frontier.claim(two, at=1, limit=9, per_source=9) == []
        tx.workers.leave(one)
        assert len(tx.frontier.claim(two, at=1, limit=9, per_source=9)) == 1


def test_the_lease_of_a_killed_process_is_free(archive: Archive, tmp_path: Path, url: str) -> None:
    script = (
        "import sys, time, pathlib\nfrom vigie.archive import Archive, FrontierEntry\n"
        "archive = Archive.open(pathlib.Path(sys.argv[1]), sys.argv[2])\n"
        "with archive.begin() as tx:\n"
        f"    tx.frontier.plan_listings([FrontierEntry('{FEED.url}', 'silex', 'feed')], at=0)\n"
        "    worker = tx.workers.enter('crawl', at=time.time())\n"
        "    tx.frontier.claim(worker, at=1, limit=9, per_source=9)\n"
        "print('claimed', flush=True)\ntime.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), url], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "claimed\n"
    now = datetime.now(UTC).timestamp()
    with archive.begin() as tx:
        worker = tx.workers.enter("crawl", at=now)
        tx.workers.sweep(at=now)
        assert tx.frontier.claim(worker, at=1, limit=9, per_source=9) == []
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    with archive.begin() as tx:
        tx.workers.sweep(at=now)
        assert len(tx.frontier.claim(worker, at=1, limit=9, per_source=9)) == 1


def test_a_worker_whose_heart_has_stopped_is_dead(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.frontier.plan_listings([FEED], at=0)
        still = tx.workers.enter("crawl", at=0)
        tx.frontier.claim(still, at=1, limit=9, per_source=9)
        tx.workers.sweep(at=1000)
        other = tx.workers.enter("crawl", at=1000)
        assert len(tx.frontier.claim(other, at=1, limit=9, per_source=9)) == 1


def test_claims_are_spread_over_sources(archive: Archive) -> None:
    entries = [FrontierEntry(f"https://{source}.example/{n}", source, "article") for source in "ab" for n in range(10)]
    with archive.begin() as tx:
        for entry in entries:
            tx.frontier.discover(entry, at=0)
        worker = tx.workers.enter("crawl", at=0)
        claimed = tx.frontier.claim(worker, at=1, limit=8, per_source=4)
    assert sorted(entry.source for entry in claimed) == ["a"] * 4 + ["b"] * 4


def test_a_known_url_is_due_again_when_its_listing_says_it_was_updated(archive: Archive) -> None:
    entry = FrontierEntry("https://silex.example/a", "silex", "article", hint={"sitemap.updated": "2025-01-20"})
    with archive.begin() as tx:
        assert tx.frontier.discover(entry, at=0)
        worker = tx.workers.enter("crawl", at=0)
        (claimed,) = tx.frontier.claim(worker, at=1, limit=9, per_source=9)
        tx.frontier.finish(claimed, worker=worker, outcome="article", at=1, next_try=None)
        assert not tx.frontier.discover(entry, at=2)
        assert tx.frontier.claim(worker, at=3, limit=9, per_source=9) == []
        assert not tx.frontier.discover(replace(entry, hint={"feed.updated": "2025-01-20T08:00Z"}), at=4)
        assert tx.frontier.claim(worker, at=5, limit=9, per_source=9) == []
        assert not tx.frontier.discover(replace(entry, hint={"sitemap.updated": "2025-01-21"}), at=6)
        assert len(tx.frontier.claim(worker, at=7, limit=9, per_source=9)) == 1


def test_outcomes_add_up_to_the_fetches(archive: Archive) -> None:
    with archive.begin() as tx:
        worker = tx.workers.enter("crawl", at=0)
        for number, outcome in enumerate(["article", "article", "gone"]):
            entry = FrontierEntry(f"https://silex.example/{number}", "silex", "article")
            tx.frontier.discover(entry, at=0)
            tx.frontier.claim(worker, at=1, limit=9, per_source=9)
            tx.frontier.finish(entry, worker=worker, outcome=outcome, at=1, next_try=None)
        assert tx.frontier.outcomes(worker) == {"silex": {"article": 2, "gone": 1}}


def test_a_changed_text_is_a_revision_and_keeps_its_publication(archive: Archive) -> None:
    first = piece("a")
    edited = replace(
        piece("a", "Un autre texte.", day=22), published=replace(first.published, instant=datetime(2025, 1, 22, tzinfo=UTC))
    )  # type: ignore[type-var]
    with archive.begin() as tx:
        assert tx.articles.store(first, page_id=None, at=1) == "article"
        assert tx.articles.store(first, page_id=None, at=2) == "unchanged"
        assert tx.articles.store(edited, page_id=None, at=3) == "revised"
        (kept,) = tx.articles.get([first.id])
        assert (kept.revision, kept.text, kept.published) == (2, "Un autre texte.", first.published)
        assert [article.text for article in tx.articles.revisions(first.id)] == ["Un texte.", "Un autre texte."]
        assert tx.articles.count() == 1


def labels_of(article: Article) -> Labels:
    return Labels(article.id, article.revision, "fr", "test 1")


def test_labels_take_the_article_off_the_queue_and_tell_the_indexes(archive: Archive) -> None:
    article = piece("a")
    with archive.begin() as tx:
        tx.articles.store(article, page_id=None, at=1)
        worker = tx.workers.enter("read", at=1)
        assert tx.to_read.claim(worker, at=1, limit=9) == [article.id]
        assert tx.labels.store(labels_of(article), worker=worker, embedding=None, sketch=None, at=2)
        assert tx.to_read.waiting() == 0
        assert tx.changes.after(0, limit=9) == ([article.id], 1)
        (whole,) = tx.articles.whole([article.id])
        assert whole.labels == labels_of(article)


def test_labels_of_an_overtaken_revision_are_dropped(archive: Archive) -> None:
    article = piece("a")
    with archive.begin() as tx:
        tx.articles.store(article, page_id=None, at=1)
        worker = tx.workers.enter("read", at=1)
        tx.to_read.claim(worker, at=1, limit=9)
        tx.articles.store(piece("a", "Corrigé."), page_id=None, at=2)
        assert not tx.labels.store(labels_of(article), worker=worker, embedding=None, sketch=None, at=3)
        assert tx.to_read.waiting() == 1


def test_the_change_log_is_followed_in_order_and_never_reuses_a_number(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.changes.append(["a", "b", "a", "c"])
        assert tx.changes.after(0, limit=3) == (["a", "b"], 3)
        assert tx.changes.after(3, limit=3) == (["c"], 4)
        assert tx.changes.after(4, limit=3) == ([], 4)
        tx.changes.reached("embedded", 3)
        assert tx.changes.position("embedded") == 3
        assert tx.changes.unindexed("embedded") == 1


def test_quarantine_counts_and_releases(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.quarantine.put("crawl", "https://a.example/", reason="broken", at=1)
        tx.quarantine.put("crawl", "https://a.example/", reason="broken", detail="again", at=2)
        (entry,) = tx.quarantine.entries()
        assert (entry.times, entry.first, entry.last, entry.detail) == (2, 1, 2, "again")
        tx.quarantine.release("crawl", "https://a.example/")
        assert tx.quarantine.count() == 0


def test_a_failed_transaction_leaves_nothing(archive: Archive) -> None:
    def broken_step() -> None:
        with archive.begin() as tx:
            tx.articles.store(piece("a"), page_id=None, at=1)
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        broken_step()
    with archive.read() as tx:
        assert tx.articles.count() == 0


def test_pages_are_kept_once_and_come_back_as_they_were(archive: Archive) -> None:
    body = "<p>Été</p>".encode("latin-1")
    with archive.begin() as tx:
        first = tx.pages.store("https://a.example/", body, status=200, headers={"Content-Type": "text/html"}, at=1)
        again = tx.pages.store("https://a.example/", body, status=200, headers={}, at=2)
        assert first == again
        assert tx.pages.body(first) == ("https://a.example/", body, {"Content-Type": "text/html"})


def test_an_archive_of_a_newer_version_is_refused_with_the_mend(tmp_path: Path) -> None:
    Archive.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "archive.db") as connection:
        connection.execute("UPDATE about SET value = '999' WHERE key = 'schema'")
    connection.close()
    with pytest.raises(VigieError, match=r"newer Vigie.*\n.*update Vigie"):
        Archive.open(tmp_path)


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(VigieError, match="not an archive of Vigie"):
        Archive.open(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VigieError, match="cannot be made"):
        Archive.open(tmp_path / "file" / "data")


def test_a_process_that_has_ended_but_was_not_waited_for_is_dead(archive: Archive) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not _runs(child.pid)
    child.wait()
    assert _runs(os.getpid())
