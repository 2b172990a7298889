"""Tokens: what counts as a word, and which words count as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import LONGEST_TOKEN, fold, forms, normal_name, stem, stems, tokens

_PIECES = "l'IA d’un qu'il Nvidia's C++ c# GPT-4o e\u0301te\u0301 数据模型 データ 한국어 हिन्दी ½ ﷺ İ ΣΑΣ a' 's' ++ # _"
_texts = st.one_of(st.text(), st.lists(st.sampled_from(_PIECES.split())).map(" ".join))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'IA d’un modèle, qu'il aime", "ia un modèle il aime"),
        ("dell’arte e l'uomo", "arte e uomo"),
        ("Nvidia's chips, it’s", "nvidia chips it"),
        ("don't rock", "don t rock"),
        ("aujourd'hui", "aujourd hui"),
        ("GPT-4o, R1, C++, C# et F#!", "gpt 4o r1 c++ c# et f#"),
        ("1 + 1, x+y, #tag snake_case", "1 1 x y tag snake case"),
        ("e\u0301te\u0301 ÉTÉ", "été été"),
        ("大模型", "大模 模型"),
        ("AI大模型v2", "ai 大模 模型 v2"),
        ("हिन्दी में", "हिन्दी में"),
        ("« … » — !", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert tokens(text) == expected.split()


@pytest.mark.parametrize(
    ("word", "expected"),
    [("modèle", "modele"), ("cœur", "coeur"), ("straße", "strasse"), ("Łódź".lower(), "lodz"), ("øre", "ore"), ("数据", "数据")],
)
def test_forms_carry_no_accents(word: str, expected: str) -> None:
    assert fold(word) == expected


def test_inflections_share_a_stem_in_their_language_only() -> None:
    assert len({stem(word, "fr") for word in ("performance", "performances", "performante", "performants")}) == 1
    assert stem("models", "en") == stem("model", "en") == "en·model"
    assert stem("models", "fr") != stem("models", "en")
    assert stem("数据", "zh") is None
    assert stems("les données", "zh") == []


@given(_texts)
def test_tokens_are_their_own_tokens_and_hold_no_space(text: str) -> None:
    for token in tokens(text):
        assert tokens(token) == [token]
        assert not any(character.isspace() for character in token)
        assert len(token) <= LONGEST_TOKEN


@given(_texts)
def test_forms_and_stems_stand_at_the_same_positions(text: str) -> None:
    words = tokens(text)
    assert len(forms(text)) == len(stems(text, "fr")) == len(words)
    assert all(form and not any(character.isspace() for character in form) for form in forms(text))
    assert [fold(form) for form in forms(text)] == forms(text)


def test_names_are_the_same_whatever_their_spelling() -> None:
    assert normal_name("L'Oréal") == normal_name("l’OREAL") == "oreal"
    assert normal_name("Jensen  HUANG") == "jensen huang"
    assert normal_name("!!!") == "!!!"
