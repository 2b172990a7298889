"""multilingual-e5-small as a module of sentence_transformers, with its word embeddings left packed on disk.

The table of 250,000 word vectors would take 384 MB unpacked; a batch needs a few hundred of its rows, which are unpacked as
they are needed. The encoder's layers are unpacked once, in bfloat16 where the processor computes fast with it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.sentence_transformer.modules import InputModule
from torch import Tensor, nn

from nlp import packed


class PackedRows(nn.Module):
    """Word embeddings read from the packed table, a batch at a time."""

    def __init__(self, blocks: NDArray[np.uint8], dtype: torch.dtype) -> None:
        super().__init__()
        self._blocks = blocks
        self._dtype = dtype

    def forward(self, ids: Tensor) -> Tensor:
        unique, inverse = np.unique(ids.numpy().ravel(), return_inverse=True)
        rows = torch.from_numpy(packed.unpack(np.ascontiguousarray(self._blocks[unique])))
        return rows.to(self._dtype)[torch.from_numpy(inverse.ravel())].view(*ids.shape, -1)


def fast_dtype() -> torch.dtype:
    """bfloat16 where the processor is fast with it (3 times against float32 by AMX), float32 elsewhere.

    By the vector instructions alone (AVX512-BF16) AMD's processors are faster than with float32, Intel's only half as fast.
    """
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return torch.float32
    fast = "amx_bf16" in told or ("avx512_bf16" in told and "AuthenticAMD" in told)
    return torch.bfloat16 if fast else torch.float32


class PackedE5(InputModule):
    """The encoder, from text to token states; marked_states gives every layer, for the stance."""

    modalities = ["text"]  # noqa: RUF012  # typed so by the library

    def __init__(self, weights: packed.PackedWeights, *, longest: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library's own
        from transformers import BertConfig, BertModel

        size = weights.sizes
        self.longest = longest
        self.tokenizer = packed.tokenizer(weights.pieces, longest=longest)
        config = BertConfig(
            vocab_size=8,  # replaced below by the packed rows
            hidden_size=size.hidden,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            intermediate_size=size.feed_forward,
            max_position_embeddings=size.positions,
            type_vocab_size=size.types,
            layer_norm_eps=1e-12,
            pad_token_id=1,
        )
        encoder = BertModel(config, add_pooling_layer=False)
        state = {name: torch.from_numpy(values) for name, values in packed.bert_state(weights).items()}
        encoder.load_state_dict(state, strict=False)
        dtype = fast_dtype()
        encoder.to(dtype).eval()  # type: ignore[arg-type]  # the library types its decorator, not the method
        encoder.embeddings.word_embeddings = PackedRows(  # type: ignore[assignment]  # any module from ids to vectors
            weights.blocks("emb.word", size.vocabulary, size.hidden), dtype
        )
        self.encoder = encoder
        self._dimension = size.hidden

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, Tensor]:
        encoded = self.tokenizer.encode_batch([(prompt or "") + text for text in inputs])
        return {
            "input_ids": torch.tensor([one.ids for one in encoded]),
            "attention_mask": torch.tensor([one.attention_mask for one in encoded]),
        }

    def tokenize(self, texts: Sequence[str], **options: Any) -> dict[str, Tensor]:
        return self.preprocess(texts, **options)

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        states = self.encoder(input_ids=features["input_ids"], attention_mask=features["attention_mask"]).last_hidden_state
        features["token_embeddings"] = states.float()
        return features

    def marked_states(self, ids: Tensor, mask: Tensor, marks: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """The token states (batch, tokens, dimension) after each of these layers (0: the embeddings), in float32; gradients flow.

        marks: vectors (batch, tokens, dimension) that are added to the word embeddings.
        """
        embedded = self.encoder.embeddings.word_embeddings(ids)
        made = self.encoder(inputs_embeds=embedded + marks.to(embedded.dtype), attention_mask=mask, output_hidden_states=True)
        return [made.hidden_states[layer].float() for layer in layers]

    def get_word_embedding_dimension(self) -> int:
        return self._dimension

    def get_embedding_dimension(self) -> int:
        return self._dimension

    @property
    def max_seq_length(self) -> int:
        return self.longest

    def save(self, *_: Any, **__: Any) -> None:
        """Nothing is saved: the weights stay in their package."""
