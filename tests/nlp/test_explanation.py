"""Explanations: they are what the reader stores, they sum up, and they say where the archive has something else."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from nlp.explanation import Explanation, _stances, explain, stored_otherwise
from nlp.reader import Reader, label_record
from nlp.stance.conclude import Balance, Conclusion
from nlp.stance.head import NONE
from nlp.stance.views import compose
from nlp.training.press import article_of, records
from tests.conftest import Vigie
from tests.nlp.test_reader import MIXED, piece
from vigie.archive import Archive
from vigie.article import Article, Labels, Sentence, Stance, StanceLabel, TopicLabel
from vigie.correction import Answer, Correction
from vigie.watch import Subject

PASSING = """Le Salon du livre de Besançon a fermé ses portes dimanche soir sur une fréquentation en hausse de 4 %, avec 31 000 visiteurs en trois jours. Le prix des lycéens est allé à la romancière Odile Marchetti.

Parmi les stands les plus courus, celui des traducteurs proposait un jeu : deviner laquelle de trois versions d'un même poème était due à un logiciel, DeepSeek, Reverso ou un étudiant pressé. Les enfants gagnaient plus souvent que leurs parents.

L'édition prochaine aura lieu du 12 au 14 novembre, la halle rénovée devant rouvrir au printemps."""
OPPOSED = """Les avis sur DeepSeek divergent à l'Assemblée.

« DeepSeek est un scandale : l'entreprise vole les données de nos enfants et ment à tout le monde », a dénoncé la députée Anne Kervran.

« DeepSeek est un modèle remarquable, le meilleur que nous ayons essayé, et son équipe mérite nos félicitations », a déclaré le chercheur Paul Durand."""


def an_article(**told: str) -> Article:
    """The first article of the development texts on DeepSeek of which this holds."""
    fits = (one for one in records("dev") if one["subject"] == "DeepSeek" and one["stances"])
    return article_of(next(one for one in fits if all(one[name] == value for name, value in told.items())))


@pytest.mark.parametrize("article", [an_article(), piece("salon", "À Besançon, le Salon du livre finit en beauté", PASSING)])
def test_what_is_explained_is_what_is_stored(reader: Reader, article: Article) -> None:
    found = explain(reader, article)
    (reading,) = reader.read([article])
    labels = reading.labels
    assert {why.topic: round(why.score, 4) for why in found.topics if why.found} == pytest.approx(
        {label.topic: label.score for label in labels.topics}, abs=1e-3
    )
    shown = {why.topic: why.shown for why in found.stances if why.shown}
    assert shown == {label.topic: label.stance for label in labels.stances}
    assert [(one.speaker, one.start) for one in found.voices] == [(one.speaker, one.start) for one in labels.voices]
    assert stored_otherwise(found, article, labels, [], analyser=reader.analyser) == []


def test_an_explanation_adds_up(reader: Reader) -> None:
    articles = [an_article(), an_article(language="en"), piece("salon", "Le Salon du livre", PASSING)]
    for article in articles:
        found = explain(reader, article)
        for why in found.topics:
            assert why.best + why.mean + why.learnt + why.bias == pytest.approx(logit(why.score), abs=1e-3)
            assert why.best == pytest.approx(reader.topics.weights.best * (why.near - why.elsewhere), abs=1e-3)
            assert why.near == pytest.approx(np.mean([cosine for _, cosine in why.prototypes]), abs=1e-4)
            assert why.prototypes[0][1] >= why.prototypes[-1][1]
            assert article.text[why.start : why.end] in why.passage
        for stance in found.stances:
            chances, balance = np.array(stance.conclusion.chances), stance.balance
            whole = sum(weight for _, weight in stance.sentences) + balance.rest + balance.bias + balance.spread
            if stance.shown:
                likeliest = int(np.argmax(chances[1:])) + 1
                others = [other for other in (1, 2, 3) if other != likeliest]
                assert whole == pytest.approx(np.log(chances[likeliest]) - np.log(chances[others]).mean(), abs=2e-3)
            else:
                assert whole == pytest.approx(np.log(chances[NONE] / (1 - chances[NONE])), abs=2e-3)
    over_all = next(why for why in found.stances if why.topic is None)
    assert (over_all.shown, over_all.balance.whole > 0) == (None, True)


