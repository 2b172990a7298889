"""multilingual-e5-small adapted to stance: low-rank corrections of its layers, and three looks at the text of a view.

The corrections (LoRA, Hu et al. 2022, ICLR) are trained by nlp.training.stance and added to the packed weights when they are
loaded. Tokens that name the subject carry a mark of their own. Each look averages the token states of layers 8 and 12 by an
attention that the question steers (the topic's vector, or a learned one for the stance over all): two look at the whole text,
one at the names of the subject. So one pass over the text answers all questions about a subject, and what the text says on one
topic does not colour the answer on another.

Several such encoders, which learnt by different courses, read a text side by side: what one of them gets wrong, another may
outvote (deep ensembles, Lakshminarayanan et al. 2017, NeurIPS). Their features stand in one row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlp import packed
from nlp.background import WEIGHTS
from nlp.stance.head import Head, Heads
from nlp.stance.views import View

if TYPE_CHECKING:
    from nlp.e5 import PackedE5

Floats = NDArray[np.float32]

LAYERS = (8, 12)
LOOKS_AT_TEXT, LOOKS_AT_NAMES = 2, 1
LOOKS = LOOKS_AT_TEXT + LOOKS_AT_NAMES
LONGEST = 448
# Lengths are rounded up to this many tokens: the processor's kernels are made once for each shape.
STEP = 32
FILE = WEIGHTS / "stance-e5-small.npz"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A view in tokens: ids, and of each whether it belongs to the text (1) or to what precedes it (0), whether it names the
    subject, and the row of its sentence (one more row than sentences, for what belongs to none). single: it is one sentence."""

    ids: list[int]
    text: Floats
    names: Floats
    rows: NDArray[np.int64]
    single: bool


class Looks(nn.Module):
    """What is learned beside the corrections: the mark of a name, and which tokens answer a question in each look."""

    def __init__(self, dimension: int, *, width: int = 64) -> None:
        super().__init__()
        self.mark = nn.Parameter(torch.zeros(dimension))
        self.key = nn.Linear(dimension, LOOKS * width, bias=False)
        self.query = nn.Linear(dimension, LOOKS * width, bias=False)
        self.over_all = nn.Parameter(torch.zeros(LOOKS * width))
        self.of_sentence = nn.Parameter(torch.zeros(LOOKS * width))

    def attention(self, states: Tensor, text: Tensor, names: Tensor, questions: Tensor) -> Tensor:
        """Weights over tokens (questions, LOOKS, tokens): each look sums to 1 over what it looks at.

        states: (tokens, dimension); text and names: masks of the tokens; questions: (questions, LOOKS * width).
        """
        keys = self.key(states).reshape(len(states), LOOKS, -1)
        scores = torch.einsum("qlw,tlw->qlt", questions.reshape(len(questions), LOOKS, -1), keys)
        seen = torch.stack([text] * LOOKS_AT_TEXT + [names] * LOOKS_AT_NAMES)
        weights: Tensor = scores.masked_fill(seen == 0, -1e4).softmax(dim=2)
        return weights

    def questions(self, topics: Sequence[Tensor | None], *, single: bool) -> Tensor:
        """The vectors that ask: of topics (None: over all), of a text or of a single sentence."""
        over_all = self.of_sentence if single else self.over_all
        return torch.stack([over_all if topic is None else self.query(topic) for topic in topics])


class LowRank(nn.Module):
    """A linear layer with a correction of low rank; ``fold`` adds the correction to the weights for good."""

    def __init__(self, layer: nn.Linear, rank: int) -> None:
        super().__init__()
        self.layer = layer
        self.down = nn.Parameter(torch.randn(rank, layer.in_features) * 0.02)
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, states: Tensor) -> Tensor:
        corrected = (states @ (SCALE * self.down).to(states.dtype).T) @ self.up.to(states.dtype).T
        made: Tensor = self.layer(states) + corrected
        return made

    def fold(self) -> nn.Linear:
        """The layer with its correction added."""
        with torch.no_grad():
            self.layer.weight += (SCALE * (self.up @ self.down)).to(self.layer.weight.dtype)
        return self.layer


