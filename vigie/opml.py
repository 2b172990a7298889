"""Sources as OPML 2.0 (dave winer's outline format, which feed readers exchange), in and out."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import tomlkit
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from msgspec import to_builtins

from vigie._tables import Faults
from vigie.errors import UsageError
from vigie.watch import Source, Watch


def to_opml(watch: Watch) -> str:
    """The feeds of a watch as an OPML document; sitemaps and sections, which OPML does not know, are left out."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = f"Vigie: {watch.title or watch.name}"
    body = SubElement(root, "body")
    for source in watch.sources:
        for url in source.feeds:
            SubElement(
                body, "outline", type="rss", text=source.name, title=source.name, xmlUrl=url, htmlUrl=source.home,
                language=source.language, category=source.kind,
            )  # fmt: skip
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def from_opml(
    text: bytes, name: str, *, language: str, country: str, known: Collection[str] = (), taken: Collection[str] = ()
) -> list[Source]:
    """The sources of an OPML document whose feeds are not known yet; feeds of one site become one source.

    Raises UsageError on what is no OPML. Outlines without a usable feed address are passed over.
    """
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException) as error:
        raise UsageError(f"{name}: not an OPML file: {error}", mend="export it again from your feed reader") from None
    if root.tag.lower() != "opml":
        raise UsageError(f"{name}: not an OPML file: its root is <{root.tag}>", mend="export it again from your feed reader")
    feeds: dict[str, list[dict[str, str]]] = {}
    for outline in root.iter("outline"):
        url = outline.get("xmlUrl", "")
        if re.match(r"^https?://[^/\s]", url) and url not in known:
            home = outline.get("htmlUrl") or url
            feeds.setdefault(urlsplit(home).netloc, []).append(dict(outline.attrib))
    sources, ids = [], set(taken)
    for outlines in feeds.values():
        first = outlines[0]
        title = first.get("title") or first.get("text") or urlsplit(first["xmlUrl"]).netloc
        home = first.get("htmlUrl", "")
        parts = urlsplit(first["xmlUrl"])
        source_id = _free_id(title, ids)
        ids.add(source_id)
        said = first.get("language", "")[:2].lower()
        try:
            sources.append(
                Source.of(
                    {
                        "id": source_id,
                        "name": title,
                        "home": home if home.startswith(("http://", "https://")) else f"{parts.scheme}://{parts.netloc}/",
                        "feeds": tuple(dict.fromkeys(outline["xmlUrl"] for outline in outlines)),
                        "language": said if re.fullmatch("[a-z]{2}", said) else language,
                        "country": country,
                    }
                )
            )
        except Faults as error:
            raise UsageError(f"{name}: {title}: {error}") from None
    return sources


def to_toml(sources: Iterable[Source]) -> str:
    """Sources as [[sources]] tables of a watch file."""
    rows = [to_builtins(source) for source in sources]
    return "\n" + tomlkit.dumps({"sources": rows})


def _free_id(title: str, taken: Collection[str]) -> str:
    folded = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:60] or "source"
    number, candidate = 1, stem
    while candidate in taken:
        number += 1
        candidate = f"{stem}-{number}"
    return candidate