def test_stances_on_topics_are_dropped_with_the_article(reader: Reader) -> None:
    view = compose(Subject(id="deepseek", name="DeepSeek"), [Sentence("DeepSeek vole des données.", 0, 26)])
    balance = Balance((0.5,), 0.1, 0.1)

    def found(none: float) -> Conclusion:
        return Conclusion((none, 1 - none, 0.0, 0.0), Stance.CRITICAL, 1.0, balance, Balance((0.7,), 0.0, 0.0, -0.1))

    over_all, data = _stances("deepseek", view, {None: found(0.8), "data": found(0.0)})
    assert (over_all.shown, over_all.dropped, over_all.sentences[0][1]) == (None, False, 0.7)
    assert (data.shown, data.dropped) == (None, True)
    over_all, data, gpus = _stances("deepseek", view, {None: found(0.3), "data": found(0.0), "gpus": found(0.95)})
    assert [(why.shown, why.dropped) for why in (over_all, data, gpus)] == [
        (Stance.CRITICAL, False), (Stance.CRITICAL, False), (None, False),
    ]  # fmt: skip
    assert gpus.balance.spread == -0.1


def test_of_a_long_article_what_was_read_is_explained(reader: Reader) -> None:
    weather = [f"Le {n} janvier, le temps fut gris sur la côte, et personne ne s'en est étonné." for n in range(1, 60)]
    late = "La CNIL enquête sur les données personnelles des utilisateurs, stockées hors d'Europe sans leur accord."
    text = "\n\n".join([" ".join(weather[:30]), " ".join(weather[30:]), late])
    article = Article("0" * 64, "", "", "", "DeepSeek sous la pluie", text, language="fr")
    over_all = next(why for why in explain(reader, article).stances if why.topic is None)
    assert late in [sentence.text for sentence, _ in over_all.sentences]


def test_speakers_who_disagree_are_told_apart_and_with_their_words(reader: Reader) -> None:
    article = piece("opposed", "DeepSeek divise", OPPOSED)
    found = {voice.speaker: voice for voice in explain(reader, article).voices}
    said = {speaker: voice.stance.stance for speaker, voice in found.items()}
    assert said == {"Anne Kervran": Stance.CRITICAL, "Paul Durand": Stance.SUPPORTIVE}
    for voice in found.values():
        assert voice.text == OPPOSED[voice.start : voice.end]
    assert found["Anne Kervran"].text.startswith("DeepSeek est un scandale")
    labelled = label_record(reader, {"title": article.title, "text": OPPOSED, "subject": "DeepSeek", "language": "fr"})
    assert [(one["speaker"], one["stance"], OPPOSED[one["start"] : one["end"]] == one["quote"]) for one in labelled["voices"]] == [
        ("Anne Kervran", "critical", True), ("Paul Durand", "supportive", True),
    ]  # fmt: skip


def test_evidence_says_where_it_stands(reader: Reader) -> None:
    text = "🦊 Voilà. " + MIXED
    labelled = label_record(reader, {"title": "DeepSeek, deux visages", "text": text, "subject": "DeepSeek"})
    assert labelled["stances"]
    for label in labelled["stances"]:
        assert len(label["places"]) == len(label["evidence"]) > 0
        for sentence, place in zip(label["evidence"], label["places"], strict=True):
            assert sentence == (text[place["start"] : place["end"]] or "DeepSeek, deux visages")


def a_correction(answer: Answer, author: str, *, subject: str | None = None, topic: str | None = None) -> Correction:
    return Correction(1, "a", 1, subject, topic, answer, author, 1.0)


def test_what_the_archive_shows_otherwise_is_told_with_the_reason(reader: Reader) -> None:
    article = piece("salon", "Le Salon du livre", PASSING)
    nothing = Explanation((), (), (), ())
    said = (StanceLabel("deepseek", None, Stance.CRITICAL, -1, 0.9), StanceLabel("deepseek", "data", Stance.NEUTRAL, 0, 0.9))
    own = Labels(article.id, 1, "fr", "old", ("deepseek",), topics=(TopicLabel("data", 0.9),), stances=said)

    def told(*corrections: Correction, labels: Labels = own) -> dict[tuple[str | None, str | None], tuple[str, str]]:
        found = stored_otherwise(nothing, article, labels, corrections, analyser="new")
        return {(one.subject, one.topic): (one.stored, one.why) for one in found}

    assert told() == {
        (None, "data"): ("found", "read by old"),
        ("deepseek", None): ("critical", "read by old"),
        ("deepseek", "data"): ("neutral", "read by old"),
    }
    assert told(a_correction(Answer.NONE, "ada", subject="deepseek")) == {(None, "data"): ("found", "read by old")}
    changed = told(a_correction(Answer.SUPPORTIVE, "ada", subject="deepseek", topic="data"))
    assert changed["deepseek", "data"] == ("supportive", "said by ada")
    assert told(a_correction(Answer.ABSENT, "bob", topic="data")) == {("deepseek", None): ("critical", "read by old")}
    assert told(a_correction(Answer.CRITICAL, "ada", subject="deepseek"))["deepseek", None] == ("critical", "said by ada")
    edited = replace(article, revision=2)
    (one, *_) = stored_otherwise(nothing, edited, own, [], analyser="old")
    assert one.why == "read of revision 1, this is 2"
    read = explain(reader, an_article())
    (reading,) = reader.read([an_article()])
    voided = stored_otherwise(
        read, an_article(), reading.labels, [a_correction(Answer.NONE, "ada", subject="deepseek")], analyser=reader.analyser
    )
    assert {(one.stored, one.why) for one in voided} == {("none", "said by ada")}
    assert len(voided) == len(reading.labels.stances)


