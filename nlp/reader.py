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

from nlp.background import centred, language_mean, weights_mark
from nlp.document import Document, model_of, paragraphs, take_apart
from nlp.events import article_vector
from nlp.learnt import NOTHING_LEARNT, Learnt, load_learnt, outdated
from nlp.marks import find_marks
from nlp.mentions import find_mentions, subjects_of
from nlp.models import embed, load_model, model_version
from nlp.quotes import find_quotes
from nlp.stance.conclude import stance_labels
from nlp.stance.reading import StanceModel
from nlp.stance.views import View, view_of
from nlp.stories import group_stories, sketch
from nlp.topics import UNCALIBRATED, TopicModel
from nlp.voices import spoken_of, voice_of
from vigie import clock
from vigie.archive import HEARTBEAT_LIMIT_S, HEARTBEAT_S, Archive, Transaction
from vigie.article import Article, Labels, Quote, Sentence, StanceLabel, TopicLabel, Voice, article_id
from vigie.language import detect_language, likely_language
from vigie.names import known_names
from vigie.watch import Subject, Watch

logger = logging.getLogger(__name__)

Floats = NDArray[np.float32]

# Raised with every change of the method that may change a label; other weights tell themselves by their mark.
METHOD = 5
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


@dataclass(frozen=True, slots=True)
class Analysis:
    """An article taken apart: what its topics and stances, and the reasons for them, rest on.

    pieces: its passages with their places; raw: their unit vectors (passages, dimension), vectors: the same centred; margins: how
    near each is to each topic (passages, topics); views: by subject, what is read to learn the stance toward it.
    """

    document: Document
    pieces: Sequence[tuple[str, int, int]]
    raw: Floats
    vectors: Floats
    margins: Floats
    views: dict[str, View]


