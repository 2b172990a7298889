"""The index follows the archive: every change arrives once, whatever breaks on the way."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from index import follow
from index.document import IndexedArticle, story_number
from index.elastic import ElasticIndex
from index.embedded import EmbeddedIndex
from index.engine import Engine
from index.follow import Counts, bring_up_to_date, rebuild
from index.query import Everything, FieldValue, Word
from tests.conftest import Vigie
from tests.index.conftest import NewIndex
from tests.index.corpus import WATCH, stored
from vigie.archive import Archive, StoredArticle
from vigie.archive._schema import articles
from vigie.errors import VigieError


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "data")


@pytest.fixture
def index(new_index: NewIndex) -> Engine:
    return new_index(WATCH)


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedIndex:
    return EmbeddedIndex(tmp_path / "data" / "index", WATCH)


def keep(archive: Archive, *several: StoredArticle, read: bool = True) -> None:
    """Store articles, and their labels as a reader would."""
    with archive.begin() as tx:
        worker = tx.workers.enter("read", at=time.time())
        for one in several:
            tx.articles.store(one.article, page_id=None, at=one.first_seen)
        if read:
            tx.to_read.claim(worker, at=time.time(), limit=1_000_000)
            for one in several:
                assert one.labels
                (article,) = tx.articles.get([one.article.id])
                labels = type(one.labels)(
                    **{name: getattr(one.labels, name) for name in one.labels.__slots__} | {"revision": article.revision}
                )
                assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=time.time())
        tx.workers.leave(worker)


def ids(index: Engine) -> set[str]:
    return {hit["id"] for hit in index.search(Everything(), limit=1000).hits}


def test_what_is_read_arrives_and_what_is_unread_waits(archive: Archive, index: Engine) -> None:
    keep(archive, stored(1), stored(2))
    keep(archive, stored(3), read=False)
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=2)
    assert index.size == 2
    assert bring_up_to_date(archive, WATCH, index) == Counts()
    with archive.begin() as tx:
        tx.changes.append([stored(3).article.id])
    assert bring_up_to_date(archive, WATCH, index) == Counts(unread=1)
    keep(archive, stored(3))
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=1)


def test_a_new_revision_takes_the_place_of_the_old_one(archive: Archive, index: Engine) -> None:
    keep(archive, stored(1, text="ancien"))
    bring_up_to_date(archive, WATCH, index)
    keep(archive, stored(1, text="nouveau"))
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=1)
    assert (index.size, index.count(Word("ancien")), index.count(Word("nouveau"))) == (1, 0, 1)


def test_an_article_that_left_the_archive_leaves_the_index(archive: Archive, index: Engine) -> None:
    keep(archive, stored(1), stored(2))
    bring_up_to_date(archive, WATCH, index)
    with archive.begin() as tx:
        tx.connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        tx.connection.execute(text("DELETE FROM revisions"))
        tx.connection.execute(delete(articles).where(articles.c.id == stored(1).article.id))
        tx.changes.append([stored(1).article.id])
    assert bring_up_to_date(archive, WATCH, index) == Counts(gone=1)
    assert ids(index) == {stored(2).article.id}


def test_a_story_that_is_retold_becomes_a_shared_one(archive: Archive, index: Engine) -> None:
    keep(archive, stored(1), stored(2))
    first, second = stored(1).article.id, stored(2).article.id
    with archive.begin() as tx:
        tx.stories.set(first, first, reprint_of=None)
        tx.stories.set(second, second, reprint_of=None)
    bring_up_to_date(archive, WATCH, index)
    assert index.cells(Everything(), ("shared_story",)) == {}
    with archive.begin() as tx:
        tx.stories.set(second, first, reprint_of=first)
        tx.changes.append(tx.stories.members(first))
    bring_up_to_date(archive, WATCH, index)
    assert index.cells(Everything(), ("shared_story",)) == {(story_number(first),): 2}
    assert index.count(FieldValue("story", first)) == 2


def test_one_broken_article_goes_to_quarantine_and_its_neighbours_go_on(archive: Archive, index: Engine) -> None:
    keep(archive, stored(1), stored(2), stored(3))
    broken = stored(2).article.id
    with archive.begin() as tx:
        tx.connection.execute(text("UPDATE labels SET record = '{}' WHERE article = :id"), {"id": broken})
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=2, quarantined=1)
    with archive.read() as tx:
        (entry,) = tx.quarantine.entries(step="index")
    assert (entry.key, entry.reason) == (broken, "cannot be indexed")
    assert "article_id" in entry.detail
    keep(archive, stored(2, text="Réparé."))
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=1)
    with archive.read() as tx:
        assert tx.quarantine.entries(step="index") == []


def test_an_article_that_has_no_place_in_the_calendar_is_quarantined_with_its_source(archive: Archive, index: Engine) -> None:
    keep(
        archive, stored(1), stored(2, source="wired", published=datetime(9999, 12, 31, 23, 30, tzinfo=UTC))
    )  # the year 10000 in Paris
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=1, quarantined=1)
    with archive.read() as tx:
        assert [(entry.source, entry.key) for entry in tx.quarantine.entries(step="index")] == [
            ("wired", stored(2, source="wired").article.id)
        ]


def test_batches_and_progress(archive: Archive, index: Engine) -> None:
    keep(archive, *(stored(number) for number in range(25)))
    told: list[tuple[int, int]] = []
    assert bring_up_to_date(archive, WATCH, index, batch=10, progress=lambda *both: told.append(both)) == Counts(indexed=25)
    assert told == [(10, 25), (20, 25), (25, 25)]


def test_an_index_that_was_deleted_is_made_again_in_full(archive: Archive, embedded: EmbeddedIndex, tmp_path: Path) -> None:
    keep(archive, stored(1), stored(2))
    bring_up_to_date(archive, WATCH, embedded)
    subprocess.run(["rm", "-r", str(tmp_path / "data" / "index")], check=True)
    again = EmbeddedIndex(tmp_path / "data" / "index", WATCH)
    assert bring_up_to_date(archive, WATCH, again) == Counts(indexed=2)


def test_a_rebuild_misses_nothing_that_changes_meanwhile(archive: Archive, index: Engine) -> None:
    keep(archive, *(stored(number) for number in range(12)))
    bring_up_to_date(archive, WATCH, index)

    def change_meanwhile(done: int, _total: int) -> None:
        if done == 5:
            keep(archive, stored(100), stored(0, text="Changé entre-temps."))

    counts = rebuild(archive, WATCH, index, batch=5, progress=change_meanwhile)
    assert counts == Counts(indexed=12 + 2)
    assert index.size == 13
    assert index.count(Word("changé")) == 1
    assert bring_up_to_date(archive, WATCH, index) == Counts()


_WORKER = """
import sys
from pathlib import Path
from vigie.archive import Archive
from index.elastic import ElasticIndex
from index.embedded import EmbeddedIndex
from index import follow
from tests.index.corpus import WATCH
data, what, url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
index = ElasticIndex(url, WATCH) if url else EmbeddedIndex(data / "index", WATCH)
archive = Archive.open(data)
say = lambda done, total: print(done, flush=True)
if what == "rebuild":
    follow.rebuild(archive, WATCH, index, batch=20, progress=say)
