"""Where an Elasticsearch is, how to be let in, and what its refusals mean.

The address is a URL: ``https://es.example:9200/vigie``. Several nodes stand between commas (``https://a:9200,b:9200/vigie``), the
path is the prefix of the names of our indices and aliases (``vigie`` by default), ``?shards=6&replicas=1`` says how a new index
is cut.
Credentials come from the environment, so that no list of processes shows them.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from elastic_transport import ConnectionError as CannotConnect
from elastic_transport import ConnectionTimeout, SecurityWarning, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from index.about import REBUILD
from vigie.errors import UsageError, VigieError

API_KEY, USER, PASSWORD = "VIGIE_INDEX_API_KEY", "VIGIE_INDEX_USER", "VIGIE_INDEX_PASSWORD"
CA, FINGERPRINT = "VIGIE_INDEX_CA", "VIGIE_INDEX_FINGERPRINT"

# A node that does not answer within this many seconds is asked no more; another node is, where there is one.
READ_TIMEOUT_S = 30.0

_FORM = "https://host:9200/prefix"


@dataclass(frozen=True, slots=True)
class Address:
    """The nodes (scheme, host and port each), the prefix of names, and how a new index is cut."""

    nodes: tuple[str, ...]
    prefix: str
    shards: int
    replicas: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        """The address as it may be shown."""
        return f"{','.join(self.nodes)}/{self.prefix}"

    @property
    def read_alias(self) -> str:
        """The alias of the index that is asked."""
        return f"{self.prefix}-read"

    @property
    def write_alias(self) -> str:
        """The alias of the index that is written."""
        return f"{self.prefix}-write"


def parse_address(url: str) -> Address:
    """The parts of a URL; raises UsageError on anything that is not of the form that the module describes."""
    if not url.startswith(("http://", "https://")):
        raise _wrong(url, "it begins with neither https:// nor http://")
    # Not by urlsplit, which knows one host only.
    found = re.fullmatch(r"(https?)://(?:([^@/]*)@)?([^/?#]*)/?([^?#]*)(?:\?([^#]*))?", url)
    if not found:
        raise _wrong(url, "it is not of the form of a URL")
    scheme, credentials, hosts, path, query = (part or "" for part in found.groups())
    try:
        options = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    except ValueError as error:
        raise _wrong(url, str(error)) from None
    user, _, password = credentials.partition(":")
    if bool(user) != bool(password):
        raise _wrong(url, "before the @ stand user:password")
    nodes = tuple(_node(url, scheme, host) for host in hosts.split(","))
    prefix = path.strip("/") or "vigie"
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", prefix) or len(prefix) > 100:
        raise _wrong(url, f'"{prefix}" cannot begin the name of an index: small letters, digits, . _ -')
    if unknown := options.keys() - {"shards", "replicas"}:
        raise _wrong(url, f"unknown option {', '.join(sorted(unknown))}; there are shards and replicas")
    shards, replicas = options.get("shards", "1"), options.get("replicas", "0-1")
    if not re.fullmatch(r"[1-9]\d{0,2}", shards) or not re.fullmatch(r"\d|\d-(\d|all)", replicas):
        raise _wrong(url, "shards is a number, replicas a number or a range such as 0-1")
    return Address(nodes, prefix, int(shards), replicas, unquote(user), unquote(password))


def _node(url: str, scheme: str, host: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{host}")
        port = parts.port or 9200
    except ValueError as error:
        raise _wrong(url, str(error)) from None
    if not parts.hostname:
        raise _wrong(url, "a host is missing")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{name}:{port}"


def _wrong(url: str, why: str) -> UsageError:
    # Where there is an @ there may be a password, in any part of a URL that cannot be read.
    said = "the address cannot be read" if "@" in url else f"{url}: {why}"
    return UsageError(f"--index {said}", mend=f"write {_FORM}; without --index the embedded index is used")


def connect(address: Address, environment: Mapping[str, str]) -> Elasticsearch:
    """A client for the nodes, with the credentials and certificates that the environment names. It connects when first asked.

    Raises UsageError where these contradict each other or the file of the CA cannot be read.
    """
    key, user, password = (environment.get(name, "") for name in (API_KEY, USER, PASSWORD))
    user, password = user or address.user, password or address.password
    if key and user:
        raise UsageError(f"{API_KEY} and a user are both given", mend="use one of them; an API key is enough")
    if bool(user) != bool(password):
        raise UsageError(f"{USER} and {PASSWORD} go together", mend="set both, or neither")
    ca, fingerprint = environment.get(CA, ""), environment.get(FINGERPRINT, "")
    if (ca or fingerprint) and address.nodes[0].startswith("http://"):
        raise UsageError(f"{CA if ca else FINGERPRINT} is set, but the address begins with http://", mend="write https://")
    if ca and not Path(ca).is_file():
        raise UsageError(f"{CA}: {ca} is no file", mend="name the certificate (PEM) of the authority that signed the node's")
    tls = {"ca_certs": ca} if ca else {"ssl_assert_fingerprint": fingerprint} if fingerprint else {}
    return Elasticsearch(
        list(address.nodes),
        **({"api_key": key} if key else {"basic_auth": (user, password)} if user else {}),
        **tls,  # type: ignore[arg-type]
        request_timeout=READ_TIMEOUT_S,
        max_retries=3,
        retry_on_status=(429, 502, 503, 504),
        retry_on_timeout=False,
        http_compress=False,
    )


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what the client or a node says into a clear VigieError that names the place."""
    try:
        yield
    except (ApiError, TransportError, UnsupportedProductError) as error:
        raise explanation(error, place) from error