class Reader:
    """The models of a watch, loaded once, and what they make of articles."""

    def __init__(self, watch: Watch, learnt: Learnt = NOTHING_LEARNT) -> None:
        """learnt: what an archive keeps (nlp.learnt.load_learnt)."""
        self.watch = watch
        self.model_name = watch.models.embedding
        self.model = load_model(self.model_name)
        self.topics = TopicModel(self.model, self.model_name, watch.topics, weights=learnt.topics)
        self.stance = StanceModel(watch.models.stance, watch.topics, learnt=learnt.stance)
        self._names = known_names(watch)
        self.analyser = analyser_version(watch, learnt)

    def read(self, articles: Sequence[Article], *, about: Sequence[Subject] | None = None) -> list[Reading]:
        """Read articles in their order, toward the subjects of the watch that they name.

        about: one subject for each article instead, which it need not name.
        """
        found = self.analyse(articles, about=None if about is None else [(subject,) for subject in about])
        topics = [self.topics.article_topics(one.vectors, one.margins) for one in found]
        stances = self.stances(found, topics)
        quotes = [find_quotes(one.document.text, one.document.named, one.document.language) for one in found]
        subjects = [self.watch.subjects if about is None else (about[n],) for n in range(len(articles))]
        treated = [subjects_of(labels, some) for labels, some in zip(stances, subjects, strict=True)]
        voices = self.voices([one.document for one in found], quotes, treated)
        readings = []
        for n, (article, one) in enumerate(zip(articles, found, strict=True)):
            document = one.document
            labels = Labels(
                article_id=article.id,
                revision=article.revision,
                language=document.language,
                analyser=self.analyser,
                subjects=tuple(one.views),
                mentions=find_mentions(document.text, subjects[n]),
                entities=document.entities,
                topics=topics[n],
                stances=stances[n],
                quotes=quotes[n],
                voices=voices[n],
                notes=self.notes(one),
                doubtful=self.topics.doubtful_topics(one.vectors, one.margins),
            )
            own = centred(one.raw, language_mean(self.model_name, self.model, document.language))
            marks = find_marks(document.title, document.text, document.language)
            readings.append(Reading(labels, article_vector(own, one.pieces), sketch(document.text), marks))
        return readings

    def analyse(self, articles: Sequence[Article], *, about: Sequence[Sequence[Subject]] | None = None) -> list[Analysis]:
        """Take articles apart in their order, toward the subjects of the watch that they name, or those given for each."""
        batch = self.watch.models.batch
        texts = [(article.title, article.text, self._language(article)) for article in articles]
        documents = take_apart(texts, names=self._names, batch=batch)
        pieces = [paragraphs(document.title, document.text) for document in documents]
        raw = embed(self.model, [piece for some in pieces for piece, _, _ in some], batch=batch)
        counts = [len(some) for some in pieces]
        made = []
        for n, (own, vectors) in enumerate(zip(_split(raw, counts), _split(self.topics.centre(raw), counts), strict=True)):
            margins = self.topics.margins(vectors)
            subjects = _named(documents[n], self.watch.subjects) if about is None else about[n]
            views = self._views(documents[n], subjects, pieces[n], margins)
            made.append(Analysis(documents[n], pieces[n], own, vectors, margins, views))
        return made

    def _language(self, article: Article) -> str:
        """The language of an article: what its page declares or one of the watch's; undeclared, it may be any other."""
        text = f"{article.title}\n{article.text}"
        if not article.language:
            return likely_language(text, self.watch.languages)
        return detect_language(text, tuple(dict.fromkeys((*self.watch.languages, article.language))))

    def notes(self, analysis: Analysis) -> tuple[str, ...]:
        """What one has to know of how the labels of an article were made."""
        notes = {
            "entities by rules": analysis.document.by_rules,
            "stance uncalibrated": bool(analysis.views) and not self.stance.is_calibrated(analysis.document.language),
            UNCALIBRATED: not self.topics.calibrated,
        }
        return tuple(note for note, applies in notes.items() if applies)

    def voices(
        self, documents: Sequence[Document], quotes: Sequence[tuple[Quote, ...]], subjects: Sequence[Sequence[Subject]]
    ) -> list[tuple[Voice, ...]]:
        """What the quoted speakers of every document convey, all quotes in one go. subjects: those that each is about."""
        spoken = [spoken_of(*one) for one in zip(documents, quotes, subjects, strict=True)]
        concluded = iter(self.stance.conclusions([(view, (None,)) for some in spoken for _, _, view in some]))
        found = [[voice_of(one, next(concluded)) for one in some] for some in spoken]
        return [tuple(voice for voice in some if voice) for some in found]

    def _views(
        self, document: Document, subjects: Sequence[Subject], pieces: Sequence[tuple[str, int, int]], margins: Floats
    ) -> dict[str, View]:
        """For each subject what is read of the document to learn the stance toward it; nothing where it holds no words."""
        if not (document.title or document.sentences):
            return {}
        rows = [_piece_of(sentence, pieces) for sentence in document.sentences]
        relevant = set(np.flatnonzero(self.topics.on_topic(margins)[rows].any(axis=1)).tolist())
        nearness = dict(zip(self.topics.ids, margins[rows].T, strict=True))
        return {subject.id: view_of(document, subject, relevant=relevant, nearness=nearness) for subject in subjects}

    def stances(self, analyses: Sequence[Analysis], topics: Sequence[tuple[TopicLabel, ...]]) -> list[tuple[StanceLabel, ...]]:
        """The stances of every article on the topics found in it; the views of all go through the encoder together."""
        asked = [
            (view, (None, *(label.topic for label in found)))
            for one, found in zip(analyses, topics, strict=True)
            for view in one.views.values()
        ]
        conclusions = iter(zip(asked, self.stance.conclusions(asked), strict=True))
        made = []
        for one in analyses:
            labels: list[StanceLabel] = []
            for subject in one.views:
                (view, _), concluded = next(conclusions)
                labels += stance_labels(view, subject, concluded)
            made.append(tuple(labels))
        return made


def _named(document: Document, subjects: Sequence[Subject]) -> list[Subject]:
    return subjects_of(find_mentions(f"{document.title}\n{document.text}", subjects), subjects)


def _piece_of(sentence: Sentence, pieces: Sequence[tuple[str, int, int]]) -> int:
    return next((n for n, (_, start, end) in enumerate(pieces) if start <= sentence.start < max(end, 1)), 0)


def _split(rows: Floats, counts: Sequence[int]) -> list[Floats]:
    return np.split(rows, np.cumsum(counts)[:-1]) if counts else []


