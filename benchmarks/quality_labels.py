"""Quality of the labels on the newsroom's reference: topics, stance and stories, by language, beside simple baselines.

    python -m benchmarks.quality_labels [--json FILE]

French and English articles were used to choose the constants of nlp.topics and nlp.stance; German, Spanish and Italian were held back.
"""

import argparse
import json
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.serving import SHARED
from newsroom.press import Piece, load_press
from nlp.reader import Reader, Reading
from vigie.article import Article, Published, Sentence, article_id
from vigie.watch import Watch

TOPICS = ("performance", "data", "gpus")
STANCES = ("supportive", "neutral", "critical")


def deepseek_watch() -> Watch:
    """The shipped watch without its sources."""
    tables = tomllib.loads((Path(__file__).parents[1] / "watches" / "deepseek.toml").read_text(encoding="utf-8"))
    return Watch.of(tables | {"sources": []})


def article_of(piece: Piece) -> Article:
    """The article that a crawl would find."""
    url = f"https://{piece.outlet.id}.example{piece.path}"
    published = Published(piece.published, None, "second", "reference")
    text = "\n\n".join(piece.paragraphs)
    return Article(
        article_id(url), url, url, piece.outlet.id, piece.title, text, published=published, language=piece.outlet.language
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = newsroom_scores(Reader(deepseek_watch()))
    corpus = SHARED / "stance" / "newsmtsc.jsonl"
    if corpus.exists():
        result["NewsMTSC"] = newsmtsc_scores(corpus)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def newsroom_scores(reader: Reader) -> dict[str, Any]:
    """The scores of the newsroom's articles, without reprints."""
    pieces = sorted((piece for piece in load_press() if not piece.reprint_of), key=lambda piece: piece.published)
    return scores(pieces, reader.read([article_of(piece) for piece in pieces]))


def scores(pieces: list[Piece], readings: list[Reading]) -> dict[str, Any]:
    """All figures, over all and by language; "held back" are the languages that no constant was chosen on."""
    groups = {
        "all": range(len(pieces)),
        "held back": [n for n, p in enumerate(pieces) if p.outlet.language in ("de", "es", "it")],
    }
    groups |= {lang: [n for n, p in enumerate(pieces) if p.outlet.language == lang] for lang in ("fr", "en", "de", "es", "it")}
    return {
        name: {"articles": len(rows), **_topics(pieces, readings, rows), **_stances(pieces, readings, rows)}
        for name, rows in groups.items()
    } | {"reprints": reprint_scores()}


def _topics(pieces: list[Piece], readings: list[Reading], rows: Any) -> dict[str, float]:
    gold = np.array([[topic in pieces[n].reference.topics for topic in TOPICS] for n in rows])
    found = np.array([[topic in {label.topic for label in readings[n].labels.topics} for topic in TOPICS] for n in rows])
    return {
        "topics macro-F1": round(float(f1_score(gold, found, average="macro", zero_division=0)), 3),
        "topics micro-F1": round(float(f1_score(gold, found, average="micro", zero_division=0)), 3),
        "topics all assigned, micro-F1": round(float(f1_score(gold, np.ones_like(gold), average="micro")), 3),
    }


def _stances(pieces: list[Piece], readings: list[Reading], rows: Any) -> dict[str, Any]:
    gold: list[str] = []
    found: list[str] = []
    for n in rows:
        if pieces[n].reference.overall == "none":
            continue
        gold.append(pieces[n].reference.overall)
        found.append(_shown(readings[n], None))
    majority = Counter(gold).most_common(1)[0][0]
    passing = [n for n in rows if pieces[n].reference.overall == "none"]
    quiet = sum(not readings[n].labels.stances for n in passing)
    by_topic = [
        (stance, _shown(readings[n], topic))
        for n in rows
        for topic, stance in pieces[n].reference.topics.items()
        if stance != "none"
    ]
    return {
        "stance articles": len(gold),
        "stance macro-F1": round(float(f1_score(gold, found, labels=STANCES, average="macro", zero_division=0)), 3),
        "stance unsure": round(found.count("unsure") / max(1, len(found)), 3),
        "stance majority macro-F1": round(
            float(f1_score(gold, [majority] * len(gold), labels=STANCES, average="macro", zero_division=0)), 3
        ),
        "stance by topic, macro-F1": round(
            float(f1_score([g for g, _ in by_topic], [f for _, f in by_topic], labels=STANCES, average="macro", zero_division=0)),
            3,
        )
        if by_topic
        else None,
        "no stance where none": round(quiet / max(1, len(passing)), 3),
    }


def _shown(reading: Reading, topic: str | None) -> str:
    """The stance that a user is shown on a topic, or over all; "none" as well where the topic was not found."""
    return next((str(label.stance) for label in reading.labels.stances if label.topic == topic), "none")


def reprint_scores() -> dict[str, float]:
    """Precision and recall of reprints over all pairs of articles of one language published within three days."""
    from nlp.stories import PERMUTATIONS, REPRINT, WINDOW_S, sketch

    pieces = list(load_press())
    originals = [piece.reprint_of or f"{piece.outlet.id}/{piece.slug}" for piece in pieces]
    sketches = [np.frombuffer(sketch("\n\n".join(piece.paragraphs)), np.uint32) for piece in pieces]
    right = found = gold = 0
    for a, b in combinations(range(len(pieces)), 2):
        if abs((pieces[a].published - pieces[b].published).total_seconds()) > WINDOW_S:
            continue
        same = originals[a] == originals[b]
        taken = int((sketches[a] == sketches[b]).sum()) >= REPRINT * PERMUTATIONS
        gold, found, right = gold + same, found + taken, right + (same and taken)
    return {"pairs": gold, "precision": round(right / max(1, found), 3), "recall": round(right / max(1, gold), 3)}


def newsmtsc_scores(corpus: Path, splits: tuple[str, ...] = ("dev_rw", "dev_mt")) -> dict[str, float]:
    """Macro-F1 of single sentences on the dev splits of NewsMTSC, with the majority class beside it."""
    from nlp.stance.reading import SHIPPED, StanceModel
    from nlp.stance.views import View

    stances = {"negative": "critical", "neutral": "neutral", "positive": "supportive"}
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    model = StanceModel(SHIPPED, ())
    made = {}
    for split in splits:
        chosen = [row for row in rows if row["split"] == split]
        gold = [stances[row["label"]] for row in chosen]
        views = [
            View(row["target"], text, ((row["start"], row["end"]),), (Sentence(text, 0, len(text)),), ((0, len(text)),))
            for row in chosen
            for text in (row["text"],)
        ]
        found = [str(one[None].stance) for one in model.conclusions([(view, (None,)) for view in views])]
        made[split] = round(float(f1_score(gold, found, average="macro")), 4)
        majority = Counter(gold).most_common(1)[0][0]
        made[f"{split} majority"] = round(float(f1_score(gold, [majority] * len(gold), average="macro")), 4)
    return made


if __name__ == "__main__":
    main()
