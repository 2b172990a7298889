"""The pages of the outlets: articles, section fronts, and the words around them."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from newsroom.dates import written
from newsroom.press import Outlet, Piece

_WORDS = {
    "fr": {
        "more": "À lire aussi",
        "about": "À propos",
        "by": "Par",
        "and": "et",
        "on": "le",
        "advert": "Publicité : vos photos dans les nuages.",
        "subscribe": "La suite est réservée aux abonnés.",
        "cookies": "Nous utilisons des traceurs. Vous pouvez les refuser.",
        "newsletter": "Recevez notre lettre du soir.",
    },
    "en": {
        "more": "Read more",
        "about": "About us",
        "by": "By",
        "and": "and",
        "on": "on",
        "advert": "Advertisement: your photos in the cloud.",
        "subscribe": "Subscribe to read on.",
        "cookies": "We use cookies. You can refuse them.",
        "newsletter": "Get our evening letter.",
    },
    "de": {
        "more": "Mehr zum Thema",
        "about": "Impressum",
        "by": "Von",
        "and": "und",
        "on": "am",
        "advert": "Anzeige: Ihre Fotos in der Wolke.",
        "subscribe": "Weiterlesen mit einem Abonnement.",
        "cookies": "Wir verwenden Cookies. Sie können ablehnen.",
        "newsletter": "Unser Abendbrief.",
    },
    "es": {
        "more": "Más noticias",
        "about": "Quiénes somos",
        "by": "Por",
        "and": "y",
        "on": "el",
        "advert": "Publicidad: sus fotos en la nube.",
        "subscribe": "Suscríbase para seguir leyendo.",
        "cookies": "Usamos cookies. Puede rechazarlas.",
        "newsletter": "Reciba nuestra carta de la tarde.",
    },
    "it": {
        "more": "Leggi anche",
        "about": "Chi siamo",
        "by": "Di",
        "and": "e",
        "on": "il",
        "advert": "Pubblicità: le tue foto nella nuvola.",
        "subscribe": "Abbonati per continuare a leggere.",
        "cookies": "Usiamo i cookie. Puoi rifiutarli.",
        "newsletter": "Ricevi la lettera della sera.",
    },
}


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("newsroom"), autoescape=True, undefined=StrictUndefined)


def article_page(piece: Piece, base: str, others: Sequence[Piece], sections: Sequence[str]) -> bytes:
    """The page of an article, in the encoding that its outlet uses (which is not always the one it declares)."""
    outlet = piece.outlet
    linked_data = _linked_data(piece, base)
    html = (
        _environment()
        .get_template(f"{outlet.template}.html")
        .render(
            outlet=outlet,
            piece=piece,
            base=base,
            others=others,
            sections=sections,
            words=_WORDS[outlet.language],
            date=written(piece.published, outlet.language),
            jsonld=_script(json.dumps(linked_data, ensure_ascii=False)),
            jsonld_graph=_script(_graph(outlet, base, linked_data)),
        )
    )
    return html.encode(outlet.encoding, "xmlcharrefreplace")


def section_page(outlet: Outlet, pieces: Sequence[Piece], sections: Sequence[str]) -> bytes:
    """The front page, or a section page, of an outlet."""
    template = _environment().get_template("section.html")
    return template.render(outlet=outlet, pieces=pieces, sections=sections, words=_WORDS[outlet.language]).encode()


def about_page(outlet: Outlet) -> bytes:
    """A page that is no article."""
    return _environment().get_template("about.html").render(outlet=outlet, words=_WORDS[outlet.language]).encode()


def _script(text: str) -> Markup:
    return Markup(text.replace("</", "<\\/"))  # noqa: S704  # JSON whose only way out of its script element is closed


def _organisation(outlet: Outlet, base: str) -> dict[str, Any]:
    return {"@type": "NewsMediaOrganization", "@id": f"{base}/#organisation", "name": outlet.name, "url": f"{base}/"}


def _graph(outlet: Outlet, base: str, linked_data: dict[str, Any]) -> str:
    graph = {"@context": "https://schema.org", "@graph": [_organisation(outlet, base), linked_data]}
    text = json.dumps(graph, ensure_ascii=False, indent=1)
    # As seen in the press: a comma too many, which strict JSON refuses.
    return text.replace("\n ]\n}", ",\n ]\n}") if outlet.id == "diario-del-bit" else text


def _linked_data(piece: Piece, base: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": piece.title,
        "datePublished": piece.published.isoformat(),
        "dateModified": (piece.updated or piece.published).isoformat(),
        "author": [{"@type": "Person", "name": author} for author in piece.authors],
        "articleSection": piece.section,
        "keywords": list(piece.tags),
        "inLanguage": piece.outlet.language,
        "mainEntityOfPage": base + piece.path,
        "publisher": {"@type": "NewsMediaOrganization", "name": piece.outlet.name},
    }
    if piece.paywalled:
        data["isAccessibleForFree"] = False
    return data
