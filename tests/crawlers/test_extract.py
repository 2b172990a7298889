"""From a page to its article: what is read, what is left out, and that nothing on a page can break the reader."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.extraction import measure, ours
from crawlers.decoding import decode
from crawlers.extract import Extracted, extract, extract_record
from crawlers.jsonld import parse, read_jsonld
from crawlers.metadata import split_names
from crawlers.page import Page
from vigie.errors import UsageError

URL = "https://www.lefil.example/tech/2025/01/06/deepseek-cirrus"

PARAGRAPHS = [
    "La jeune société chinoise DeepSeek a publié lundi un modèle dont le coût d'entraînement étonne tout le secteur.",
    "Ses ingénieurs assurent n'avoir employé que deux mille processeurs graphiques, loués pendant deux mois à peine.",
    "Les analystes restent partagés : certains y voient une rupture, d'autres un simple effet de communication bien mené.",
    "Les entreprises européennes, elles, attendent de savoir ce que deviennent les données confiées à ses serveurs.",
]
STANDFIRST = "Moins cher, plus frugal : le nouveau modèle chinois bouscule les certitudes de la Silicon Valley."


def article(
    *,
    head: str = "",
    title: str = "DeepSeek bouscule Cirrus",
    before: str = "",
    after: str = "",
    paragraphs: list[str] = PARAGRAPHS,
    lang: str = "fr",
    jsonld: Any = None,
) -> str:
    """A page of the outlet Le Fil."""
    script = f'<script type="application/ld+json">{json.dumps(jsonld)}</script>' if jsonld is not None else ""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{title} - Le Fil</title>'
        f'<meta property="og:site_name" content="Le Fil"><meta property="og:type" content="article">{head}{script}</head>'
        f'<body><nav><a href="/">Accueil</a></nav><main><article><h1>{title}</h1>{before}<div class="article-body">{body}</div>{after}</article></main>'
        "<footer><p>Le Fil, tous droits réservés.</p></footer></body></html>"
    )


def read(html: str | bytes, url: str = URL, **more: Any) -> Extracted:
    return extract(html, url, **more)


# -- the whole


def test_an_article_is_read_with_all_that_its_page_says() -> None:
    found = read(
        article(
            head='<link rel="canonical" href="/tech/deepseek?utm_source=x"><meta property="og:image" content="/i.jpg">'
            '<meta property="article:tag" content="IA"><meta property="article:tag" content="puces, IA">',
            jsonld={
                "@context": "https://schema.org", "@type": "NewsArticle", "headline": "DeepSeek bouscule Cirrus", "articleSection": "Tech",
                "author": [{"@type": "Person", "name": "Anne Martin"}, {"@type": "Organization", "name": "AFP"}],
                "datePublished": "2025-01-06T10:00:00+01:00", "isAccessibleForFree": "False",
            },
        )
    )  # fmt: skip
    assert found.kind == "article"
    assert found.title == "DeepSeek bouscule Cirrus"
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert found.authors == ("Anne Martin", "AFP")
    assert found.published is not None
    assert (found.published.method, found.published.offset) == ("json-ld datePublished", 60)
    assert (found.language, found.section, found.tags) == ("fr", "Tech", ("IA", "puces"))
    assert found.image == "https://www.lefil.example/i.jpg"
    assert found.paywalled
    assert found.canonical_url == "https://www.lefil.example/tech/deepseek"


def test_a_record_in_gives_a_record_out(tmp_path: Path) -> None:
    saved = tmp_path / "page.html"
    html = article(head='<meta name="pubdate" content="2025-01-06">')
    saved.write_text(html, encoding="utf-8")
    told = extract_record({"html": html, "url": URL})
    assert told == extract_record({"path": str(saved), "url": URL})
    assert told["published"] == "2025-01-06"
    assert told["language"] == "fr"
    assert json.loads(json.dumps(told))["title"] == "DeepSeek bouscule Cirrus"
    with_offset = extract_record({"html": article(head='<meta name="pubdate" content="2025-01-06T10:00:05+01:00">'), "url": URL})
    assert with_offset["published"] == "2025-01-06T10:00:05+01:00"


@pytest.mark.parametrize(
    "record", [{}, {"url": URL}, {"url": "", "html": "x"}, {"url": URL, "path": "/nowhere/at/all"}, {"url": 3, "html": "x"}]
)
def test_a_record_that_lacks_something_is_refused_with_a_mend(record: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        extract_record(record)
    assert caught.value.mend


# -- encodings

FRENCH = "Été à Besançon : l’œuvre coûte 3 € – déjà vu"


@pytest.mark.parametrize(
    ("encoding", "content_type", "declared"),
    [
        ("utf-8", "", ""),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("utf-8", "", "latin-1"),
        ("utf-8-sig", "text/html; charset=windows-1252", ""),
        ("cp1252", "", "iso-8859-1"),
        ("cp1252", "text/html; charset=utf-8", "utf-8"),
        ("cp1252", "", ""),
        ("utf-16", "", ""),
        ("utf-16-le", "text/html", ""),
    ],
)
def test_a_page_is_decoded_as_it_is_meant_whatever_it_declares(encoding: str, content_type: str, declared: str) -> None:
    meta = f'<meta charset="{declared}">' if declared else ""
    html = f"<html><head>{meta}</head><body><p>{FRENCH}</p>{'<p>plain text</p>' * 20}</body></html>"
    assert FRENCH in decode(html.encode(encoding), content_type)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("shift_jis", "日本語の記事です"), ("gb2312", "新闻报道内容"), ("windows-1251", "Новости дня"), ("euc-kr", "한국어 기사")],
)
def test_declared_encodings_of_other_scripts_are_followed(encoding: str, text: str) -> None:
    assert text in decode(f'<meta charset="{encoding}"><p>{text * 20}</p>'.encode(encoding))


def test_a_few_bad_bytes_do_not_spoil_a_page_of_utf8() -> None:
    assert decode("déjà ".encode() * 20 + b"caf\xe9", "text/html; charset=utf-8").endswith("café")


# -- titles and authors


@pytest.mark.parametrize(
    ("og", "heading", "expected"),
    [
        ("DeepSeek bouscule Cirrus | Le Fil", "DeepSeek bouscule Cirrus", "DeepSeek bouscule Cirrus"),
        ("Le Fil : DeepSeek bouscule Cirrus", "", "DeepSeek bouscule Cirrus"),
        ("L&amp;#39;IA : l&amp;quot;heure&amp;quot; des comptes", "", 'L\'IA : l"heure" des comptes'),
        (
            "Trois questions - et deux réponses - Maison inconnue",
            "Trois questions - et deux réponses",
            "Trois questions - et deux réponses",
        ),
    ],
)
def test_a_title_is_cleaned_of_the_outlets_name(og: str, heading: str, expected: str) -> None:
    page = article(title=heading, head=f'<meta property="og:title" content="{og}">')
    assert read(page).title == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Par Anne Martin et Jean Dupont (avec AFP)", ["Anne Martin", "Jean Dupont"]),
        ("By ANNE MARTIN, Jean Dupont and Zoé Ka", ["Anne Martin", "Jean Dupont", "Zoé Ka"]),
        ("Von Anne Martin, Berlin", ["Anne Martin", "Berlin"]),
        ("Dupont, Jean", ["Jean Dupont"]),
        ("Propos recueillis par Anne Martin", ["Anne Martin"]),
        ("Par Anne Martin, le 1 mars 2025 à 18h20", ["Anne Martin"]),
        ("Anne Martin anne.martin@lefil.example @annem", ["Anne Martin"]),
        ("Charles de Gaulle; <a href='/x'>Zoé Ka</a>", ["Charles de Gaulle", "Zoé Ka"]),
        ("12/01/2025", []),
        ("https://www.facebook.com/lefil", []),
    ],
)
def test_bylines_are_split_into_names(said: str, expected: list[str]) -> None:
    assert split_names(said) == expected


def test_the_outlet_signs_only_where_nobody_else_does() -> None:
    house = {"@type": "NewsArticle", "headline": "x", "author": {"@type": "Organization", "name": "Le Fil"}}
    assert read(article(jsonld=house)).authors == ("Le Fil",)
    assert read(article(jsonld=house, head='<meta name="author" content="Par Anne Martin">')).authors == ("Anne Martin",)


def test_an_author_may_be_named_elsewhere_in_the_graph() -> None:
    graph = {
        "@graph": [
            {"@type": "Article", "headline": "x", "author": {"@id": "#a"}},
            {"@type": "Person", "@id": "#a", "name": "Anne Martin"},
        ]
    }
    assert read(article(jsonld=graph)).authors == ("Anne Martin",)


# -- structured data


@pytest.mark.parametrize(
    "broken",
    [
        '{"@type": "NewsArticle", "headline": "Un titre",}',
        '<!-- {"@type": "NewsArticle", "headline": "Un titre"} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "Un\ttitre"}\n//]]>',
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;headline&quot;: &quot;Un titre&quot;}",
        '[[{"@type": ["Thing", "http://schema.org/NewsArticle"], "headline": "Un titre"}]];',
        '{"@type": "NewsArticle", "headline": "Un titre"} {"@type": "Organization"}',
        '{"@type": "NewsArticle", "headline": "Un titre", "description": "un "mot" nu"}',
        '{"mainEntityOfPage": {"@graph": [{"@type": "ReportageNewsArticle", "headline": "Un titre"}]}}',
    ],
)
def test_json_ld_is_read_however_it_is_broken(broken: str) -> None:
    page = Page.parse(f'<script type="application/ld+json">{broken}</script><p>x</p>', URL)
    assert " ".join(page.jsonld.article["headline"].split()) == "Un titre"


def test_the_article_that_names_the_page_is_taken() -> None:
    nodes = [
        {"@type": "NewsArticle", "headline": "Autre", "author": "x", "datePublished": "2025"},
        {"@type": "NewsArticle", "headline": "Le bon", "url": URL + "/"},
    ]
    tree = Page.parse(article(jsonld=nodes), URL).tree
    assert read_jsonld(tree, URL).article["headline"] == "Le bon"


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_json_ld(text: str) -> None:
    parse(text)
    parse("{" + text + "}")


# -- the text


def test_title_byline_calls_and_credits_are_no_text() -> None:
    found = read(
        article(
            before='<p class="auteur">Par Anne Martin</p><p>Publié le 6 janvier 2025 à 10h30</p>',
            paragraphs=[
                *PARAGRAPHS[:2],
                'Lire aussi : <a href="/a">Une autre histoire</a>',
                PARAGRAPHS[2],
                "<strong><a href='/b'>Une histoire tout autre encore</a></strong>",
                "Crédit photo : Anne Martin",
                PARAGRAPHS[3],
                "Inscrivez-vous à notre lettre du matin",
                "© Le Fil 2025",
            ],
        )
    )
    assert found.text == "\n\n".join(PARAGRAPHS)


def test_a_call_to_read_elsewhere_is_no_text_however_long_and_a_paragraph_that_only_begins_so_is() -> None:
    told = "Lire la suite de ce procès demandera de la patience. " + " ".join(PARAGRAPHS[1:])
    titles = ["Une marge de 545 % ? Les comptes de DeepSeek", "La Bourse hausse les épaules", "Le robot Binette lève 18 millions"]
    call = "À lire aussi : " + " · ".join(f'<a href="/{number}">{title}</a>' for number, title in enumerate(titles * 3))
    body = "".join(f"<p>{paragraph}</p>" for paragraph in [*PARAGRAPHS, told])
    found = read(
        f'<html lang="fr"><head><title>Le Fil : DeepSeek bouscule Cirrus</title></head><body><table><tr><td><a href="/">Le Fil</a></td></tr></table>'
        f'<div id="page"><h1>DeepSeek bouscule Cirrus</h1>{body}<hr><p>{call}</p></div></body></html>'
    )
    assert found.text == "\n\n".join([*PARAGRAPHS, told])


def test_a_standfirst_that_the_page_shows_is_text_and_one_that_it_hides_is_not() -> None:
    head = f'<meta property="og:description" content="{STANDFIRST}">'
    shown = read(article(head=head, before=f'<div class="hero"><p class="excerpt">{STANDFIRST}</p></div>'))
    assert shown.text == "\n\n".join([STANDFIRST, *PARAGRAPHS])
    assert STANDFIRST not in read(article(head=head)).text


def test_paragraphs_parted_by_the_layout_are_brought_together() -> None:
    chunks = "".join(
        f'<div class="grid"><div class="body-chunk article-body"><p>{a}</p><p>{a[::-1]}.</p></div><aside>Publicité</aside></div>'
        for a in PARAGRAPHS
    )
    page = f'<html><body><article><h1>Titre</h1><div class="chunks">{chunks}</div></article></body></html>'
    assert all(paragraph in read(page).text for paragraph in PARAGRAPHS)


def test_the_next_article_of_an_endless_page_is_not_this_one() -> None:
    second = "".join(f"<p>Le club change d'entraîneur, et ce n'est que le début de la saison numéro {n}.</p>" for n in range(6))
    page = article().replace("</main>", f"<article><h1>Sport</h1><div class='article-body'>{second}</div></article></main>")
    assert read(page).text == "\n\n".join(PARAGRAPHS)


def test_the_publishers_text_serves_where_the_page_is_cut_and_agrees() -> None:
    more = [
        "À Bruxelles, la Commission dit suivre le dossier de près et rappelle que le règlement s'applique à chacun.",
        "Le gouvernement français, pour sa part, a commandé un rapport dont les conclusions sont attendues au printemps.",
        "En Bourse, les fabricants de composants ont cédé du terrain avant de se reprendre dans l'après-midi de mardi.",
    ]
    whole = "\n\n".join([*PARAGRAPHS, *more])
    node = {"@type": "NewsArticle", "headline": "x", "articleBody": whole.replace("l'", "l&#39;")}
    assert read(article(jsonld=node, paragraphs=PARAGRAPHS)).text == whole
    stranger = {
        "@type": "NewsArticle",
        "headline": "x",
        "articleBody": "Tout autre chose, sans aucun rapport avec la page. " * 40,
    }
    assert read(article(jsonld=stranger, paragraphs=PARAGRAPHS)).text == "\n\n".join(PARAGRAPHS)


def test_text_that_only_a_script_would_show_is_read() -> None:
    markup = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    state = json.dumps({"page": {"body": markup}}).replace("<", "\\u003c")
    for script in (f"window.__STATE__ = {state}", f"self.__next_f.push([1,{json.dumps('5:' + state)}])"):
        page = f'<html lang="fr"><head><title>Titre</title><meta property="og:type" content="article"></head><body><div id="root"></div><script>{script}</script></body></html>'
        assert read(page).text == "\n\n".join(PARAGRAPHS)


def test_text_is_plain_text() -> None:
    found = read(article(paragraphs=["<b>Gras</b> et <i>ital</i>ique, &lt;script&gt; et &amp;amp; écrits.", *PARAGRAPHS]))
    assert found.text.startswith("Gras et italique, <script> et &amp; écrits.")


# -- language, address, kind


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", " ".join(PARAGRAPHS), "fr"),
        ("", " ".join(PARAGRAPHS), "fr"),
        ("de-AT", "The new model is cheaper and faster than what the company had sold for years, its engineers say. " * 4, "en"),
        (
            "nb-NO",
            "Regjeringen la frem et nytt forslag om data og energi, og det vakte stor debatt i Stortinget denne uken. " * 4,
            "no",
        ),
    ],
)
def test_the_language_is_that_of_the_text(lang: str, text: str, expected: str) -> None:
    assert read(article(lang=lang, title="X", paragraphs=[text])).language == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("https://lefil.example/a", "https://lefil.example/a"),
        ("https://ailleurs.example/a", URL),
        ("https://www.lefil.example/", URL),
        ("/fr/", URL),
        ("javascript:void(0)", URL),
        ("http://[", URL),
    ],
)
def test_a_canonical_address_is_followed_within_the_site_only(stated: str, expected: str) -> None:
    assert read(article(head=f'<link rel="canonical" href="{stated}">')).canonical_url == expected


TEASERS = "".join(
    f'<article><h2><a href="/{n}">Une histoire numéro {n} de la semaine</a></h2><p>Un court chapô qui dit de quoi il s\'agit.</p></article>'
    for n in range(15)
)


@pytest.mark.parametrize(
    ("html", "url", "reason"),
    [
        ("", URL, "no text"),
        ("<html><body></body></html>", URL, "no text"),
        (
            "<title>404 - Page introuvable</title><p>Cette page n'existe pas ou plus sur notre site, désolés.</p>",
            URL,
            "error page",
        ),
        ('<title>Connexion</title><form><input type="password"></form><p>Identifiez-vous pour lire la suite.</p>', URL, "login"),
        (f"<title>Tech - Le Fil</title><main>{TEASERS}</main>", "https://www.lefil.example/rubrique/tech", "lists other pages"),
        (f"<title>Le Fil</title><main>{TEASERS}</main>", "https://www.lefil.example/", "home page"),
        (
            '<title>Vidéo</title><script type="application/ld+json">{"@type": "VideoObject", "name": "x"}</script><p>Regardez notre vidéo du jour sur les puces.</p>',
            URL,
            "video",
        ),
        (
            '<script type="application/ld+json">{"@type": "CollectionPage"}</script>'
            + article().replace('content="article"', 'content="website"'),
            URL,
            "CollectionPage",
        ),
        ("<title>Mentions</title><p>Éditeur : Le Fil.</p>", URL, "too short"),
    ],
)
def test_what_is_no_article_is_told_with_the_reason(html: str, url: str, reason: str) -> None:
    found = read(html, url)
    assert found.kind == "other"
    assert reason in found.reason


def test_a_short_brief_that_says_that_it_is_an_article_is_one() -> None:
    assert read(article(paragraphs=PARAGRAPHS[:1])).kind == "article"


# -- nothing raises

SEEDS = [
    article(
        head='<link rel="canonical" href="/a">',
        jsonld={"@type": "NewsArticle", "articleBody": " ".join(PARAGRAPHS * 2), "datePublished": "2025-01-06"},
    ).encode(),
    article(before='<p class="byline">By A B <time datetime="2025-01-06T10:00">6</time></p>', after=TEASERS).encode("utf-16"),
    f"<table><tr><td><font>{'<br>'.join(PARAGRAPHS)}</font></td></tr></table>".encode("cp1252"),
    b'<?xml version="1.0" encoding="x"?><html><body>' + b"<div>" * 400 + "é".encode() * 50,
]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_break_the_reader(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(0, 12))):
        place = data.draw(st.integers(0, max(0, len(body) - 1)))
        body[place : place + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=12))
    found = extract(
        bytes(body),
        URL,
        data.draw(st.sampled_from(["", "text/html; charset=utf-8", "text/html; charset=utf-7", "text/html; charset=é"])),
    )
    json.dumps(extract_record({"html": decode(bytes(body)), "url": URL}))
    assert found.kind in ("article", "other")
    assert (found.kind == "other") == bool(found.reason)


# -- the pinned floors


@pytest.mark.shared
@pytest.mark.gate
@pytest.mark.filterwarnings("ignore")  # those of trafilatura's and htmldate's own dependencies, on the oldest of these pages
def test_real_pages_are_read_as_well_as_pinned(shared: Path) -> None:
    floors = json.loads((Path(__file__).parent.parent.parent / "benchmarks" / "floors.json").read_text(encoding="utf-8"))[
        "extraction"
    ]
    reached = measure({"vigie": ours})["vigie"]
    below = {name: (reached[name], floor) for name, floor in floors.items() if name in reached and reached[name] < floor}
    assert not below
    assert len(set(floors) & set(reached)) == 6
