"""Structured data that pages carry as JSON-LD, read leniently: what schema.org calls an article, and its parts.

Publishers write broken JSON (control characters, trailing commas, HTML escapes, comment wrappers); what can be mended is.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml.html import HtmlElement

from crawlers.phrases import words_of

# https://schema.org/Article and its subtypes, with the neighbours under which press texts are published.
ARTICLE_TYPES = frozenset(
    words_of("""
    Article NewsArticle AdvertiserContentArticle AnalysisNewsArticle AskPublicNewsArticle BackgroundNewsArticle
    OpinionNewsArticle ReportageNewsArticle ReviewNewsArticle SatiricalArticle ScholarlyArticle MedicalScholarlyArticle
    TechArticle APIReference Report SocialMediaPosting BlogPosting LiveBlogPosting DiscussionForumPosting Review
    CriticReview ClaimReview Recipe HowTo
    """)
)
# Types that say that a page is not one article.
LISTING_TYPES = frozenset(
    {"CollectionPage", "SearchResultsPage", "ProfilePage", "ContactPage", "AboutPage", "CheckoutPage", "ItemList"}
)

_MAX_DEPTH = 12
_MAX_NODES = 2000
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_CONTROL = re.compile(r"[\x00-\x1f]+")
_FIELD = re.compile(
    r'"(datePublished|dateCreated|dateModified|headline|articleSection|isAccessibleForFree|inLanguage)"\s*:\s*("(?:[^"\\\n]|\\.){1,400}"|true|false)'
)
_TYPE = re.compile(r'"@type"\s*:\s*\[?\s*"(\w+)"')
_AUTHOR = re.compile(r'"author"\s*:\s*[\[{][^\]}]{0,300}?"name"\s*:\s*"((?:[^"\\\n]|\\.){2,100})"')

Node = Mapping[str, Any]


@dataclass(frozen=True)
class JsonLd:
    """All nodes of a page's JSON-LD, and which of them is the article (an empty one if none is)."""

    nodes: tuple[Node, ...] = ()
    article: Node = field(default_factory=dict)

    @property
    def types(self) -> set[str]:
        """The types of all nodes, without the address of their vocabulary."""
        return {kind for node in self.nodes for kind in types(node)}

    def resolved(self, value: Any) -> Any:
        """The value, with a bare reference (``{"@id": …}``) replaced by the node that it names."""
        if isinstance(value, Mapping) and "@id" in value and "name" not in value:
            named = (node for node in self.nodes if node.get("@id") == value["@id"] and "name" in node)
            return next(named, value)
        return value


def read_jsonld(tree: HtmlElement, url: str = "") -> JsonLd:
    """The JSON-LD of a page. Where several articles stand in it, the one that names the page's URL is taken, else the fullest."""
    nodes: list[Node] = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower() and (text := script.text_content()):
            nodes.extend(_walk(parse(text)))
    nodes = nodes[:_MAX_NODES]
    articles = [node for node in nodes if types(node) & ARTICLE_TYPES]
    return JsonLd(tuple(nodes), max(articles, key=lambda node: _fitness(node, url), default={}))


def parse(text: str) -> Any:
    """The value of a JSON text that may be broken; where nothing can be mended, the few fields that can be read from it."""
    text = _unwrapped(text)
    for mended in _mendings(text):
        try:
            return json.loads(mended, strict=False)
        except ValueError:
            continue
        except RecursionError:
            return {}
    try:
        # a second value, or rubbish, behind a good one
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return _salvaged(text)


def types(node: Node) -> set[str]:
    """The schema.org types of a node."""
    stated = node.get("@type")
    return {str(kind).rsplit("/", 1)[-1] for kind in (stated if isinstance(stated, list) else [stated]) if kind}


def texts(value: Any) -> list[str]:
    """The strings in a value that may be one, a list of them, or objects with a name."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, Mapping):
        return texts(value.get("name") or value.get("url") or value.get("@value"))
    if isinstance(value, list):
        return [text for item in value[:100] if not isinstance(item, list) for text in texts(item)]
    return []


def text(value: Any) -> str:
    """The first string in a value, or the empty one."""
    return next(iter(texts(value)), "")


def _unwrapped(text: str) -> str:
    """What stands between the first and the last bracket: comment and CDATA wrappers fall away."""
    starts = [place for bracket in "{[" if (place := text.find(bracket)) >= 0]
    return text[min(starts) : max(text.rfind("}"), text.rfind("]")) + 1] if starts else ""


def _mendings(text: str) -> Iterator[str]:
    yield text
    yield _TRAILING_COMMA.sub(r"\1", _CONTROL.sub(" ", text)).strip().rstrip(";")
    if "&" in text:
        yield _TRAILING_COMMA.sub(r"\1", html.unescape(_CONTROL.sub(" ", text)))


def _salvaged(text: str) -> Node:
    kind = next((kind for kind in _TYPE.findall(text) if kind in ARTICLE_TYPES), None)
    if not kind:
        return {}
    fields: dict[str, Any] = {"@type": kind}
    for name, value in _FIELD.findall(text):
        try:
            fields.setdefault(name, json.loads(value, strict=False))
        except ValueError:
            continue
    if names := _AUTHOR.findall(text):
        fields["author"] = [{"name": name} for name in names[:1]]
    return fields


def _walk(value: Any, depth: int = 0) -> Iterator[Node]:
    """Every typed node, outer ones first."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:_MAX_NODES]:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        if "@type" in value:
            yield value
        for key, item in value.items():
            if isinstance(item, (dict, list)) and key not in ("comment", "hasPart", "review", "liveBlogUpdate"):
                yield from _walk(item, depth + 1)


def _fitness(node: Node, url: str) -> tuple[bool, int]:
    page = text(node.get("url")) or text(node.get("mainEntityOfPage")) or str(node.get("@id", ""))
    own = bool(url) and page.split("#")[0].rstrip("/") == url.split("#")[0].rstrip("/")
    return own, sum(key in node for key in ("headline", "datePublished", "author", "articleBody"))
