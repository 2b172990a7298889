"""A topic tried on the archive before the watch has it: the reader's own model over the articles that lie nearest."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from nlp.document import paragraphs
from nlp.learnt import load_learnt
from nlp.models import embed, load_model, model_version
from nlp.reader import made_vector
from nlp.topics import THRESHOLD, UNCALIBRATED, TopicModel
from vigie.archive import Archive, Fingerprint, StoredArticle
from vigie.watch import Topic, Watch

Floats = NDArray[np.float32]

# Articles whose passages are embedded together: progress is told, and memory is given back, after each batch.
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Match:
    """An article that the topic would get: its score, and the passage that scores highest."""

    stored: StoredArticle
    score: float
    passage: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a topic would match.

    matches: all, the strongest first. articles: how many were in question; looked_at: how many of them, the nearest, were scored;
    other_model: how many were left out since another model read them. overlap: how many matches have each topic already.
    notes: what to know of how they were scored.
    """

    matches: tuple[Match, ...]
    articles: int
    looked_at: int
    other_model: int
    overlap: dict[str, int]
    notes: tuple[str, ...]

    @property
    def alone(self) -> int:
        """How many matches have no topic yet."""
        return sum(not (match.stored.labels and match.stored.labels.topics) for match in self.matches)


def try_topic(
    archive: Archive,
    watch: Watch,
    topic: Topic,
    *,
    candidates: int,
    since: float | None = None,
    until: float | None = None,
    progress: Callable[..., None],
) -> Trial:
    """Score the articles published in [since, until) (seconds since the epoch) that are nearest to a topic; all, if few.

    An article's passages are not in the archive, only the mean of their vectors: by it the candidates are chosen, and their
    passages are embedded again and scored as a reader does that has the topic beside those of the watch, with what was learnt.
    Raises VigieError where the model is not on this machine.
    """
    name = watch.models.embedding
    model = load_model(name)
    with archive.read() as tx:
        prints, learnt = tx.labels.fingerprints(since=since, until=until), load_learnt(tx, watch)
    if since is not None:  # grouping stories wants those without a date as well
        prints = [one for one in prints if one.published is not None]
    scorer = TopicModel(model, name, (*watch.topics, topic), weights=learnt.topics)
    vectors, ids = _vectors(prints, model_version(name), model.get_embedding_dimension() or 0)
    nearest = [ids[n] for n in np.argsort(-scorer.margins(vectors)[:, -1], kind="stable")[:candidates]]
    progress(0, total=len(nearest))
    found: list[Match] = []
    for start in range(0, len(nearest), _BATCH):
        with archive.read() as tx:
            stored = tx.articles.whole(nearest[start : start + _BATCH])
        pieces = [paragraphs(one.article.title, one.article.text) for one in stored]
        raw = embed(model, [piece for some in pieces for piece, _, _ in some], batch=watch.models.batch)
        passages = iter(scorer.centre(raw))
        for one, some in zip(stored, pieces, strict=True):
            own = np.stack([next(passages) for _ in some])
            margins = scorer.margins(own)
            best = some[int(np.argmax(margins[:, -1]))][0]
            score = float(expit(scorer.log_odds(own, margins)[-1]))
            if score >= THRESHOLD:
                found.append(Match(one, round(score, 4), best))
        progress(len(stored))
    found.sort(key=lambda match: (-match.score, match.stored.article.id))
    overlap = Counter(label.topic for match in found if match.stored.labels for label in match.stored.labels.topics)
    notes = () if scorer.calibrated else (UNCALIBRATED,)
    return Trial(tuple(found), len(prints), len(nearest), len(prints) - len(ids), dict(overlap.most_common()), notes)


def _vectors(prints: Sequence[Fingerprint], version: str, dimension: int) -> tuple[Floats, list[str]]:
    """The article vectors of this model, (articles, dimension), and whose they are. One whose analyser does not say which model
    made its vector is told by the dimension.
    """
    usable = [
        one
        for one in prints
        if one.embedding and len(one.embedding) == 2 * dimension and made_vector(one.analyser) in ("", version)
    ]
    rows = [np.frombuffer(one.embedding or b"", np.float16).astype(np.float32) for one in usable]
    return np.stack(rows) if rows else np.zeros((0, dimension), np.float32), [one.article for one in usable]
