"""What a test does where a server that it needs cannot be had."""

import os
from typing import NoReturn

import pytest


def unavailable(server: str, why: str) -> NoReturn:
    """Skip a test for want of a server, with the reason; where VIGIE_TEST_NEEDS names it (as CI does), the test fails instead."""
    if server in os.environ.get("VIGIE_TEST_NEEDS", "").split():
        pytest.fail(f"{server} is needed here (VIGIE_TEST_NEEDS): {why}", pytrace=False)
    pytest.skip(why)
