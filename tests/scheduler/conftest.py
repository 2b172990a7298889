"""The driver of lanes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scheduler.driver import Driver

Drive = Callable[..., Driver]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    """Makes drivers of lanes in the test's folder."""
    drivers: list[Driver] = []

    def make(**how: Any) -> Driver:
        drivers.append(Driver(tmp_path, monkeypatch, **how))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.archive.close()
