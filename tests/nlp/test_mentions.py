"""Where a subject is named."""

import pytest

from nlp.mentions import find_mentions
from vigie.watch import Subject

DEEPSEEK = Subject(id="deepseek", name="DeepSeek", aliases=("Deep Seek", "深度求索", "ДипСик"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DeepSeek bloqué", ["DeepSeek"]),
        ("le modèle DEEPSEEK-R1", ["DEEPSEEK"]),
        ("DeepSeek’s app and DeepSeeks Modell", ["DeepSeek’s", "DeepSeeks"]),
        ("deep-seek, Deep Seek et deepseek", ["deep-seek", "Deep Seek", "deepseek"]),
        ("中国公司深度求索发布了", ["深度求索"]),
        ("компания ДипСик", ["ДипСик"]),
        ("DeepSeekers, sondeepseek", []),
        ("", []),
    ],
)
def test_names_are_found_in_any_script(text: str, found: list[str]) -> None:
    assert [text[mention.start : mention.end] for mention in find_mentions(text, [DEEPSEEK])] == found


def test_subjects_are_kept_apart() -> None:
    other = Subject(id="mistral", name="Mistral")
    mentions = find_mentions("Mistral répond à DeepSeek.", [DEEPSEEK, other])
    assert [mention.subject for mention in mentions] == ["mistral", "deepseek"]


def test_of_names_that_overlap_the_longest_counts() -> None:
    cloud = Subject(id="cloud", name="Huawei Cloud", aliases=("Huawei",))
    text = "Huawei Cloud et Huawei"
    assert [text[mention.start : mention.end] for mention in find_mentions(text, [cloud])] == ["Huawei Cloud", "Huawei"]
    other = Subject(id="huawei", name="Huawei")
    assert [mention.subject for mention in find_mentions("Huawei Cloud", [other, cloud])] == ["cloud"]


def test_a_name_in_latin_letters_is_found_inside_a_text_without_spaces() -> None:
    assert len(find_mentions("中国的DeepSeek模型", [DEEPSEEK])) == 1
