"""A page as parsed once: its tree, what its head says, and its structured data. Everything that reads a page starts here."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from lxml.etree import ParserError, XPath
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from crawlers.jsonld import JsonLd, read_jsonld

_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_TEXTS = XPath("descendant-or-self::*[not(self::script or self::style or self::noscript or self::template)]/text()")
_EMPTY = b"<html><body></body></html>"
_SPACE = re.compile(r"\s+")
_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\u2060\ufeff")


@dataclass(frozen=True)
class Page:
    """A parsed page. url: where it was fetched."""

    tree: HtmlElement
    url: str

    @classmethod
    def parse(cls, html: str, url: str) -> "Page":
        """Parse a page; anything at all yields a tree, if an empty one."""
        # U+0000 would end the text for libxml2.
        body = _XML_DECLARATION.sub("", html, count=1).replace("\0", "\ufffd").encode("utf-8", "replace")
        try:
            tree = document_fromstring(body, parser=_parser())
        except (ParserError, ValueError, AssertionError):
            tree = document_fromstring(_EMPTY, parser=_parser())
        return cls(tree, url)

    @cached_property
    def meta(self) -> dict[str, list[str]]:
        """The contents of the meta elements by name, property or itemprop (lower case), in the order of the page."""
        found: dict[str, list[str]] = {}
        for element in self.tree.iter("meta"):
            content = clean(element.get("content") or "")
            if not content:
                continue
            for attribute in ("property", "name", "itemprop"):
                for name in (element.get(attribute) or "").lower().split():
                    found.setdefault(name, []).append(content)
        return found

    @cached_property
    def jsonld(self) -> JsonLd:
        """The page's JSON-LD."""
        return read_jsonld(self.tree, self.url)

    def first_meta(self, *names: str) -> str:
        """The content of the first of these meta elements that says something."""
        return next((self.meta[name][0] for name in names if name in self.meta), "")

    def all_meta(self, *names: str) -> list[str]:
        """The contents of all these meta elements."""
        return [content for name in names for content in self.meta.get(name, ())]


def _parser() -> HTMLParser:
    return HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)


def select(path: XPath, tree: HtmlElement) -> list[HtmlElement]:
    """The elements that a compiled path finds below a tree."""
    return cast("list[HtmlElement]", path(tree))


def clean(text: str) -> str:
    """A text on one line, without the characters that cannot be seen."""
    return _SPACE.sub(" ", text.translate(_INVISIBLE)).strip()


def running_text_of(paragraph: HtmlElement) -> str:
    """The text of an element that holds inline elements only, which do not part words."""
    return clean("".join(cast("list[str]", _TEXTS(paragraph))))


def text_of(element: HtmlElement) -> str:
    """The text of an element on one line, without scripts and styles."""
    return clean(" ".join(cast("list[str]", _TEXTS(element))))
