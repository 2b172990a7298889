"""What the stance head sees of a sentence that names a target: states of several layers of the encoder, pooled three ways.

For each layer the mean over the whole sentence, over the mention of the target, and over the window of 8 tokens around it
(TD-LSTM's idea of a target-centred view, Tang et al. 2016, on a frozen encoder).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LAYERS = (4, 6, 8, 9, 10, 11, 12)
VIEWS = ("sentence", "mention", "window")
WINDOW = 8
LONGEST_SENTENCE = 256
PREFIX = "query: "
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targeted:
    """A sentence with the places (start, end) where it names the target; none: the whole sentence stands for it."""

    text: str
    spans: tuple[tuple[int, int], ...]


def features(model: "SentenceTransformer", items: Sequence[Targeted], *, batch: int = 32) -> Floats:
    """The features of sentences: (len(items), layers · views · dimension) in float32."""
    import torch

    encoder: Any = model[0]
    width = len(LAYERS) * len(VIEWS) * encoder.get_word_embedding_dimension()
    made = np.zeros((len(items), width), np.float32)
    order = sorted(range(len(items)), key=lambda n: len(items[n].text))
    for first in range(0, len(order), batch):
        chosen = order[first : first + batch]
        encoded = encoder.tokenizer.encode_batch([PREFIX + items[n].text for n in chosen])
        longest = min(LONGEST_SENTENCE, max(sum(one.attention_mask) for one in encoded))
        ids = torch.tensor([one.ids[:longest] for one in encoded])
        mask = torch.tensor([one.attention_mask[:longest] for one in encoded])
        views = torch.from_numpy(np.stack([_views(one, items[n], longest) for one, n in zip(encoded, chosen, strict=True)]))
        states = encoder.hidden_states(ids, mask, LAYERS)
        # (batch, views, tokens) · (batch, tokens, dimension) → (batch, views, dimension), layer by layer
        pooled = torch.stack([torch.bmm(views, state) for state in states], dim=1)
        made[chosen] = pooled.reshape(len(chosen), -1).numpy()
    return made


def _views(encoded: Any, item: Targeted, longest: int) -> Floats:
    """Weights over tokens (3, longest) that make the mean over sentence, mention and window."""
    real = np.array(encoded.attention_mask[:longest], bool)
    offsets = np.array(encoded.offsets[:longest])
    hit = np.zeros(longest, bool)
    for start, end in item.spans:
        start, end = start + len(PREFIX), end + len(PREFIX)
        hit |= (offsets[:, 0] < end) & (offsets[:, 1] > start) & (offsets[:, 1] > offsets[:, 0]) & real
    if not hit.any():
        hit = real.copy()
    window = np.zeros(longest, bool)
    for place in np.flatnonzero(hit):
        window[max(0, place - WINDOW) : place + WINDOW + 1] = True
    views = np.stack([real, hit, window & real]).astype(np.float32)
    return np.asarray(views / views.sum(axis=1, keepdims=True), np.float32)
