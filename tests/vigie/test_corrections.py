"""Corrections: who says what of an article, what becomes of its labels, and what is asked next, on both databases."""

import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest

from vigie.archive import Archive, Transaction
from vigie.article import Article, Labels, Sentence, Stance, StanceLabel, TopicLabel, article_id
from vigie.correction import Answer, Correction, corrected
from vigie.errors import UsageError
from vigie.review import FEW, Question, further_questions, look_again, open_questions, passages

TEXT = "Le modèle est rapide. Il envoie les données en Chine. Rien d'autre."
SENTENCE = Sentence("Il envoie les données en Chine.", 22, 53)


def article(slug: str, text: str = TEXT) -> Article:
    url = f"https://silex.example/{slug}"
    return Article(article_id(url), url, url, "silex", f"Titre {slug}", text, language="fr")


A, B = article("a"), article("b")


def labels_of(
    one: Article, *, topics: Iterable[TopicLabel] = (TopicLabel("data", 0.9),), stances: Iterable[StanceLabel] = ()
) -> Labels:
    return Labels(
        one.id, one.revision, "fr", "test 1", subjects=("deepseek",), topics=tuple(topics),
        stances=tuple(stances) or (stance(None, Stance.UNSURE, 0.45), stance("data", Stance.CRITICAL, 0.9)),
    )  # fmt: skip


def stance(topic: str | None, held: Stance, confidence: float) -> StanceLabel:
    return StanceLabel("deepseek", topic, held, -0.4, confidence, (SENTENCE,))


def read(archive: Archive, one: Article, labels: Labels | None = None) -> Article:
    """Keep an article (again) and have it read; the article as it is kept."""
    with archive.begin() as tx:
        tx.articles.store(one, page_id=None, at=1)
        tx.to_read.add([one.id], at=1)
        worker = tx.workers.enter("read", at=1)
        tx.to_read.claim(worker, at=1, limit=99)
        (kept,) = tx.articles.get([one.id])
        record = replace(labels or labels_of(kept), revision=kept.revision)
        assert tx.labels.store(record, worker=worker, embedding=None, sketch=None, at=1)
        tx.workers.leave(worker)
    return kept


def say(archive: Archive, one: Article, answer: Answer, topic: str | None = None, *, author: str = "ada", **more: object) -> int:
    """Keep an answer in a transaction of its own; its number."""
    subject = None if answer in (Answer.PRESENT, Answer.ABSENT) else "deepseek"
    return archive.write(
        lambda tx: tx.corrections.add(one.id, answer, author=author, at=2, subject=subject, topic=topic, **more)  # type: ignore[arg-type]
    )


def held(archive: Archive, one: Article) -> Labels:
    with archive.read() as tx:
        (whole,) = tx.articles.whole([one.id])
        (streamed,) = [other for other in tx.articles.all() if other.article.id == one.id]
    assert whole.labels is not None
    assert whole.labels == streamed.labels
    return whole.labels


def facts(labels: Labels) -> list[str]:
    return [label.fact for label in labels.stances]


# -- what a correction does to labels


def answer(
    said: Answer, topic: str | None = None, *, number: int = 1, revision: int = 1, subject: str | None = None
) -> Correction:
    who = subject or (None if said in (Answer.PRESENT, Answer.ABSENT) else "deepseek")
    return Correction(number, A.id, revision, who, topic, said, "ada", 2.0)


def test_a_stance_is_replaced_with_its_author_and_without_evidence_for_another_answer() -> None:
    first, second = corrected(labels_of(A), [answer(Answer.SUPPORTIVE)]).stances
    assert (first.stance, first.score, first.confidence, first.by, first.evidence) == (Stance.SUPPORTIVE, 1, 1, "ada", ())
    assert second == stance("data", Stance.CRITICAL, 0.9)


def test_a_stance_that_is_confirmed_keeps_its_evidence() -> None:
    _, second = corrected(labels_of(A), [answer(Answer.CRITICAL, "data")]).stances
    assert (second.by, second.evidence, second.confidence) == ("ada", (SENTENCE,), 1)


def test_an_absent_topic_takes_its_stances_along() -> None:
    labels = corrected(labels_of(A), [answer(Answer.ABSENT, "data")])
    assert labels.topics == ()
    assert facts(labels) == ["deepseek|*|unsure"]


