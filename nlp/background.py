"""What the press writes about when it writes about something else: the background against which a topic has to stand out.

General topics in five languages (background.toml), and the mean vector of varied texts. Sentence encoders put all texts into a
narrow cone (Ethayarajh 2019, EMNLP): raw cosines of e5 all lie between .75 and .95, so the mean is taken off before they are
compared.
"""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.models import embed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"
TEXTS = Path(__file__).with_name("background.toml")


@cache
def weights_mark(kind: str, model: str) -> str:
    """What tells the shipped weights of a kind ("stance", "topics") for a model from earlier ones: the beginning of their
    SHA-256. Empty where none are shipped.
    """
    file = WEIGHTS / f"{kind}-{model}.npz"
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8] if file.exists() else ""


@dataclass(frozen=True, slots=True)
class Background:
    """Under a model: the mean vector, which is taken off, and the centred vectors of each general topic: (texts, dimension)."""

    mean: Floats
    topics: tuple[Floats, ...]


def general_topics() -> list[list[str]]:
    """The texts of each general topic."""
    tables = tomllib.loads(TEXTS.read_text(encoding="utf-8"))["topics"]
    return [
        [*table["description"].values(), *(text for texts in table["examples"].values() for text in texts)] for table in tables
    ]


@cache
def background(name: str, model: "SentenceTransformer") -> Background:
    """The background under a model: shipped with the packaged ones (nlp.training.background), made on the spot for others."""
    file = WEIGHTS / f"background-{name}.npz"
    if file.exists():
        with np.load(file) as stored:
            topics = (stored[f"topic{n}"].astype(np.float32) for n in range(len(stored.files) - 1))
            return Background(stored["mean"], tuple(topics))
    return make_background(model)


def make_background(model: "SentenceTransformer", mean: Floats | None = None) -> Background:
    """The background of any model; without a mean, that of the general topics' own texts is taken."""
    topics = general_topics()
    raw = embed(model, [text for texts in topics for text in texts])
    mean = raw.mean(axis=0) if mean is None else mean
    ends = np.cumsum([len(texts) for texts in topics])[:-1]
    return Background(mean, tuple(np.split(centred(raw, mean), ends)))


def centred_vectors(model: "SentenceTransformer", name: str, texts: Sequence[str], *, batch: int = 32) -> Floats:
    """Unit vectors of texts under a model, with the mean of its background taken off: (len(texts), dimension)."""
    return centred(embed(model, texts, batch=batch), background(name, model).mean)


def language_mean(name: str, model: "SentenceTransformer", language: str) -> Floats:
    """The background mean, moved to where the texts of a language lie; the background mean where that is not known.

    Encoders gather texts by language before they gather them by meaning; with a mean of their own, texts of two languages can be
    compared (Libovický et al. 2020, Findings of EMNLP). The moves are made by nlp.training.stories.
    """
    move = language_moves(name).get(language)
    mean = background(name, model).mean
    return mean if move is None else mean + np.array(move, np.float32)


@cache
def language_moves(name: str) -> dict[str, list[float]]:
    """The moves by language under a model; empty for a model that has none."""
    file = WEIGHTS / f"stories-{name}.json"
    moves: dict[str, list[float]] = json.loads(file.read_text(encoding="utf-8"))["languages"] if file.exists() else {}
    return moves


def centred(vectors: Floats, mean: Floats) -> Floats:
    """Unit vectors with the mean taken off, of unit length again."""
    if not len(vectors):
        return vectors
    shifted = vectors - mean
    norms = np.linalg.norm(shifted, axis=1, keepdims=True)
    return np.asarray(shifted / np.maximum(norms, 1e-6), np.float32)
