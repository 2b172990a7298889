"""Entities under one name: normal forms, aliases, acronyms explained in the text, last names."""

import tomllib
from pathlib import Path

import pytest
from msgspec import to_builtins

from benchmarks.quality_labels import deepseek_watch
from nlp.document import take_apart
from nlp.entities import Named, explained_acronyms, link, normal_name
from vigie.names import known_names, name_key, shipped_names
from vigie.watch import Watch


def entities(text: str, language: str, watch: Watch | None = None) -> dict[str, tuple[str, int]]:
    """Name to (kind, count)."""
    (document,) = take_apart([("", text, language)], names=known_names(watch or deepseek_watch()))
    for named in document.named:
        assert 0 <= named.start < named.end <= len(text)
    return {entity.name: (entity.kind, entity.count) for entity in document.entities}


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("la CNIL", "CNIL"),
        ("The Guardian", "Guardian"),
        ("l’Italie", "Italie"),
        ("DeepSeek's", "DeepSeek"),
        ("  Odile\nMarchetti ", "Odile Marchetti"),
        ("M. Gadouin", "Gadouin"),
        ("Nvidia Corp.", "Nvidia"),
        ("M. Le Guennec", "Le Guennec"),
        ("Lady Gaga", "Lady Gaga"),
        ("Lord Peter Mandelson", "Peter Mandelson"),
    ],
)
def test_normal_names(written: str, normal: str) -> None:
    assert normal_name(written) == normal


@pytest.mark.parametrize(
    ("text", "seen", "name"),
    [
        ("Il vit à La Rochelle depuis 2019.", "La Rochelle", "La Rochelle"),
        ("La Défense se vide. Ils quittent La Défense.", "La Défense", "La Défense"),
        ("La Fédération enquête.", "La Fédération", "Fédération"),
        ("Il cite La Fédération, et la Fédération répond.", "La Fédération", "Fédération"),
        ("They read The Guardian there.", "The Guardian", "Guardian"),
        ("They moved to Des Moines.", "Des Moines", "Des Moines"),
        ("Selon El Confidencial, rien ne change.", "El Confidencial", "El Confidencial"),
        ("Selon L'Humanité, rien ne change.", "L'Humanité", "L'Humanité"),
        ("Rated junk by Fitch and Egan's, the fund fell.", "Egan", "Egan's"),
        ("Egan's fund fell; so says Egan's.", "Egan's", "Egan's"),
        ("Egan's fund fell.", "Egan", "Egan"),
        ("The best fund is Egan's, and Egan knows.", "Egan's", "Egan"),
    ],
)
def test_what_the_text_shows_to_be_a_part_of_a_name_stays(text: str, seen: str, name: str) -> None:
    start = text.index(seen)
    assert next(one.name for one in link(text, [Named(seen, "organisation", start, start + len(seen))], shipped_names())) == name


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Los Angeles sued the company.", "Los Angeles"),
        ("en", "The firm moved to Las Vegas.", "Las Vegas"),
        ("fr", "Le port de La Rochelle est fermé.", "La Rochelle"),
        ("fr", "Le Monde a publié une enquête.", "Le Monde"),
        ("fr", "La Poste a choisi DeepSeek.", "La Poste"),
        ("en", "Moody's cut the rating.", "Moody's"),
        ("en", "McDonald's uses the model.", "McDonald's"),
        ("en", "The singer Lady Gaga uses the model.", "Lady Gaga"),
        ("es", "El País publicó una encuesta.", "El País"),
    ],
)
def test_articles_titles_and_possessives_of_a_name_are_shown(language: str, text: str, name: str) -> None:
    assert name in entities(text, language)


def test_an_article_before_a_common_noun_names_nobody() -> None:
    assert "Le Monde" not in entities("Le monde change.", "fr")
    assert "La Poste" not in entities("La poste du village a fermé.", "fr")


