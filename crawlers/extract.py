"""From a page to its article: the one door of this room's reading, for the crawl and for ``vigie extract``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from crawlers import metadata
from crawlers.body import read_body
from crawlers.dates import published
from crawlers.decoding import decode
from crawlers.jsonld import ARTICLE_TYPES, LISTING_TYPES
from crawlers.page import Page, text_of
from vigie.article import Published
from vigie.errors import UsageError
from vigie.language import detect_language

NO_HINTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a page says. kind: whether it is an article; reason: why it is not. All fields are plain text, never markup."""

    title: str
    text: str
    authors: tuple[str, ...]
    published: Published | None
    language: str
    section: str
    tags: tuple[str, ...]
    image: str
    paywalled: bool
    canonical_url: str
    kind: Literal["article", "other"]
    reason: str = ""


def extract(html: bytes | str, url: str, content_type: str = "", hints: Mapping[str, str] = NO_HINTS) -> Extracted:
    """Read the article out of a page.

    html: the page, as bytes (decoded by content_type, its own declarations, or detection) or as text. url: where it was fetched;
    raises crawlers.urls.InvalidUrl if it is no address. hints: what listings said, as written (``feed.title``,
    ``sitemap.published`` …).
    """
    page = Page.parse(html if isinstance(html, str) else decode(html, content_type), url)
    address = metadata.canonical_url(page)
    outlets = metadata.outlet_names(page)
    title = metadata.title(page, hints, outlets)
    authors = metadata.authors(page, outlets)
    text = read_body(page, title, authors)
    reason = _why_no_article(page, title, text)
    return Extracted(
        title=title,
        text=text,
        authors=authors,
        published=published(page, hints, search=not reason),
        language=_language(page, title, text),
        section=metadata.section(page),
        tags=metadata.tags(page),
        image=metadata.image(page),
        paywalled=metadata.paywalled(page),
        canonical_url=address,
        kind="other" if reason else "article",
        reason=reason,
    )


def extract_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """One line of ``vigie extract --jsonl -``: {html | path, url} → what the page says, ready for JSON.

    published is ISO 8601: a day where only the day is known, otherwise with the offset that the page gives (UTC if it gives
    none). Raises UsageError where the record lacks a field or the file cannot be read.
    """
    url = record.get("url")
    if not isinstance(url, str) or not url:
        raise UsageError('the record has no "url"', mend='Each line needs "url", and "html" or "path".')
    found = extract(_html_of(record), url, str(record.get("content_type") or ""))
    return {
        "title": found.title,
        "text": found.text,
        "authors": list(found.authors),
        "published": iso_8601(found.published) if found.published else None,
        "language": found.language,
        "section": found.section,
        "tags": list(found.tags),
        "image": found.image,
        "canonical_url": found.canonical_url,
        "paywalled": found.paywalled,
        "kind": found.kind,
        "reason": found.reason,
    }


def iso_8601(when: Published) -> str:
    """A date of publication as ISO 8601, no more precise than it is known."""
    local = when.instant.astimezone(timezone(timedelta(minutes=when.offset or 0)))
    if when.precision == "month":
        return local.strftime("%Y-%m")
    if when.precision == "day":
        return local.date().isoformat()
    return local.isoformat(timespec="minutes" if when.precision == "minute" else "seconds")


def _html_of(record: Mapping[str, Any]) -> bytes | str:
    if isinstance(html := record.get("html"), str):
        return html
    path = record.get("path")
    if not isinstance(path, str):
        raise UsageError('the record has neither "html" nor "path"', mend='Each line needs "url", and "html" or "path".')
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", mend="Give the path of a saved page.") from error


# -- language

# Languages that a letter statistic takes for one another; what the page declares decides between them.
_LOOKALIKES = (
    {"no", "da"}, {"hr", "bs", "sr", "sl"}, {"cs", "sk"}, {"id", "ms"}, {"gl", "pt"}, {"ca", "es"},
    {"af", "nl"}, {"zu", "xh"}, {"lb", "de"},
)  # fmt: skip
_SHORT = 200
_SAMPLE = 1500