def explanation(error: Exception, place: str) -> VigieError:
    """The clear line for an error of the client."""
    if isinstance(error, UnsupportedProductError):
        return VigieError(f"{place}: this is not Elasticsearch", mend="Vigie speaks to Elasticsearch 8.19 and later")
    if isinstance(error, ApiError):
        return _refusal(error, place)
    if isinstance(error, TlsError | SecurityWarning):
        return VigieError(
            f"{place}: the certificate cannot be trusted ({_first_line(error)})",
            mend=f"name the CA's certificate in {CA}, or the node's fingerprint in {FINGERPRINT}",
        )
    if isinstance(error, ConnectionTimeout):
        return VigieError(f"{place}: no answer in time", mend="look whether it is overloaded; nothing is lost: try again")
    if isinstance(error, CannotConnect):
        found = re.search(r"\[Errno -?\d+\] ([^()'\"]+)", str(error))  # the system's words, without the libraries' around them
        reason = found[1].strip() if found else _first_line(error)
        return VigieError(f"{place}: cannot be reached ({reason})", mend="start the node, or mend the address (--index)")
    return VigieError(f"{place}: {type(error).__name__}: {_first_line(error)}")


def _refusal(error: ApiError, place: str) -> VigieError:
    said = f"{error.error} {error.body}"
    status = error.status_code
    if "media_type_header" in said or status == 406:
        return VigieError(
            f"{place}: another major version of Elasticsearch than Vigie speaks to", mend="use Elasticsearch 8.19 or 9"
        )
    if status == 401:
        return VigieError(
            f"{place}: the credentials are wrong or missing",
            mend=f"set {API_KEY}, or {USER} and {PASSWORD}; see docs/elasticsearch.md",
        )
    if blocked := block(said):
        return VigieError(f"{place}: {blocked}")
    if status == 403:
        return VigieError(
            f"{place}: the credentials do not allow this ({reason_of(error)})",
            mend="docs/elasticsearch.md lists the privileges that are needed",
        )
    if "search_context_missing" in said:
        return VigieError(
            f"{place}: the export was interrupted: what it reads is gone (its node was restarted, or it waited too long)",
            mend="begin it again",
        )
    if "index_not_found" in said:
        return VigieError(f"{place}: there is no index yet", mend="make it with: vigie index")
    if status == 413:
        return VigieError(
            f"{place}: a gateway before the cluster refuses requests of a quarter of a megabyte",
            mend="let it pass larger ones (nginx: client_max_body_size 10m)",
        )
    if status in (429, 502, 503, 504):
        return VigieError(
            f"{place}: the cluster cannot answer now (HTTP {status}, {error.error})",
            mend="nothing is lost: try again when it has recovered",
        )
    return VigieError(f"{place}: HTTP {status}: {reason_of(error)}", mend=f"if the index is damaged, build it anew: {REBUILD}")


def block(said: str) -> str:
    """What keeps an index from being written, in words; empty where nothing does."""
    if "flood-stage" in said or "read_only_allow_delete" in said:
        return "a disk of the cluster is full over its flood-stage watermark, the index takes no articles until there is space"
    if "cluster_block_exception" in said and "read-only" in said:
        return "the index or the cluster is set to read-only"
    if "cluster_block_exception" in said:
        return "the cluster blocks the index (it may have no master, or be recovering)"
    return ""


def reason_of(error: ApiError) -> str:
    """The reason that a node gives, in one line."""
    body = error.body
    cause = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(cause, dict):
        causes = cause.get("root_cause") or [cause]
        cause = causes[0].get("reason") or cause.get("reason") or cause.get("type")
    return str(cause or error.error)[:300].replace("\n", " ")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