SCALE = 2.0
RANK = 16


def corrected_layers(encoder: Any) -> list[tuple[nn.Module, str]]:
    """The linear layers of a BertModel that are corrected, as (module, name of the layer in it)."""
    return [
        place
        for block in encoder.encoder.layer
        for place in (
            (block.attention.self, "query"),
            (block.attention.self, "key"),
            (block.attention.self, "value"),
            (block.attention.output, "dense"),
            (block.intermediate, "dense"),
            (block.output, "dense"),
        )
    ]


class StanceEncoder(nn.Module):
    """The encoder, its corrections and the looks."""

    def __init__(self, base: "PackedE5", *, rank: int = RANK) -> None:
        super().__init__()
        self.base = base
        self.looks = Looks(base.get_word_embedding_dimension())
        for module, name in corrected_layers(base.encoder):
            setattr(module, name, LowRank(getattr(module, name), rank))

    @property
    def width(self) -> int:
        """The number of features."""
        return LOOKS * len(LAYERS) * self.base.get_word_embedding_dimension()

    def states(self, tokens: Sequence["Tokens"]) -> list[Tensor]:
        """Token states after each of LAYERS: (texts, tokens, dimension)."""
        longest = -(-max(len(one.ids) for one in tokens) // STEP) * STEP
        ids = torch.full((len(tokens), longest), 1)
        mask, names = torch.zeros(len(tokens), longest), torch.zeros(len(tokens), longest, 1)
        for n, one in enumerate(tokens):
            ids[n, : len(one.ids)] = torch.tensor(one.ids)
            mask[n, : len(one.ids)] = 1
            names[n, : len(one.ids), 0] = torch.from_numpy(one.names)
        return self.base.marked_states(ids, mask, names * self.looks.mark, LAYERS)

    def weights(self, states: Tensor, one: "Tokens", questions: Tensor) -> Tensor:
        """How much each token counts in each look at one text: (questions, LOOKS, tokens). states: its last layer."""
        length = len(states)
        text, names = torch.zeros(length), torch.zeros(length)
        text[: len(one.ids)] = torch.from_numpy(one.text)
        names[: len(one.ids)] = torch.from_numpy(one.names)
        if not names.any():  # nowhere named: the name as it was asked for stands for its mentions
            names[: len(one.ids)] = 1 - text[: len(one.ids)]
        return self.looks.attention(states, text, names, questions)

    def features(self, tokens: Sequence[Tokens], topics: Sequence[Sequence[Tensor | None]]) -> Tensor:
        """The features of every text under every question asked of it: (questions in all, width); the grad flows."""
        states = self.states(tokens)
        made = []
        for n, one in enumerate(tokens):
            weights = self.weights(states[-1][n], one, self.looks.questions(topics[n], single=one.single))
            made.append(torch.cat([weights @ state[n] for state in states], dim=1).flatten(1))
        return torch.cat(made)

    @torch.inference_mode()
    def parts(self, tokens: Sequence[Tokens], topics: Sequence[Sequence[Tensor | None]]) -> list[list[Floats]]:
        """For each text and question what each sentence adds to the features: (sentences + 1, width)."""
        states = self.states(tokens)
        made = []
        for n, one in enumerate(tokens):
            weights = self.weights(states[-1][n], one, self.looks.questions(topics[n], single=one.single))[:, :, : len(one.ids)]
            rows = nn.functional.one_hot(torch.from_numpy(one.rows)).T.float()
            of_text = [
                torch.cat([(rows[:, None] * looks) @ state[n, : len(one.ids)] for state in states], dim=1).flatten(1).numpy()
                for looks in weights
            ]
            made.append(of_text)
        return made


def tokens_of(view: View, tokenizer: Any) -> Tokens:
    """A view in tokens: "query: " and the name of the subject, then the text, cut at LONGEST."""
    asked = tokenizer.encode(f"query: {view.subject}").ids
    encoded = tokenizer.encode(view.text)
    ids = [*asked, *encoded.ids[1:]][:LONGEST]
    offsets = np.array([(0, 0)] * len(asked) + encoded.offsets[1:])[:LONGEST]
    real = offsets[:, 1] > offsets[:, 0]
    names = np.zeros(len(ids), np.float32)
    for start, end in view.mentions:
        names[real & (offsets[:, 0] < end) & (offsets[:, 1] > start)] = 1
    starts = np.array([start for start, _ in view.places])
    rows = np.where(real, np.searchsorted(starts, offsets[:, 0], side="right") - 1, len(starts)).clip(0)
    text = np.zeros(len(ids), np.float32)
    text[len(asked) :] = 1
    return Tokens(ids, text, names, rows, view.single)


def learnt(encoder: StanceEncoder) -> dict[str, NDArray[np.float16]]:
    """What an encoder has learnt, corrections and looks, by name."""
    return {
        name: weight.detach().numpy().astype(np.float16)
        for name, weight in encoder.named_parameters()
        if not name.startswith("base.") or name.endswith((".down", ".up"))
    }


def save(encoders: Sequence[dict[str, NDArray[np.float16]]], heads: Heads, file: Path) -> None:
    """Write what encoders have learnt, and the heads over the features of all: in half precision."""
    kept: dict[str, Any] = {name: np.stack([one[name] for one in encoders]) for name in encoders[0]}
    kept |= {f"{name}:{part}": values for name, head in heads._asdict().items() for part, values in head.stored().items()}
    np.savez_compressed(file, **kept)


def stored(file: Path) -> tuple[list[dict[str, Tensor]], Heads]:
    """What ``save`` wrote: corrections and looks of each encoder by name, and the heads."""
    with np.load(file) as kept:
        stacked = {name: torch.from_numpy(kept[name].astype(np.float32)) for name in kept.files if ":" not in name}
        heads = Heads(*(Head.restored({part: kept[f"{name}:{part}"] for part in Head.PARTS}) for name in Heads._fields))
    return [dict(zip(stacked, one, strict=True)) for one in zip(*stacked.values(), strict=True)], heads


class AdaptedLooks:
    """Features of views under the adapted encoders: those of the first, then those of the next."""

    def __init__(self, encoders: Sequence[StanceEncoder], *, batch: int) -> None:
        self._encoders, self._batch = encoders, batch

    def parts(self, views: Sequence[View], topics: Sequence[Sequence[Floats | None]]) -> list[list[Floats]]:
        """For each view and question what each sentence adds to the features: (sentences + 1, width), the last for the rest."""
        tokens = [tokens_of(view, self._encoders[0].base.tokenizer) for view in views]
        asked = [[None if topic is None else torch.from_numpy(topic) for topic in some] for some in topics]
        made: list[list[Floats]] = [[] for _ in views]
        order = sorted(range(len(views)), key=lambda n: len(tokens[n].ids))
        for first in range(0, len(order), self._batch):
            chosen = order[first : first + self._batch]
            found = [one.parts([tokens[n] for n in chosen], [asked[n] for n in chosen]) for one in self._encoders]
            for n, of_each in zip(chosen, zip(*found, strict=True), strict=True):
                made[n] = [np.concatenate(parts, axis=1) for parts in zip(*of_each, strict=True)]
        return made


@cache
def load(file: Path = FILE) -> tuple[list[StanceEncoder], Heads]:
    """The encoders of a file of weights, their corrections folded into their layers, and the heads over the features of all."""
    corrections, heads = stored(file)
    return [_corrected(one) for one in corrections], heads


def _corrected(corrections: dict[str, Tensor]) -> StanceEncoder:
    from nlp.e5 import PackedE5

    encoder = StanceEncoder(PackedE5(packed.opened(), longest=LONGEST))
    encoder.load_state_dict(corrections, strict=False)
    for module, name in corrected_layers(encoder.base.encoder):
        setattr(module, name, getattr(module, name).fold())
    encoder.base.tokenizer.no_padding()
    return encoder.eval()
