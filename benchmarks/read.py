"""Articles a second and peak memory of ``vigie read``, with one and two processes, and where the time goes.

The articles are the newsroom's, repeated under other addresses until there are enough. The peer in the same run is the embedding of the same
paragraphs alone, by the same model in one process: the raw limit of reading.

    python -m benchmarks.read [--articles 400] [--json FILE]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.quality_labels import article_of
from newsroom.press import load_press
from vigie.archive import Archive
from vigie.article import Article, article_id

STAGES = """
import json, sys, time
from collections import Counter
times, calls = Counter(), Counter()
def timed(module, name):
    function = getattr(module, name)
    def wrapped(*args, **kwargs):
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            times[name] += time.perf_counter() - started
    setattr(module, name, wrapped)
started = time.perf_counter()
import nlp.reader as reader
for name in ("take_apart", "embed", "sentence_probabilities", "find_quotes", "sketch", "detect_language"):
    timed(reader, name)
from benchmarks.quality_labels import deepseek_watch
from benchmarks.read import articles
made = reader.Reader(deepseek_watch())
loaded = time.perf_counter() - started
times.clear()
started = time.perf_counter()
todo = articles(int(sys.argv[1]))
for first in range(0, len(todo), 32):
    made.read(todo[first:first + 32])
whole = time.perf_counter() - started
print(json.dumps({"load": loaded, "whole": whole, **times}))
"""


def articles(count: int) -> list[Article]:
    """So many articles of the newsroom, each repetition at an address of its own."""
    base = [article_of(piece) for piece in load_press()]
    made = []
    for number in range(count):
        article = base[number % len(base)]
        url = f"{article.url}?{number // len(base)}"
        made.append(replace(article, id=article_id(url), url=url, canonical_url=url))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    stages = json.loads(
        subprocess.run([sys.executable, "-c", STAGES, str(arguments.articles)], capture_output=True, text=True, check=True).stdout
    )
    result: dict[str, Any] = {
        "articles": arguments.articles,
        "load_seconds": round(stages["load"], 1),
        "in_process_articles_per_second": round(arguments.articles / stages["whole"], 1),
        "embedding_alone_articles_per_second": round(arguments.articles / stages["embed"], 1),
        "whole_to_embedding_alone": round(stages["whole"] / stages["embed"], 2),
        "shares": {name: round(stages[name] / stages["whole"], 3) for name in stages if name not in ("load", "whole")},
    }
    for processes in (1, 2):
        result[f"{processes}_process"] = _measure(arguments.articles, processes)
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


def _measure(count: int, processes: int) -> dict[str, float]:
    """Whole ``vigie read`` processes over one archive, start-up included."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.open(Path(folder))
        with archive.begin() as tx:
            for article in articles(count):
                tx.articles.store(article, page_id=None, at=1.0)
        archive.close()
        watch = Path(folder) / "watch.toml"
        watch.write_text((Path(__file__).parents[1] / "watches" / "deepseek.toml").read_text(encoding="utf-8"), encoding="utf-8")
        words = [sys.executable, "-m", "vigie", "read", "--watch", str(watch), "--data", folder]
        started = time.perf_counter()
        children = [subprocess.Popen(words, stderr=subprocess.DEVNULL) for _ in range(processes)]
        for child in children:
            child.wait()
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "seconds": round(seconds, 1),
        "articles_per_second": round(count / seconds, 1),
        "largest_peak_mib_so_far": round(peak),
    }


if __name__ == "__main__":
    main()
