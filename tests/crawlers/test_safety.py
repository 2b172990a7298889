"""Which addresses may be fetched."""

import pytest

from crawlers.safety import is_allowed, is_public


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_private_and_translated_addresses(address: str) -> None:
    assert not is_public(address)


def test_the_watch_may_allow_names_addresses_and_networks() -> None:
    assert is_allowed("press.local", "10.0.0.1", ["press.local"])
    assert is_allowed("press.local", "10.0.0.1", ["10.0.0.0/8"])
    assert is_allowed("press.local", "10.0.0.1", ["10.0.0.1"])
    assert not is_allowed("press.local", "10.0.0.1", ["other.local", "192.168.0.0/16"])
    assert is_allowed("example.org", "93.184.216.34", [])
