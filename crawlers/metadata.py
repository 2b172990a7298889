"""What a page says about its article beside the text: title, authors, section, tags, image, paywall, its canonical address.

Every field gathers what the page states in its several places, and a short rule chooses; no rule knows any outlet.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath
from lxml.html import HtmlElement

from crawlers import urls
from crawlers.jsonld import text, texts, types
from crawlers.page import Page, clean, select, text_of
from crawlers.phrases import words_of

MAX_TITLE = 400
# A heading shorter than this may be a rubrique alone.
MIN_SHARED_TITLE = 12
MAX_TAGS = 50
MAX_NODES = 200

# -- names of outlets

_OUTLET_TYPES = frozenset({"Organization", "NewsMediaOrganization", "WebSite"})


_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


def outlet_names(page: Page) -> set[str]:
    """The names under which the outlet appears on its own page, as keys (see key_of)."""
    nodes = page.jsonld.nodes[:MAX_NODES]
    signing = _person_names(page, page.jsonld.article.get("author"))
    stated = page.all_meta(
        "og:site_name", "application-name", "al:ios:app_name", "al:android:app_name", "publisher", "dc.publisher"
    )
    stated += [name for node in nodes for name in texts(page.jsonld.resolved(node.get("publisher")))]
    stated += [name for node in nodes if types(node) & _OUTLET_TYPES and (name := text(node.get("name"))) not in signing]
    stated += [handle.lstrip("@") for handle in page.all_meta("twitter:site")]
    host = (urlsplit(page.url).hostname or "").removeprefix("www.")
    domain = urls.registrable_domain(host)
    stated += [host, domain, domain.split(".")[0]]
    return {key for name in stated if len(key := key_of(name)) > 1}


def key_of(name: str) -> str:
    """A name reduced to its letters and digits, for comparison."""
    return _NOT_ALPHANUMERIC.sub("", html.unescape(name).casefold())


# -- title

_SEPARATOR = re.compile(r"\s+[|–—·•:»«/~-]+\s+|\s*[|｜]\s*|\s*[-–—：]{1,2}(?=[^\s\d]+$)")
# The weight of each place where a title stands; equal titles add up. og:title leads: outlets write it for readers elsewhere.
_TITLE_WEIGHTS = {"og": 1.1, "headline": 1.0, "h1": 0.95, "twitter": 0.45, "listing": 0.45, "title": 0.4}


def title(page: Page, hints: Mapping[str, str], outlets: set[str]) -> str:
    """The title on which most places agree, without the outlet's name."""
    headings = [heading for element in page.tree.iter("h1") if (heading := text_of(element))]
    stated = {
        "og": page.first_meta("og:title"),
        "headline": text(page.jsonld.article.get("headline")) or text(page.jsonld.article.get("name")),
        "h1": headings[0] if headings else "",
        "twitter": page.first_meta("twitter:title"),
        "listing": next((value for name, value in hints.items() if name.endswith("title")), ""),
        "title": next((text_of(element) for element in page.tree.iter("title")), ""),
    }
    cleaned = {place: _without_outlet(clean(unescape(said))[:MAX_TITLE], outlets) for place, said in stated.items()}
    cleaned = {place: _cut_to_agree(said, cleaned.values()) for place, said in cleaned.items()}
    votes: dict[str, float] = {}
    for place, said in cleaned.items():
        if key := key_of(said):
            votes[key] = votes.get(key, 0.0) + _TITLE_WEIGHTS[place]
    if not votes:
        return cleaned["title"]
    best = max(votes, key=lambda key: votes[key])
    return next(said for said in cleaned.values() if key_of(said) == best)


def unescape(said: str) -> str:
    """A text whose HTML escapes have been read, twice escaped ones included."""
    once = html.unescape(said)
    return html.unescape(once) if "&" in once else once


