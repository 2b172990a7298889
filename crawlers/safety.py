"""Only public addresses are fetched. The check is made on the very address that is dialled.

Twisted asks the resolver at connect time, for literal addresses and for each hop of a redirect too, so a name that
changes its address between check and use (DNS rebinding) finds no gap.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import DNSLookupError

# What ipaddress calls global although it leads, or may lead, to private ground.
_TRANSLATED = [
    ipaddress.ip_network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0/96", "100::/64")
]


class AddressRefused(DNSLookupError):
    """The host leads to an address that is not public and that the watch does not allow."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet."""
    ip = ipaddress.ip_address(address)
    if any(ip in network for network in _TRANSLATED if network.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def is_allowed(host: str, address: str, allow_hosts: Sequence[str]) -> bool:
    """Whether the watch lets host be reached at address: public, or named in allow_hosts (names, addresses or networks)."""
    if is_public(address):
        return True
    ip = ipaddress.ip_address(address)
    for allowed in allow_hosts:
        if allowed == host:
            return True
        try:
            if ip in ipaddress.ip_network(allowed, strict=False):
                return True
        except ValueError:
            continue
    return False


class GuardedResolver(CachingThreadedResolver):
    """Scrapy's resolver, which refuses what is not allowed."""

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float, allow_hosts: Sequence[str]) -> None:
        super().__init__(reactor, cache_size, timeout)
        self._allow_hosts = allow_hosts

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        settings = crawler.settings
        return cls(
            reactor, settings.getint("DNSCACHE_SIZE"), settings.getfloat("DNS_TIMEOUT"), settings.getlist("VIGIE_ALLOW_HOSTS")
        )

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> "Deferred[str]":  # Twisted's name
        found: Deferred[Any] = super().getHostByName(name, timeout)
        return found.addCallback(self._check, name)

    def _check(self, address: str, name: str) -> "str | Deferred[str]":
        if is_allowed(name, address, self._allow_hosts):
            return address
        return fail(AddressRefused(f"{name} leads to {address}, which is not a public address"))