def made_vector(analyser: str) -> str:
    """Which model made the vectors of an analyser (nlp.models.model_version), by its version; empty where that does not say."""
    method, _, rest = analyser.partition("; ")
    return rest.partition("; ")[0] if method.startswith("vigie method ") else ""


def analyser_version(watch: Watch, learnt: Learnt) -> str:
    """Names and versions of everything that makes the labels of a watch."""
    packages = [name for language in watch.languages if (name := model_of(language))]
    spoken = ", ".join(f"{name} {version(name.replace('_', '-'))}" for name in packages)
    models = dict.fromkeys((watch.models.embedding, watch.models.stance))
    marks = {"topics": weights_mark("topics", watch.models.embedding), "stance": weights_mark("stance", watch.models.stance)}
    parts = [f"vigie method {METHOD}", *map(model_version, models), f"spaCy {version('spacy')} ({spoken or 'rules'})"]
    parts.append(f"py3langid {version('py3langid')}")
    parts += [f"weights of {kind} {mark}" for kind, mark in marks.items() if mark]
    return "; ".join([*parts, learnt.version] if learnt.version else parts)


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
        batch = watch.models.batch if limit is None else min(watch.models.batch, limit - sum(counts.values()))
        now = clock.now().timestamp()
        tx.workers.beat(worker, at=now)
        if give_up_at is not None:
            tx.workers.sweep(at=now)
        ids = tx.to_read.claim(worker, at=now, limit=batch)
        return tx.articles.get(ids), 0 if ids else tx.to_read.leased(at=now)

    while limit is None or sum(counts.values()) < limit:
        articles, elsewhere = archive.write(claim)
        if articles:
            give_up_at = None
            reader = reader or reader_of(archive, watch)
            _read_batch(archive, reader, articles, worker, counts)
            progress(len(articles))
            continue
        # What another holds may be left behind by it; how long that takes to be seen is how long to wait.
        give_up_at = give_up_at or time.monotonic() + HEARTBEAT_LIMIT_S + HEARTBEAT_S
        if not elsewhere or time.monotonic() > give_up_at:
            return
        time.sleep(LOOK_AGAIN_S)


def reader_of(archive: Archive, watch: Watch) -> Reader:
    """The reader of a watch, with what was learnt from the corrections in an archive."""
    with archive.read() as tx:
        learnt, unused = load_learnt(tx, watch), outdated(tx, watch)
    if unused:
        logger.warning("not used, since learnt on weights of another version: %s; vigie learn learns it anew", ", ".join(unused))
    return Reader(watch, learnt)


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


def subject_named(watch: Watch, name: str) -> Subject:
    """The subject of the watch that has this name, id or alias, or one that has nothing but the name."""
    for subject in watch.subjects:
        if name.casefold() in {subject.id, *(alias.casefold() for alias in subject.names)}:
            return subject
    return Subject.of({"id": "subject", "name": name})


def label_record(reader: Reader, record: dict[str, Any]) -> dict[str, Any]:
    """The labels of a text: {title, text, subject, language?} to {language, topics, stances, overall, voices, notes}.

    subject is any name; one of the watch brings its aliases. Raises KeyError or TypeError on a record of another form.
    """
    title, text, name = str(record.get("title") or ""), record["text"], record["subject"]
    for key, value in (("text", text), ("subject", name)):
        if not isinstance(value, str):
            raise TypeError(f'"{key}" must be a string')
    subject = subject_named(reader.watch, name)
    article = Article(article_id(title + text), "", "", "", title, text, language=str(record.get("language") or ""))
    (reading,) = reader.read([article], about=(subject,))
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
                "places": [{"start": sentence.start, "end": sentence.end} for sentence in label.evidence],
            }
            for label in reading.labels.stances
        ],
        "overall": overall,
        "voices": [
            {
                "speaker": voice.speaker,
                "stance": str(voice.stance.stance),
                "confidence": voice.stance.confidence,
                "quote": voice.text,
                "start": voice.start,
                "end": voice.end,
            }
            for voice in reading.labels.voices
        ],
        "notes": list(reading.labels.notes),
    }
