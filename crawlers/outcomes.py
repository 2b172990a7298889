"""How a fetch can end. Every fetch ends in exactly one outcome, so that the outcomes add up to the URLs fetched."""

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of one fetch."""

    ARTICLE = "article"  # a new article
    REVISED = "revised"  # a known article with another title or text
    UNCHANGED = "unchanged"  # 304, or the same content again
    DUPLICATE = "duplicate"  # another address of an article that is known
    LISTING = "listing"  # a feed, sitemap or section page was read
    NOT_ARTICLE = "not_article"
    GONE = "gone"  # 404, 410
    FORBIDDEN = "forbidden"  # 401, 402, 403, 451
    DISALLOWED = "disallowed"  # by robots.txt
    DEFERRED = "deferred"  # the host asked to wait, or its robots.txt cannot be had
    REFUSED = "refused"  # an address that is not public
    UNREACHABLE = "unreachable"  # no name, no connection, time-out
    HTTP_ERROR = "http_error"
    TOO_LARGE = "too_large"
    BROKEN = "broken"  # it came, and could not be read

    @property
    def is_failure(self) -> bool:
        """Whether the fetch brought nothing that can be used."""
        return self in _FAILURES


_FAILURES = frozenset(
    {
        Outcome.FORBIDDEN, Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.HTTP_ERROR, Outcome.TOO_LARGE, Outcome.BROKEN,
        Outcome.DEFERRED, Outcome.DISALLOWED, Outcome.GONE,
    }
)  # fmt: skip

# Kept in quarantine, where a user sees them and can have them tried again.
QUARANTINED = frozenset({Outcome.BROKEN, Outcome.TOO_LARGE, Outcome.REFUSED, Outcome.FORBIDDEN, Outcome.NOT_ARTICLE})
