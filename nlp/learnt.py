"""What the models of a watch have learnt from people, as the archive keeps it."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

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
    stance, topics = tx.learnt.get(_stance(watch)), tx.learnt.get(_topics(watch))
    return Learnt(
        stance=Head.restored(_arrays(stance[0])) if stance else None,
        topics=TopicWeights.restored(_arrays(topics[0])) if topics else None,
        at=max((found[1] for found in (stance, topics) if found), default=None),
    )


def keep_learnt(
    tx: Transaction, watch: Watch, *, stance: Head | None, topics: TopicWeights | None, answers: int, at: float
) -> None:
    """Keep what was learnt of so many articles; None removes what stands there."""
    for name, learnt in ((_stance(watch), stance), (_topics(watch), topics)):
        if learnt:
            tx.learnt.put(name, _packed(learnt.stored()), answers=answers, at=at)
        else:
            tx.learnt.drop(name)


def _stance(watch: Watch) -> str:
    return f"stance {watch.models.stance}"


def _topics(watch: Watch) -> str:
    return f"topics {watch.models.embedding}"


def _packed(arrays: dict[str, Any]) -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, allow_pickle=False, **arrays)
    return made.getvalue()


def _arrays(packed: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(packed)) as stored:
        return {name: stored[name] for name in stored.files}
