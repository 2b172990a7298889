"""Reading: from articles to labels, in batches, and the archive's queue worked through under leases."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import DatabaseError

from nlp.background import centred, language_mean
from nlp.document import MODELS, Document, paragraphs, take_apart
from nlp.events import article_vector
from nlp.marks import find_marks
from nlp.mentions import find_mentions
from nlp.models import embed, load_model, model_version
from nlp.quotes import find_quotes
from nlp.stance import WEIGHT_WITHOUT_MENTION, Passage, conclude, has_head, sentence_probabilities
from nlp.stance_features import Targeted
from nlp.stories import group_stories, sketch
from nlp.topics import THRESHOLD, TopicModel
from vigie import clock
from vigie.archive import HEARTBEAT_LIMIT_S, HEARTBEAT_S, Archive, Transaction
from vigie.article import Article, Labels, Mention, Sentence, StanceLabel, article_id
from vigie.language import detect_language
from vigie.watch import Subject, Watch

logger = logging.getLogger(__name__)

Floats = NDArray[np.float32]

# Raised with every change of the method that may change a label.
METHOD = 2
RETRY_AFTER_S = 3600.0
# How often a reader looks whether others have left something behind.
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading an article gives: its labels, its unit vector (float16 bytes, centred for its language), sketch and marks."""

    labels: Labels
    embedding: bytes
    sketch: bytes
    marks: str