else:
    follow.bring_up_to_date(archive, WATCH, index, batch=20, progress=say)
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["follow", "rebuild"])
@pytest.mark.parametrize("engine", ["embedded", "elastic"])
def test_killing_it_anywhere_loses_nothing_and_doubles_nothing(
    archive: Archive, tmp_path: Path, request: pytest.FixtureRequest, engine: str, what: str
) -> None:
    url = f"{request.getfixturevalue('elastic_url')}/t{uuid.uuid4().hex[:12]}" if engine == "elastic" else ""

    def opened() -> Engine:
        return ElasticIndex(url, WATCH) if url else EmbeddedIndex(tmp_path / "data" / "index", WATCH)

    several = [stored(number) for number in range(300)]
    keep(archive, *several)
    if what == "rebuild":
        bring_up_to_date(archive, WATCH, opened())
    for round_number in range(5):
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path / "data"), what, url], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        assert worker.stdout
        for _ in range(1 + 2 * round_number):
            worker.stdout.readline()
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        if what == "rebuild":  # readers have the old index, whole, until a rebuild ends
            assert opened().size == 300
    after = opened()
    (rebuild if what == "rebuild" else bring_up_to_date)(archive, WATCH, after)
    assert after.size == 300
    assert ids(after) == {one.article.id for one in several}
    if isinstance(after, ElasticIndex):
        behind = after._client.indices.get_alias(name=f"{after._address.prefix}-*")
        assert [set(one["aliases"]) for one in behind.values()] == [{after._address.read_alias, after._address.write_alias}]
    else:
        assert len(list((tmp_path / "data" / "index").glob("generation-*"))) == 1


