"""Which language a text is in."""

from vigie.language import detect_language

FRENCH = "Le régulateur interroge la société sur la conservation des données."


def test_the_language_is_chosen_among_those_asked_for() -> None:
    assert detect_language(FRENCH) == "fr"
    assert detect_language(FRENCH, ("de", "fr")) == "fr"
    assert detect_language("1234 … !") == ""


def test_a_code_that_no_model_knows_is_passed_over() -> None:
    assert detect_language(FRENCH, ("fr", "en", "qqq", "en-US")) == "fr"
    assert detect_language(FRENCH, ("qqq",)) == "fr"
