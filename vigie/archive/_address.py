"""Whom a URL is asked of."""

from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host of a URL in lower case, with the port where it is not the usual one of the scheme."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme, ":"))
