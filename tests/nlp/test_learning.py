"""Learning from corrections: what helps on held-out answers is kept in the archive, and every reader of it uses it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from benchmarks.quality_labels import article_of as newsroom_article
from benchmarks.quality_labels import deepseek_watch
from newsroom.press import Piece, load_press
from nlp import learning
from nlp.learning import FirstHead, Floats, Gain, Judged, Lesson, Untried, examine, folds, learn, stance_answers
from nlp.learnt import NOTHING_LEARNT, Learnt, keep_learnt, load_learnt, outdated
from nlp.models import model_version
from nlp.reader import Reader, analyser_version, made_vector, read_archive, reader_of
from nlp.stance.conclude import UNSURE, shown_classes
from nlp.stance.head import CRITICAL, NONE
from nlp.stance.reading import StanceModel
from nlp.stance.views import View, passages_on
from nlp.topic_trial import _vectors, try_topic
from nlp.topics import TopicHead
from nlp.training.press import article_of, records
from tests.conftest import Vigie
from vigie.archive import Archive, Fingerprint
from vigie.article import Labels, Stance
from vigie.cli import learn as learn_command
from vigie.correction import Answer, Correction
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


def test_what_was_learnt_on_other_weights_is_not_used_and_that_is_told(vigie: Vigie, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an upgrade that brings other weights: an old head fits no more, though it has the right shape."""
    vigie.write_watch("", stance="e5-small")
    archive, watch = vigie.archive, load_watch(vigie.watch)
    head = Reader(watch).stance.heads.article
    with monkeypatch.context() as before:
        before.setattr("nlp.learnt.weights_mark", lambda kind, model: "0ld")
        archive.write(lambda tx: keep_learnt(tx, watch, stance=head, topics=None, answers=40, at=3.0))
        assert held(archive, watch).stance
    assert held(archive, watch) == NOTHING_LEARNT
    assert "stance e5-small; weights 0ld: on weights of another version" in vigie("doctor").out
    archive.write(lambda tx: keep_learnt(tx, watch, stance=head, topics=None, answers=40, at=4.0))
    with archive.read() as tx:
        assert not outdated(tx, watch)
    assert "of another version" not in vigie("doctor").out


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


def test_right_is_what_is_shown() -> None:
    sure, unsure = (0.05, 0.8, 0.1, 0.05), (0.05, 0.4, 0.3, 0.25)
    passing, seldom = (0.6, 0.35, 0.03, 0.02), (0.95, 0.04, 0.005, 0.005)
    chances = np.array([sure, unsure, passing, passing, seldom], np.float32)
    shown = shown_classes(chances, over_all=[True, True, True, False, False])
    assert shown.tolist() == [CRITICAL, UNSURE, NONE, CRITICAL, NONE]
    gain = Gain.between(
        np.log(chances[1:2]),
        np.log(chances[:1]),
        np.array([CRITICAL]),
        shown=lambda found: shown_classes(np.exp(found), over_all=[True]),
    )
    assert (gain.right, gain.gained) == (0, 1)


def test_the_answers_on_an_article_stay_in_one_part() -> None:
    assert folds(["c", "a", "c", "b", "f", "e", "d", "a"]).tolist() == [2, 0, 2, 1, 0, 4, 3, 0]