class Reader:
    """The models of a watch, loaded once, and what they make of articles."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._model_name = watch.models.embedding
        self._model = load_model(self._model_name)
        self._topics = TopicModel(self._model, self._model_name, watch.topics)
        self.analyser = analyser_version(watch)

    def read(self, articles: Sequence[Article], *, subjects: Sequence[Subject] | None = None) -> list[Reading]:
        """Read articles, toward the subjects of the watch unless others are given; the order is kept."""
        subjects = self.watch.subjects if subjects is None else subjects
        languages = [self._language(article) for article in articles]
        documents = take_apart(
            [(article.title, article.text, language) for article, language in zip(articles, languages, strict=True)],
            batch=self.watch.models.batch,
        )
        pieces = [paragraphs(document.title, document.text) for document in documents]
        raw = embed(self._model, [piece for found in pieces for piece, _, _ in found], batch=self.watch.models.batch)
        counts = [len(found) for found in pieces]
        vectors, own = _split(self._topics.centre(raw), counts), _split(raw, counts)
        scores = [self._topics.paragraph_scores(found) for found in vectors]
        passages = [self._passages(document, subjects) for document in documents]
        stances = self._stances(documents, pieces, scores, passages)
        readings = []
        for n, (article, document) in enumerate(zip(articles, documents, strict=True)):
            mentions = find_mentions(document.text, subjects)
            labels = Labels(
                article_id=article.id,
                revision=article.revision,
                language=document.language,
                analyser=self.analyser,
                subjects=tuple(passages[n]),
                mentions=mentions,
                entities=document.entities,
                topics=self._topics.article_topics(scores[n]),
                stances=stances[n],
                quotes=find_quotes(document.text, document.entities),
                notes=("entities by rules",) if document.by_rules else (),
            )
            vector = article_vector(centred(own[n], language_mean(self._model_name, document.language)), pieces[n])
            marks = find_marks(document.title, document.text, document.language)
            readings.append(Reading(labels, vector, sketch(document.text), marks))
        return readings

    def _language(self, article: Article) -> str:
        declared = (article.language,) if article.language else ()
        candidates = tuple(dict.fromkeys((*self.watch.languages, *declared)))
        return detect_language(f"{article.title}\n{article.text}", candidates)

    def _passages(self, document: Document, subjects: Sequence[Subject]) -> dict[str, list[Passage]]:
        """For each subject that is named all sentences, the title first (with start = end = 0), with the places of its name."""
        sentences = [Sentence(document.title, 0, 0), *document.sentences]
        named = [_by_subject(find_mentions(sentence.text, subjects)) for sentence in sentences]
        return {
            subject.id: [
                Passage(
                    sentence,
                    Targeted(sentence.text, spans.get(subject.id, ())),
                    1.0 if subject.id in spans else WEIGHT_WITHOUT_MENTION,
                )
                for sentence, spans in zip(sentences, named, strict=True)
            ]
            for subject in subjects
            if any(subject.id in spans for spans in named)
        }

    def _stances(
        self,
        documents: Sequence[Document],
        pieces: Sequence[Sequence[tuple[str, int, int]]],
        scores: Sequence[Floats],
        passages: Sequence[dict[str, list[Passage]]],
    ) -> list[tuple[StanceLabel, ...]]:
        """The stances of every document; all sentences of all documents go through the encoder together."""
        if not has_head(self._model_name):
            return [() for _ in documents]
        wanted = [passage.targeted for found in passages for some in found.values() for passage in some]
        probabilities = sentence_probabilities(self._model, self._model_name, wanted, batch=self.watch.models.batch)
        made, at = [], 0
        for n, found in enumerate(passages):
            labels: list[StanceLabel] = []
            for subject, some in found.items():
                rows = probabilities[at : at + len(some)]
                at += len(some)
                labels += self._subject_stances(subject, some, rows, pieces[n], scores[n])
            made.append(tuple(labels))
        return made

    def _subject_stances(
        self, subject: str, passages: list[Passage], rows: Floats, pieces: Sequence[tuple[str, int, int]], scores: Floats
    ) -> list[StanceLabel]:
        if _in_passing(passages, len(pieces)):
            return []
        labels = [conclude(subject, None, passages, rows)]
        for column, topic in enumerate(self._topics.ids):
            on_topic = {n for n in range(len(pieces)) if scores[n, column] >= THRESHOLD}
            chosen = [n for n, passage in enumerate(passages) if _piece_of(passage.sentence, pieces) in on_topic]
            if chosen:
                labels.append(conclude(subject, topic, [passages[n] for n in chosen], rows[chosen]))
        return labels


def _in_passing(passages: Sequence[Passage], pieces: int) -> bool:
    """Whether a subject is only mentioned: once, not in the title, in a text of several paragraphs."""
    naming = [n for n, passage in enumerate(passages) if passage.targeted.spans]
    return len(naming) == 1 and naming[0] > 0 and pieces > 1


def _piece_of(sentence: Sentence, pieces: Sequence[tuple[str, int, int]]) -> int:
    return next((n for n, (_, start, end) in enumerate(pieces) if start <= sentence.start < max(end, 1)), 0)


def _by_subject(mentions: Sequence[Mention]) -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for mention in mentions:
        found[mention.subject] = (*found.get(mention.subject, ()), (mention.start, mention.end))
    return found


def _split(rows: Floats, counts: Sequence[int]) -> list[Floats]:
    return np.split(rows, np.cumsum(counts)[:-1]) if counts else []


def analyser_version(watch: Watch) -> str:
    """Names and versions of everything that makes the labels of a watch."""
    from spacy.util import is_package

    packages = [name for language, name in MODELS.items() if language in watch.languages and is_package(name)]
    spoken = ", ".join(f"{name} {version(name.replace('_', '-'))}" for name in packages)
    parts = [f"vigie method {METHOD}", model_version(watch.models.embedding), f"spaCy {version('spacy')} ({spoken or 'rules'})"]
    return "; ".join([*parts, f"py3langid {version('py3langid')}"])


@dataclass(frozen=True, slots=True)
class ReadReport:
    """How a reading ended: articles read, overtaken by a newer revision, broken (in quarantine), and moved to another story."""

    read: int
    overtaken: int
    broken: int
    moved: int


def read_archive(archive: Archive, watch: Watch, *, progress: Callable[..., None], limit: int | None = None) -> ReadReport:
    """Read what is queued until nothing is; each batch is committed as a whole."""
    worker, waiting = archive.write(_enter)
    counts = {"read": 0, "overtaken": 0, "broken": 0}
    try:
        with archive.beating(worker):
            if waiting:
                progress(0, total=min(waiting, limit or waiting))
                _read_all(archive, watch, worker, counts, limit, progress)
            moved = archive.write(lambda tx: group_stories(tx, watch.models.embedding))
    finally:
        # Where the archive is gone, so is the word that this worker has left: others see that its process has.
        with suppress(DatabaseError):
            archive.write(lambda tx: tx.workers.leave(worker))
    return ReadReport(**counts, moved=moved)


def _enter(tx: Transaction) -> tuple[str, int]:
    now = clock.now().timestamp()
    tx.workers.sweep(at=now)
    return tx.workers.enter("read", at=now), tx.to_read.waiting(at=now)


def _read_all(
    archive: Archive, watch: Watch, worker: str, counts: dict[str, int], limit: int | None, progress: Callable[..., None]
) -> None:
    """Read batch after batch, until nothing is left or others who live are reading what is."""
    reader: Reader | None = None
    give_up_at: float | None = None

    def claim(tx: Transaction) -> tuple[Sequence[Article], int]:
        now = clock.now().timestamp()
        tx.workers.beat(worker, at=now)
        if give_up_at is not None:
            tx.workers.sweep(at=now)
        ids = tx.to_read.claim(worker, at=now, limit=watch.models.batch)
        return tx.articles.get(ids), 0 if ids else tx.to_read.leased(at=now)

    while limit is None or sum(counts.values()) < limit:
        articles, elsewhere = archive.write(claim)
        if articles:
            give_up_at = None
            reader = reader or Reader(watch)
            _read_batch(archive, reader, articles, worker, counts)
            progress(len(articles))
            continue
        # What another holds may be left behind by it; how long that takes to be seen is how long to wait.
        give_up_at = give_up_at or time.monotonic() + HEARTBEAT_LIMIT_S + HEARTBEAT_S
        if not elsewhere or time.monotonic() > give_up_at:
            return
        time.sleep(LOOK_AGAIN_S)


def _read_batch(archive: Archive, reader: Reader, articles: Sequence[Article], worker: str, counts: dict[str, int]) -> None:
    try:
        readings: list[Reading | Exception] = list(reader.read(articles))
    except Exception:  # one of them is broken: each alone, so that the others are read
        logger.info("a batch failed; reading its articles one by one", exc_info=True)
        readings = [_read_alone(reader, article) for article in articles]
    made = list(zip(articles, readings, strict=True))
    for outcome in archive.write(lambda tx: _keep(tx, made, worker)):
        counts[outcome] += 1


def _keep(tx: Transaction, made: Sequence[tuple[Article, Reading | Exception]], worker: str) -> list[str]:
    """Commit a batch; how each of its articles ended. One whose lease another worker has taken over is left to that one."""
    now = clock.now().timestamp()
    tx.stories.lock(shared=True)
    held = tx.to_read.hold([article.id for article, _ in made], worker)
    ends = []
    for article, reading in sorted(made, key=lambda pair: pair[0].id):
        if article.id not in held:
            ends.append("overtaken")
        elif isinstance(reading, Exception):
            ends.append("broken")
            detail = f"{type(reading).__name__}: {reading}"[:500]
            tx.quarantine.put("read", article.id, reason="unreadable", detail=detail, source=article.source, at=now)
            tx.to_read.put_off(article.id, worker=worker, until=now + RETRY_AFTER_S)
        elif tx.labels.store(
            reading.labels, worker=worker, embedding=reading.embedding, sketch=reading.sketch, marks=reading.marks, at=now
        ):
            ends.append("read")
            tx.quarantine.release("read", article.id)
        else:
            ends.append("overtaken")
    return ends


def _read_alone(reader: Reader, article: Article) -> Reading | Exception:
    try:
        return reader.read([article])[0]
    except Exception as error:
        return error


def label_record(reader: Reader, record: dict[str, Any]) -> dict[str, Any]:
    """The labels of a text: {title, text, subject, language?} to {language, topics, stances, overall}.

    subject is any name; one of the watch brings its aliases. Raises KeyError or TypeError on a record of another form.
    """
    title, text, name = str(record.get("title") or ""), str(record["text"]), str(record["subject"])
    subject = next(
        (known for known in reader.watch.subjects if name.casefold() in {known.id, *(alias.casefold() for alias in known.names)}),
        Subject(id="subject", name=name),
    )
    article = Article(article_id(title + text), "", "", "", title, text, language=str(record.get("language") or ""))
    (reading,) = reader.read([article], subjects=(subject,))
    overall = next((str(label.stance) for label in reading.labels.stances if label.topic is None), "none")
    return {
        "language": str(record.get("language") or "") or reading.labels.language,
        "topics": [{"topic": label.topic, "score": label.score} for label in reading.labels.topics],
        "stances": [
            {
                "subject": name,
                "topic": label.topic,
                "stance": str(label.stance),
                "score": label.score,
                "confidence": label.confidence,
                "evidence": [sentence.text for sentence in label.evidence],
            }
            for label in reading.labels.stances
        ],
        "overall": overall,
    }
