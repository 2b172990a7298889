"""The text of an article: trafilatura finds it, then the page itself is asked what was missed and what does not belong.

trafilatura (Barbaresi 2021, https://doi.org/10.18653/v1/2021.acl-demo.15) runs once, on the tree that is parsed already. Its
blocks are then corrected by rules that know no outlet: the title does not repeat in the text; links alone are no paragraphs;
paragraphs that stand in the same kind of container as the text belong to it; the publisher's own articleBody bears witness
where it agrees with the page.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, islice

from lxml.etree import XPath
from lxml.html import HtmlElement

from crawlers import phrases
from crawlers.dates import read_date
from crawlers.jsonld import text as first_text
from crawlers.metadata import key_of, unescape
from crawlers.page import Page, clean, running_text_of, select, text_of

# trafilatura says at warning level that a page has no text; here that is an ordinary answer.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, table row or quote. linked: the share of its characters that stand in links."""

    kind: str
    text: str
    linked: float = 0.0


def read_body(page: Page, title: str, authors: Sequence[str]) -> str:
    """The article's text: paragraphs parted by blank lines, without title, byline and calls to action; empty if there is none."""
    witness = _witness(page)
    tree = _alone(page.tree, title)
    blocks = _found(tree, page.url)
    if sum(len(block.text) for block in blocks) < _MIN_RENDERED:
        blocks = _embedded(page.tree) or blocks
    if blocks:
        blocks = _completed(tree, blocks)
        blocks = _standing(blocks, title, authors, page)
    told = "\n\n".join(block.text for block in blocks)
    if witness and _is_cut(told, witness, page):
        return witness
    if witness:
        told = "\n\n".join(block.text for block in _attested(blocks, witness))
    return _with_standfirst(page, told, title)


# -- what trafilatura finds

_BLOCKS = frozenset(
    phrases.words_of(
        "p head item quote row list code div table body lb section article main blockquote ul ol li h1 h2 h3 h4 h5 h6"
    )
)
_MAX_DEPTH = 200


def _alone(tree: HtmlElement, title: str) -> HtmlElement:
    """The tree without the further articles that endless pages append to the one that bears the title."""
    entitled = [(article, heading) for article in tree.iter("article") if (heading := article.find(".//h1")) is not None]
    own = next((article for article, heading in entitled if key_of(text_of(heading)) == key_of(title)), None)
    if own is None or len(entitled) < 2:
        return tree
    places = [place for place, (article, _) in enumerate(entitled) if not _related(article, own)]
    if not places:
        return tree
    copied = deepcopy(tree)
    articles = [article for article in copied.iter("article") if article.find(".//h1") is not None]
    for place in places:
        articles[place].drop_tree()
    return copied


def _related(one: HtmlElement, other: HtmlElement) -> bool:
    return one is other or one in other.iterancestors() or other in one.iterancestors()


def _found(tree: HtmlElement, url: str) -> list[Block]:
    from trafilatura import bare_extraction

    try:
        document = bare_extraction(tree, url=url, include_comments=False, include_links=True)
    except Exception:  # a heuristic over hostile trees: whatever it stumbles on, it found nothing
        logging.getLogger(__name__).info("trafilatura failed on %s", url, exc_info=True)
        return []
    body = getattr(document, "body", None)
    return list(_blocks(body)) if body is not None else []


def _blocks(body: HtmlElement) -> Iterator[Block]:
    """The blocks of an extracted tree, in order."""
    pieces: list[str] = []
    linked = 0

    def finished(kind: str) -> Iterator[Block]:
        nonlocal linked
        said = clean("".join(pieces))
        if said:
            yield Block(kind, said, min(1.0, linked / len(said)))
        pieces.clear()
        linked = 0

    def add(said: str | None, *, in_link: bool) -> None:
        nonlocal linked
        if said:
            pieces.append(said)
            linked += len(clean(said)) if in_link else 0

    def walk(element: HtmlElement, kind: str, depth: int, *, in_link: bool) -> Iterator[Block]:
        is_block = element.tag in _BLOCKS
        in_link = in_link or element.tag == "ref"
        if is_block:
            yield from finished(kind)
            kind = kind if element.tag == "lb" else str(element.tag)
        elif element.tag == "cell":
            pieces.append(" ")
        add(element.text, in_link=in_link)
        for child in element if depth < _MAX_DEPTH else ():
            yield from walk(child, kind, depth + 1, in_link=in_link)
            add(child.tail, in_link=in_link)
        if is_block:
            yield from finished(kind)

    yield from walk(body, "body", 0, in_link=False)
    yield from finished("body")


