"""Learning from corrections: what helps on held-out answers is kept in the archive, and every reader of it uses it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality_press import article_of, records
from nlp.learning import FirstHead, Floats, Gain, Lesson, learn
from nlp.learnt import NOTHING_LEARNT, Learnt, keep_learnt, load_learnt
from nlp.models import model_version
from nlp.reader import Reader, analyser_version, made_vector, read_archive, reader_of
from nlp.topic_trial import _vectors, try_topic
from nlp.topics import TopicHead
from tests.conftest import Vigie
from vigie.archive import Archive, Fingerprint
from vigie.article import Stance
from vigie.cli import learn as learn_command
from vigie.correction import Answer
from vigie.errors import VigieError
from vigie.watch import Models, Subject, Topic, Watch, load_watch

# Described so badly that most articles are missed.
CHIPS = Topic(id="chips", label={"fr": "Puces"}, description={"fr": "Puces."})


def quiet(*_: object, **__: object) -> None:
    """No progress."""


def a_watch(stance: str = "e5-small") -> Watch:
    subjects = (Subject(id="deepseek", name="DeepSeek"), Subject(id="nvidia", name="Nvidia"))
    models = Models(embedding="static", stance=stance)
    return Watch(name="chips", languages=("fr", "en", "de", "es", "it"), subjects=subjects, topics=(CHIPS,), models=models)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Forty French articles, half of them on chips, all judged by a person for that."""
    archive = Archive.open(tmp_path / "data")
    texts = [record for record in records("dev") if record["language"] == "fr"]
    on_chips = [record for record in texts if "gpus" in record["topics"]]
    chosen = on_chips + [record for record in texts if "gpus" not in record["topics"]][: 40 - len(on_chips)]
    with archive.begin() as tx:
        for record in chosen:
            tx.articles.store(article_of(record), page_id=None, at=1.0)
    with archive.begin() as tx:
        for record in chosen:
            answer = Answer.PRESENT if "gpus" in record["topics"] else Answer.ABSENT
            tx.corrections.add(article_of(record).id, answer, author="ada", at=2.0, topic="chips")
    return archive


def test_a_badly_described_topic_is_learnt(archive: Archive) -> None:
    lesson = learn(archive, a_watch(), at=3.0, progress=quiet)
    gain = lesson.topics["chips"]
    assert gain.answers == 40
    assert gain.after >= gain.before + 0.05
    assert lesson.kept


def test_every_reader_of_the_archive_uses_what_was_learnt(archive: Archive) -> None:
    learn(archive, a_watch(), at=3.0, progress=quiet)
    read_archive(archive, a_watch(), progress=quiet)
    with archive.read() as tx:
        found = [stored.labels for stored in tx.articles.all()]
    assert all(labels and labels.analyser.endswith("learnt 1970-01-01T00:00:03Z") for labels in found)
    assert {labels.analyser for labels in found if labels} == {reader_of(archive, a_watch()).analyser}


def test_the_same_corrections_teach_the_same(archive: Archive) -> None:
    watch = a_watch()
    taught = []
    for _ in range(2):
        learn(archive, watch, at=3.0, progress=quiet)
        with archive.read() as tx:
            learnt = load_learnt(tx, watch)
        assert learnt.topics is not None
        taught.append(learnt.topics.heads[0].weight.tolist())
    assert taught[0] == taught[1]


ANSWERS = np.arange(40) % 2


def sure_of(right: list[float]) -> Floats:
    """Log probabilities that give each answer this probability."""
    return np.log(
        [[share, 1 - share] if answer == 0 else [1 - share, share] for answer, share in zip(ANSWERS, right, strict=True)]
    )


def test_what_makes_true_answers_likelier_and_none_wrong_is_kept() -> None:
    before = sure_of([0.9] * 12 + [0.1] * 28)
    most = Gain.between(before, sure_of([0.9] * 12 + [0.7] * 24 + [0.1] * 4), ANSWERS)
    assert (most.before, most.after, most.gained, most.lost, most.helps) == (0.3, 0.9, 24, 0, True)
    assert not Gain.between(before, before, ANSWERS).helps


def test_one_more_right_answer_is_no_gain_where_the_others_become_less_likely() -> None:
    before = sure_of([0.9] * 12 + [0.1] * 28)
    dearly = Gain.between(before, sure_of([0.6] * 13 + [0.02] * 27), ANSWERS)
    assert (dearly.gained, dearly.lost, dearly.helps) == (1, 0, False)


def test_likelier_answers_are_no_gain_where_more_become_wrong_than_right() -> None:
    before = sure_of([0.51] * 3 + [0.01] * 37)
    doubting = Gain.between(before, sure_of([0.49] * 40), ANSWERS)
    assert (doubting.gained, doubting.lost, doubting.likelier > 0, doubting.helps) == (0, 3, True, False)


def test_the_report_says_what_is_kept_and_why() -> None:
    lesson = Lesson(
        Gain(40, 12, 3, 2, -0.1),
        {"chips": Gain(40, 20, 12, 1, 0.3)},
        kept=True,
        topics_removed=("data",),
        first=FirstHead(382, 0.485),
    )
    rows = {row["what"]: row for row in learn_command._rows(lesson)}
    assert [(what, row["kept"]) for what, row in rows.items()] == [
        ("stance, first head", True), ("stance", False), ("topic chips", True), ("topic data", False),
    ]  # fmt: skip
    assert (rows["stance, first head"]["answers"], rows["stance, first head"]["macro-F1"]) == (382, 0.485)
    assert rows["stance"]["says"] == "3 became right, 2 wrong: no better"
    assert rows["topic data"]["says"] == "what was learnt before is removed"
    assert learn_command._cells(rows["topic chips"]) == ["topic chips", "40", "50%", "78%", "", "yes", "12 became right, 1 wrong"]