def test_a_present_topic_is_added_and_a_stance_puts_its_topic_there() -> None:
    labels = corrected(labels_of(A), [answer(Answer.PRESENT, "gpus"), answer(Answer.NEUTRAL, "performance", number=2)])
    assert labels.topics == (
        TopicLabel("gpus", 1, "ada"),
        TopicLabel("performance", 1, "ada"),
        TopicLabel("data", 0.9),
    )
    assert "deepseek|performance|neutral" in facts(labels)


def test_none_over_all_leaves_the_topics_and_takes_every_stance() -> None:
    labels = corrected(labels_of(A), [answer(Answer.NONE)])
    assert facts(labels) == []
    assert labels.topics == (TopicLabel("data", 0.9),)
    assert facts(corrected(labels_of(A), [answer(Answer.NONE, "data")])) == ["deepseek|*|unsure"]


def test_of_answers_that_touch_each_other_the_later_decides() -> None:
    absent, critical = answer(Answer.ABSENT, "data"), answer(Answer.CRITICAL, "data")
    assert "deepseek|data|critical" not in facts(corrected(labels_of(A), [critical, absent]))
    assert "deepseek|data|critical" in facts(corrected(labels_of(A), [absent, critical]))


def test_over_all_comes_first_and_a_subject_that_the_models_missed_is_added() -> None:
    bare = replace(labels_of(A), stances=(), subjects=())
    labels = corrected(bare, [answer(Answer.CRITICAL, "data"), answer(Answer.NEUTRAL, number=2)])
    assert labels.subjects == ("deepseek",)
    assert [label.topic for label in labels.stances] == [None, "data"]


# -- in the archive


def test_a_correction_wins_in_everything_that_is_read_and_tells_the_indexes(archive: Archive) -> None:
    read(archive, A)
    with archive.read() as tx:
        before = tx.changes.last()
    say(archive, A, Answer.SUPPORTIVE)
    assert facts(held(archive, A)) == ["deepseek|*|supportive", "deepseek|data|critical"]
    with archive.read() as tx:
        assert tx.changes.after(before, limit=9)[0] == [A.id]
        assert tx.labels.get([A.id])[A.id].stances[0].stance is Stance.UNSURE, "what the models said is kept"


def test_a_correction_stays_when_the_article_is_read_again(archive: Archive) -> None:
    read(archive, A)
    say(archive, A, Answer.SUPPORTIVE)
    read(archive, A, labels_of(A, stances=[stance(None, Stance.CRITICAL, 0.99)]))
    assert facts(held(archive, A)) == ["deepseek|*|supportive"]


