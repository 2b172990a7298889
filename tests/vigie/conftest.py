"""An archive on either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vigie.archive import Archive


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the archive of a test is: every test runs on both databases."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""


@pytest.fixture
def archive(tmp_path: Path, url: str) -> Iterator[Archive]:
    """An empty archive of the test's own."""
    archive = Archive.open(tmp_path, url)
    yield archive
    archive.close()