@pytest.fixture
def explained(vigie: Vigie) -> Article:
    """An article in an archive, read by nobody yet."""
    vigie.write_watch("")
    article = an_article(overall="critical")
    with Archive.open(vigie.data).begin() as tx:
        tx.articles.store(article, page_id=None, at=1.0)
    return article


def test_explain_in_a_terminal(vigie: Vigie, explained: Article) -> None:
    shown = vigie("explain", explained.id[:8]).out
    assert explained.title in shown
    assert "Stance toward deepseek, over all:" in shown
    assert "bias" in shown
    assert shown.index("stance uncalibrated") < shown.index("Topic ")
    assert "The archive has" not in shown
    missing = vigie("explain", "0000")
    assert missing.code == 2
    assert "the archive has no article '0000'" in missing.err


def test_explain_for_programs_by_address(vigie: Vigie, explained: Article) -> None:
    rows = vigie("explain", explained.canonical_url, "--format", "json").json
    parts = {"best passage", "all passages", "learnt", "bias", "near", "elsewhere", "prototype", "sentence", "name"}
    assert {row["part"] for row in rows} >= parts
    assert (rows[0]["label"], rows[0]["value"]) == ("note", "stance uncalibrated")
    sentences = [row for row in rows if row["part"] == "sentence"]
    assert all(row["text"] == (explained.text[row["start"] : row["end"]] or explained.title) for row in sentences)
    assert all(
        explained.text[row["start"] : row["end"]] in row["text"] and row["end"] for row in rows if row["part"] == "best passage"
    )
    assert {row["toward"] for row in sentences} <= {"critical", "neutral", "supportive", "none"}


def test_explain_says_where_the_archive_was_corrected(vigie: Vigie, explained: Article) -> None:
    assert vigie("read").code == 0
    assert "The archive has" not in vigie("explain", explained.id).out
    with Archive.open(vigie.data).begin() as tx:
        now = {(label.topic): label.stance for label in tx.labels.get([explained.id])[explained.id].stances}
        other = Answer.SUPPORTIVE if now.get(None) is not Stance.SUPPORTIVE else Answer.CRITICAL
        tx.corrections.add(explained.id, other, author="ada", at=2.0, subject="deepseek")
    told = vigie("explain", explained.id).out
    assert f"The archive has stance toward deepseek, over all: {other} (said by ada)" in told
    (row,) = (row for row in vigie("explain", explained.id, "--format", "json").json if row["part"] == "archive")
    assert (row["label"], row["subject"], row["topic"], row["value"]) == ("stance", "deepseek", None, str(other))
    assert row["text"] == "said by ada"


def test_explain_shows_voices_and_none(vigie: Vigie) -> None:
    vigie.write_watch("", stance="e5-small")
    articles = [piece("opposed", "DeepSeek divise", OPPOSED), piece("salon", "Le Salon du livre", PASSING)]
    with Archive.open(vigie.data).begin() as tx:
        for article in articles:
            tx.articles.store(article, page_id=None, at=1.0)
    opposed, passing = (vigie("explain", article.url) for article in articles)
    assert "Voice of Anne Kervran toward deepseek: critical" in opposed.out
    assert "Voice of Paul Durand toward deepseek: supportive" in opposed.out
    assert "over all: none (not about the subject)" in passing.out
    assert "what speaks for none rather than any stance" in passing.out
    assert "that three stances stand against it" in passing.out
    rows = vigie("explain", articles[0].url, "--format", "json").json
    voices = {row["speaker"]: row for row in rows if row["label"] == "voice"}
    assert {speaker: row["value"] for speaker, row in voices.items()} == {
        "Anne Kervran": "critical",
        "Paul Durand": "supportive",
    }
    assert all(row["text"] == OPPOSED[row["start"] : row["end"]] for row in voices.values())