# -- what scripts would have rendered

# A page that shows less than this may keep its text in the state of a script.
_MIN_RENDERED = 250
# An unclosed literal matches to the end, so that no text is scanned twice.
_LITERAL = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)', re.DOTALL)
_MIN_LITERAL = 300
_ESCAPED_MARKUP = re.compile(r"<p[\s>]|\\+u003cp[\s>\\]", re.IGNORECASE)
_EMBEDDED = XPath(
    "descendant::*[self::p or self::h2 or self::h3 or self::h4 or self::li or self::blockquote]"
    "[not(ancestor::figure or ancestor::figcaption or ancestor::li)]"
)


def _embedded(tree: HtmlElement) -> list[Block]:
    """The blocks of the longest markup of paragraphs among the string literals of scripts (the state of a web application)."""
    fragments = [
        fragment
        for script in tree.iter("script")
        if script.text and _ESCAPED_MARKUP.search(script.text)
        for fragment in _markup_in(script.text)
    ]
    if not fragments:
        return []
    fragment = Page.parse(max(fragments, key=len), "").tree
    kinds = {"p": "p", "li": "item", "blockquote": "quote"}
    said = [(element, text_of(element)) for element in select(_EMBEDDED, fragment)]
    return [Block(kinds.get(element.tag, "head"), text) for element, text in said if text]


def _markup_in(script: str, depth: int = 2) -> Iterator[str]:
    for literal in _LITERAL.finditer(script):
        if len(literal[1]) < _MIN_LITERAL or not _ESCAPED_MARKUP.search(literal[1]):
            continue
        try:
            said = json.loads(f'"{literal[1]}"', strict=False)
        except ValueError:
            continue
        if said.count("</p>") >= 3:
            yield said
        elif depth > 1:
            yield from _markup_in(said, depth - 1)


# -- what was missed: paragraphs in the same kind of container

_PARAGRAPHS = XPath("//body//p[not(ancestor::aside or ancestor::footer or ancestor::nav or ancestor::form or ancestor::figure)]")
_MIN_MISSED = 60
_BESIDE = re.compile(
    r"comment|related|recommend|newsletter|promo|teaser|sidebar|footer|caption|credit|copyright|social|share|advert|sponsor|paywall|author-?bio|\bbio\b",
    re.IGNORECASE,
)


def _completed(tree: HtmlElement, blocks: list[Block]) -> list[Block]:
    """The blocks, with the paragraphs put in that were left out and stand in a container of the same kind in the same article."""
    places = {_start(block.text): place for place, block in enumerate(blocks)}
    paragraphs = [
        (paragraph, said) for paragraph in select(_PARAGRAPHS, tree) if len(said := running_text_of(paragraph)) >= _MIN_MISSED
    ]
    kept = Counter(_container(paragraph) for paragraph, said in paragraphs if _start(said) in places)
    if not kept:
        return blocks
    container, support = kept.most_common(1)[0]
    if support < 3 or 2 * support < kept.total():
        return blocks
    whole = " ".join(block.text for block in blocks)
    missed: dict[int, list[Block]] = {}
    last = -1
    for paragraph, said in paragraphs:
        if (place := places.get(_start(said))) is not None:
            last = max(last, place)
        elif _container(paragraph) == container and said[:_MIN_MISSED] not in whole and _belongs(paragraph, said):
            missed.setdefault(last, []).append(Block("p", said))
    if not missed:
        return blocks
    completed = missed.get(-1, [])
    for place, block in enumerate(blocks):
        completed += [block, *missed.get(place, ())]
    return completed


