"""The packaged models compared: quality of topics, articles a second of ``vigie read``, memory, time to load, and where the time goes.

The articles have 500 words, put together from the newsroom's paragraphs, half of them French, half English. They are read from one archive by one process and by two,
after these have loaded. Stance is read only of articles that name a subject of the watch, so that two kinds are timed: those that all
name one, and the same ones for a watch whose subject none names. Peers in the same run: the model embedding the same paragraphs and
nothing else, and spaCy as it comes.

Seconds are of processor time, and of two processes each is taken to have a core of its own: each has one thread, and what else a
machine does at the time does not count. What the clock said is beside it.

    python -m benchmarks.models [--articles 64] [--json FILE]
"""

import argparse
import json
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

from msgspec import structs

import nlp.reader
from benchmarks.memory import mebibytes
from benchmarks.quality_labels import article_of, deepseek_watch, newsroom_scores
from benchmarks.quality_press import topic_scores
from newsroom.press import load_press
from nlp.models import PACKAGED
from nlp.training import press
from vigie.archive import Archive
from vigie.article import Article, article_id
from vigie.watch import Models, Subject, Watch

WORDS = 500
# What the watch names for topics and stories, and for stance.
PAIRS = (("e5-small", "e5-small"), ("static", "e5-small"), ("static", "static"))
PARTS = {
    "start": (nlp.reader.Reader, "__init__"),
    "language": (nlp.reader, "detect_language"),
    "sentences and entities": (nlp.reader, "take_apart"),
    "embedding": (nlp.reader, "embed"),
    "stance": (nlp.reader.Reader, "stances"),
    "stance of quotes": (nlp.reader.Reader, "voices"),
    "quotes": (nlp.reader, "find_quotes"),
    "reprints": (nlp.reader, "sketch"),
    "marks": (nlp.reader, "find_marks"),
    "stories": (nlp.reader, "group_stories"),
}


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


def watch_with(embedding: str, stance: str, *, named: bool = True) -> Watch:
    """The shipped watch without its sources, read by these models; named: on a subject that the articles name."""
    watch = deepseek_watch()
    subjects = watch.subjects if named else (Subject(id="ocelot", name="Ocelot Robotique"),)
    return structs.replace(watch, models=Models(embedding=embedding, stance=stance), subjects=subjects)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=64)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(CHILDREN[arguments.child[0]](*arguments.child[1:])), flush=True)
        return
    result: dict[str, Any] = {"spaCy as it comes, articles/s": {lang: _ask("spacy", lang) for lang in ("fr", "en")}}
    result["topics macro-F1"] = {model: _ask("quality", model) for model in PACKAGED}
    for pair, named, processes in product(PAIRS, (False, True), (1, 2)):
        about = "on the subject" if named else "on other things"
        key = f"topics by {pair[0]}, stance by {pair[1]}; {about}; processes: {processes}"
        result[key] = speed(pair, processes, named, arguments.articles)
        print(key, result[key], file=sys.stderr, flush=True)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def _start(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.models", "--child", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(*words: str) -> Any:
    return json.loads(_start(*words).communicate()[0])


def speed(pair: tuple[str, str], processes: int, named: bool, count: int) -> dict[str, Any]:
    """Processes that read one archive together, from the moment when all have loaded."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.open(Path(folder))
        with archive.begin() as tx:
            for article in (*long_articles(count // 2, "fr"), *long_articles(count // 2, "en")):
                tx.articles.store(article, page_id=None, at=1.0)
        archive.close()
        children = [_start("read", *pair, "named" if named else "", folder) for _ in range(processes)]
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
    busy -= parts.pop("start")  # the texts of the watch's topics: once a process
    return {
        "articles/s": round(count * processes / busy, 1),
        "articles/s by the clock": round(count / whole, 1),
        "embedding alone, articles/s a process": round(count / parts["embedding"], 1),
        "shares": {name: round(seconds / busy, 3) for name, seconds in parts.items()},
        "load s": round(max(one["load"] for one in told), 1),
        "MiB loaded": max(one["loaded_mib"] for one in told),
        "MiB peak": max(one["peak_mib"] for one in told),
    }


def _read(embedding: str, stance: str, named: str, folder: str) -> dict[str, Any]:
    parts: Counter[str] = Counter()
    for part, (owner, name) in PARTS.items():
        setattr(owner, name, _timed(getattr(owner, name), part, parts))
    watch = watch_with(embedding, stance, named=bool(named))
    nlp.reader.Reader(watch).read([*long_articles(1, "fr"), *long_articles(1, "en")])
    load = time.process_time()
    loaded = int(mebibytes("VmRSS"))
    print("ready", flush=True)
    sys.stdin.readline()
    parts.clear()
    began, started = time.time(), time.process_time()
    nlp.reader.read_archive(Archive.open(Path(folder)), watch, progress=lambda *_, **__: None)
    ended, seconds = time.time(), time.process_time() - started
    told: dict[str, Any] = {"load": load, "loaded_mib": loaded, "peak_mib": int(mebibytes("VmHWM")), "parts": parts}
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


def topics_of(model: str) -> dict[str, Any]:
    """Macro-F1 of the topics by language; stance is left to the fast model here, since it changes no topic."""
    reader = nlp.reader.Reader(watch_with(model, "static", named=False))
    made = {"newsroom": newsroom_topics(reader)}
    for part in ("dev", "test"):
        texts = press.records(part)
        readings = reader.read([press.article_of(text) for text in texts])
        found = topic_scores(texts, [{label.topic for label in reading.labels.topics} for reading in readings])
        made[f"press {part}"] = {group: table["macro-F1"] for group, table in found.items()}
    return made


def newsroom_topics(reader: nlp.reader.Reader) -> dict[str, float]:
    """Macro-F1 of the topics of the newsroom's articles, by language."""
    found = newsroom_scores(reader)
    return {group: found[group]["topics macro-F1"] for group in ("all", "fr", "en", "held back")}


CHILDREN: dict[str, Callable[..., Any]] = {"read": _read, "spacy": _spacy, "quality": topics_of}

if __name__ == "__main__":
    main()
