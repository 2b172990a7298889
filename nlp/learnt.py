"""What the models of a watch have learnt from people, as the archive keeps it."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nlp.background import weights_mark
from nlp.stance.head import Head
from nlp.topics import TopicWeights
from vigie.archive import Transaction
from vigie.watch import Watch


@dataclass(frozen=True, slots=True)
class Learnt:
    """The learnt head of stance and weights of topics (None: those that are shipped), and when they were learnt."""

    stance: Head | None = None
    topics: TopicWeights | None = None
    at: float | None = None

    @property
    def version(self) -> str:
        """What the labels say of it; empty where nothing was learnt."""
        return f"learnt {datetime.fromtimestamp(self.at, UTC):%Y-%m-%dT%H:%M:%SZ}" if self.at is not None else ""


NOTHING_LEARNT = Learnt()


def load_learnt(tx: Transaction, watch: Watch) -> Learnt:
    """What was learnt for the models that a watch names."""
    stance, topics = map(tx.learnt.get, _names(watch))
    return Learnt(
        stance=Head.restored(_arrays(stance[0])) if stance else None,
        topics=TopicWeights.restored(_arrays(topics[0])) if topics else None,
        at=max((found[1] for found in (stance, topics) if found), default=None),
    )


def keep_learnt(
    tx: Transaction, watch: Watch, *, stance: Head | None, topics: TopicWeights | None, answers: int, at: float
) -> None:
    """Keep what was learnt of so many articles; None removes what stands there. What is outdated goes."""
    for name in outdated(tx, watch):
        tx.learnt.drop(name)
    for name, learnt in zip(_names(watch), (stance, topics), strict=True):
        if learnt:
            tx.learnt.put(name, _packed(learnt.stored()), answers=answers, at=at)
        else:
            tx.learnt.drop(name)


def outdated(tx: Transaction, watch: Watch) -> list[str]:
    """What was learnt for these models on top of other weights than are here, by name: it is not used, and can be learnt anew."""
    return [name for name in tx.learnt.names() if _model_of(name) in map(_model_of, _names(watch)) and name not in _names(watch)]


def _names(watch: Watch) -> tuple[str, str]:
    """Under which names what was learnt of stance and of topics is kept: a head fits the weights that it was learnt on."""
    return _name("stance", watch.models.stance), _name("topics", watch.models.embedding)


def _name(kind: str, model: str) -> str:
    mark = weights_mark(kind, model)
    return f"{kind} {model}; weights {mark}" if mark else f"{kind} {model}"


def _model_of(name: str) -> str:
    return name.partition("; ")[0]


def _packed(arrays: dict[str, Any]) -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, allow_pickle=False, **arrays)
    return made.getvalue()


def _arrays(packed: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(packed)) as stored:
        return {name: stored[name] for name in stored.files}