def _container(paragraph: HtmlElement) -> tuple[HtmlElement | str, ...]:
    """Where a paragraph stands: the article that holds it, and tags and first classes of its parent and grandparent."""
    parent = paragraph.getparent()
    above = parent.getparent() if parent is not None else None
    article = next(paragraph.iterancestors("article"), paragraph.getroottree().getroot())
    kinds = [
        f"{element.tag}.{'.'.join((element.get('class') or '').split()[:2])}"
        for element in (parent, above)
        if element is not None
    ]
    return (article, *kinds)


def _belongs(paragraph: HtmlElement, said: str) -> bool:
    links = sum(len(text_of(link)) for link in paragraph.iter("a"))
    marked = f"{paragraph.get('class') or ''} {paragraph.get('id') or ''}"
    return (
        _is_prose(said)
        and 2 * links < len(said)
        and not _BESIDE.search(marked)
        and "none" not in (paragraph.get("style") or "")
        and not phrases.CALL.match(said)
    )


def _is_prose(said: str) -> bool:
    return said.rstrip("\"'”’»)]").endswith((".", "!", "?", "…", ":", "。", "！", "？", "؟"))


def _start(said: str) -> str:
    return key_of(said[:80])[:50]


# -- what does not belong

# Longer paragraphs that begin like a call or a credit are text, unless most of a call is links.
_MAX_CALL = 260
_MAX_CREDIT = 160
# A title repeats, and a byline stands, among the first blocks only.
_LEADING = 8
_MIN_TITLE_KEY = 15
_MAX_STAMP = 90


def _standing(blocks: list[Block], title: str, authors: Sequence[str], page: Page) -> list[Block]:
    """The blocks that are text of this article."""
    titles = {key_of(title), *(key_of(text_of(heading)) for heading in page.tree.iter("h1"))} - {""}
    signed = {key_of(name) for name in authors}
    paragraphs = sum(block.kind == "p" and block.linked < 0.5 for block in blocks)
    kept: list[Block] = []
    for place, block in enumerate(blocks):
        after = blocks[place + 1] if place + 1 < len(blocks) else None
        if _is_furniture(block, after, many=paragraphs >= 3):
            continue
        if place < _LEADING and (_repeats_title(block, titles) or _is_stamp(block, signed)):
            continue
        if kept and block.text == kept[-1].text:
            continue
        kept.append(block)
    while kept and kept[-1].kind == "head":
        kept.pop()  # a heading with nothing below it
    return kept


def _is_furniture(block: Block, after: Block | None, *, many: bool) -> bool:
    """Whether a block is no text but leads elsewhere, sells, credits or steers; after: the block that follows."""
    said = block.text
    if many and block.linked > 0.5 and not _is_prose(said):
        if block.kind == "item":
            return True
        if block.kind == "head":
            return after is None or after.kind != "p"
        if block.linked > 0.9 and " " in said and len(said) < _MAX_CALL:
            return True
    if (len(said) <= _MAX_CALL or block.linked > 0.5) and phrases.CALL.match(said):
        return True
    return len(said) <= _MAX_CREDIT and bool(phrases.CREDIT.match(said) or phrases.FURNITURE.match(said))


def _repeats_title(block: Block, titles: Iterable[str]) -> bool:
    key = key_of(block.text)
    return any(_says_the_same(key, title) for title in titles)


def _says_the_same(key: str, title: str) -> bool:
    """Whether one key is the other, a good part of it, or the other with a kicker before it."""
    if key == title:
        return True
    if min(len(key), len(title)) <= _MIN_TITLE_KEY:
        return False
    return title.startswith(key) or title.endswith(key) or (key.endswith(title) and len(key) < 1.8 * len(title))


def _is_stamp(block: Block, signed: set[str]) -> bool:
    """Whether a line near the top only says who wrote, or when."""
    said = block.text
    if len(said) > _MAX_STAMP:
        return False
    key = key_of(said)
    if any(name and name in key and len(key) < len(name) + 12 for name in signed):
        return True
    words = [word for word in re.split(r"\W+", said) if word.isalpha()]
    return read_date(said) is not None and len(words) <= 7 and not said.endswith((".", "?", "!", ":"))


