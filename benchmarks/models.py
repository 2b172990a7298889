"""The packaged models compared: quality of topics, articles a second of ``vigie read``, memory, time to load, and where the time goes.

The articles have 500 words, put together from the newsroom's paragraphs. They are read from one archive by one process and by two,
after these have loaded. Peers in the same run: the model embedding the same paragraphs and nothing else, and spaCy as it comes.

Seconds are of processor time, and of two processes each is taken to have a core of its own: each has one thread, and what else a
machine does at the time does not count. What the clock said is beside it.

    python -m benchmarks.models [--articles 96] [--json FILE]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

import nlp.reader
from benchmarks.quality_labels import TOPICS, article_of, deepseek_watch, scores
from newsroom.press import load_press
from nlp.models import PACKAGED
from vigie.archive import Archive
from vigie.article import Article, article_id
from vigie.watch import Watch

WORDS = 500
PARTS = ("detect_language", "take_apart", "embed", "sentence_probabilities", "find_quotes", "sketch")
PRESS = Path(__file__).parent / "press"


def articles(count: int) -> list[Article]:
    """So many articles of the newsroom, each repetition at an address of its own."""
    base = [article_of(piece) for piece in load_press()]
    made = []
    for number in range(count):
        article = base[number % len(base)]
        url = f"{article.url}?{number // len(base)}"
        made.append(replace(article, id=article_id(url), url=url, canonical_url=url))
    return made


def long_articles(count: int, language: str) -> list[Article]:
    """So many articles of about 500 words in a language; each begins at another paragraph of the newsroom."""
    base = [article_of(piece) for piece in load_press() if piece.outlet.language == language]
    paragraphs = [paragraph for article in base for paragraph in article.text.split("\n\n")]
    made = []
    for number in range(count):
        taken: list[str] = []
        for paragraph in islice(cycle(paragraphs), number, None):
            if sum(len(one.split()) for one in taken) >= WORDS:
                break
            taken.append(paragraph)
        like = base[number % len(base)]
        url = f"{like.url}?{number}"
        made.append(replace(like, id=article_id(url), url=url, canonical_url=url, text="\n\n".join(taken)))
    return made


def watch_with(model: str) -> Watch:
    """The shipped watch without its sources, read by a model."""
    watch = deepseek_watch()
    return watch.model_copy(update={"models": watch.models.model_copy(update={"embedding": model})})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=96)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(CHILDREN[arguments.child[0]](*arguments.child[1:])), flush=True)
        return
    result: dict[str, Any] = {"spaCy as it comes, articles/s": {lang: _ask("spacy", lang) for lang in ("fr", "en")}}
    for model in PACKAGED:
        result[model] = {"quality": _ask("quality", model)}
        for language, processes in product(("fr", "en"), (1, 2)):
            speed = _speed(model, language, processes, arguments.articles)
            result[model][f"{language}, {processes} process{'es' if processes > 1 else ''}"] = speed
            print(model, language, processes, speed, file=sys.stderr, flush=True)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def _start(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.models", "--child", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(*words: str) -> Any:
    return json.loads(_start(*words).communicate()[0])


def _speed(model: str, language: str, processes: int, count: int) -> dict[str, Any]:
    """Processes that read one archive together, from the moment when all have loaded."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.open(Path(folder))
        with archive.begin() as tx:
            for article in long_articles(count, language):
                tx.articles.store(article, page_id=None, at=1.0)
        archive.close()
        children = [_start("read", model, language, folder) for _ in range(processes)]
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [json.loads(child.communicate()[0]) for child in children]
    whole = max(one["ended"] for one in told) - min(one["began"] for one in told)
    busy = sum(one["seconds"] for one in told)
    parts = sum((Counter(one["parts"]) for one in told), Counter())
    return {
        "articles/s": round(count * processes / busy, 1),
        "articles/s by the clock": round(count / whole, 1),
        "embedding alone, articles/s a process": round(count / parts["embed"], 1),
        "shares": {name: round(seconds / busy, 3) for name, seconds in parts.items()},
        "load s": round(max(one["load"] for one in told), 1),
        "MiB loaded": max(one["loaded_mib"] for one in told),
        "MiB peak": max(one["peak_mib"] for one in told),
    }


def _read(model: str, language: str, folder: str) -> dict[str, Any]:
    parts: Counter[str] = Counter()
    for name in PARTS:
        setattr(nlp.reader, name, _timed(getattr(nlp.reader, name), name, parts))
    nlp.reader.Reader(watch_with(model)).read(long_articles(1, language))
    load = time.process_time()
    loaded = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() // 2**20
    print("ready", flush=True)
    sys.stdin.readline()
    parts.clear()
    began, started = time.time(), time.process_time()
    nlp.reader.read_archive(Archive.open(Path(folder)), watch_with(model), progress=lambda *_, **__: None)
    ended, seconds = time.time(), time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told: dict[str, Any] = {"load": load, "loaded_mib": loaded, "peak_mib": peak, "parts": parts}
    return told | {"began": began, "ended": ended, "seconds": seconds}


def _timed(function: Callable[..., Any], name: str, parts: "Counter[str]") -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            parts[name] += time.process_time() - started  # type: ignore[assignment]  # seconds, added up

    return wrapped


def _spacy(language: str) -> float:
    import spacy
    from threadpoolctl import threadpool_limits

    from nlp.document import MODELS

    threadpool_limits(1)
    pipeline = spacy.load(MODELS[language])
    texts = [article.text for article in long_articles(32, language)]
    list(pipeline.pipe(texts[:2]))
    started = time.process_time()
    list(pipeline.pipe(texts))
    return round(len(texts) / (time.process_time() - started), 1)


def _quality(model: str) -> dict[str, Any]:
    reader = nlp.reader.Reader(watch_with(model))
    pieces = sorted((piece for piece in load_press() if not piece.reprint_of), key=lambda piece: piece.published)
    newsroom = scores(pieces, reader.read([article_of(piece) for piece in pieces]))
    groups = ("all", "fr", "en", "held back")
    return {
        "newsroom, topics macro-F1": {group: newsroom[group]["topics macro-F1"] for group in groups},
        **{f"press {part}, topics macro-F1": press_topics(reader, part) for part in ("dev", "test")},
    }


def press_topics(reader: nlp.reader.Reader, part: str) -> dict[str, float]:
    """Macro-F1 of the topics on a part of the press texts, over all and by language."""
    rows = [json.loads(line) for line in (PRESS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]
    read = reader.read(
        [Article(article_id(row["id"]), "", "", "", row["title"], row["text"], language=row["language"]) for row in rows]
    )
    gold = np.array([[topic in row["topics"] for topic in TOPICS] for row in rows])
    found = np.array([[topic in {label.topic for label in one.labels.topics} for topic in TOPICS] for one in read])
    languages = np.array([row["language"] for row in rows])
    groups = {"all": languages != ""} | {language: languages == language for language in ("fr", "en", "de", "es", "it")}
    return {
        name: round(float(f1_score(gold[chosen], found[chosen], average="macro", zero_division=0)), 3)
        for name, chosen in groups.items()
    }


CHILDREN: dict[str, Callable[..., Any]] = {"read": _read, "spacy": _spacy, "quality": _quality}

if __name__ == "__main__":
    main()