def _without_outlet(said: str, outlets: set[str]) -> str:
    """A title without the outlet's name at its end or start, with what a separator sets apart from it."""
    for _ in range(2):
        cuts = list(_SEPARATOR.finditer(said))
        if cuts and key_of(said[cuts[-1].end() :]) in outlets:
            said = said[: cuts[-1].start()]
        elif cuts and key_of(said[: cuts[0].start()]) in outlets:
            said = said[cuts[0].end() :]
        else:
            return said.strip()
    return said.strip()


def _cut_to_agree(said: str, others: Iterable[str]) -> str:
    """A title cut to what another place says, where it only adds sections or a name behind a separator."""
    shorter = [other for other in others if MIN_SHARED_TITLE < len(other) < len(said) and said.startswith(other)]
    cuts = {match.start() for match in _SEPARATOR.finditer(said)} if shorter else set()
    return min((other for other in shorter if len(other) in cuts), key=len, default=said)


# -- authors

_AUTHOR_METAS = words_of("""
    author article:author og:author og:article:author parsely-author sailthru.author byl dc.creator dcterms.creator
    citation_author cxenseparse:author authors article.author
""")
_BYLINE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:author|byline|auteur|autor|signature)s?(?:$|[\s_-])|author-?name|authorName", re.IGNORECASE
)
_SIGNED = XPath("//body//*[contains(@rel, 'author') or contains(@itemprop, 'author')]")
_BYLINE_TAGS = ("a", "span", "div", "p", "address", "strong", "h3", "h4", "li")
_NOT_BYLINE = re.compile(
    r"comment|related|sidebar|footer|avatar|bio|photo|image|caption|date|share|social|newsletter", re.IGNORECASE
)
_LEAD_IN = re.compile(
    r"^\W*(?:"
    r"(?:(?:written|story|text|reporting|words|posted|published|reviewed|edited)\s+)?by\b|author\s*:"
    r"|(?:propos recueillis |publié |rédigé |écrit )?par\b|texte\s*:"
    r"|(?:ein(?:e\w*)?\s+\w+\s+|aus\s+\w+\s+)?von\b|text\s*:|autor(?:in)?\s*:"
    r"|por\b|di\s+(?=[A-ZÀ-Ý])|door\b|av\b|af\b"
    r")[\s:]*",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\s*[;|/•·\n]\s*|\s*,\s*(?:and|et|und|y|e|en|og|och)\s+|\s*,\s*|\s+(?:and|et|und|y|&|og|och)\s+|\s+(?:avec|with)\s+(?=[A-ZÀ-Ý])",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"\S+@\S+\.\S+|https?://\S+|www\.\S+|(?<!\w)@\w+")
_PARENTHESIS = re.compile(r"\s*[(\[][^)\]]{0,80}[)\]]\s*")
# “…, le 1 mars 2025 à 18h20”
_WHEN = re.compile(r",?\s+(?:le|on|am|vom|el|il|den|op)\s+(?:\w+\s+)?\d.*$", re.IGNORECASE)
_TAIL = re.compile(r"\s+(?:[-–—|]|in\b|à\b|pour\b|for\b|für\b|\d)\s*.*$")
_ROLE = re.compile(
    r"^(?:\w+\s+){0,4}(?:journalist\w*|journaliste\w*|correspondent\w*|correspondant\w*|korrespondent\w*|reporter\w*|reporters|editor\w*|rédact\w+|redakt\w+"
    r"|writer|columnist|chroniqueu\w+|staff|contributor|contributing|photograph\w*|redac\w+|redazione|newsdesk|desk|bureau|admin|editors)(?:\s+(?:in|at|chief|à|en)\b.*)?$",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(r"\d{1,2}[./:-]\d{1,2}|\b(?:19|20)\d\d\b")


def authors(page: Page, outlets: set[str]) -> tuple[str, ...]:
    """Who signs: people and agencies; where the page names nobody but the outlet, or a desk, that."""
    fallback: list[str] = []
    for names in _author_statements(page):
        candidates = _without_repeats(name for said in names for name in split_names(said))
        signing = [name for name in candidates if not _is_house(name, outlets)]
        if signing:
            return tuple(signing)
        fallback = fallback or candidates
    return tuple(fallback or _without_repeats(name for said in _bylines(page.tree) for name in split_names(said)))


def _author_statements(page: Page) -> Iterator[list[str]]:
    """What each place made for machines says of the authors, the most trustworthy first."""
    yield _person_names(page, page.jsonld.article.get("author") or page.jsonld.article.get("creator"))
    yield [said for said in page.all_meta(*_AUTHOR_METAS) if not said.startswith(("http://", "https://", "//"))]
    yield _marked_names(page.tree)
    yield [name for node in page.jsonld.nodes if "Person" in types(node) for name in texts(node.get("name"))][:3]


def _person_names(page: Page, stated: Any) -> list[str]:
    values = stated if isinstance(stated, list) else [stated]
    resolved = [page.jsonld.resolved(value) for value in values[:20]]
    return [name for value in resolved for name in texts(value) if not name.startswith("http")]


def _marked_names(tree: HtmlElement) -> list[str]:
    """Names in elements that are marked as the author's, by rel or itemprop."""
    marked = (element for element in select(_SIGNED, tree) if _says_author(element, "rel") or _says_author(element, "itemprop"))
    return [said for element in islice(marked, 8) if 2 < len(said := _name_within(element)) <= 120]


def _says_author(element: HtmlElement, attribute: str) -> bool:
    return "author" in (element.get(attribute) or "").split()


def _bylines(tree: HtmlElement) -> list[str]:
    """The first text in an element whose class speaks of an author."""
    looking_so = (
        said
        for element in tree.iter(*_BYLINE_TAGS)
        if (kinds := element.get("class")) and _BYLINE_CLASS.search(kinds) and not _NOT_BYLINE.search(kinds)
        if 2 < len(said := text_of(element)) <= 120
    )
    return list(islice(looking_so, 1))


def _name_within(element: HtmlElement) -> str:
    named = (child for child in element.iter("span", "a", "div", "meta") if "name" in (child.get("itemprop") or "").split())
    return next((name for child in named if (name := child.get("content") or text_of(child))), "") or text_of(element)


def split_names(said: str) -> list[str]:
    """The names in a byline, cleaned: ``Par Anne Martin et Jean Dupont (avec AFP)`` → Anne Martin, Jean Dupont."""
    said = clean(unescape(re.sub(r"<[^<>]{0,200}>", " ", said)))[:300]
    said = _PARENTHESIS.sub(" ", _CONTACT.sub(" ", said))
    said = _WHEN.sub("", _LEAD_IN.sub("", _LEAD_IN.sub("", said)))
    parts = [part for part in _SPLIT.split(said) if part]
    if len(parts) == 2 and "," in said and not any(" " in part for part in parts):
        return _names([f"{parts[1]} {parts[0]}"])  # “Dupont, Jean”
    return _names(parts)


def _names(parts: Iterable[str]) -> list[str]:
    cleaned = (_TAIL.sub("", _LEAD_IN.sub("", part)).strip(" .,:;-–—|*©(\"'") for part in parts)
    return [_cased(name) for name in cleaned if _is_name(name)]


def _is_name(name: str) -> bool:
    return 2 <= len(name) <= 60 and len(name.split()) <= 6 and any(map(str.isalpha, name)) and not _DATE_LIKE.search(name)


def _cased(name: str) -> str:
    """A name written all in capitals, in the ordinary way; others are left alone."""
    if name.isupper() and " " in name and name.isascii():
        return " ".join(part.title() if len(part) > 2 else part for part in name.split())
    return name


def _is_house(name: str, outlets: set[str]) -> bool:
    """Whether a name is the outlet's own, or that of a desk."""
    return key_of(name) in outlets or key_of(name).removeprefix("the") in outlets or bool(_ROLE.match(name))


def _without_repeats(names: Iterable[str]) -> list[str]:
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(key_of(name), name)
    return list(seen.values())[:20]


# -- the rest


def section(page: Page) -> str:
    """The section (rubrique) under which the article stands."""
    breadcrumb = [
        node for node in page.jsonld.nodes if "BreadcrumbList" in types(node) and isinstance(node.get("itemListElement"), list)
    ]  # fmt: skip
    said = text(page.jsonld.article.get("articleSection")) or page.first_meta(
        "article:section", "section", "parsely-section", "cxenseparse:section"
    )
    if not said and breadcrumb:
        crumbs = [_crumb(item) for item in breadcrumb[0]["itemListElement"] if isinstance(item, Mapping)]
        said = next((crumb for crumb in crumbs[1:-1] if crumb), "")
    return clean(unescape(said))[:100]


def _crumb(item: Mapping[str, Any]) -> str:
    return text(item.get("name")) or text(item.get("item"))


def tags(page: Page) -> tuple[str, ...]:
    """Keywords, in the order of the page, each once."""
    stated = [*page.all_meta("article:tag"), *texts(page.jsonld.article.get("keywords"))]
    if not stated:
        stated = page.all_meta("news_keywords", "keywords", "parsely-tags", "cxenseparse:keywords")
    single = [clean(unescape(tag)) for said in stated for tag in re.split(r"[,;]", said)]
    seen: dict[str, str] = {}
    for tag in single:
        if 1 < len(tag) <= 80:
            seen.setdefault(tag.casefold(), tag)
    return tuple(seen.values())[:MAX_TAGS]


def image(page: Page) -> str:
    """The address of the main image, absolute; empty if none is given over http(s)."""
    stated = page.first_meta("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src", "image")
    stated = stated or _image_url(page.jsonld.article.get("image")) or text(page.jsonld.article.get("thumbnailUrl"))
    try:
        address = urljoin(page.url, stated) if stated else ""
    except ValueError:
        return ""
    return address if address.startswith(("http://", "https://")) else ""


def _image_url(value: Any) -> str:
    if isinstance(value, list):
        return next((address for item in value if (address := _image_url(item))), "")
    if isinstance(value, Mapping):
        return text(value.get("url")) or text(value.get("contentUrl"))
    return value if isinstance(value, str) else ""


def paywalled(page: Page) -> bool:
    """Whether the page says that the article is not free to read."""
    stated = page.jsonld.article.get("isAccessibleForFree")
    parts = page.jsonld.article.get("hasPart")
    inner = [
        part.get("isAccessibleForFree") for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, Mapping)
    ]
    if stated is None and inner:
        stated = all(_is_true(value) for value in inner)
    if stated is not None:
        return not _is_true(stated)
    tier = page.first_meta("article:content_tier", "article:opinion_tier", "content_tier", "og:article:content_tier").lower()
    return tier in ("locked", "metered", "paid", "premium", "subscriber")


def _is_true(value: Any) -> bool:
    return str(value).strip().lower() not in ("false", "no", "0", "http://schema.org/false", "https://schema.org/false")


def canonical_url(page: Page) -> str:
    """The page's own canonical address, believed within its site only, and never when it names the home page for an article."""
    own = urls.canonical(page.url)
    links = [link.get("href") or "" for link in page.tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    for stated in [*links[:2], page.first_meta("og:url")]:
        if not stated.strip():
            continue
        try:
            address = urls.canonical(stated, base=page.url)
        except urls.InvalidUrl:
            continue
        if urls.same_site(own, address) and (not _is_home(address) or _is_home(own)):
            return address
    return own


def _is_home(url: str) -> bool:
    parts = urlsplit(url)
    return not parts.query and re.fullmatch(r"/(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:index\.\w+)?", parts.path) is not None
