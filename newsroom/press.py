"""The outlets of the newsroom and their articles, as they stand at a moment.

An article is a text file ``articles/OUTLET/SLUG.md``: TOML front matter between ``+++`` lines, then paragraphs. The table
``[reference]`` holds what a careful reader would say of it (overall stance, stance by topic, story); it is for tests and is
never served.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

ARTICLES = Path(__file__).parent / "articles"

FeedFormat = Literal["rss", "atom", "rdf", "json", ""]


@dataclass(frozen=True)
class Outlet:
    """An invented outlet. number: last byte of its address 127.0.0.N. path: the form of its article URLs.

    feed, sitemap and section say by which entrances its articles can be found; encoding is that of its pages, declared what
    they say they are; pace: seconds before it answers.
    """

    id: str
    name: str
    number: int
    language: str
    country: str
    kind: str
    owner: str
    template: str
    path: str
    feed: FeedFormat = ""
    sitemap: Literal["news", "index", ""] = ""
    section: bool = False
    encoding: str = "utf-8"
    declared: str = "utf-8"
    pace: float = 0.0
    robots: str = "User-agent: *\nDisallow: /prive/\n"


OUTLETS = (
    Outlet(
        "fil-numerique",
        "Le Fil Numérique",
        11,
        "fr",
        "FR",
        "tech",
        "Groupe Cordelier",
        "classic",
        "/{date:%Y/%m/%d}/{slug}/",
        feed="rss",
        sitemap="news",
    ),
    Outlet(
        "puces-reseaux",
        "Puces & Réseaux",
        12,
        "fr",
        "FR",
        "tech",
        "Éditions du Banc d’Essai",
        "magazine",
        "/actualites/{slug}.html",
        feed="atom",
    ),
    Outlet(
        "silex",
        "Silex",
        13,
        "fr",
        "FR",
        "business",
        "Groupe Cordelier",
        "plain",
        "/article/{slug}",
        feed="rss",
        sitemap="news",
        encoding="cp1252",
        declared="iso-8859-1",
    ),
    Outlet(
        "ecran-du-jour",
        "L’Écran du Jour",
        14,
        "fr",
        "FR",
        "general",
        "Société du Jour",
        "grid",
        "/societe/{slug}-{date:%Y%m%d}.html",
        section=True,
        sitemap="news",
        pace=0.2,
    ),
    Outlet(
        "agence-meridienne",
        "Agence Méridienne",
        15,
        "fr",
        "FR",
        "agency",
        "Coopérative Méridienne",
        "classic",
        "/depeches/{date:%Y-%m-%d}/{slug}",
        sitemap="index",
    ),
    Outlet(
        "circuit-post",
        "The Circuit Post",
        16,
        "en",
        "US",
        "tech",
        "Bay Lantern Media",
        "classic",
        "/{date:%Y/%m}/{slug}",
        feed="rss",
        sitemap="news",
        robots="User-agent: *\nCrawl-delay: 0.1\nDisallow: /prive/\n",
    ),
    Outlet(
        "harbour-business",
        "Harbour Business",
        17,
        "en",
        "GB",
        "business",
        "Harbour Press",
        "grid",
        "/news/{slug}",
        feed="atom",
        section=True,
        sitemap="news",
    ),
    Outlet(
        "rechenzeit",
        "Rechenzeit",
        18,
        "de",
        "DE",
        "tech",
        "Verlag Nordlicht",
        "magazine",
        "/meldung/{slug}.html",
        feed="rdf",
        sitemap="news",
    ),
    Outlet(
        "diario-del-bit",
        "Diario del Bit",
        19,
        "es",
        "ES",
        "tech",
        "Ediciones Rambla",
        "grid",
        "/noticias/{date:%Y-%m-%d}/{slug}",
        feed="json",
        sitemap="news",
    ),
    Outlet(
        "lanterna-digitale",
        "La Lanterna Digitale",
        20,
        "it",
        "IT",
        "tech",
        "Cooperativa Lanterna",
        "plain",
        "/articoli/{slug}/",
        feed="rss",
        sitemap="news",
        encoding="utf-8",
        declared="iso-8859-1",
    ),
)


@dataclass(frozen=True)
class Reference:
    """What a careful reader says of an article: stance toward DeepSeek over all and by topic, and the story it tells."""

    overall: str
    topics: Mapping[str, str]
    story: str


@dataclass(frozen=True)
class Edit:
    """A change after publication."""

    at: datetime
    title: str = ""
    replace: str = ""
    by: str = ""


@dataclass(frozen=True)
class Piece:
    """An article of an outlet, at its first publication or as edited."""

    outlet: Outlet
    slug: str
    title: str
    published: datetime
    authors: tuple[str, ...]
    section: str
    tags: tuple[str, ...]
    paragraphs: tuple[str, ...]
    reference: Reference
    paywalled: bool = False
    reprint_of: str = ""
    edits: tuple[Edit, ...] = ()
    updated: datetime | None = None

    @property
    def path(self) -> str:
        """The path of its page."""
        return self.outlet.path.format(slug=self.slug, date=self.published)

    def at(self, moment: datetime) -> "Piece":
        """The article as it reads at a moment, with the edits made until then."""
        piece = self
        for edit in self.edits:
            if edit.at <= moment:
                paragraphs = tuple(p.replace(edit.replace, edit.by) if edit.replace else p for p in piece.paragraphs)
                piece = replace(piece, title=edit.title or piece.title, paragraphs=paragraphs, updated=edit.at)
        return piece


@dataclass(frozen=True)
class Press:
    """All outlets with all their articles, by outlet id, newest first."""

    pieces: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)

    def published(self, outlet: Outlet, moment: datetime) -> list[Piece]:
        """What an outlet has published by a moment, newest first, as it reads then."""
        return [piece.at(moment) for piece in self.pieces[outlet.id] if piece.published <= moment]

    def __iter__(self) -> Iterator[Piece]:
        for pieces in self.pieces.values():
            yield from pieces


@cache
def load_press() -> Press:
    """The newsroom's press; raises ValueError naming the file of an article that is not of the right form."""
    found = {outlet.id: [_read(outlet, path) for path in sorted((ARTICLES / outlet.id).glob("*.md"))] for outlet in OUTLETS}
    by_key = {f"{piece.outlet.id}/{piece.slug}": piece for pieces in found.values() for piece in pieces}
    whole = {
        outlet: tuple(
            sorted((_with_agency_text(piece, by_key) for piece in pieces), key=lambda p: (p.published, p.slug), reverse=True)
        )
        for outlet, pieces in found.items()
    }
    return Press(whole)


def _read(outlet: Outlet, path: Path) -> Piece:
    try:
        _, front, body = path.read_text(encoding="utf-8").split("+++\n", 2)
        table: dict[str, Any] = tomllib.loads(front)
        reference = table["reference"]
        return Piece(
            outlet=outlet,
            slug=path.stem,
            title=table["title"],
            published=table["published"],
            authors=tuple(table["authors"]),
            section=table["section"],
            tags=tuple(table.get("tags", ())),
            paragraphs=tuple(paragraph.strip() for paragraph in body.split("\n\n") if paragraph.strip()),
            reference=Reference(reference["overall"], reference.get("topics", {}), reference.get("story", "")),
            paywalled=table.get("paywalled", False),
            reprint_of=table.get("reprint_of", ""),
            edits=tuple(Edit(**edit) for edit in table.get("edits", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _with_agency_text(piece: Piece, by_key: Mapping[str, Piece]) -> Piece:
    """A reprint carries the agency's text below its own introduction, shortened by the last paragraph where it is long."""
    if not piece.reprint_of:
        return piece
    text = by_key[piece.reprint_of].paragraphs
    return replace(piece, paragraphs=(*piece.paragraphs, *(text[:-1] if len(text) > 4 else text)))