def taught_before(archive: Archive, watch: Watch) -> None:
    """Keep a head for the first topic, as if it had been learnt earlier."""
    own = Reader(watch).topics
    head = TopicHead(own.heads[0].prototype, own.heads[0].weight + 1, 0.5)
    with archive.begin() as tx:
        keep_learnt(tx, watch, stance=None, topics=replace(own.weights, heads=(head, *own.weights.heads)), answers=40, at=2.0)


def held(archive: Archive, watch: Watch) -> Learnt:
    with archive.read() as tx:
        return load_learnt(tx, watch)


def test_what_no_longer_helps_is_removed(archive: Archive) -> None:
    watch = a_watch()
    taught_before(archive, watch)
    with archive.begin() as tx:
        for n, one in enumerate(tx.corrections.current()):  # by turns, whatever the text says
            tx.corrections.add(one.article, (Answer.PRESENT, Answer.ABSENT)[n % 2], author="bob", at=3.0, topic="chips")
    lesson = learn(archive, watch, at=4.0, progress=quiet)
    assert not lesson.topics["chips"].helps
    assert (lesson.kept, lesson.topics_removed) == (False, ("chips",))
    assert held(archive, watch) == NOTHING_LEARNT


def test_what_was_learnt_goes_with_its_corrections(vigie: Vigie) -> None:
    vigie.write_watch("", stance="e5-small")
    watch = load_watch(vigie.watch)
    archive = vigie.archive
    taught_before(archive, watch)
    told = vigie("learn", "--format", "json")
    assert told.code == 0
    (row,) = told.json
    assert (row["what"], row["answers"], row["kept"]) == ("topic performance", None, False)
    assert row["says"] == "what was learnt before is removed"
    assert held(archive, watch) == NOTHING_LEARNT
    assert "too few to learn from" in vigie("learn").err


def test_too_little_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match="0 corrected articles are too few"):
        learn(Archive.open(tmp_path), a_watch(), at=1.0, progress=quiet)


def test_a_model_without_a_head_gets_one_from_texts_of_our_own(tmp_path: Path) -> None:
    archive, watch = Archive.open(tmp_path), a_watch(stance="static")
    praise = article_of(next(record for record in records("dev") if record["subject"] == "DeepSeek"))
    assert Reader(watch).read([praise])[0].labels.notes == ("stance uncalibrated",)
    lesson = learn(archive, watch, at=3.0, progress=quiet)
    assert lesson.kept
    assert lesson.first
    assert lesson.first.answers > 300
    assert 0.3 < lesson.first.macro_f1 < 0.9
    learnt = held(archive, watch)
    texts = [record for record in records("dev") if record["overall"] != "none"]
    subjects = [Subject(id="subject", name=record["subject"]) for record in texts]
    readings = Reader(watch, learnt).read([article_of(record) for record in texts], about=subjects)
    assert not any("stance uncalibrated" in reading.labels.notes for reading in readings)
    said = [{label.topic: label.stance for label in reading.labels.stances}.get(None) for reading in readings]
    right = sum(stance == Stance(record["overall"]) for stance, record in zip(said, texts, strict=True))
    assert right / len(texts) > 0.38  # a third is chance


def test_the_command_needs_corrections(vigie: Vigie) -> None:
    vigie.write_watch("", embedding="e5-small", stance="e5-small")
    with Archive.open(vigie.data).begin():
        pass
    refused = vigie("learn")
    assert refused.code == 1
    assert "too few to learn from" in refused.err
    assert "vigie review" in refused.err


def test_a_tried_topic_is_scored_with_what_was_learnt(archive: Archive) -> None:
    watch = a_watch(stance="static")
    own = Reader(watch).topics
    weights = replace(own.weights, heads=(replace(own.heads[0], shift=own.heads[0].shift + 2.0),))
    with archive.begin() as tx:
        keep_learnt(tx, watch, stance=None, topics=weights, answers=40, at=2.0)
    read_archive(archive, watch, progress=quiet)
    with archive.read() as tx:
        stored = tx.labels.get(tx.articles.ids())
    read = {article: label.score for article, labels in stored.items() for label in labels.topics}
    tried = Topic(id="tried", label=CHIPS.label, description=CHIPS.description)
    trial = try_topic(archive, watch, tried, candidates=40, progress=quiet)
    assert read
    assert trial.notes == ()
    assert {match.stored.article.id: match.score for match in trial.matches} == pytest.approx(read, abs=1e-3)


def test_vectors_of_another_model_of_the_same_length_are_left_out() -> None:
    version = model_version("e5-small")
    vector = np.ones(384, np.float16).tobytes()
    by = {"ours": f"vigie method 3; {version}; spaCy 3", "theirs": "vigie method 3; some/other; spaCy 3", "whose": "test"}
    prints = [Fingerprint(name, "s", None, "fr", vector, None, "", None, None, analyser) for name, analyser in by.items()]
    vectors, whose = _vectors(prints, version, 384)
    assert (vectors.shape, whose) == ((2, 384), ["ours", "whose"])
    assert _vectors(prints, version, 512)[1] == []


def test_an_analyser_says_which_model_made_its_vectors() -> None:
    assert made_vector(analyser_version(a_watch(), NOTHING_LEARNT)) == model_version("static")
    assert made_vector("e5") == ""