def test_revisions_of_an_article_are_one_article(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    article = article_of(records("dev")[0])
    with archive.begin() as tx:
        for n in range(6):
            tx.articles.store(replace(article, text=f"{article.text} {n}"), page_id=None, at=float(n))
            tx.corrections.add(article.id, Answer.PRESENT, author="ada", at=float(n), topic=f"topic-{n}")
        assert len(tx.articles.revisions(article.id)) == 6
    with pytest.raises(VigieError, match="1 corrected articles are too few"):
        learn(archive, a_watch(), at=9.0, progress=quiet)


# -- stance


def on_deepseek() -> list[Piece]:
    """The newsroom's articles that convey something about DeepSeek."""
    return [piece for piece in load_press() if not piece.reprint_of and piece.reference.overall != "none"]


def stance_watch() -> Watch:
    return structs.replace(deepseek_watch(), models=Models(embedding="static", stance="e5-small"))


def test_stance_is_learnt_from_the_features_that_reading_has(reader: Reader) -> None:
    """Asked about several topics, reading looks at each once more; one answer alone must teach of the same."""
    subject = reader.watch.subjects[0]
    for piece in on_deepseek():
        article = newsroom_article(piece)
        (analysis,) = reader.analyse([article], about=[(subject,)])
        topics = [label.topic for label in reader.topics.article_topics(analysis.vectors, analysis.margins)]
        view = analysis.views[subject.id]
        if any(passages_on(view, topic, topics) for topic in topics):
            break
    topic = next(topic for topic in topics if passages_on(view, topic, topics))
    answer = Correction(1, article.id, 1, subject.id, topic, Answer.CRITICAL, "ada", 1.0)
    answers = stance_answers(reader, examine(reader, [Judged(article, (answer,), (subject,))], quiet), quiet)
    (served,) = reader.stance.parts([(view, [None, *topics])])
    (alone,) = reader.stance.parts([(view, [topic])])
    assert answers.features[0] == pytest.approx(served[1 + topics.index(topic)].sum(axis=0), abs=1e-4)
    assert answers.features[0] != pytest.approx(alone[0].sum(axis=0), abs=1e-2)


def test_a_way_of_judging_is_learnt_and_read(tmp_path: Path) -> None:
    """Who takes praise for neutral, over all and on topics, finds articles judged so that nobody has corrected."""
    archive, watch = Archive.open(tmp_path), stance_watch()
    pieces = on_deepseek()
    corrected, others = pieces[::2], pieces[1::2]
    with archive.begin() as tx:
        for piece in corrected:
            article = newsroom_article(piece)
            tx.articles.store(article, page_id=None, at=1.0)
            for topic, stance in {None: piece.reference.overall, **piece.reference.topics}.items():
                answer = Answer.NEUTRAL if stance == "supportive" else Answer(stance)
                tx.corrections.add(article.id, answer, author="ada", at=2.0, subject="deepseek", topic=topic)
    reader = Reader(watch)
    praised = [piece for piece in others if shown_on(reader, [piece]) == [Stance.SUPPORTIVE]]
    assert len(praised) >= 5
    lesson = learn(archive, watch, at=3.0, progress=quiet)
    assert lesson.stance
    assert lesson.kept
    assert lesson.stance.helps
    assert lesson.stance.answers == sum(1 + len(piece.reference.topics) for piece in corrected)
    assert held(archive, watch).stance is not None
    after = shown_on(reader_of(archive, watch), praised)
    assert after.count(Stance.SUPPORTIVE) <= len(praised) / 2, after
    assert after.count(Stance.NEUTRAL) >= len(praised) / 2, after


def shown_on(reader: Reader, pieces: Sequence[Piece]) -> list[Stance]:
    """The stances over all that are shown."""
    readings = reader.read([newsroom_article(piece) for piece in pieces])
    return [label.stance for reading in readings for label in reading.labels.stances if label.topic is None]


# -- what the report says


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


def test_the_report_says_what_could_not_be_judged_and_where_else_it_applies() -> None:
    lesson = Lesson(
        None,
        {"chips": Gain(40, 20, 12, 1, 0.3), "processors": Gain(8, 5, 0, 1, 0.1)},
        kept=True,
        untried={None: Untried(3, "on 2 articles, 5 are the least")},
        alike={"processors": "chips", "semiconductors": "chips"},
    )
    rows = {row["what"]: row for row in learn_command._rows(lesson)}
    assert (rows["stance"]["answers"], rows["stance"]["kept"]) == (3, False)
    assert rows["stance"]["says"] == "not judged: on 2 articles, 5 are the least"
    takes = "takes what topic chips was taught, which means nearly the same: not judged here"
    assert (rows["topic semiconductors"]["answers"], rows["topic semiconductors"]["kept"]) == (None, True)
    assert rows["topic semiconductors"]["says"] == takes
    assert rows["topic processors"]["says"] == f"0 became right, 1 wrong: no better; {takes}"


def test_what_was_learnt_for_a_topic_goes_to_those_that_mean_the_same(archive: Archive) -> None:
    semiconductors = Topic(id="semiconductors", label={"fr": "Puces"}, description={"fr": "Des puces."})
    watch = structs.replace(a_watch(), topics=(CHIPS, semiconductors))
    assert learn(archive, watch, at=3.0, progress=quiet).alike == {"semiconductors": "chips"}
    unlike = Topic(id="law", label={"fr": "Justice"}, description={"fr": "Procès et tribunaux."})
    assert learn(archive, structs.replace(a_watch(), topics=(CHIPS, unlike)), at=4.0, progress=quiet).alike == {}


def apply(vigie: Vigie, answers: Sequence[dict[str, Any]]) -> None:
    told = vigie("review", "--apply", "-", "--author", "ada", stdin="\n".join(json.dumps(answer) for answer in answers))
    assert told.code == 0, told.err


def store(archive: Archive, texts: Sequence[dict[str, Any]]) -> None:
    with archive.begin() as tx:
        for record in texts:
            tx.articles.store(article_of(record), page_id=None, at=1.0)


def test_too_few_answers_or_answers_of_one_kind_are_told(vigie: Vigie) -> None:
    vigie.write_watch("", stance="e5-small")
    texts = [record for record in records("dev") if record["subject"] == "DeepSeek"][:5]
    store(vigie.archive, texts)
    ids = [article_of(record).id for record in texts]
    apply(vigie, [{"article": one, "topic": "performance", "present": True} for one in ids])
    apply(vigie, [{"article": one, "topic": "data", "present": False} for one in ids[:4]])
    apply(vigie, [{"article": ids[0], "subject": "deepseek", "stance": "critical"}])
    told = vigie("learn", "--format", "json")
    assert told.code == 3
    assert {row["what"]: (row["answers"], row["kept"], row["says"]) for row in told.json} == {
        "stance": (1, False, "not judged: on 1 article, 5 are the least"),
        "topic performance": (5, False, "not judged: all say present, some must say absent"),
        "topic data": (4, False, "not judged: on 4 articles, 5 are the least"),
    }
    assert "on no question are there answers enough to judge what they teach" in told.err
    assert "surely better" not in told.err
    assert "not judged: all say present" in vigie("learn").out


def test_what_is_said_in_review_is_learnt_and_read(vigie: Vigie) -> None:
    """Through the commands: answers are applied, learnt, and change the labels of articles that nobody has judged."""
    chips = '[[topics]]\nid = "chips"\nlabel = { fr = "Puces" }\ndescription = { fr = "Puces." }'
    vigie.write_watch("", stance="e5-small", more=chips)
    texts = [record for record in records("dev") if "DeepSeek" not in record["title"] + record["text"]]
    on_chips = [record for record in texts if "gpus" in record["topics"]]
    others = [record for record in texts if "gpus" not in record["topics"]][: len(on_chips)]
    store(vigie.archive, [*on_chips, *others])
    assert vigie("read").code == 0
    judged = [*on_chips[::2], *others[::2]]
    apply(vigie, [{"article": article_of(one).id, "topic": "chips", "present": "gpus" in one["topics"]} for one in judged])
    before = found_by_models(vigie, "chips", on_chips[1::2])
    told = vigie("learn", "--format", "json")
    assert (told.code, [(row["what"], row["kept"]) for row in told.json]) == (0, [("topic chips", True)])
    assert "vigie read --all" in told.err
    assert found_by_models(vigie, "chips", on_chips[1::2]) == before
    assert vigie("read", "--all").code == 0
    assert found_by_models(vigie, "chips", on_chips[1::2]) > before


def found_by_models(vigie: Vigie, topic: str, texts: Sequence[dict[str, Any]]) -> int:
    """In how many of these articles the archive's labels have the topic."""
    with vigie.archive.read() as tx:
        labels: dict[str, Labels] = tx.labels.get([article_of(record).id for record in texts])
    return sum(topic in {label.topic for label in found.topics} for found in labels.values())


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


def test_a_first_head_learns_each_answer_on_the_topic_that_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the watch calls by the same id; and of texts taken apart as reading does, with all topics that are found."""
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(json.dumps(record) for record in records("dev")[:40]), encoding="utf-8")
    monkeypatch.setattr(learning, "PRESS", few)
    asked: list[tuple[View, Sequence[str | None]]] = []
    meant = set()
    parts = StanceModel.parts

    def seen(model: StanceModel, questions: Sequence[tuple[View, Sequence[str | None]]]) -> list[list[Floats]]:
        asked.extend(questions)
        meant.update(vector.tobytes() for _, topics in questions for vector in model._vectors(topics) if vector is not None)
        return parts(model, questions)

    monkeypatch.setattr(StanceModel, "parts", seen)
    own = Topic(id="data", label={"fr": "Moissons"}, description={"fr": "Récoltes de blé."})
    watch = structs.replace(a_watch(stance="static"), topics=(own,))
    lesson = learn(Archive.open(tmp_path / "data"), watch, at=3.0, progress=quiet)
    assert lesson.first
    assert {topic for _, topics in asked for topic in topics} == {None, "performance", "data", "gpus"}
    (harvests,) = StanceModel("static", watch.topics)._vectors(["data"])
    assert harvests is not None
    assert harvests.tobytes() not in meant
    assert all(set(view.nearness) == {"performance", "data", "gpus"} for view, _ in asked)


def test_without_our_texts_no_first_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "PRESS", tmp_path / "train.jsonl")
    with pytest.raises(VigieError, match="static has no stance head, and the texts to train one on are not here") as refused:
        learn(Archive.open(tmp_path), a_watch(stance="static"), at=1.0, progress=quiet)
    assert "in a checkout" in refused.value.mend


def test_without_our_texts_a_model_without_a_head_still_learns_topics(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "PRESS", Path("nowhere.jsonl"))
    watch = a_watch(stance="static")
    lesson = learn(archive, watch, at=1.0, progress=quiet)
    assert lesson.topics["chips"].helps
    assert held(archive, watch).topics


def test_a_sentence_by_itself_is_no_lesson_for_the_head_of_articles(tmp_path: Path) -> None:
    reader = Reader(a_watch())
    long = article_of(next(record for record in records("dev") if record["subject"] == "DeepSeek"))
    short = replace(long, id="short", text="")
    subject = reader.watch.subjects[:1]
    judged = [
        Judged(one, (Correction(n, one.id, 1, "deepseek", None, Answer.CRITICAL, "ada", 1.0),), subject)
        for n, one in enumerate((long, short))
    ]
    answers = stance_answers(reader, examine(reader, judged, quiet), quiet)
    assert answers.articles == [long.id]


def test_what_was_learnt_in_one_language_says_nothing_of_another() -> None:
    learnt = Reader(a_watch()).stance.heads.article
    model = StanceModel("e5-small", (), learnt=learnt)
    assert model.is_calibrated("fr")
    assert not model.is_calibrated("zh")


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