@pytest.mark.parametrize(
    ("text", "full", "last"),
    [
        ("Peter Mandelson met the board. Lord Mandelson left early.", "Peter Mandelson", "Lord Mandelson"),
        ("Soizic Le Guennec hésite. Selon Le Guennec, tout va bien.", "Soizic Le Guennec", "Le Guennec"),
    ],
)
def test_a_last_name_with_its_title_or_article_counts_with_the_full_name(text: str, full: str, last: str) -> None:
    spans = [(full, text.index(full)), (last, text.rindex(last))]
    found = [Named(name, "person", start, start + len(name)) for name, start in spans]
    assert [one.name for one in link(text, found, shipped_names())] == [full, full]


def test_the_cnil_is_one_whatever_it_is_called() -> None:
    text = "La CNIL enquête. La Cnil attend. La Commission nationale de l’informatique et des libertés a écrit à l'éditeur."
    assert entities(text, "fr")["CNIL"] == ("organisation", 3)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Aux Etats-Unis, aux États-Unis et aux USA."),
        ("en", "The US, the U.S. and the United States agree; they told us so."),
        ("de", "In den USA und den Vereinigten Staaten."),
        ("es", "En Estados Unidos y en EE. UU."),
        ("it", "Negli Stati Uniti e negli USA."),
    ],
)
def test_a_country_has_one_name_in_every_language(language: str, text: str) -> None:
    assert entities(text, language)["United States"][0] == "place"
    assert "US" not in entities(text, language)


def test_a_last_name_counts_with_the_full_name() -> None:
    found = entities("Emmanuel Macron recevra Sam Altman. M. Macron veut convaincre. Pour Macron, tout est dit.", "fr")
    assert found["Emmanuel Macron"] == ("person", 3)


def test_two_of_one_last_name_keep_it_apart() -> None:
    text = "Anna Feldt met Carla Feldt. Feldt left early."
    spans = [(name, text.index(name)) for name in ("Anna Feldt", "Carla Feldt")] + [("Feldt", text.rindex("Feldt"))]
    found = [Named(name, "person", start, start + len(name)) for name, start in spans]
    assert [one.name for one in link(text, found, shipped_names())] == ["Anna Feldt", "Carla Feldt", "Feldt"]


def test_an_acronym_that_the_text_explains_counts_with_its_name() -> None:
    text = "L'Agence régionale du numérique (ARN) a acheté des cartes. L'ARN les installera à Metz."
    assert entities(text, "fr")["Agence régionale du numérique"] == ("organisation", 3)
    assert list(explained_acronyms("The OWF (Open Weights Forum) met.")) == [("Open Weights Forum", "OWF")]
    assert list(explained_acronyms("Le prix (HT) baisse; a number (A1B2C3) too.")) == []


def test_a_longer_name_is_an_entity_of_its_own() -> None:
    found = entities("La Banque de France publie son étude.", "fr")
    assert "Banque de France" in found
    assert "France" not in found


def test_the_watch_names_its_own() -> None:
    tables = to_builtins(deepseek_watch()) | {
        "entities": [{"name": "Ocelot Labs", "kind": "organisation", "aliases": ["Ocelot", "豹猫"]}],
    }
    watch = Watch.of(tables)
    assert entities("Ocelot gewinnt, sagt Ocelot Labs. 豹猫赢了。", "de", watch)["Ocelot Labs"] == ("organisation", 3)
    assert entities("Deep Seek antwortet; 深度求索发布模型。", "de", watch)["DeepSeek"] == ("organisation", 2)


def test_each_shipped_name_stands_once() -> None:
    path = Path(__file__).parents[2] / "vigie" / "aliases.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    owners: dict[str, set[str]] = {}
    for table in tables.values():
        for name, aliases in table.items():
            for written in (name, *aliases):
                owners.setdefault(name_key(written), set()).add(name)
    assert {key: names for key, names in owners.items() if len(names) > 1 or not key} == {}
    assert set(tables) <= {"person", "organisation", "place", "product", "other"}
    assert len(shipped_names().by_key) > 400
