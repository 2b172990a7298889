"""The numbers of topic classification that depend on the embedding model: how its margins become scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """A margin between topic and background becomes the score 1 / (1 + exp(−slope · (margin − even_margin)))."""

    slope: float
    even_margin: float


# Chosen on the French and English part of the sample newsroom; benchmarks/quality_labels.py reports the other languages.
CALIBRATED = {
    "e5-small": Calibration(slope=25.0, even_margin=0.06),
    "static": Calibration(slope=40.0, even_margin=0.01),
}
# Of a model that nobody has measured, where a watch has but one topic: between the packaged models.
UNMEASURED = Calibration(slope=30.0, even_margin=0.04)


def self_calibrated(margins_of_other_topics: NDArray[np.float32]) -> Calibration:
    """The calibration of a model that nobody has measured, from the margins at which the texts of a watch's topics come to lie
    toward its other topics: a text is on a topic when it is nearer than these by one standard deviation.

    On both packaged models, with either of two background means, this comes within .02 of the margin that is best on the
    sample newsroom, while these margins themselves lie between .01 and .18.
    """
    if not len(margins_of_other_topics):
        return UNMEASURED
    even = float(margins_of_other_topics.mean() + margins_of_other_topics.std())
    return Calibration(UNMEASURED.slope, even)
