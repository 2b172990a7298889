"""Which language a text is in."""

import pytest

from benchmarks.quality_press import LANGUAGES
from nlp.training.press import records
from vigie.language import detect_language, likely_language

FRENCH = "Le régulateur interroge la société sur la conservation des données."


def test_the_language_is_chosen_among_those_asked_for() -> None:
    assert detect_language(FRENCH) == "fr"
    assert detect_language(FRENCH, ("de", "fr")) == "fr"
    assert detect_language("1234 … !") == ""


def test_a_code_that_no_model_knows_is_passed_over() -> None:
    assert detect_language(FRENCH, ("fr", "en", "qqq", "en-US")) == "fr"
    assert detect_language(FRENCH, ("qqq",)) == "fr"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "监管机构要求该公司说明数据存放在哪里。"),
        ("ja", "政府は利用を控えるよう求めた。"),
        ("pt", "A autoridade de proteção de dados quer saber onde são guardadas as informações dos utilizadores."),
        ("nl", "De toezichthouder wil weten waar de gegevens van gebruikers worden bewaard."),
        ("pl", "Urząd ochrony danych chce wiedzieć, gdzie przechowywane są dane użytkowników."),
    ],
)
def test_a_language_that_nobody_expects_is_recognised(language: str, text: str) -> None:
    assert likely_language(text, LANGUAGES) == language


def test_expected_languages_are_recognised_as_surely_as_where_there_is_no_other() -> None:
    texts = records("train")[::4]
    assert [record["id"] for record in texts if likely_language(record["text"], LANGUAGES) != record["language"]] == []
    for record in texts:  # short ones are doubtful
        assert likely_language(record["title"], LANGUAGES) == detect_language(record["title"], LANGUAGES)


def test_of_little_text_an_expected_language_is_the_likeliest() -> None:
    assert likely_language("DeepSeek R1", ("de", "fr")) in ("de", "fr")
    assert likely_language("1234 … !", LANGUAGES) == ""
    assert likely_language(FRENCH, ("qqq",)) == "fr"
