"""vigie export of synthetic articles: rows a second and memory, against writing the same rows without asking anybody.

The raw limit has the rows in memory and only writes them, with the same writer: what is lost to it goes into searching and reading the
archive. Memory is the peak of the whole process, and of one that exports a tenth.

    python -m benchmarks.export [100000] [--words 300]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import tomlkit
from msgspec import to_builtins

from benchmarks.synthetic import Press
from digest.export import ExportFormat, columns_of, write
from index.embedded import EmbeddedIndex
from index.follow import bring_up_to_date
from vigie.archive import Archive, StoredArticle
from vigie.watch import Watch

FORMATS: tuple[ExportFormat, ...] = ("csv", "jsonl", "parquet")
_BATCH = 5_000


def fill(folder: Path, press: Press, number: int) -> None:
    """An archive of so many articles, labelled, and its index."""
    archive = Archive.open(folder)
    articles = press.articles(number)
    while batch := list(islice(articles, _BATCH)):
        with archive.begin() as tx:
            worker = tx.workers.enter("read", at=1)
            for one in batch:
                tx.articles.store(one.article, page_id=None, at=one.first_seen)
            tx.to_read.claim(worker, at=2e12, limit=_BATCH)
            for one in batch:
                _label(tx, worker, one)
            tx.workers.leave(worker)
    bring_up_to_date(archive, press.watch, EmbeddedIndex(folder / "index", press.watch), batch=_BATCH)
    archive.close()


def _label(tx: Any, worker: str, one: StoredArticle) -> None:
    if one.labels:
        tx.labels.store(one.labels, worker=worker, embedding=None, sketch=None, at=2)
        tx.stories.set(one.article.id, one.story or one.article.id, reprint_of=None)


# The peak of the process itself: what wait4 tells includes that of whoever started it.
_COMMAND = """
import atexit, sys
atexit.register(lambda: print(*(line for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr))
from vigie.cli import main
main()
"""


def export(folder: Path, file: Path, *more: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of the command."""
    environment = os.environ | {"VIGIE_WATCH": str(folder / "watch.toml"), "VIGIE_DATA": str(folder)}
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "export", "--text", "--out", str(file), *more],
        env=environment, stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return time.perf_counter() - begun, int(done.stderr.split()[-2]) / 1024


def raw(watch: Watch, source: Path, form: ExportFormat, file: Path) -> float:
    """Seconds that writing the same rows takes."""
    columns = columns_of(watch, text=True)
    seconds = 0.0
    with source.open("rb") as lines, file.open("wb") as out:

        def rows() -> Iterator[dict[str, Any]]:
            nonlocal seconds
            while batch := [json.loads(line) for line in islice(lines, _BATCH)]:
                begun = time.perf_counter()
                yield from batch
                seconds += time.perf_counter() - begun  # what the writer did between them

        whole = time.perf_counter()
        write(rows(), columns, form, out)
        whole = time.perf_counter() - whole
    # Parquet writes a batch after it has taken it, while the next is asked for.
    return whole - _parsing(source) if form == "parquet" else seconds


def _parsing(source: Path) -> float:
    begun = time.perf_counter()
    with source.open("rb") as lines:
        while [json.loads(line) for line in islice(lines, _BATCH)]:
            pass
    return time.perf_counter() - begun


def watch_file(watch: Watch) -> str:
    """The watch as a file."""
    return tomlkit.dumps(to_builtins(watch))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", type=int, nargs="?", default=100_000)
    number = parser.parse_args().number
    press = Press()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "watch.toml").write_text(watch_file(press.watch), encoding="utf-8")
        fill(folder, press, number)
        figures: dict[str, Any] = {}
        export(folder, folder / "rows.jsonl")
        for form in FORMATS:
            file = folder / f"all.{form}"
            seconds, memory = export(folder, file)
            limit = raw(press.watch, folder / "rows.jsonl", form, folder / f"raw.{form}")
            figures[form] = {
                "rows a second": round(number / seconds),
                "raw limit": round(number / limit),
                "MB at the peak": round(memory),
                "MB of the file": round(file.stat().st_size / 2**20),
            }
        _, small = export(folder, folder / "few.csv", "--from", "2025-10-15")
        figures["MB at the peak, the last weeks only"] = round(small)
    print(json.dumps({"articles": number, **figures}, indent=1))


if __name__ == "__main__":
    main()
