"""The archive: leases, hosts, revisions, the queue of unread articles, the change log, quarantine, versions, on both databases."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from vigie.archive import Archive, Due, FrontierEntry, Transaction, explain_database_error
from vigie.archive._engines import postgresql_engine
from vigie.archive._schema import SCHEMA_VERSION, metadata
from vigie.archive._version_1 import first_tables
from vigie.archive._workers import _runs
from vigie.article import Article, Labels, Published, article_id
from vigie.errors import UsageError, VigieError

FEED = FrontierEntry("https://silex.example/feed", "silex", "feed")


def piece(slug: str, text: str = "Un texte.", day: int = 20) -> Article:
    url = f"https://silex.example/{slug}"
    published = Published(datetime(2025, 1, day, 8, tzinfo=UTC), 60, "minute", "json-ld")
    return Article(article_id(url), url, url, "silex", f"Titre {slug}", text, published=published, language="fr")


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


def test_analysers_are_counted_over_the_articles_of_a_time(archive: Archive) -> None:
    articles = [
        piece("a", day=20),
        piece("b", day=21),
        replace(piece("c"), published=None),
        piece("d", day=22),
        piece("e", day=21),
    ]
    first, last = datetime(2025, 1, 21, tzinfo=UTC).timestamp(), datetime(2025, 1, 22, tzinfo=UTC).timestamp()
    with archive.begin() as tx:
        worker = tx.workers.enter("read", at=1)
        for article in articles:
            tx.articles.store(article, page_id=None, at=first)
        tx.to_read.claim(worker, at=last, limit=9)
        for article in articles[:4]:
            assert tx.labels.store(labels_of(article), worker=worker, embedding=None, sketch=None, at=last)
        assert tx.labels.analysers(since=first, until=last) == {"test 1": 2}, (
            "the one of the day, and the undated one found on it"
        )
        assert tx.labels.analysers(since=last, until=last) == {}


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


def claim(archive: Archive, worker: str, *, at: float = 1, limit: int = 9, delay: float = 0) -> list[str]:
    """The URLs that a worker gets in a transaction of its own."""
    with archive.begin() as tx:
        return [entry.url for entry in tx.frontier.claim(worker, at=at, limit=limit, per_source=limit, delay=delay)]


def known(archive: Archive, *urls: str) -> None:
    with archive.begin() as tx:
        for url in urls:
            tx.frontier.discover(FrontierEntry(url, url, "article"), at=0)


def crawlers(archive: Archive, count: int = 2) -> list[str]:
    with archive.begin() as tx:
        return [tx.workers.enter("crawl", at=0) for _ in range(count)]


def finish(archive: Archive, worker: str, url: str) -> bool:
    with archive.begin() as tx:
        entry = tx.frontier.get(url)
        assert entry
        return tx.frontier.finish(entry, worker=worker, outcome="article", at=1, next_try=None)


def test_a_host_belongs_to_one_worker_as_long_as_it_holds_a_url_of_it(archive: Archive) -> None:
    one, two = crawlers(archive)
    known(archive, "https://a.example/1", "https://A.example:443/2")
    assert claim(archive, one, limit=1) == ["https://A.example:443/2"]
    assert claim(archive, two) == []
    assert claim(archive, one) == ["https://a.example/1"]
    assert finish(archive, one, "https://A.example:443/2")
    known(archive, "https://a.example/3")
    with archive.begin() as tx:
        tx.hosts.give_back(one)
    assert claim(archive, two) == [], "one still holds a URL of it"
    assert finish(archive, one, "https://a.example/1")
    with archive.begin() as tx:
        tx.hosts.give_back(one)
    assert claim(archive, two) == ["https://a.example/3"]


def test_a_host_that_changes_hands_is_left_in_peace_for_its_delay(archive: Archive) -> None:
    one, two = crawlers(archive)
    known(archive, "https://a.example/1", "https://a.example/2")
    assert claim(archive, one, limit=1, delay=0.05)
    with archive.begin() as tx:
        tx.hosts.needs("a.example", delay=0.6)  # its robots.txt
        tx.workers.leave(one)
    given_back = time.monotonic()
    assert claim(archive, two, delay=0.05) == []
    while not (got := claim(archive, two, delay=0.05)):
        assert time.monotonic() < given_back + 10
    assert time.monotonic() - given_back >= 0.6
    assert got == ["https://a.example/1", "https://a.example/2"]


def test_a_host_that_asked_to_wait_is_left_in_peace_by_everybody(archive: Archive) -> None:
    one, two = crawlers(archive)
    known(archive, "https://a.example/1", "https://b.example/1")
    with archive.begin() as tx:
        tx.hosts.pause("a.example", until=100)
    assert claim(archive, one, at=99) == ["https://b.example/1"]
    assert claim(archive, two, at=101) == ["https://a.example/1"]


def test_articles_do_not_wait_for_a_listing_whose_host_asked_to_wait(archive: Archive) -> None:
    (worker,) = crawlers(archive, 1)
    with archive.begin() as tx:
        tx.frontier.plan_listings([FEED], at=0)
        tx.frontier.discover(FrontierEntry("https://pages.example/1", FEED.source, "article"), at=0)
        tx.hosts.pause("silex.example", until=100)
    assert claim(archive, worker) == ["https://pages.example/1"]


def test_articles_wait_for_a_listing_that_another_worker_is_reading(archive: Archive) -> None:
    one, two = crawlers(archive)
    with archive.begin() as tx:
        tx.frontier.plan_listings([FEED], at=0)
        tx.frontier.discover(FrontierEntry("https://pages.example/1", FEED.source, "article"), at=0)
    assert claim(archive, one) == [FEED.url]
    assert claim(archive, two) == []
    with archive.read() as tx:
        assert tx.frontier.work_elsewhere(at=1)
    assert finish(archive, one, FEED.url)
    assert claim(archive, two) == ["https://pages.example/1"]
    assert finish(archive, two, "https://pages.example/1")
    with archive.read() as tx:
        assert not tx.frontier.work_elsewhere(at=1)


def test_what_was_fetched_since_is_left_out_on_request(archive: Archive) -> None:
    (worker,) = crawlers(archive, 1)
    known(archive, "https://a.example/1")
    with archive.begin() as tx:
        (entry,) = tx.frontier.claim(worker, at=1, limit=9, per_source=9)
        tx.frontier.finish(entry, worker=worker, outcome="unreachable", at=10, next_try=20, failed=True)
        assert tx.frontier.claim(worker, at=30, limit=9, per_source=9, due=Due(fetched_until=9)) == []
        assert not tx.frontier.work_elsewhere(at=30, due=Due(fetched_until=9))
        assert len(tx.frontier.claim(worker, at=30, limit=9, per_source=9, due=Due(fetched_until=10))) == 1


def test_a_listing_may_name_an_address_twice(archive: Archive) -> None:
    entries = [
        FrontierEntry("https://a.example/1", "a", "article", hint={"feed.title": "T"}),
        FrontierEntry("https://a.example/1", "a", "article", hint={"feed.published": "P"}),
        FrontierEntry("https://a.example/2", "a", "article"),
    ]
    with archive.begin() as tx:
        assert tx.frontier.discover_all(entries, at=0) == 2
        assert tx.frontier.discover_all(entries, at=0) == 0
        entry = tx.frontier.get("https://a.example/1")
        assert entry
        assert entry.hint == {"feed.title": "T", "feed.published": "P"}


def test_what_a_redirect_leads_to_is_taken_and_kept_by_name(archive: Archive) -> None:
    one, two = crawlers(archive)
    known(archive, "https://a.example/1")
    with archive.begin() as tx:
        assert tx.hosts.take("a.example", one, at=1, delay=0)
        assert not tx.hosts.take("a.example", two, at=1, delay=0)
        tx.hosts.give_back(one, but=["a.example"])
    assert claim(archive, two) == []
    with archive.begin() as tx:
        tx.hosts.give_back(one)
    assert claim(archive, two) == ["https://a.example/1"]


def test_hosts_are_shared_among_the_crawlers(archive: Archive) -> None:
    one, two = crawlers(archive)
    known(archive, *(f"https://{host}.example/{page}" for host in "abcd" for page in (1, 2)))
    assert len(claim(archive, one, limit=99)) == 4
    assert len(claim(archive, two, limit=99)) == 2
    assert {url[8] for url in claim(archive, one, limit=99)} <= set("abcd")


def test_the_end_of_a_fetch_counts_only_for_the_worker_that_holds_the_lease(archive: Archive) -> None:
    """A worker that stood still was taken for dead, and another took its work: what it then brings is dropped."""
    (asleep,) = crawlers(archive, 1)
    known(archive, "https://a.example/1", "https://a.example/2")
    assert len(claim(archive, asleep)) == 2
    with archive.begin() as tx:
        tx.workers.sweep(at=1000)
        awake = tx.workers.enter("crawl", at=1000)
    assert claim(archive, awake, at=1000, limit=1) == ["https://a.example/1"]
    assert finish(archive, awake, "https://a.example/1")
    assert not finish(archive, asleep, "https://a.example/1")
    with archive.begin() as tx:
        assert not tx.frontier.hold("https://a.example/1", asleep)
        assert tx.frontier.outcomes(asleep) == {}
        assert tx.frontier.outcomes(awake) == {"https://a.example/1": {"article": 1}}
        assert tx.frontier.claim(asleep, at=1000, limit=9, per_source=9) == [], "who is taken for dead gets nothing"
        assert not tx.hosts.take("b.example", asleep, at=1000, delay=0)
        assert not tx.workers.beat(asleep, at=1000), "it is told that it was taken for dead"
        assert tx.workers.beat(asleep, at=1000)
        assert not tx.hosts.take("a.example", asleep, at=1000, delay=0)


def test_a_failure_of_a_reader_whose_lease_is_gone_is_not_noted(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.articles.store(piece("a"), page_id=None, at=1)
        asleep, awake = tx.workers.enter("read", at=1), tx.workers.enter("read", at=1)
        tx.to_read.claim(asleep, at=1, limit=9)
        tx.workers.leave(asleep)
        assert tx.to_read.claim(awake, at=1, limit=9) == [piece("a").id]
        assert tx.to_read.hold([piece("a").id], asleep) == set()
        tx.to_read.put_off(piece("a").id, worker=asleep, until=99)
        assert tx.to_read.hold([piece("a").id], awake) == {piece("a").id}
        assert tx.to_read.waiting(at=2) == 1


def test_nul_characters_are_taken_out_of_everything_that_is_kept(archive: Archive) -> None:
    with archive.begin() as tx:
        entry = FrontierEntry("https://a.example/\0x", "a\0", "article", hint={"feed.title": "T\0"})
        assert tx.frontier.discover(entry, at=0)
        assert not tx.frontier.discover(entry, at=0)
        worker = tx.workers.enter("crawl", at=0)
        (claimed,) = tx.frontier.claim(worker, at=1, limit=9, per_source=9)
        assert claimed.url == "https://a.example/x"
        tx.frontier.finish(claimed, worker=worker, outcome="broken", at=1, next_try=None, detail="\0?", etag="\0", modified="m")
        tx.quarantine.put("crawl", entry.url, reason="bro\0ken", detail="\0", at=1)
        assert tx.quarantine.entries()[0].key == "https://a.example/x"
        page = tx.pages.store(entry.url, b"\0", status=200, headers={"X": "\0"}, at=1)
        assert tx.pages.body(page) == ("https://a.example/x", b"\0", {"X": "\0"})
        article = replace(piece("a"), title="Ti\0tre", text="\0Un texte.\0", authors=("A\0",))
        assert tx.articles.store(article, page_id=page, at=1) == "article"
        assert tx.articles.store(article, page_id=page, at=1) == "unchanged"
        (kept,) = tx.articles.get([article.id])
        assert (kept.title, kept.text, kept.authors) == ("Titre", "Un texte.", ("A",))


def test_undated_articles_come_first_on_both_databases(archive: Archive) -> None:
    undated = replace(piece("z"), published=None)
    with archive.begin() as tx:
        for article in (piece("a", day=21), piece("b", day=20), undated):
            tx.articles.store(article, page_id=None, at=1)
        assert tx.articles.ids() == [undated.id, piece("b").id, piece("a").id]
        worker = tx.workers.enter("read", at=1)
        assert tx.to_read.claim(worker, at=1, limit=9) == [undated.id, piece("b").id, piece("a").id]


# -- versions


def tables(archive: Archive) -> dict[str, object]:
    """The whole schema as the database tells it."""
    inspector = inspect(archive._engine)
    found: dict[str, object] = {}
    for name in inspector.get_table_names():
        columns = inspector.get_columns(name)
        indexes = inspector.get_indexes(name)
        found[name] = (
            sorted((one["name"], repr(one["type"]), one["nullable"], str(one["default"])) for one in columns),
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted((one["name"], one["column_names"], _plain(one["dialect_options"])) for one in indexes),
            sorted(one["column_names"] for one in inspector.get_unique_constraints(name)),
            sorted(one["constrained_columns"] for one in inspector.get_foreign_keys(name)),
        )
    assert len(found) == len(metadata.tables)
    return found


def _plain(options: dict[str, object]) -> list[str]:
    return sorted(f"{name}: {value}" for name, value in options.items())


def version_1(tmp_path: Path, url: str) -> None:
    """An archive as the first version made it, with URLs in it."""
    engine = postgresql_engine(url) if url else create_engine(f"sqlite:///{tmp_path / 'archive.db'}")
    with engine.begin() as connection:
        if url:
            first_tables(connection)
        else:
            for statement in (Path(__file__).parent / "archive_version_1.sql").read_text().split(";\n"):
                connection.execute(text(statement))
        connection.execute(text("INSERT INTO about VALUES ('schema', '1')"))
        for number in range(3):
            connection.execute(
                text("INSERT INTO frontier (url, source, kind, next_try, attempts, discovered, hint) VALUES (:url, 's', 'article', 0, 0, 0, '{}')"),
                {"url": f"https://{'Ab'[number % 2]}.example/{number}"},
            )  # fmt: skip
        connection.execute(text("UPDATE frontier SET lease = 'crawl-dead'"))
        connection.execute(
            text("INSERT INTO to_read (article, since, attempts, next_try, lease) VALUES ('a', 0, 0, 0, 'read-dead')")
        )
    engine.dispose()


def test_an_archive_of_version_1_is_migrated_with_what_is_in_it(tmp_path: Path, url: str) -> None:
    version_1(tmp_path, url)
    archive = Archive.open(tmp_path, url)
    (worker,) = crawlers(archive, 1)
    assert sorted(claim(archive, worker)) == ["https://A.example/0", "https://A.example/2", "https://b.example/1"]
    with archive.read() as tx:
        assert tx.hosts.held(worker) == {"a.example", "b.example"}
        assert tx.to_read.leased(at=1) == 0
        assert tx.connection.scalar(text("SELECT value FROM about WHERE key = 'schema'")) == str(SCHEMA_VERSION)
    archive.close()
    Archive.open(tmp_path, url).close()


def test_a_fresh_archive_a_migrated_one_and_the_tables_of_the_code_are_the_same(tmp_path: Path, url: str) -> None:
    version_1(tmp_path, url)
    migrated = Archive.open(tmp_path, url)
    found = tables(migrated)
    if url:
        migrated.close()
        engine = postgresql_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    fresh = Archive.open(tmp_path / "fresh", url)
    assert tables(fresh) == found
    with fresh.begin() as tx:
        metadata.drop_all(tx.connection)
        metadata.create_all(tx.connection)
    assert tables(fresh) == found
    fresh.close()


def test_version_1_still_makes_the_tables_that_were_released(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    with engine.begin() as connection:
        first_tables(connection)
        made = connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")).all()
    released = (Path(__file__).parent / "archive_version_1.sql").read_text().split(";\n")
    assert sorted(" ".join(statement.split()) for statement in made if "sqlite_sequence" not in statement) == sorted(
        " ".join(statement.split()) for statement in released if statement.strip()
    )


def test_many_that_start_at_once_on_an_empty_database_make_it_once(postgres_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for archive in pool.map(lambda _: Archive.open(tmp_path, postgres_url), range(8)):
            archive.close()


def test_an_archive_on_postgresql_leaves_the_data_folder_alone(postgres_url: str, tmp_path: Path) -> None:
    Archive.open(tmp_path / "data", postgres_url).close()
    assert not (tmp_path / "data").exists()


# -- many at a time, on PostgreSQL


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Iterator[Archive]:
    """An archive that lets many write at a time."""
    archive = Archive.open(tmp_path, postgres_url)
    yield archive
    archive.close()


def test_a_claim_waits_for_nobody_and_takes_nothing_twice(shared: Archive) -> None:
    one, two = crawlers(shared)
    known(shared, "https://a.example/1", "https://b.example/1")
    with shared.begin() as first, shared.begin() as second:
        mine = first.frontier.claim(one, at=1, limit=9, per_source=9)
        others = second.frontier.claim(two, at=1, limit=9, per_source=9)
    assert [entry.url for entry in mine] == ["https://a.example/1"]
    assert [entry.url for entry in others] == []  # b.example is its share when the first has committed
    assert claim(shared, two) == ["https://b.example/1"]


def test_a_claim_leaves_out_what_another_transaction_is_changing(shared: Archive) -> None:
    (worker,) = crawlers(shared, 1)
    known(shared, "https://a.example/1", "https://a.example/2")
    with shared.begin() as other, shared.begin() as tx:
        other.frontier.retry("https://a.example/1", at=0)
        tx.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        claimed = tx.frontier.claim(worker, at=1, limit=9, per_source=9)
        assert [entry.url for entry in claimed] == ["https://a.example/2"]


def test_readers_take_different_articles_without_waiting(shared: Archive) -> None:
    with shared.begin() as tx:
        for slug in "abcd":
            tx.articles.store(piece(slug), page_id=None, at=1)
        one, two = tx.workers.enter("read", at=1), tx.workers.enter("read", at=1)
    with shared.begin() as first, shared.begin() as second:
        mine, others = first.to_read.claim(one, at=1, limit=2), second.to_read.claim(two, at=1, limit=3)
    assert (len(mine), len(others)) == (2, 2)
    assert not set(mine) & set(others)


def test_many_claim_at_once_and_nobody_gets_what_another_has(shared: Archive) -> None:
    workers = crawlers(shared, 8)
    known(shared, *(f"https://{host}.example/{page}" for host in range(20) for page in range(10)))

    def crawl(worker: str) -> list[str]:
        got: list[str] = []
        while urls := claim(shared, worker, limit=7) or claim(shared, worker, limit=7):
            for url in urls:
                assert finish(shared, worker, url)
            got += urls
        return got

    with ThreadPoolExecutor(8) as pool:
        taken = [url for urls in pool.map(crawl, workers) for url in urls]
    taken += crawl(workers[0])
    assert len(taken) == len(set(taken)) == 200


def test_the_same_article_from_two_addresses_at_once_is_one_article(shared: Archive) -> None:
    texts = [f"Texte {number}." for number in range(8)]

    def store(text: str) -> str:
        with shared.begin() as tx:
            page = tx.pages.store("https://a.example/", b"same", status=200, headers={}, at=1)
            return tx.articles.store(piece("a", text), page_id=page, at=1)

    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            ended = list(pool.map(store, texts))
    with shared.read() as tx:
        revisions = tx.articles.revisions(piece("a").id)
        assert [article.revision for article in revisions] == list(range(1, len(revisions) + 1))
        assert {article.text for article in revisions} == set(texts)
        assert tx.articles.count() == 1
        assert tx.connection.scalar(text("SELECT count(*) FROM pages")) == 1
    assert "article" not in ended


def test_the_same_url_found_by_two_at_once_is_new_to_one(shared: Archive) -> None:
    def discover(number: int) -> int:
        hint = {f"feed{number}.title": "Titre"}
        entries = [FrontierEntry(f"https://a.example/{n}", "a", "article", hint=hint) for n in range(50)]
        random.Random(number).shuffle(entries)
        with shared.begin() as tx:
            return tx.frontier.discover_all(entries, at=0)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(discover, range(6))) == 50
    with shared.read() as tx:
        entry = tx.frontier.get("https://a.example/7")
        assert entry
        assert len(entry.hint) == 6, "what each listing says of it is kept"


def test_no_change_appears_behind_one_that_an_index_has_passed(shared: Archive) -> None:
    """Numbers are given in the order in which transactions become visible, however long one takes."""
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while not done.is_set():
            with shared.read() as tx:
                seqs = list(tx.connection.scalars(text("SELECT seq FROM changes ORDER BY seq")))
            if seen and seqs[: len(seen)] != seen:
                raise AssertionError("a smaller number appeared later")
            seen[:] = seqs

    def append(number: int) -> None:
        for _ in range(15):
            with shared.begin() as tx:
                tx.changes.append([f"{number}"])
                if number % 2:
                    tx.changes.write()  # in the middle of a transaction that goes on
                    time.sleep(0.005)

    with ThreadPoolExecutor(7) as pool:
        follower = pool.submit(follow)
        list(pool.map(append, range(6)))
        done.set()
        follower.result()
    with shared.read() as tx:
        assert len(tx.changes.after(0, limit=1000)[0]) == 6
        assert tx.changes.unindexed("none") == 90


def test_a_transaction_that_the_database_takes_back_is_done_again(shared: Archive) -> None:
    known(shared, "https://a.example/1", "https://b.example/1")
    both_hold_one = threading.Barrier(2, timeout=10)
    begun: list[str] = []

    def set_both(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            tx.frontier.retry(first, at=1)
            begun.append(first)
            if len(begun) <= 2:
                both_hold_one.wait()  # each now wants what the other holds
            tx.frontier.retry(second, at=1)

        shared.write(work)

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(set_both, "https://a.example/1", "https://b.example/1")]
        ends.append(pool.submit(set_both, "https://b.example/1", "https://a.example/1"))
        for end in ends:
            end.result(30)
    assert len(begun) == 3, "there was no deadlock: the test says nothing"


def test_stories_are_grouped_by_one_at_a_time_and_not_while_labels_change(shared: Archive) -> None:
    def can_lock(*, shared_too: bool) -> bool:
        with shared.begin() as tx:
            tx.connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
            try:
                tx.stories.lock(shared=shared_too)
            except OperationalError:
                tx.connection.rollback()
                return False
        return True

    with shared.begin() as tx:
        tx.stories.lock(shared=True)
        assert can_lock(shared_too=True)
        assert not can_lock(shared_too=False)


def test_what_is_read_is_one_state_while_others_write(shared: Archive) -> None:
    known(shared, "https://a.example/1")
    with shared.read() as tx:
        before = tx.frontier.sizes()
        known(shared, "https://a.example/2")
        assert tx.frontier.sizes() == before
        with pytest.raises(DBAPIError, match="read-only transaction"):
            tx.frontier.retry("https://a.example/1", at=1)
        tx.connection.rollback()


def test_numbers_are_wide_enough_for_billions_of_rows(shared: Archive) -> None:
    with shared.begin() as tx:
        for sequence in ("changes_seq_seq", "pages_id_seq", "fetches_id_seq"):
            tx.connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART WITH 3000000000"))
        page = tx.pages.store("https://a.example/", b"1", status=200, headers={}, at=1)
        tx.articles.store(piece("a"), page_id=page, at=1)
        tx.changes.append(["a"])
        tx.changes.reached("embedded", tx.changes.last())
        assert page == tx.changes.position("embedded") == 3_000_000_000


# -- what is told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://user:secret@host/db", "an archive cannot be at mysql://"),
        ("sqlite:////tmp/x.db", "an archive cannot be at sqlite://"),
        ("postgresql+asyncpg://user:secret@host/db", "an archive cannot be at postgresql+asyncpg://"),
        ("no url: secret", "cannot be read"),
        ("postgresql://user:secret@host:port/db", "cannot be read"),
        ("postgresql://user:secret@host", "names no database"),
    ],
)
def test_a_url_of_another_form_is_refused_with_the_right_one(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        Archive.open(tmp_path, url)
    assert told in str(raised.value)
    assert "postgresql://user:password@host/database" in str(raised.value)
    assert "secret" not in str(raised.value)


def refusal(url: str, tmp_path: Path) -> str:
    with pytest.raises(VigieError) as raised:
        Archive.open(tmp_path, url)
    assert raised.value.exit_code == 1
    assert raised.value.mend
    assert "a secret" not in str(raised.value)
    assert "a%20secret" not in str(raised.value)
    return str(raised.value)


def test_a_server_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    assert "cannot be reached" in refusal("postgresql://vigie:a%20secret@127.0.0.1:9/db", tmp_path)
    assert "cannot be reached" in refusal("postgresql://vigie:a%20secret@no-such-host.invalid/db?password=a%20secret", tmp_path)


def test_a_database_or_a_user_that_does_not_exist_is_told(postgres_server: str, tmp_path: Path) -> None:
    server = make_url(postgres_server)
    missing = server.set(database="no_such_database").render_as_string(hide_password=False)
    assert "there is no such database" in refusal(missing, tmp_path)
    stranger = server.set(username="stranger").render_as_string(hide_password=False)
    assert "does not let this user in" in refusal(stranger, tmp_path)


def test_a_user_without_the_right_to_make_tables_is_told_and_may_use_those_that_are_there(
    postgres_url: str, tmp_path: Path
) -> None:
    guest = f"guest_{os.urandom(4).hex()}"
    url = make_url(postgres_url).set(username=guest, password="a secret").render_as_string(hide_password=False)
    engine = postgresql_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {guest} LOGIN PASSWORD 'a secret'"))
    try:
        said = refusal(url, tmp_path)
        assert "may not do that" in said
        assert "GRANT CREATE" in said
        Archive.open(tmp_path, postgres_url).close()
        with engine.begin() as connection:
            connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {guest}"))
            connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {guest}"))
        archive = Archive.open(tmp_path, url)
        known(archive, "https://a.example/1")
        (worker,) = crawlers(archive, 1)
        assert claim(archive, worker) == ["https://a.example/1"]
        assert "secret" not in archive.place
        archive.close()
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {guest}"))
            connection.execute(text(f"DROP ROLE {guest}"))
        engine.dispose()


def test_a_connection_that_was_ended_takes_its_transaction_back_and_the_next_one_works(shared: Archive) -> None:
    def ended_halfway() -> None:
        with shared.begin() as tx:
            tx.articles.store(piece("a"), page_id=None, at=1)
            pid = tx.connection.scalar(text("SELECT pg_backend_pid()"))
            with shared.begin() as other:
                other.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            tx.articles.store(piece("b"), page_id=None, at=1)

    with pytest.raises(DatabaseError) as raised:
        ended_halfway()
    assert "start the server, then run the same command again" in str(explain_database_error(raised.value, "here"))
    with shared.begin() as tx:
        assert tx.articles.count() == 0
        assert tx.articles.store(piece("a"), page_id=None, at=1) == "article"


def test_what_the_server_refuses_in_the_middle_is_told_with_the_mend(shared: Archive) -> None:
    with pytest.raises(DatabaseError) as raised, shared.begin() as tx:
        # The server's own word for a full disk, which cannot be had without filling one.
        tx.connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"))
    assert "no space left on the server's disk" in str(explain_database_error(raised.value, "here"))
