"""When a URL is next due: polling by the rhythm of the listing, rechecks of young articles, and waits after failures.

All durations are in seconds.
"""

from email.utils import parsedate_to_datetime

from crawlers.outcomes import Outcome

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

# The clamp that news aggregators settled on: faster brings nothing, slower loses items of feeds that keep ten.
SHORTEST_INTERVAL, LONGEST_INTERVAL = 5 * MINUTE, DAY
FIRST_INTERVAL = 30 * MINUTE
# A poll should bring about a third of new items: more risks a gap, less is traffic for nothing.
TARGET_SHARE_OF_NEW = 1 / 3

# Most corrections come within hours; the second look catches the next day's.
RECHECK_AGES = (6 * HOUR, 2 * DAY)

_WAIT_AFTER = {
    Outcome.UNREACHABLE: MINUTE,
    Outcome.HTTP_ERROR: 5 * MINUTE,
    Outcome.DEFERRED: HOUR,
    Outcome.DISALLOWED: DAY,
    Outcome.REFUSED: DAY,
    Outcome.FORBIDDEN: DAY,
    Outcome.GONE: DAY,
    Outcome.TOO_LARGE: DAY,
    Outcome.BROKEN: HOUR,
}
# An article that failed this often is left alone (it stays in quarantine, from where it can be retried).
ARTICLE_ATTEMPTS = 8
# Outcomes that no second try will change for an article.
_FINAL_FOR_ARTICLES = frozenset({Outcome.GONE, Outcome.TOO_LARGE, Outcome.REFUSED, Outcome.BROKEN})


def next_interval(interval: float | None, *, new: int, known: int, at_least: float = 0.0) -> float:
    """Seconds until the next poll of a listing that brought new and already known items.

    at_least: what the publisher asks for (feed TTL, Cache-Control max-age).
    """
    if interval is None:
        chosen = FIRST_INTERVAL
    elif new + known == 0:
        chosen = interval * 1.5
    else:
        share = new / (new + known)
        chosen = interval * (min(1.5, max(0.5, TARGET_SHARE_OF_NEW / share)) if share else 1.5)
    return min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, chosen, at_least))


def wait_after_failure(outcome: Outcome, attempts: int) -> float:
    """Seconds to wait after the n-th failure in a row (attempts counts those before it): linear, a day at most."""
    return min(DAY, _WAIT_AFTER[outcome] * (attempts + 1))


def gives_up(outcome: Outcome, attempts: int) -> bool:
    """Whether an article is left alone after this failure. Listings are never given up."""
    return outcome in _FINAL_FOR_ARTICLES or attempts + 1 >= ARTICLE_ATTEMPTS


def next_recheck(*, discovered: float, now: float) -> float | None:
    """The instant of the next look at an article for corrections, or None when it is settled."""
    return next((discovered + age for age in RECHECK_AGES if discovered + age > now), None)


def retry_after(value: str, *, now: float) -> float | None:
    """Seconds asked for by a Retry-After header (seconds or HTTP date; RFC 9110 10.2.3), a day at most; None when unreadable."""
    value = value.strip()
    if value.isdigit():
        return min(DAY, float(value))
    try:
        return min(DAY, max(0.0, parsedate_to_datetime(value).timestamp() - now))
    except (ValueError, TypeError):
        return None
