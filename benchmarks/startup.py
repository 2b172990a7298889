"""Seconds from a cold process to the answer: ``vigie --help`` and ``vigie search``, beside ``python -c pass`` in the same run.

python -m benchmarks.startup [--runs 15]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.quality_labels import article_of
from newsroom.press import load_press
from newsroom.server import Newsroom
from newsroom.watchfile import watch_text
from vigie.archive import Archive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"VIGIE_WATCH": f"{folder}/watch.toml", "VIGIE_DATA": folder}
        with Newsroom(port=0) as newsroom:
            Path(folder, "watch.toml").write_text(watch_text(newsroom), encoding="utf-8")
        archive = Archive.open(Path(folder))
        with archive.begin() as tx:
            for piece in load_press():
                tx.articles.store(article_of(piece), page_id=None, at=1.0)
        archive.close()
        vigie = str(Path(sys.executable).with_name("vigie"))
        for step in ("read", "index"):
            subprocess.run([vigie, step], env=environment, check=True, capture_output=True)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "vigie --help": [vigie, "--help"],
            "vigie search": [vigie, "search", "deepseek AND stance:critical@data"],
            "vigie trends": [vigie, "trends", "--by", "topic"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, words in commands.items():
                started = time.perf_counter()
                subprocess.run(words, env=environment, check=True, capture_output=True)
                times[name].append(time.perf_counter() - started)
    bare = statistics.median(times["python -c pass"])
    result = {
        name: {
            "median": round(statistics.median(seconds), 3),
            "max": round(max(seconds), 3),
            "times_python": round(statistics.median(seconds) / bare, 1),
        }
        for name, seconds in times.items()
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
