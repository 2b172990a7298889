"""The embedded index in its folder: generations, rebuilds, one writer, many readers."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from index.calendar import bucket
from index.document import indexed_article
from index.embedded import EmbeddedIndex
from index.query import Everything
from tests.index.corpus import (
    WATCH,
    stored,
)
from vigie.errors import VigieError


def test_a_missing_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match="vigie index"):
        EmbeddedIndex(tmp_path / "index", WATCH).search(Everything())
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 99}, "update Vigie"),
        ({"schema": 0}, "older Vigie"),
        ({"analysis": "0/other"}, "--rebuild"),
        ({"zone": "America/New_York"}, "New_York"),
        ({"schema": None}, "not an index"),
        ({"generation": "generation-gone"}, "--rebuild"),
    ],
)
def test_an_index_that_does_not_fit_says_what_to_do(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([], [])
    about = tmp_path / "index.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | changes))
    with pytest.raises(VigieError, match=says):
        EmbeddedIndex(tmp_path, WATCH).count(Everything())
    with EmbeddedIndex(tmp_path, WATCH).rebuilding() as fresh:  # and a rebuild mends all of them
        fresh.apply([indexed_article(stored(1), WATCH)], [])
    assert EmbeddedIndex(tmp_path, WATCH).size == 1


def test_readers_see_the_old_index_until_the_new_one_takes_its_place(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(1), WATCH)], [])
    reader = EmbeddedIndex(tmp_path, WATCH)
    name = reader.name
    with made.rebuilding() as fresh:
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(5)], [])
        reader.reload()
        assert (reader.size, EmbeddedIndex(tmp_path, WATCH).size) == (1, 1)
    assert reader.size == 1  # what it had open stays whole
    reader.reload()
    assert reader.size == 5
    assert reader.name != name
    assert len(list(tmp_path.glob("generation-*"))) == 1


def test_readers_in_threads_never_fail_while_the_index_is_written_and_rebuilt(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(n), WATCH) for n in range(20)], [])
    shared, over = EmbeddedIndex(tmp_path, WATCH), threading.Event()
    sizes: list[int] = []

    def read() -> None:
        while not over.is_set():
            shared.reload()
            sizes.append(len(shared.search(Everything(), limit=50).hits))
            sizes.append(EmbeddedIndex(tmp_path, WATCH).count(Everything()))

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for _ in range(6):
            with made.rebuilding() as fresh:
                fresh.apply([indexed_article(stored(n), WATCH) for n in range(20)], [])
            with made.writing():
                made.apply([indexed_article(stored(n), WATCH) for n in range(5)], [])
        over.set()
        for reader in readers:
            reader.result()
    assert set(sizes) == {20}


def test_a_rebuild_that_fails_leaves_the_old_index(tmp_path: Path) -> None:
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing():
        made.apply([indexed_article(stored(1), WATCH)], [])
    with pytest.raises(KeyboardInterrupt), made.rebuilding():
        raise KeyboardInterrupt
    made.reload()
    assert made.size == 1
    assert len(list(tmp_path.glob("generation-*"))) == 1


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.generations._WAIT_S", 0.2)
    made = EmbeddedIndex(tmp_path, WATCH)
    with made.writing(), pytest.raises(VigieError, match="another process is writing"), EmbeddedIndex(tmp_path, WATCH).writing():
        pass
    monkeypatch.setattr("index.generations._WAIT_S", 5)
    begun, free = threading.Event(), threading.Event()

    def hold() -> None:
        with EmbeddedIndex(tmp_path, WATCH).writing():
            begun.set()
            free.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(5)
    threading.Timer(0.3, free.set).start()
    with made.writing():
        made.apply([indexed_article(stored(1), WATCH)], [])
    holder.join()
    assert made.size == 1


def test_searching_imports_nothing_heavy() -> None:
    code = (
        "import sys, index.embedded, index.query_parser, index.trends, index.rising\n"
        "heavy = {'torch', 'spacy', 'transformers', 'scrapy', 'trafilatura', 'altair', 'sqlalchemy', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_article_without_date_counts_from_when_it_was_seen() -> None:
    made = indexed_article(stored(1, published=None, first_seen=datetime(2025, 2, 3, 23, 30, tzinfo=UTC).timestamp()), WATCH)
    assert json.loads(made.payload)["published"] == "2025-02-04T00:30:00+01:00"
    assert made.day == bucket(date(2025, 2, 4), "day")
