"""One spelling for each address."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.urls import InvalidUrl, canonical, registrable_domain, same_site


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTP://Example.ORG:80", "http://example.org/"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://example.org/../../a/..", "https://example.org/"),
        ("https://example.org/%7eanne/%c3%a9t%c3%a9", "https://example.org/~anne/%C3%A9t%C3%A9"),
        ("https://example.org/été?q=été", "https://example.org/%C3%A9t%C3%A9?q=%C3%A9t%C3%A9"),
        ("https://www.bücher.example/", "https://www.xn--bcher-kva.example/"),
        ("https://example.org/a#suite", "https://example.org/a"),
        ("https://anne:secret@example.org/a", "https://example.org/a"),
        ("  https://example.org/a b\n", "https://example.org/a%20b"),
        (r"https:\\example.org\a", "https://example.org/a"),
        ("https://example.org/a;jsessionid=1A2B?x=1", "https://example.org/a?x=1"),
        ("http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a"),
        ("https://example.org./a", "https://example.org/a"),
    ],
)
def test_spellings_of_an_address_become_one(written: str, expected: str) -> None:
    assert canonical(written) == expected


@pytest.mark.parametrize(
    "tracked",
    [
        "utm_source=rss&utm_medium=feed",
        "fbclid=IwAR0",
        "gclid=1&gbraid=2",
        "xtor=RSS-1",
        "at_medium=RSS&at_campaign=news&at_custom1=x",
        "mc_cid=1&mc_eid=2",
        "ns_mchannel=rss",
        "UTM_Source=x",
    ],
)
def test_parameters_of_tracking_go(tracked: str) -> None:
    assert canonical(f"https://example.org/a?{tracked}") == "https://example.org/a"
    assert canonical(f"https://example.org/a?id=3&{tracked}&page=2") == "https://example.org/a?id=3&page=2"


def test_real_parameters_stay_in_their_order() -> None:
    assert canonical("https://example.org/?p=12&b=&a&ref=x&p=13") == "https://example.org/?p=12&b=&a&ref=x&p=13"


def test_a_relative_address_is_resolved() -> None:
    assert canonical("../b?x=1#y", base="https://example.org/a/c/") == "https://example.org/a/b?x=1"
    assert canonical("//cdn.example.org/b", base="https://example.org/") == "https://cdn.example.org/b"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ftp://example.org/",
        "javascript:alert(1)",
        "https:///a",
        "https://exa mple.org/",
        "http://a:99999/",
        "http://[::1/",
        "mailto:a@b.c",
        "https://a..b/",
        "x" * 9,
        "https://example.org/" + "a" * 3000,
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(InvalidUrl):
        canonical(written)


urls = st.builds(
    lambda scheme, host, path, query, fragment: f"{scheme}://{host}/{path}?{query}#{fragment}",
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["example.org", "EXAMPLE.org:443", "é.example", "127.0.0.1:8080", "[::1]"]),
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(max_size=5),
)


@given(urls)
def test_the_canonical_form_is_canonical(url: str) -> None:
    try:
        once = canonical(url)
    except InvalidUrl:
        return
    assert canonical(once) == once
    assert once.isascii()


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    with suppress(InvalidUrl):
        assert canonical(text).startswith(("http://", "https://"))
    same_site(text, "https://example.org/")


def test_a_site_is_what_was_registered() -> None:
    assert registrable_domain("www.bbc.co.uk") == "bbc.co.uk"
    assert same_site("https://www.example.co.uk/a", "http://news.example.co.uk/b")
    assert not same_site("https://example.co.uk/", "https://other.co.uk/")
    assert same_site("https://www.lefil.example/", "https://lefil.example/")
    assert not same_site("https://anne.blogspot.com/", "https://jean.blogspot.com/")


def test_addresses_without_a_domain_are_one_site_by_host_and_port() -> None:
    assert same_site("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/b")
    assert not same_site("http://127.0.0.1:8000/a", "http://127.0.0.1:8001/a")
    assert not same_site("http://127.0.0.1/a", "http://127.0.0.2/a")
    assert same_site("http://localhost/a", "http://localhost:80/b")
    assert not same_site("", "")
