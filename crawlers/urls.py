"""One spelling for each address: the canonical form of URLs, and whether two of them belong to one site.

The form follows RFC 3986 section 6 and the WHATWG URL standard; parameters that only tell where a reader came from are dropped.
"""

import re
import string
from functools import cache
from urllib.parse import urljoin, urlsplit

import idna
from tldextract import TLDExtract

from crawlers.phrases import words_of
from vigie.errors import VigieError

MAX_URL_LENGTH = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
# What may stand bare in a path or query (RFC 3986: sub-delims, ":", "@", "/"; "?" in queries only).
_PATH_SAFE = _UNRESERVED | frozenset("!$&'()*+,;=:@/")
_QUERY_SAFE = _PATH_SAFE | frozenset("?")
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNWANTED = re.compile(r"[\t\n\r]")  # removed wherever they stand, as browsers do
_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;]*", re.IGNORECASE)

# Parameters of campaign and click tracking, as their makers document them. Names that some sites give a meaning of their own
# (ref, source, id, share) are kept.
_TRACKING_NAMES = frozenset(
    words_of("""
    fbclid fb_action_ids fb_action_types fb_source fb_ref mibextid sfnsn igshid igsh gclid gclsrc dclid gbraid wbraid
    gad_source gad_campaignid srsltid _ga _gl usqp amp_js_v amp_gsa msclkid yclid ysclid twclid ttclid li_fat_id epik
    rdt_cid sscid s_kwcid ef_id s_cid ref_src ref_url twsrc __twitter_impression xtor xtref xts xtcr at_medium at_campaign
    at_format at_creation at_variant at_network at_term at_link at_platform at_emailtype at_recipient_id at_recipient_list
    at_send_date at_ptr_name at_link_id at_link_type at_link_origin at_bbc_team mc_cid mc_eid mkt_tok _hsenc _hsmi __hssc
    __hstc hsctatracking vero_id vero_conv oly_anon_id oly_enc_id _openstat rb_clickid ns_mchannel ns_source ns_campaign
    ns_linkname ns_fee wt_mc wt.mc_id wt_zmc wickedid spm trk trkcampaign smid smtyp sr_share ncid ocid ito cmpid cmp
    echobox dicbo guccounter guce_referrer guce_referrer_sig cx_testid cx_testvariant cx_artpos phpsessid jsessionid
    """)
)
_TRACKING_PREFIXES = ("utm_", "at_custom", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "stm_")


class InvalidUrl(VigieError):
    """An address that no page can have: not http(s), without a host, or malformed."""


def canonical(url: str, base: str = "") -> str:
    """The canonical form of an http(s) URL, resolved against base where it is relative.

    Lower-case scheme and host, IDNA, no default port, user or fragment, ``.`` and ``..`` resolved, escapes in normal form,
    tracking parameters removed, all others kept in their order. Applying it twice changes nothing. Raises InvalidUrl.
    """
    try:
        return _canonical(url, base)
    except ValueError as error:
        raise InvalidUrl(f"{url[:200]!r} is not a usable address: {error}") from error


def same_site(a: str, b: str) -> bool:
    """Whether two URLs share a registrable domain (public suffix list); for IP addresses and bare names, host and port."""
    try:
        first, second = urlsplit(a), urlsplit(b)
        own, other = registrable_domain(first.hostname or ""), registrable_domain(second.hostname or "")
        if own or other:
            return own == other
        return bool(first.hostname) and (first.hostname, _port(first.scheme, first.port)) == (
            second.hostname,
            _port(second.scheme, second.port),
        )
    except ValueError:
        return False


@cache
def registrable_domain(host: str) -> str:
    """The domain under which a host is registered (``bbc.co.uk`` of ``www.bbc.co.uk``); empty for addresses and bare names."""
    found = _public_suffixes()(host)
    if found.suffix or found.ipv4 or found.ipv6 or "." not in host:
        return found.top_domain_under_public_suffix.lower()
    # https://github.com/publicsuffix/list/wiki/Format: where no rule matches, the last label is the suffix.
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


@cache
def _public_suffixes() -> TLDExtract:
    # The bundled list only: reading a URL must never fetch one. Private suffixes count: two blogs of one host are two sites.
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _canonical(url: str, base: str) -> str:
    text = _UNWANTED.sub("", url.strip())
    if base:
        text = urljoin(base, text)
    if len(text) > MAX_URL_LENGTH:
        raise ValueError(f"longer than {MAX_URL_LENGTH} characters")
    scheme, separator, rest = text.partition(":")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        raise ValueError("only http and https are followed")
    before_query, mark, query = rest.partition("?")
    parts = urlsplit(f"{scheme}:" + before_query.replace("\\", "/") + mark + query)
    host = _host(parts.hostname or "")
    port = _port(scheme, parts.port)
    netloc = host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    path = _without_dots(_escape(_SESSION.sub("", parts.path), _PATH_SAFE)) or "/"
    query = _without_tracking(_escape(parts.query, _QUERY_SAFE))
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")


def _port(scheme: str, port: int | None) -> int:
    return _DEFAULT_PORTS.get(scheme, 0) if port is None else port


def _host(host: str) -> str:
    if not host:
        raise ValueError("it names no host")
    if ":" in host:
        return f"[{host.lower()}]"
    host = host.rstrip(".").lower()
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii").lower()
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", host) or ".." in host:
        raise ValueError("its host is malformed")
    return host


def _escape(text: str, safe: frozenset[str]) -> str:
    """Percent-encoding in normal form: unreserved characters bare, all that must not stand bare escaped, in upper case."""
    if "%" not in text and safe.issuperset(text):
        return text
    pieces = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "%" and (match := _ESCAPE.match(text, position)):
            decoded = chr(int(match[1], 16))
            pieces.append(decoded if decoded in _UNRESERVED else f"%{match[1].upper()}")
            position = match.end()
            continue
        pieces.append(
            character if character in safe else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
        )
        position += 1
    return "".join(pieces)


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4, never above the root."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _without_tracking(query: str) -> str:
    return "&".join(pair for pair in query.split("&") if pair and not _is_tracking(pair.partition("=")[0].lower()))


def _is_tracking(name: str) -> bool:
    return name in _TRACKING_NAMES or name.startswith(_TRACKING_PREFIXES)