def test_a_correction_of_an_article_that_waits_to_be_read_holds_when_it_has_been(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.articles.store(A, page_id=None, at=1)
        tx.corrections.add(A.id, Answer.NEUTRAL, author="ada", at=2, subject="deepseek")
        assert tx.articles.whole([A.id])[0].labels is None
    read(archive, A)
    assert facts(held(archive, A))[0] == "deepseek|*|neutral"


def test_a_later_answer_replaces_the_earlier_one_and_both_are_kept(archive: Archive) -> None:
    read(archive, A)
    say(archive, A, Answer.SUPPORTIVE)
    say(archive, A, Answer.CRITICAL, author="grace", note="il se moque")
    with archive.read() as tx:
        (current,) = tx.corrections.current()
        assert (current.answer, current.author, current.note, current.at) == (Answer.CRITICAL, "grace", "il se moque", 2)
        assert [one.author for one in tx.corrections.history()] == ["ada", "grace"]
    assert held(archive, A).stances[0].by == "grace"


def test_the_same_answer_again_is_kept_once(archive: Archive) -> None:
    read(archive, A)
    assert say(archive, A, Answer.CRITICAL, "data") == say(archive, A, Answer.CRITICAL, "data")
    with archive.read() as tx:
        assert len(tx.corrections.history()) == 1


def test_what_is_withdrawn_leaves_the_answer_before_it(archive: Archive) -> None:
    read(archive, A)
    first = say(archive, A, Answer.SUPPORTIVE)
    second = say(archive, A, Answer.CRITICAL)
    with archive.read() as tx:
        before = tx.changes.last()
    assert archive.write(lambda tx: tx.corrections.withdraw(second, at=3))
    assert not archive.write(lambda tx: tx.corrections.withdraw(second, at=4))
    assert facts(held(archive, A))[0] == "deepseek|*|supportive"
    with archive.read() as tx:
        assert tx.changes.after(before, limit=9)[0] == [A.id]
    archive.write(lambda tx: tx.corrections.withdraw(first, at=5))
    assert facts(held(archive, A))[0] == "deepseek|*|unsure"


def test_an_edit_keeps_the_answer_marks_it_stale_and_asks_again(archive: Archive) -> None:
    read(archive, A)
    say(archive, A, Answer.SUPPORTIVE)
    with archive.begin() as tx:
        tx.articles.store(article("a", TEXT + " Corrigé."), page_id=None, at=3)
    assert not held(archive, A).stances[0].stale, "these labels are of the text that was judged"
    read(archive, article("a", TEXT + " Corrigé."))
    label = held(archive, A).stances[0]
    assert (label.stance, label.by, label.stale) == (Stance.SUPPORTIVE, "ada", True)
    with archive.read() as tx:
        assert [one.stale for one in tx.corrections.current()] == [True]
        first = open_questions(tx, limit=9)[0][0]
    assert (first.answer, first.by, first.revision) == (Answer.SUPPORTIVE, "ada", 2)
    say(archive, A, Answer.SUPPORTIVE)
    assert not held(archive, A).stances[0].stale
    with archive.read() as tx:
        assert all(one.topic for one in open_questions(tx, limit=9)[0])


def reprinted(archive: Archive, text: str = TEXT) -> Article:
    """Another article with this text, as a reprint of A."""
    other = read(archive, article("b", text))
    with archive.begin() as tx:
        tx.stories.set(A.id, A.id, reprint_of=None)
        tx.stories.set(other.id, A.id, reprint_of=A.id)
    return other


LONG = TEXT + " Le reste de la dépêche dit en vingt mots ce que tout le monde savait déjà depuis hier soir à Paris."


def test_a_correction_holds_for_a_reprint_of_the_same_text_and_tells_the_indexes(archive: Archive) -> None:
    original = read(archive, article("a", LONG))
    reprint = reprinted(archive, f"Avec agence. {LONG.upper()}")
    with archive.read() as tx:
        before = tx.changes.last()
    number = say(archive, original, Answer.SUPPORTIVE)
    label = held(archive, reprint).stances[0]
    assert (label.fact, label.by, label.stale) == ("deepseek|*|supportive", "ada", False)
    with archive.read() as tx:
        changed, before = tx.changes.after(before, limit=9)
        assert changed == [original.id, reprint.id]
        assert [one.article for one in tx.corrections.current()] == [original.id], "it was said once"
    archive.write(lambda tx: tx.corrections.withdraw(number, at=3))
    assert facts(held(archive, reprint))[0] == "deepseek|*|unsure"
    with archive.read() as tx:
        assert tx.changes.after(before, limit=9)[0] == [original.id, reprint.id]


def test_a_reprint_that_was_shortened_keeps_its_own_labels(archive: Archive) -> None:
    read(archive, article("a", LONG))
    reprint = reprinted(archive)
    say(archive, A, Answer.SUPPORTIVE)
    assert facts(held(archive, reprint))[0] == "deepseek|*|unsure"


def test_of_what_is_said_of_a_text_and_of_its_reprint_the_later_holds(archive: Archive) -> None:
    read(archive, A)
    reprint = reprinted(archive)
    say(archive, reprint, Answer.NEUTRAL)
    say(archive, A, Answer.SUPPORTIVE)
    assert facts(held(archive, reprint))[0] == "deepseek|*|supportive"
    say(archive, reprint, Answer.CRITICAL)
    assert facts(held(archive, reprint))[0] == "deepseek|*|critical"
    assert facts(held(archive, A))[0] == "deepseek|*|supportive"


def test_a_reprint_keeps_what_was_said_of_its_text_when_the_original_is_edited(archive: Archive) -> None:
    read(archive, A)
    reprint = reprinted(archive)
    say(archive, A, Answer.SUPPORTIVE)
    edited = read(archive, article("a", "Tout autre chose."))
    with archive.begin() as tx:
        tx.stories.set(A.id, A.id, reprint_of=None)
    say(archive, edited, Answer.CRITICAL, "data")
    assert facts(held(archive, reprint)) == ["deepseek|*|supportive", "deepseek|data|critical"]
    assert [label.by for label in held(archive, reprint).stances] == ["ada", ""]
    assert [label.stale for label in held(archive, A).stances] == [True, False]


def test_answers_that_fit_nothing_are_refused(archive: Archive) -> None:
    read(archive, A)
    with pytest.raises(UsageError, match="has no article"):
        say(archive, B, Answer.CRITICAL)
    with pytest.raises(UsageError, match=r"no revision 2\n.*newest is 1"):
        say(archive, A, Answer.CRITICAL, revision=2)
    with pytest.raises(ValueError, match="is no answer on subject None"):
        archive.write(lambda tx: tx.corrections.add(A.id, Answer.CRITICAL, author="ada", at=1, topic="data"))
    with archive.read() as tx:
        assert tx.corrections.history() == []


def test_an_answer_that_fails_halfway_leaves_nothing(archive: Archive) -> None:
    read(archive, A)

    def breaks(tx: Transaction) -> None:
        tx.corrections.add(A.id, Answer.CRITICAL, author="ada", at=1, subject="deepseek")
        raise RuntimeError("halfway")

    with archive.read() as tx:
        before = tx.changes.last()
    with pytest.raises(RuntimeError, match="halfway"):
        archive.write(breaks)
    with archive.read() as tx:
        assert (tx.corrections.history(), tx.changes.last()) == ([], before)


def test_two_who_answer_at_once_leave_one_answer_in_effect(archive: Archive) -> None:
    read(archive, A)
    answers = (Answer.SUPPORTIVE, Answer.CRITICAL, Answer.NEUTRAL, Answer.NONE)
    threads = [threading.Thread(target=say, args=(archive, A, one), kwargs={"author": str(one)}) for one in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with archive.read() as tx:
        history = tx.corrections.history()
        (current,) = tx.corrections.current()
    assert len(history) == 4
    assert current == history[-1]


# -- what is asked


def test_the_least_sure_is_asked_first_and_an_article_at_a_time(archive: Archive) -> None:
    read(archive, A, labels_of(A, topics=[TopicLabel("data", 0.55)], stances=[stance(None, Stance.NEUTRAL, 0.6), stance("data", Stance.CRITICAL, 0.95)]))  # fmt: skip
    read(archive, B, labels_of(B, topics=[TopicLabel("data", 0.97)], stances=[stance(None, Stance.UNSURE, 0.49)]))
    with archive.read() as tx:
        questions, count = open_questions(tx, limit=99)
        assert open_questions(tx, limit=1) == (questions[:1], 5)
        assert open_questions(tx, limit=9, topic="data")[1] == 3
        assert open_questions(tx, limit=9, subject="mistral") == ([], 0)
        assert open_questions(tx, limit=9, among={A.id})[1] == 3
    assert count == 5
    asked = [(question.article, question.subject, question.topic, question.answer) for question in questions]
    assert asked == [
        (B.id, "deepseek", None, None),
        (B.id, None, "data", Answer.PRESENT),
        (A.id, "deepseek", None, Answer.NEUTRAL),
        (A.id, None, "data", Answer.PRESENT),
        (A.id, "deepseek", "data", Answer.CRITICAL),
    ]


def test_a_topic_that_was_just_not_found_is_asked_about_among_the_doubtful(archive: Archive) -> None:
    doubtful = TopicLabel("gpus", 0.4), TopicLabel("performance", 0.21)
    read(archive, A, replace(labels_of(A, topics=[TopicLabel("data", 0.7)], stances=[stance(None, Stance.CRITICAL, 0.9)]), doubtful=doubtful))  # fmt: skip

    def asked() -> list[tuple[str | None, Answer | None, float]]:
        with archive.read() as tx:
            return [(one.topic, one.answer, one.confidence) for one in open_questions(tx, limit=9)[0] if one.subject is None]

    assert asked() == [("gpus", Answer.ABSENT, 0.6), ("data", Answer.PRESENT, 0.7), ("performance", Answer.ABSENT, 0.79)]
    say(archive, A, Answer.PRESENT, "gpus")
    say(archive, A, Answer.ABSENT, "performance")
    assert asked() == [("data", Answer.PRESENT, 0.7)]
    assert [label.topic for label in held(archive, A).topics] == ["gpus", "data"]


def test_a_topic_of_few_answers_is_asked_about_after_the_rest_of_an_article(archive: Archive) -> None:
    """What it misses lies where no model doubts, so nobody would be asked."""
    read(archive, A, labels_of(A, topics=[TopicLabel("data", 0.97)], stances=[stance(None, Stance.UNSURE, 0.49)]))
    read(archive, B, labels_of(B, topics=[TopicLabel("data", 0.6)], stances=[stance(None, Stance.NEUTRAL, 0.9)]))

    def asked(**narrowed: str) -> list[tuple[str, str | None, Answer | None]]:
        with archive.read() as tx:
            questions, count = open_questions(tx, limit=999, topics=["data", "gpus"], **narrowed)
        assert count == len(questions)
        return [(one.article, one.topic, one.answer) for one in questions]

    of_a = [(A.id, None, None), (A.id, "data", Answer.PRESENT), (A.id, "gpus", Answer.ABSENT)]
    of_b = [(B.id, "data", Answer.PRESENT), (B.id, None, Answer.NEUTRAL), (B.id, "gpus", Answer.ABSENT)]
    assert asked() == [*of_a, *of_b]
    assert asked(subject="deepseek") == [of_a[0], of_b[1]]
    assert asked(topic="data") == [of_b[0], of_a[1]]
    for n in range(FEW):
        other = article(f"other-{n}", TEXT)
        read(archive, other)
        say(archive, other, Answer.ABSENT, "gpus")
    assert "gpus" not in {topic for _, topic, _ in asked()}


def test_what_has_been_answered_or_settled_is_not_asked(archive: Archive) -> None:
    read(archive, A)
    with archive.read() as tx:
        before, _ = open_questions(tx, limit=9)
    assert {question.key[1:] for question in before} == {("deepseek", None), ("deepseek", "data"), (None, "data")}
    say(archive, A, Answer.ABSENT, "data")
    with archive.read() as tx:
        after, _ = open_questions(tx, limit=9)
        assert [question.key[1:] for question in after] == [("deepseek", None)]
        on_data = next(question for question in before if question.key[1:] == ("deepseek", "data"))
        assert look_again(tx, on_data) is None
        found = look_again(tx, after[0])
    assert found is not None
    assert found[1].text == TEXT


def test_an_answer_of_an_earlier_text_is_not_asked_again_where_a_later_one_leaves_nothing_of_it(archive: Archive) -> None:
    read(archive, A)
    say(archive, A, Answer.CRITICAL, "data")
    say(archive, A, Answer.ABSENT, "gpus")
    read(archive, article("a", TEXT + " Corrigé."))

    def asked_again() -> set[tuple[str | None, str | None]]:
        with archive.read() as tx:
            return {one.key[1:] for one in open_questions(tx, limit=9)[0] if one.by}

    assert asked_again() == {("deepseek", "data"), (None, "gpus")}
    say(archive, A, Answer.ABSENT, "data")
    assert asked_again() == {(None, "gpus")}
    say(archive, A, Answer.SUPPORTIVE, "gpus")
    assert asked_again() == set()


def test_none_over_all_leaves_no_stance_of_an_earlier_text_to_be_asked_about(archive: Archive) -> None:
    read(archive, A)
    say(archive, A, Answer.CRITICAL, "data")
    read(archive, article("a", TEXT + " Corrigé."))
    say(archive, A, Answer.NONE)
    with archive.read() as tx:
        assert {one.key[1:] for one in open_questions(tx, limit=9)[0]} == {(None, "data")}


def test_no_stance_on_a_topic_leaves_open_whether_it_is_there(archive: Archive) -> None:
    read(archive, A)
    say(archive, A, Answer.NONE, "data")
    with archive.read() as tx:
        on_topic = [one for one in open_questions(tx, limit=9)[0] if one.subject is None]
        assert [(one.topic, one.answer) for one in on_topic] == [("data", Answer.PRESENT)]
        assert look_again(tx, on_topic[0]) is not None


def test_what_the_labels_say_nothing_of_can_be_said_and_is_not_asked(archive: Archive) -> None:
    read(archive, A, labels_of(A, stances=[stance("data", Stance.CRITICAL, 0.9)]))

    def unlabelled() -> list[tuple[str | None, str | None, Answer | None]]:
        with archive.read() as tx:
            further = further_questions(tx, A.id, ["deepseek", "mistral"], ["data", "gpus"])
            for one in further:
                found = look_again(tx, one)
                assert found is not None
                assert found[0] == one
            assert {one.key for one in open_questions(tx, limit=9)[0]} == {one.key for one in further if one.confidence}
        return [(one.subject, one.topic, one.answer) for one in further if not one.confidence]

    over_all = [("deepseek", None, Answer.NONE), ("mistral", None, Answer.NONE)]
    assert unlabelled() == [*over_all, (None, "gpus", Answer.ABSENT)]
    with archive.read() as tx:
        gpus = further_questions(tx, A.id, [], ["gpus"])[-1]
    say(archive, A, Answer.PRESENT, "gpus")
    assert unlabelled() == [*over_all, ("deepseek", "gpus", Answer.NONE)]
    say(archive, A, Answer.NONE)
    assert unlabelled() == [("mistral", None, Answer.NONE)]
    with archive.read() as tx:
        assert look_again(tx, gpus) is None
        assert further_questions(tx, B.id, ["deepseek"], ["data"]) == []


def test_a_reprint_is_not_asked_about(archive: Archive) -> None:
    read(archive, A)
    read(archive, B)
    with archive.begin() as tx:
        tx.stories.set(A.id, A.id, reprint_of=None)
        tx.stories.set(B.id, A.id, reprint_of=A.id)
        assert {question.article for question in open_questions(tx, limit=9)[0]} == {A.id}


def test_what_is_shown_is_the_text_that_was_labelled(archive: Archive) -> None:
    read(archive, A)
    with archive.begin() as tx:
        tx.articles.store(article("a", "Tout autre chose."), page_id=None, at=3)
        found = look_again(tx, open_questions(tx, limit=1)[0][0])
    assert found is not None
    assert (found[1].text, found[0].revision) == (TEXT, 1)


# -- evidence in its place


def test_evidence_stands_in_its_context_cut_at_words() -> None:
    text = "mot " * 100 + "Voici la preuve." + " fin" * 100 + "\n\nSuite."
    start = text.index("Voici")
    (passage,) = passages(text, [Sentence("Voici la preuve.", start, start + 16)], around=10)
    assert passage == (("… ", False), ("mot mot ", False), ("Voici la preuve.", True), (" fin fin", False), (" …", False))


def test_evidence_that_is_near_shares_a_passage_and_all_of_it_is_marked() -> None:
    text = "Un. Deux. Trois. " + "Autre chose. " * 60 + "Loin."
    evidence = [
        Sentence("Trois.", 10, 16),
        Sentence("Un.", 0, 3),
        Sentence("Loin.", len(text) - 5, len(text)),
        Sentence("Titre", 0, 0),
    ]
    first, second = passages(text, evidence, around=40)
    assert [piece for piece, marked in first if marked] == ["Un.", "Trois."]
    assert "".join(piece for piece, _ in first).startswith("Un. Deux. Trois. Autre")
    assert [piece for piece, marked in second if marked] == ["Loin."]


def test_without_evidence_the_opening_is_shown() -> None:
    assert passages("Un texte.", []) == [(("Un texte.", False),)]
    ((opening, end),) = passages("mot " * 300, [], opening=13)
    assert (opening, end) == (("mot mot mot", False), (" …", False))
    assert passages("", []) == []


def test_a_question_orders_by_how_sure_it_is() -> None:
    one = Question(A.id, 1, "deepseek", None, Answer.NEUTRAL, 0.7)
    unsure, edited = replace(one, answer=None, confidence=0.4), replace(one, by="ada", confidence=1)
    topic, sure = replace(one, subject=None, topic="data", confidence=0.6), replace(one, confidence=0.9)
    questions = [sure, topic, one, unsure, edited]
    assert sorted(questions, key=lambda question: question.turn) == [edited, unsure, one, topic, sure]
