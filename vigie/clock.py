"""The present moment, in one place, so that a demonstration or a test can live in January 2025."""

import os
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant in UTC; the environment variable VIGIE_NOW (ISO 8601 with offset) replaces it."""
    pretended = os.environ.get("VIGIE_NOW")
    if not pretended:
        return datetime.now(UTC)
    instant = datetime.fromisoformat(pretended)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
