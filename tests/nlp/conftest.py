"""The models, loaded once."""

import pytest

from benchmarks.quality_labels import deepseek_watch
from nlp.reader import Reader


@pytest.fixture(scope="session")
def reader() -> Reader:
    """A reader of the shipped watch."""
    return Reader(deepseek_watch())
