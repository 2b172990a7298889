"""What all tests share: the real data beside the repository, a watch, an archive."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("VIGIE_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it skip where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real data is not here ({SHARED}); VIGIE_SHARED names its folder")
    return SHARED / "data"
