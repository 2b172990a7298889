"""Our own labelled texts, benchmarks/press, and how they are read: each asked about the subject that it has."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nlp.reader import Analysis, Reader, subject_named
from nlp.stance.views import View
from vigie.article import Article, article_id

PRESS = Path(__file__).parents[2] / "benchmarks" / "press"

Record = dict[str, Any]


def records(part: str) -> list[Record]:
    """The texts of a part: train, dev, compare, hard or test."""
    return [json.loads(line) for line in (PRESS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


def article_of(record: Record) -> Article:
    """A text as an article."""
    return Article(article_id(record["id"]), "", "", "press", record["title"], record["text"], language=record["language"])


def analysed(reader: Reader, texts: Sequence[Record]) -> list[tuple[Analysis, View]]:
    """Every text taken apart, and what is read of it to learn the stance toward its subject."""
    subjects = [subject_named(reader.watch, record["subject"]) for record in texts]
    found = reader.analyse([article_of(record) for record in texts], about=[(subject,) for subject in subjects])
    return [(analysis, analysis.views[subject.id]) for analysis, subject in zip(found, subjects, strict=True)]