def _language(page: Page, title: str, text: str) -> str:
    """The language of the text (ISO 639-1), what the page declares being believed for short texts and between lookalikes."""
    declared = (page.tree.get("lang") or page.first_meta("og:locale", "content-language", "language")).lower()
    declared = re.split(r"[-_]", declared)[0] if re.match(r"[a-z]{2}(?:[-_]|$)", declared) else ""
    declared = {"nb": "no", "nn": "no"}.get(declared, declared)
    detected = detect_language(f"{title}\n{text[:_SAMPLE]}")
    detected = {"nb": "no", "nn": "no"}.get(detected, detected)
    if declared and (len(text) < _SHORT or any({declared, detected} <= pair for pair in _LOOKALIKES)):
        return declared
    return detected or declared


# -- is it an article?

# In bytes of UTF-8, so that a Chinese character weighs as much as three Latin letters.
MIN_TEXT = 100
# Below this, a page must say that it is an article to be one.
_MIN_UNDECLARED = 400
_NOT_FOUND = re.compile(
    r"\b404\b|page not found|not found$|no longer available|page (?:introuvable|non trouvée)"
    r"|cette page n.existe|n.est plus disponible"
    r"|seite (?:nicht gefunden|existiert nicht)|página no (?:encontrada|existe)|pagina non trovata"
    r"|access denied|accès refusé|just a moment|are you a robot|captcha",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^\W*(?:log ?in|sign in|connexion|se connecter|identifiez-vous|anmelden|login|iniciar sesión|accedi)\b", re.IGNORECASE
)
_SECTION_PATH = re.compile(
    r"/(?:tags?|topics?|thema|themen|categor(?:y|ies|ie)|rubrique|authors?|auteurs?|autor|search|recherche|suche|archives?|page/\d+)"
    r"(?:/[^/]*)?/?$",
    re.IGNORECASE,
)
_MANY_TEASERS = 12


def _why_no_article(page: Page, title: str, text: str) -> str:
    """Why a page is no article; empty if it is one."""
    declared = (
        bool(page.jsonld.article) or page.first_meta("og:type").lower() == "article" or "article:published_time" in page.meta
    )
    types = page.jsonld.types
    length = len(text.encode("utf-8", "replace"))
    if _NOT_FOUND.search(title) and length < 5 * MIN_TEXT:
        return f"it is an error page: {title}"
    if not text:
        return "it holds no text"
    if length < 3 * MIN_TEXT and (_LOGIN.match(title) or _asks_for_a_password(page)) and not declared:
        return "it asks for a login"
    if "VideoObject" in types and not page.jsonld.article and length < _MIN_UNDECLARED:
        return "it only shows a video"
    if urlsplit(page.url).path in ("", "/") and not urlsplit(page.url).query and not page.jsonld.article:
        return "it is a home page"
    if types & LISTING_TYPES and not page.jsonld.article and not types & ARTICLE_TYPES:
        return f"it says that it is a {min(types & LISTING_TYPES)}"
    if not declared and _SECTION_PATH.search(urlsplit(page.url).path) and _teasers(page):
        return "it lists other pages"
    if not declared and _teasers(page) >= _MANY_TEASERS and length < 3 * _MIN_UNDECLARED:
        return "it lists other pages"
    if length < (MIN_TEXT if declared else _MIN_UNDECLARED) and not metadata.paywalled(page):
        return f"its text is too short ({len(text)} characters)"
    return ""


def _asks_for_a_password(page: Page) -> bool:
    return any((field.get("type") or "").lower() == "password" for field in page.tree.iter("input"))


def _teasers(page: Page) -> int:
    """How many headings lead elsewhere: a list of other pages has many, an article few beside its own text."""
    headings: Sequence[Any] = [
        heading
        for heading in page.tree.iter("h2", "h3", "h4")
        if heading.find(".//a") is not None or any(above.tag == "a" for above in heading.iterancestors())
    ]
    return len({text_of(heading) for heading in headings})
