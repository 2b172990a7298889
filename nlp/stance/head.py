"""The last step from features to a stance: a linear head whose answer is the exact sum of what each sentence adds.

Features are sums over the sentences of a view ("parts", one row a sentence), so that each sentence's share of every logit can be
told: class activation maps (Zhou et al. 2016, CVPR) over sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from nlp.stance.views import View

Floats = NDArray[np.float32]

# What a head tells apart. NONE: the text does not speak of the subject (over all: names it in passing; on a topic: not on that).
NONE, CRITICAL, NEUTRAL, SUPPORTIVE = range(4)


@dataclass(frozen=True, slots=True)
class Head:
    """weight: (4, width), bias: (4,); temperature makes the probabilities honest (Guo et al. 2017, ICML)."""

    weight: Floats
    bias: Floats
    temperature: float = 1.0
    PARTS: ClassVar[tuple[str, ...]] = ("weight", "bias", "temperature")

    def logits(self, features: Floats) -> Floats:
        """(n, 4) of features (n, width), at temperature 1."""
        return np.asarray(standardised(features) @ self.weight.T + self.bias, np.float32)

    def probabilities(self, features: Floats) -> Floats:
        """(n, 4), each row a distribution over NONE, CRITICAL, NEUTRAL, SUPPORTIVE."""
        return np.asarray(softmax(self.logits(features) / self.temperature, axis=1), np.float32)

    def shares(self, parts: Floats) -> Floats:
        """What each part (rows of parts, whose sum is the features) adds to the four logits: (rows, 4).

        The shares and the bias together are the logits.
        """
        features = parts.sum(axis=0)
        spread = max(float(features.std()), 1e-6)
        centred_weight = self.weight - self.weight.mean(axis=1, keepdims=True)
        return np.asarray(parts @ centred_weight.T / spread, np.float32)

    def stored(self) -> dict[str, NDArray[Any]]:
        """The arrays that ``restored`` reads, in half precision."""
        return {
            "weight": self.weight.astype(np.float16),
            "bias": self.bias.astype(np.float32),
            "temperature": np.array(self.temperature, np.float32),
        }

    @classmethod
    def blank(cls, width: int) -> "Head":
        """The head that tells nothing apart."""
        return cls(np.zeros((4, width), np.float32), np.zeros(4, np.float32))

    @classmethod
    def restored(cls, stored: Mapping[str, NDArray[Any]]) -> "Head":
        """The head of these arrays."""
        return cls(stored["weight"].astype(np.float32), stored["bias"].astype(np.float32), float(stored["temperature"]))


def joined(heads: Sequence[Head]) -> Head:
    """The head whose logits, over the features of several encoders in one row, are the mean of what each head says of its own.

    Exactly so where the features of all are equally spread.
    """
    weights = [(head.weight - head.weight.mean(axis=1, keepdims=True)) / len(heads) for head in heads]
    return Head(np.concatenate(weights, axis=1), np.mean([head.bias for head in heads], axis=0))


class Heads(NamedTuple):
    """The head for articles, and the one for single sentences: quotes, and texts that are no longer than that."""

    article: Head
    sentence: Head

    def of(self, view: View) -> Head:
        """The head that judges a view."""
        return self.sentence if view.single else self.article


def standardised(features: Floats) -> Floats:
    """Each row with mean 0 and spread 1, as layer normalisation leaves it."""
    centred = features - features.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(features.std(axis=1, keepdims=True), 1e-6), np.float32)


def fitted_temperature(logits: Floats, gold: NDArray[np.int64]) -> float:
    """The temperature under which the true classes are likeliest (Guo et al. 2017)."""

    def loss(temperature: float) -> float:
        return float(-log_softmax(logits / temperature, axis=1)[np.arange(len(gold)), gold].mean())

    return float(minimize_scalar(loss, bounds=(0.3, 5.0), method="bounded").x)


def fitted(features: Floats, gold: NDArray[np.int64], *, start: Head, strength: float) -> Head:
    """The head nearest to start that answers these examples: softmax regression with its weights drawn to those of start.

    features: (n, width), not standardised; gold: (n,) of the four classes; strength: how dear a change of the weights is against
    the mean loss. Regularising toward a starting point is L2-SP (Li et al. 2018, ICML).
    """
    rows = standardised(features).astype(np.float64)  # once, and not at every step of the search
    shape = start.weight.shape

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weight, bias = flat[: -len(start.bias)].reshape(shape), flat[-len(start.bias) :]
        log_odds = log_softmax((rows @ weight.T + bias) / start.temperature, axis=1)
        error = np.exp(log_odds)
        error[np.arange(len(gold)), gold] -= 1
        error /= len(gold) * start.temperature
        moved = weight - start.weight
        value = -float(log_odds[np.arange(len(gold)), gold].mean()) + strength * float((moved**2).sum())
        return value, np.concatenate([(error.T @ rows + 2 * strength * moved).ravel(), error.sum(axis=0)])

    first = np.concatenate([start.weight.ravel(), start.bias]).astype(np.float64)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    weight, bias = found[: -len(start.bias)].reshape(shape), found[-len(start.bias) :]
    return Head(weight.astype(np.float32), bias.astype(np.float32), start.temperature)