# -- the publisher's own words

_MIN_WITNESS = 300
_TAG = re.compile(r"<[^<>]{1,2000}>")
_BREAK = re.compile(r"</(?:p|h\d|li|div|blockquote)\s*>|<br\s*/?>|\n\s*\n", re.IGNORECASE)
_SHINGLE = 4


def _witness(page: Page) -> str:
    """The articleBody of the JSON-LD as plain text; empty if it is missing or but a teaser."""
    stated = first_text(page.jsonld.article.get("articleBody"))
    if len(stated) < _MIN_WITNESS:
        return ""
    stated = unescape(stated) if "&" in stated else stated
    parts = [clean(unescape(_TAG.sub(" ", part))) for part in _BREAK.split(stated)]
    told = "\n\n".join(part for part in parts if part)
    return "" if len(told) < _MIN_WITNESS or told.endswith(("…", "...", "[…]", "[...]")) else told


def _is_cut(told: str, witness: str, page: Page) -> bool:
    """Whether what was found is clearly less than the publisher's text, which agrees with the page or with what was found."""
    own, found = _shingles(witness), _shingles(told)
    if len(own & found) > 0.75 * len(own):
        return False
    if len(told) >= _MIN_WITNESS and len(found & own) > 0.7 * len(found):
        return True
    return len(own & _shingles(text_of(page.tree))) > 0.7 * len(own)


def _attested(blocks: list[Block], witness: str) -> list[Block]:
    """The blocks without those that the publisher's text does not know, where that text is plainly the whole of the article."""
    own = _shingles(witness)
    known = [_known(block, own) for block in blocks]
    told = sum(len(block.text) for block in blocks)
    attested = sum(len(block.text) for block, share in zip(blocks, known, strict=True) if share >= 0.5)
    if attested < 0.8 * told or len(witness) < 0.8 * told:
        return blocks
    return [
        block for block, share in zip(blocks, known, strict=True) if share >= 0.3 or (block.kind == "head" and block.linked < 0.5)
    ]


def _known(block: Block, own: set[tuple[str, ...]]) -> float:
    shingles = _shingles(block.text)
    return len(shingles & own) / len(shingles) if shingles else 0.0


def _shingles(said: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", said.casefold())
    return {tuple(words[place : place + _SHINGLE]) for place in range(max(1, len(words) - _SHINGLE + 1))} if words else set()


# -- the standfirst

_MIN_STANDFIRST, _MAX_STANDFIRST = 40, 600


def _with_standfirst(page: Page, told: str, title: str) -> str:
    """The text with the standfirst (chapô) before it, where the page shows its own description and the text lacks it."""
    if not told:
        return told
    start = key_of(told[:3000])
    for stated in (
        page.first_meta("og:description"),
        page.first_meta("description"),
        first_text(page.jsonld.article.get("description")),
    ):
        said = clean(unescape(_TAG.sub(" ", stated)))
        key = key_of(said)
        if (
            not _MIN_STANDFIRST <= len(said) <= _MAX_STANDFIRST
            or key in start
            or key in key_of(title)
            or said.endswith(("…", "..."))
        ):
            continue
        if _is_shown(page.tree, said, key):
            return f"{said}\n\n{told}"
    return told


_ASIDE = ("figure", "figcaption", "aside", "a", "nav", "footer", "head", "script", "noscript", "template")


def _is_shown(tree: HtmlElement, said: str, key: str) -> bool:
    """Whether an element of the page says exactly this, and not in a caption or a link."""
    beginning = said[:12]
    for element in tree.iter("p", "h2", "h3", "h4", "div", "span", "strong", "b", "em", "li"):
        own = element.text
        if own and own.lstrip()[:12] == beginning:
            for holder in chain((element,), islice(element.iterancestors(), 2)):
                if key_of(text_of(holder)) == key:
                    return all(above.tag not in _ASIDE for above in element.iterancestors())
    return False
