"""An article taken apart: sentences, entities, paragraphs. Offsets always give back the text."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.document import MODELS, _pipeline, model_of, paragraphs, take_apart

FRENCH = """La Cnil va interroger DeepSeek, a indiqué jeudi un porte-parole de la CNIL à Paris. Odile Marchetti suit le dossier.

« Nous ne savons pas où vont les données », a déclaré Odile Marchetti. Selon Yannick Delormel, « il faudra des semaines pour le savoir ».
Le service reste ouvert."""
ENGLISH = """Priya Lindqvist runs training in Seattle. "They made do with less and it made them better," said Lindqvist."""
GERMAN = "Das Modell von DeepSeek läuft bei Huawei Cloud in Shenzhen. Die Behörde prüft das BSI-Gutachten."


def test_sentences_and_offsets() -> None:
    (document,) = take_apart([("Titre", FRENCH, "fr")])
    assert len(document.sentences) == 5
    for sentence in document.sentences:
        assert document.text[sentence.start : sentence.end] == sentence.text


def test_entities_by_model_are_counted_under_one_name() -> None:
    (document,) = take_apart([("La CNIL s’en mêle", FRENCH, "fr")])
    found = {entity.name.casefold(): entity for entity in document.entities}
    assert found["cnil"].count >= 2
    assert found["odile marchetti"].kind == "person"
    assert not document.by_rules


def test_entities_by_rules_where_there_is_no_model() -> None:
    (document,) = take_apart([("Neues aus China", GERMAN, "de")])
    assert document.by_rules
    assert {"DeepSeek", "Huawei Cloud"} <= {entity.name for entity in document.entities}
    assert "Modell" not in {entity.name for entity in document.entities}


def test_an_installed_model_of_another_language_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "de_core_news_md").mkdir()
    (tmp_path / "de_core_news_md" / "__init__.py").write_text(
        "import spacy\n"
        "def load(**options):\n"
        "    pipeline = spacy.blank('de')\n"
        "    pipeline.add_pipe('entity_ruler').add_patterns([{'label': 'PER', 'pattern': 'Sabine Vogt'}])\n"
        "    return pipeline\n",
        encoding="utf-8",
    )
    (tmp_path / "de_core_news_md-3.8.0.dist-info").mkdir()
    (tmp_path / "de_core_news_md-3.8.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: de_core_news_md\nVersion: 3.8.0\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for kept in (model_of, _pipeline):
        kept.cache_clear()
    try:
        (document,) = take_apart([("", "Sabine Vogt klagt. Die Behörde prüft.", "de")])
    finally:
        for kept in (model_of, _pipeline):
            kept.cache_clear()
    assert not document.by_rules
    assert [(one.name, one.kind) for one in document.entities] == [("Sabine Vogt", "person")]
    assert len(document.sentences) == 2


def test_full_stops_end_sentences_where_no_spaces_stand() -> None:
    text = "DeepSeekは新しいモデルを公開した。「とても速い。」と研究者は言う！価格は下がるのか？まだ分からない"
    (document,) = take_apart([("", text, "ja")])
    assert [one.text for one in document.sentences] == [
        "DeepSeekは新しいモデルを公開した。",
        "「とても速い。」",
        "と研究者は言う！",
        "価格は下がるのか？",
        "まだ分からない",
    ]


def test_documents_keep_their_order_whatever_their_language() -> None:
    documents = take_apart([("a", ENGLISH, "en"), ("b", FRENCH, "fr"), ("c", GERMAN, "de"), ("d", ENGLISH, "en")])
    assert [document.title for document in documents] == ["a", "b", "c", "d"]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("aé«»“”\"' .\n—DeepSk深度"), max_size=400))
def test_no_text_breaks_the_offsets(text: str) -> None:
    (document,) = take_apart([("titre", text, "fr")])
    for sentence in document.sentences:
        assert text[sentence.start : sentence.end] == sentence.text
    for _, start, end in paragraphs("titre", text):
        assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Selon Maëlle Kervran, la CNIL enquête à Paris. DeepSeek, fondée par Liang Wenfeng, n'a pas répondu."),
        ("en", "According to Maya Brooks, the FTC is investigating in Washington. Nvidia fell 17% on Monday."),
    ],
)
def test_entities_and_sentences_do_not_depend_on_the_matrix_product(language: str, text: str) -> None:
    """numpy's product is used in the place of blis because it is faster; it must change nothing."""
    import spacy
    from thinc.api import NumpyOps, get_current_ops, set_current_ops

    before = get_current_ops()
    set_current_ops(NumpyOps(use_blis=True))
    package = MODELS[language]
    theirs = spacy.load(package, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler", "morphologizer"])
    set_current_ops(before)
    theirs.enable_pipe("senter")
    ours, trained = _pipeline(language)
    assert trained
    assert not ours.get_pipe("ner").model.ops.use_blis
    for take in (lambda doc: [(one.text, one.label_) for one in doc.ents], lambda doc: [one.start for one in doc.sents]):
        assert take(ours(text)) == take(theirs(text))
