"""What the stance encoder learns from: articles with questions about their subject, changed a little in every round.

Change keeps it from learning what decides nothing: in four of ten articles the subject's name is exchanged for another one; some
are asked about a subject that they never name; pairs of articles become one, whose halves speak of different topics, or of
different subjects; and beside the topics of the watch an article is asked about its own event, or about that of another one.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nlp.background import centred_vectors
from nlp.models import load_model
from nlp.stance.adapted import Tokens, tokens_of
from nlp.stance.head import CRITICAL, NEUTRAL, NONE, SUPPORTIVE
from nlp.stance.views import LONGEST_VIEW, View, compose
from nlp.topics import prototypes
from nlp.training.press import Record
from vigie.article import Sentence
from vigie.watch import Subject, Topic

STANCES = {"none": NONE, "critical": CRITICAL, "neutral": NEUTRAL, "supportive": SUPPORTIVE}
POLARITIES = {"negative": CRITICAL, "neutral": NEUTRAL, "positive": SUPPORTIVE}

EXCHANGED = 0.4
ABSENT = 0.05
COMPOSED = 0.3  # pairs for each article
OF_TWO_SUBJECTS = 0.4
OWN_EVENT, OTHER_EVENT = 0.4, 0.15
# Topics are asked by vectors; the event of an article has one under this prefix and the article's id.
EVENT = "event:"

Answers = list[tuple[str | None, int]]


@dataclass(frozen=True, slots=True)
class Example:
    """A text in tokens with its questions (the id of a topic or an event, None: over all) and their answers."""

    tokens: Tokens
    answers: tuple[tuple[str | None, int], ...]


class Questions:
    """The vectors of the topics and events; in training a topic is each time another part of its texts, so that none is learnt by
    heart."""

    def __init__(self, topics: Sequence[Topic], records: Sequence[Record]) -> None:
        model = load_model("e5-small")
        self.topics = tuple(topic.id for topic in topics)
        self._vectors = {topic.id: torch.from_numpy(prototypes(model, "e5-small", topic)) for topic in topics}
        events = centred_vectors(model, "e5-small", [record["plot"].replace("-", " ") for record in records])
        self._vectors |= {EVENT + record["id"]: torch.from_numpy(row)[None] for record, row in zip(records, events, strict=True)}

    def whole(self, asked: str | None) -> Tensor | None:
        """The vector of a question; None asks over all."""
        return None if asked is None else nn.functional.normalize(self._vectors[asked].mean(dim=0), dim=0)

    def sampled(self, asked: str | None) -> Tensor | None:
        """The vector of a random part of its texts, three at least where there are so many."""
        if asked is None:
            return None
        vectors = self._vectors[asked]
        chosen = torch.randperm(len(vectors))[: random.randint(min(3, len(vectors)), len(vectors))]
        return nn.functional.normalize(vectors[chosen].mean(dim=0), dim=0)


class Lessons:
    """Articles as examples: as they are, or as a round of training changes them."""

    def __init__(self, records: Sequence[Record], topics: Sequence[str], tokenizer: Any) -> None:
        self._records, self._topics, self._tokenizer = list(records), topics, tokenizer
        self._names = sorted({record["subject"] for record in records})
        self._by_language: dict[str, list[Record]] = {}
        for record in records:
            self._by_language.setdefault(record["language"], []).append(record)

    def as_they_are(self) -> list[Example]:
        """Each article with the questions of the watch, the shortest first: so texts of like length share a batch."""
        examples = [self._example(record, record["subject"], self._answers(record)) for record in self._records]
        return sorted(examples, key=lambda one: len(one.tokens.ids))

    def with_names_exchanged(self) -> list[Example]:
        """Each article, in four of ten cases about another subject, with the questions of the watch."""
        return [self._example(one, one["subject"], self._answers(one)) for one in map(self._exchanged, self._records)]

    def a_round(self) -> list[Example]:
        """Each article changed by chance, and pairs of them."""
        return [*map(self._changed, self._records), *self._pairs()]

    def _changed(self, record: Record) -> Example:
        absent = random.choice(self._names)
        if random.random() < ABSENT and absent.casefold() not in f"{record['title']} {record['text']}".casefold():
            return self._example(record, absent, [(asked, NONE) for asked in (None, *self._topics)])
        record = self._exchanged(record)
        answers = self._answers(record)
        if random.random() < OWN_EVENT:
            answers.append((EVENT + record["id"], STANCES[record["overall"]]))
        if random.random() < OTHER_EVENT:
            answers.append((EVENT + random.choice(self._records)["id"], NONE))
        return self._example(record, record["subject"], answers)

    def _exchanged(self, record: Record) -> Record:
        """The article about another subject, in four of ten cases."""
        new = random.choice(self._names)
        return _about(record, new) if random.random() < EXCHANGED and record["subject"] in record["text"] else record

    def _pairs(self) -> Iterator[Example]:
        """Two articles of one language and of different topics, one after the other."""
        wanted = round(COMPOSED * len(self._records))
        while wanted:
            first = random.choice(self._records)
            second = random.choice(self._by_language[first["language"]])
            fits = len(first["text"]) + len(second["text"]) + len(first["title"]) < LONGEST_VIEW
            if fits and first is not second and not set(first["topics"]) & set(second["topics"]):
                yield self._pair(first, second)
            wanted -= 1

    def _pair(self, first: Record, second: Record) -> Example:
        asked, other = random.sample([first, second], 2)
        subject = asked["subject"]
        answers = self._answers(asked)
        if random.random() < OF_TWO_SUBJECTS and subject not in f"{other['title']} {other['text']}":
            return self._example(_joined(first, second), subject, answers)
        if other["subject"] not in other["text"]:
            return self._example(asked, subject, answers)
        other = _about(other, subject)
        halves = dict(self._answers(other))
        merged: Answers = [(topic, max(answer, halves[topic])) for topic, answer in answers if topic]
        if answers[0][1] == halves[None]:
            merged.append((None, halves[None]))
        parts = (asked, other) if asked is first else (other, asked)
        return self._example(_joined(*parts), subject, merged)

    def _answers(self, record: Record) -> Answers:
        """Of topics without a stance the answer is NONE."""
        by_topic: Answers = [(topic, STANCES[record["stances"].get(topic, "none")]) for topic in self._topics]
        return [(None, STANCES[record["overall"]]), *by_topic]

    def _example(self, record: Record, subject: str, answers: Answers) -> Example:
        sentences = [Sentence(record["title"], 0, 0), Sentence(record["text"], 0, len(record["text"]))]
        view = compose(Subject(id="subject", name=subject), sentences)
        return Example(tokens_of(view, self._tokenizer), tuple(answers))


def _about(record: Record, subject: str) -> Record:
    """The article with the name of its subject exchanged."""
    old = record["subject"]
    return record | {
        "subject": subject,
        "title": record["title"].replace(old, subject),
        "text": record["text"].replace(old, subject),
    }


def _joined(first: Record, second: Record) -> Record:
    """Two articles under one of their titles."""
    title = random.choice([first["title"], second["title"]])
    return {"title": title, "text": f"{first['text']}\n\n{second['text']}"}


def sentence_examples(corpus: Path, split: str, tokenizer: Any) -> Iterator[Example]:
    """The sentences of NewsMTSC (Hamborg and Donnay 2021, EACL): the stance over all toward the target."""
    for line in corpus.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == split:
            text = row["text"]
            view = View(row["target"], text, ((row["start"], row["end"]),), (Sentence(text, 0, len(text)),), ((0, len(text)),))
            yield Example(tokens_of(view, tokenizer), ((None, POLARITIES[row["label"]]),))
