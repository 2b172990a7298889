"""What an index was built with, and whether this Vigie and this watch can use it."""

from dataclasses import dataclass

from index.analysis import ANALYSIS_VERSION
from vigie.errors import VigieError

# Raised with every change of columns or of what they hold.
SCHEMA_VERSION = 3

REBUILD = "vigie index --rebuild"


@dataclass(frozen=True, slots=True)
class About:
    """What an index was built with. Days and weeks are those of the zone; tokens are those of the analysis."""

    schema: int
    analysis: str
    zone: str


def what_is_built(zone: str) -> About:
    """What this Vigie builds for a watch in that time zone."""
    return About(SCHEMA_VERSION, ANALYSIS_VERSION, zone)


def check_usable(written: object, zone: str, place: str) -> None:
    """Compare what an index says of itself with what is needed; raises VigieError where they differ, and says how to mend it."""
    version = written.get("schema") if isinstance(written, dict) else None
    if not isinstance(written, dict) or not isinstance(version, int):
        raise VigieError(f"{place}: not an index of Vigie", mend=f"build it anew: {REBUILD}")
    if version > SCHEMA_VERSION:
        raise VigieError(
            f"{place}: written by a newer Vigie (index version {version}; this one: {SCHEMA_VERSION})",
            mend=f"update Vigie, or build the index anew with this one: {REBUILD}",
        )
    analysis, built_for = str(written.get("analysis")), str(written.get("zone"))
    if version < SCHEMA_VERSION:
        problem = f"built by an older Vigie (index version {version}; this one: {SCHEMA_VERSION})"
    elif analysis != ANALYSIS_VERSION:
        problem = f"built with another text analysis ({analysis}; this one: {ANALYSIS_VERSION})"
    elif built_for != zone:
        problem = f"its days are those of {built_for}, the watch's of {zone}"
    else:
        return
    raise VigieError(f"{place}: {problem}", mend=f"build it anew: {REBUILD}")