def test_every_article_is_counted_once(archive: Archive, index: Engine) -> None:
    keep(archive, stored(1))
    keep(archive, stored(2), read=False)
    with archive.begin() as tx:
        tx.changes.append([stored(2).article.id, "unknown", stored(1).article.id])
    counts = bring_up_to_date(archive, WATCH, index)
    assert counts == Counts(indexed=1, unread=1, gone=1)
    assert counts.seen == 3
    assert follow.STEP == "index"


def test_only_one_process_follows_for_an_index(archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(archive, stored(1))
    monkeypatch.setattr("index.follow._WAIT_S", 0.3)
    with archive.begin() as tx:
        other = tx.workers.enter_alone(f"index {index.exclusive}", at=time.time())
        assert other
        assert tx.workers.enter_alone(f"index {index.exclusive}", at=time.time()) is None
    with pytest.raises(VigieError, match="another process is writing"):
        bring_up_to_date(archive, WATCH, index)
    with archive.begin() as tx:
        tx.workers.leave(other)
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=1)


def test_a_process_that_was_thought_dead_spoils_nothing_when_it_goes_on(archive: Archive, index: Engine) -> None:
    """It slept so long that another took over; what it then wrote may be older, so that it is written again."""
    keep(archive, *(stored(number) for number in range(4)))
    taken = False

    def sleep_too_long(_done: int, _total: int) -> None:
        nonlocal taken
        if not taken:
            with archive.begin() as tx:
                tx.connection.execute(text("DELETE FROM workers"))
            taken = True

    with pytest.raises(VigieError, match="another process has taken over"):
        bring_up_to_date(archive, WATCH, index, batch=2, progress=sleep_too_long)
    with archive.read() as tx:
        assert tx.changes.unindexed(index.name) == 2 + 2  # the batch that was not its own, and the same again at the end
    assert bring_up_to_date(archive, WATCH, index) == Counts(indexed=2)
    assert index.size == 4


def test_a_rebuilt_index_that_lacks_an_article_does_not_take_over(
    archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(archive, *(stored(number) for number in range(5)))
    bring_up_to_date(archive, WATCH, index)
    name = index.name
    put_in = type(index).apply

    def lose_one(self: Engine, documents: Sequence[IndexedArticle], deletions: Sequence[str]) -> dict[str, str]:
        return put_in(self, documents[1:], deletions)  # as a cluster that was split might

    monkeypatch.setattr(type(index), "apply", lose_one)
    with pytest.raises(VigieError, match="holds 4 articles, 5 were put in"):
        rebuild(archive, WATCH, index)
    index.reload()
    assert (index.name, index.size) == (name, 5)


@pytest.mark.slow
def test_several_machines_follow_for_one_cluster(vigie: Vigie, postgres_url: str, elastic_url: str) -> None:
    """Each runs vigie index at the same moment, on one archive and one cluster: one goes on, the others wait for it."""
    vigie.write_watch(
        '[[sources]]\nid = "lemonde"\nname = "Le Monde"\nhome = "https://lemonde.example/"\n'
        'feeds = ["https://lemonde.example/feed"]\nlanguage = "fr"\ncountry = "FR"'
    )
    several = [stored(number) for number in range(400)]
    with closing(Archive.open(vigie.data, postgres_url)) as shared:
        keep(shared, *several)
    place = f"{elastic_url}/t{uuid.uuid4().hex[:12]}"
    settings = vigie.environment(VIGIE_ARCHIVE=postgres_url, VIGIE_INDEX=place)
    machines = [subprocess.Popen(vigie.command("index"), env=settings, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [machine.communicate(timeout=120)[1] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0, 0, 0], said
    assert sum(int(text.split()[0]) for text in said) == 400
    assert ids(ElasticIndex(place, WATCH)) == {one.article.id for one in several}
    told = subprocess.run(vigie.command("doctor"), env=settings, capture_output=True, text=True, check=False)
    assert "400 articles, 0 changes behind" in told.stdout
    assert postgres_url.rpartition("/")[2] in told.stdout
    assert "secret" not in told.stdout


def test_a_rebuild_that_most_articles_do_not_get_into_does_not_take_over(
    archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(archive, *(stored(number) for number in range(5)))
    bring_up_to_date(archive, WATCH, index)
    monkeypatch.setattr(type(index), "apply", lambda _self, documents, _deletions: {one.id: "no" for one in documents})
    with pytest.raises(VigieError, match="5 of 5 articles cannot be indexed; the old index stays"):
        rebuild(archive, WATCH, index)
    index.reload()
    assert index.size == 5
