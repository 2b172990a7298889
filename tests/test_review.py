"""vigie review and vigie topics as their users meet them: on a terminal, as lists, as answers in a file."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import termios
import time
import tomllib
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from nlp.reader import Reader
from tests.conftest import Vigie
from vigie.archive import Archive, Transaction
from vigie.article import Labels, Stance
from vigie.cli.topics import _beginning, _slug
from vigie.correction import Answer
from vigie.review import Question, further_questions, look_again, open_questions
from vigie.watch import Watch, load_watch


@pytest.fixture
def press(filled: Vigie, tmp_path: Path) -> Vigie:
    """The newsroom's articles, read and indexed, in a folder that the test may change."""
    vigie = Vigie(tmp_path)
    shutil.copy(filled.watch, vigie.watch)
    shutil.copytree(filled.data, vigie.data)
    return vigie


def listed(vigie: Vigie, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vigie("review", "--format", "json", *words).json
    return found


def apply(vigie: Vigie, *lines: dict[str, Any] | str) -> Any:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return vigie("review", "--apply", "-", "--author", "ada", stdin=text)


# -- lists and answers


def test_questions_are_listed_the_unsure_first_in_every_format(press: Vigie) -> None:
    stances = listed(press, "--subject", "deepseek", "--limit", "5")
    assert [row["stance"] for row in stances] == ["unsure"] * 5
    assert all(row["evidence"] and row["revision"] == 1 and row["present"] is None for row in stances)
    rows = listed(press, "--limit", "5")
    first_of_article = {row["article"]: row for row in reversed(rows)}.values()
    assert all(row["stance"] == "unsure" and row["evidence"] and row["present"] is None for row in first_of_article)
    assert all(row["revision"] == 1 for row in rows)
    told = press("review", "--limit", "5", "--format", "csv")
    assert [row["article"] for row in csv.DictReader(io.StringIO(told.out))] == [row["article"] for row in rows]
    assert "open questions (--limit shows more)" in told.err
    table = press("review", "--limit", "5").out
    assert all(row["title"][:30] in table for row in rows)


def test_questions_are_narrowed_by_topic_subject_and_query(press: Vigie) -> None:
    assert {row["topic"] for row in listed(press, "--topic", "data")} == {"data"}
    found = {hit["id"] for hit in press("search", "source:silex", "--limit", "10000", "--format", "json").json}
    assert {row["article"] for row in listed(press, "--query", "source:silex")} <= found
    for option, near in (("--topic", "datta"), ("--subject", "deepsek")):
        told = press("review", option, near)
        assert told.code == 2
        assert "did you mean" in told.err


def test_a_listed_question_comes_back_as_the_answer_that_search_then_finds(press: Vigie) -> None:
    first, *_ = listed(press, "--limit", "40")
    on_topic = next(row for row in listed(press, "--limit", "400") if row["present"] and row["article"] != first["article"])
    told = apply(
        press, first | {"answer": "critical"}, on_topic | {"answer": "absent", "author": "grace", "note": "no word of it"}
    )
    assert (told.code, told.out) == (0, "")
    assert "2 corrections kept" in told.err
    assert press("index").code == 0
    (hit,) = press("search", f"id:{first['article']}", "--format", "json").json
    (label,) = [label for label in hit["stances"] if label["topic"] == first["topic"]]
    assert (label["stance"], label["confidence"], label["by"]) == ("critical", 1.0, "ada")
    (other,) = press("search", f"id:{on_topic['article']}", "--format", "json").json
    assert on_topic["topic"] not in other["topics"]
    assert {label["by"] for label in other["stances"] if label["topic"] != first["topic"]} <= {"", "ada"}
    made = press("review", "--list", "--format", "json").json
    assert [(row["author"], row["stance"], row["present"], row["note"]) for row in made] == [
        ("ada", "critical", None, ""),
        ("grace", None, False, "no word of it"),
    ]
    assert all(row["in_effect"] and not row["stale"] for row in made)


def test_the_same_file_again_keeps_nothing_new_and_a_correction_can_be_withdrawn(press: Vigie) -> None:
    line = listed(press, "--limit", "1")[0] | {"answer": "neutral"}
    assert "1 correction kept;" in apply(press, line).err
    assert "0 corrections kept, 1 known already;" in apply(press, line).err
    (made,) = press("review", "--list", "--format", "json").json
    assert press("review", "--withdraw", str(made["id"])).code == 0
    assert press("review", "--list").code == 3
    (gone,) = press("review", "--history", "--format", "json").json
    assert not gone["in_effect"]
    assert press("review", "--withdraw", "77").code == 2


def test_answers_that_are_wrong_name_line_and_key_and_nothing_is_kept(press: Vigie) -> None:
    question = listed(press, "--limit", "1")[0]
    good = question | {"answer": "neutral"}
    base = {"article": good["article"], "subject": "deepseek"}
    bad: list[tuple[dict[str, Any] | str, str]] = [
        (base | {"stance": "suportive"}, 'line 2: "stance": "suportive" is none of supportive, neutral, critical, none; did you mean "supportive"?'),
        (base | {"topic": "datta", "stance": "neutral"}, 'line 3: "topic": "datta" is none of performance, data, gpus; did you mean "data"?'),
        (base | {"stence": "neutral"}, 'line 4: unknown key "stence"; did you mean "stance"?'),
        (base | {"stance": None}, 'line 5: it must have either "stance"'),
        ({"article": good["article"], "stance": "neutral"}, 'line 6: "subject" is missing'),
        ({"subject": "deepseek", "stance": "neutral"}, 'line 7: "article" is missing'),
        ("{no", "line 8: not JSON (column 2)"),
        ({"article": good["article"], "present": True}, 'line 9: "topic" is missing'),
        ({"article": good["article"], "topic": "data", "present": "yes"}, "line 10: \"present\": 'yes' is neither true nor false"),
        (base | {"stance": "neutral", "revision": 0}, 'line 11: "revision": 0 is no number'),
        (good | {"answer": "present"}, 'line 12: "answer": "present" is none of supportive, neutral, critical, none'),
        ({"article": good["article"], "topic": "data", "answer": "abscent"}, 'line 13: "answer": "abscent" is none of present, absent; did you mean "absent"?'),
        ({key: value for key, value in question.items() if key != "answer"}, 'line 14: "answer" is missing'),
    ]  # fmt: skip
    told = apply(press, good, *(line for line, _ in bad))
    assert told.code == 2
    for _, said in bad:
        assert said in told.err
    assert "nothing was kept" in told.err
    told = apply(press, good, base | {"article": "0" * 64, "stance": "neutral"}, base | {"stance": "neutral", "revision": 9})
    assert 'line 2: "article": the archive has no' in told.err
    assert 'line 3: "revision": the newest of this article is 1' in told.err
    assert press("review", "--list").code == 3
    assert "no.jsonl" in press("review", "--apply", "no.jsonl").err
    assert "give one of them" in press("review", "--list", "--withdraw", "1").err


def test_a_listing_that_nobody_edited_confirms_nothing(press: Vigie) -> None:
    told = press("review", "--limit", "30", "--format", "jsonl")
    questions = [json.loads(line) for line in told.out.splitlines()]
    told = apply(press, *questions)
    assert (told.code, "0 corrections kept, 30 lines without an answer skipped" in told.err) == (0, True)
    assert made(press) == []
    told = apply(press, *questions[1:], questions[0] | {"answer": "none"})
    assert "1 correction kept, 29 lines without an answer skipped" in told.err
    assert made(press) == [("deepseek", questions[0]["topic"], "none")]


def test_a_line_that_somebody_wrote_is_an_answer_as_it_stands(press: Vigie) -> None:
    article = listed(press, "--limit", "1")[0]["article"]
    told = apply(
        press,
        {"article": article, "topic": "data", "present": True},
        {"article": article, "subject": "deepseek", "topic": "data", "stance": "critical"},
    )
    assert "2 corrections kept;" in told.err
    assert made(press) == [(None, "data", "present"), ("deepseek", "data", "critical")]


@pytest.mark.parametrize(("start", "separator"), [("", ","), ("\ufeff", ";")])
def test_a_csv_comes_back_from_a_spreadsheet_with_answers(press: Vigie, tmp_path: Path, start: str, separator: str) -> None:
    rows = list(csv.DictReader(io.StringIO(press("review", "--limit", "300", "--format", "csv").out)))
    stance = next(row for row in rows if row["subject"] and row["topic"])
    topic = next(row for row in rows if row["present"] == "True" and row["article"] != stance["article"])
    stance["answer"], topic["answer"] = "critical ", "absent"
    file = tmp_path / "answers.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        stream.write(start)
        writer = csv.DictWriter(stream, rows[0], delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    told = press("review", "--apply", str(file))
    assert f"2 corrections kept, {len(rows) - 2} lines without an answer skipped" in told.err
    assert sorted(made(press), key=str) == [("deepseek", stance["topic"], "critical"), (None, topic["topic"], "absent")]
    file.write_text(f"article,stance,subject\n{stance['article']},neutral,deepseek\n{stance['article']},neutral,deepseek,?\n")
    assert "line 3: it has more cells than the first line names columns" in press("review", "--apply", str(file)).err
    assert len(made(press)) == 2


def test_a_correction_reaches_the_reprint_in_search(press: Vigie) -> None:
    with press.archive.read() as tx:
        reprint = next(
            one
            for one in tx.articles.all()
            if one.reprint_of and one.labels and one.labels.stances and one.labels.stances[0].stance is not Stance.SUPPORTIVE
        )
    assert apply(press, {"article": reprint.reprint_of or "", "subject": "deepseek", "stance": "supportive"}).code == 0
    assert press("index").code == 0
    (hit,) = press("search", f"id:{reprint.article.id}", "--format", "json").json
    assert [(label["stance"], label["by"]) for label in hit["stances"] if not label["topic"]] == [("supportive", "ada")]
    assert "over all: supportive (said by ada)" in press("explain", reprint.article.id).out


def test_nothing_to_review_is_told(vigie: Vigie) -> None:
    vigie.write_watch("")
    assert vigie.archive
    told = vigie("review")
    assert told.code == 3
    assert "Nothing is open" in told.err


# -- on a terminal


def _as_a_terminal_would() -> None:
    """Let control-C reach the command, though the tests may run in the background of a shell, where it is ignored."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command on a terminal of its own, which is shown what a person would see and given the keys."""

    def __init__(self, vigie: Vigie, *words: str, **environment: str) -> None:
        self._master, slave = pty.openpty()
        shown = {"TERM": "xterm", "COLUMNS": "100", "LINES": "50", "VIGIE_AUTHOR": "ada"}
        self._child = subprocess.Popen(
            vigie.command(*words), env=vigie.environment(**shown | environment), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=_as_a_terminal_would,
        )  # fmt: skip
        os.close(slave)
        os.set_blocking(self._master, False)
        self._unread = ""
        self.written = ""

    def until(self, words: str) -> str:
        """What is on the screen when these words have come."""
        end = time.monotonic() + 60
        while words not in self._unread:
            assert time.monotonic() < end, f"{words!r} never came: {self._unread}"
            try:
                written = os.read(self._master, 65536).decode()
                self.written += written
                self._unread += re.sub(r"\x1b\[[0-9;]*m", "", written)
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:  # the command has ended
                assert words in self._unread, f"{words!r} never came: {self._unread}"
        shown, _, self._unread = self._unread.partition(words)
        return (shown + words).rpartition("\x1b[2J")[2]

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self) -> int:
        return self._child.wait(30)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._master)


def made(vigie: Vigie) -> list[tuple[str | None, str | None, str]]:
    with vigie.archive.read() as tx:
        return [(one.subject, one.topic, str(one.answer)) for one in tx.corrections.current()]


def least_sure(press: Vigie, topic: str) -> Question:
    with press.archive.read() as tx:
        return open_questions(tx, limit=40, topic=topic)[0][0]


def test_questions_are_answered_by_keys_and_undone(press: Vigie) -> None:
    topic, question = next(
        (topic, first) for topic in ("data", "performance", "gpus") if (first := least_sure(press, topic)).answer is None
    )
    with press.archive.read() as tx:
        found = look_again(tx, question)
    assert found is not None
    article = found[1]
    with Terminal(press, "review", "--topic", topic) as terminal:
        screen = terminal.until("[?] help")
        assert "1 of " in screen
        assert article.title in screen
        assert re.search(r"DeepSeek on \w+: unsure", screen)
        terminal.press("\r")
        assert "Unsure is no answer" in terminal.until("[?] help")
        terminal.press("?")
        terminal.until("Press any key")
        terminal.press(" ")
        terminal.until("[?] help")
        terminal.press("\x1bOS\x1b[C")  # F4 and an arrow: an S and a C, that are no answers
        for _ in "F4", "arrow":
            terminal.until("? shows what each key means")
            terminal.until("[?] help")
        assert made(press) == []
        terminal.press("c")
        terminal.until("[?] help")  # the next one; whether the article treats the topic is no question any more
        assert made(press) == [("deepseek", topic, "critical")], "an answer is kept at once"
        terminal.press("u")
        terminal.until("1 of ")
        assert made(press) == []
        terminal.press("u")
        terminal.until("nothing to undo")
        terminal.press("tkkq")  # typed ahead
        assert "1 answer kept: 0 confirming a label, 1 changing one" in terminal.until("open before")
        assert terminal.end() == 0
    assert made(press) == [(None, topic, "absent")]
    with press.archive.read() as tx:
        (one,) = tx.corrections.current()
        assert (one.author, one.article) == ("ada", question.article)


def test_what_is_shown_is_confirmed_by_enter_and_a_topic_is_switched(press: Vigie) -> None:
    with press.archive.read() as tx:
        questions, _ = open_questions(tx, limit=400)
    topics = {one.article for one in questions if one.subject is None}
    sure = next(one for one in questions if one.subject and not one.topic and one.answer and one.article in topics)
    with Terminal(press, "review", "--query", f"id:{sure.article}") as terminal:
        while "The topic" not in (screen := terminal.until("[?] help")):
            terminal.press("\n" if "[⏎] right" in screen and "over all" in screen else "k")
        switched = "absent" if "[t]opic absent" in screen else "present"
        terminal.press("s")
        terminal.until("not about a stance")
        terminal.press("tq")
        terminal.until("open before")
        assert terminal.end() == 0
    kept = made(press)
    assert (sure.subject, sure.topic, str(sure.answer)) in kept
    assert kept[-1][2] == switched


def test_control_c_ends_and_keeps_what_was_answered(press: Vigie) -> None:
    with Terminal(press, "review") as terminal:
        terminal.until("1 of 40")
        terminal.press("n")
        terminal.until("2 of 40")
        terminal.press("\x03")
        terminal.until("1 answer kept")
        assert terminal.end() == 130
    assert len(made(press)) == 1


def test_the_whole_text_is_shown_with_the_evidence_marked(press: Vigie) -> None:
    with press.archive.read() as tx:
        articles = {one.article.id: one.article for one in tx.articles.all()}
        questions, _ = open_questions(tx, limit=400)
        long = max((one.article for one in questions if one.evidence), key=lambda article: len(articles[article].text))
        question = open_questions(tx, limit=1, among={long})[0][0]
    text, height = articles[long].text, 5
    assert question.evidence
    with Terminal(press, "review", "--query", f"id:{long}", LINES=str(height + 3)) as terminal:
        terminal.until("[?] help")
        before = len(terminal.written)
        terminal.press("v")
        pages = [terminal.until("q to the question")]
        (count,) = re.findall(r"of (\d+): any key", pages[0])
        for _ in range(height, int(count), height):
            terminal.press(" ")
            pages.append(terminal.until("q to the question"))
        shown = re.sub(r"\x1b\[1;1H|Lines \d+ to .* q to the question", " ", "".join(pages))
        assert shown.split() == text.split()
        for sentence in question.evidence:
            assert not sentence.end or f"\x1b[30;43m{sentence.text.split()[0]}" in terminal.written[before:]
        terminal.press("b")
        assert terminal.until("q to the question") == pages[-2]
        terminal.press("qq")
        terminal.until("Nothing was answered")
        assert terminal.end() == 0


def test_what_nobody_asked_about_is_added_a_topic_and_then_the_stance_on_it(press: Vigie) -> None:
    with press.archive.read() as tx:
        question = next(one for one in open_questions(tx, limit=400)[0] if one.subject and _is_unasked(tx, one, "gpus"))
    with Terminal(press, "review", "--query", f"id:{question.article}", "--limit", "1") as terminal:
        terminal.until("1 of 1")
        terminal.press("a")
        listing = terminal.until("Any other key goes back")
        (place,) = re.findall(r"(\w)  The topic [^\n]*GPU[^\n]*: absent \(no label\)", listing)
        terminal.press(place)
        assert "1 of 2" in (screen := terminal.until("[?] help"))
        assert "absent (no label)" in screen
        terminal.press("t")
        assert re.search(r"DeepSeek on [^\n]*: none \(no label\)", terminal.until("[?] help"))
        terminal.press("c")
        terminal.until("3 of 3")
        terminal.press("uu")
        terminal.until("1 of 3")
        assert made(press) == []
        terminal.press("tcq")
        assert "2 answers kept: 0 confirming a label, 2 changing one" in terminal.until("open before")
        assert terminal.end() == 0
    assert made(press) == [(None, "gpus", "present"), ("deepseek", "gpus", "critical")]


def _is_unasked(tx: Transaction, question: Question, topic: str) -> bool:
    further = further_questions(tx, question.article, [], [topic])
    return (question.article, None, topic) in {one.key for one in further if not one.confidence}


def test_a_stance_over_all_is_added_where_the_models_gave_none(press: Vigie) -> None:
    with press.archive.read() as tx:
        stored = next(
            one.article.id
            for one in tx.articles.all()
            if one.labels and one.labels.topics and not one.labels.stances and not one.reprint_of
        )
    with Terminal(press, "review", "--query", f"id:{stored}") as terminal:
        assert "The topic" in terminal.until("[?] help")
        terminal.press("a")
        assert "1  DeepSeek over all: none (no label)" in terminal.until("Any other key goes back")
        terminal.press("1sq")
        terminal.until("1 answer kept")
        assert terminal.end() == 0
    assert made(press) == [("deepseek", None, "supportive")]


def test_a_note_is_kept_with_the_answer_it_was_written_for(press: Vigie) -> None:
    with Terminal(press, "review") as terminal:
        terminal.until("[?] help")
        terminal.press("wNo")
        terminal.until("Note: No")
        terminal.press("t\x7f way, Été\r")
        asked = terminal.until("[?] help")
        assert "Note: No way, Été" in asked
        assert made(press) == []
        for _ in range(3):
            terminal.press("n" if "[n]eutral" in asked else "t")  # an answer to a stance, or to whether a topic is there
            asked = terminal.until("[?] help")
        terminal.press("wgone\x1b")
        terminal.until("[?] help")
        terminal.press("q")
        terminal.until("answers kept")
        assert terminal.end() == 0
    with press.archive.read() as tx:
        assert [one.note for one in tx.corrections.current()][:2] == ["No way, Été", ""]


def test_what_is_undone_is_not_counted_though_the_labels_changed_meanwhile(press: Vigie) -> None:
    with press.archive.read() as tx:
        questions, _ = open_questions(tx, limit=400)
        sure = next(one for one in questions if one.subject and not one.topic and one.answer is Answer.CRITICAL)
        place = [one.key for one in open_questions(tx, limit=40, among={sure.article})[0]].index(sure.key)
        labels = tx.labels.get([sure.article])[sure.article]
    other = tuple(
        replace(label, stance=Stance.NEUTRAL, confidence=0.9) if label.topic is None else label for label in labels.stances
    )
    with Terminal(press, "review", "--query", f"id:{sure.article}") as terminal:
        terminal.until("[?] help")
        _read_again(press.archive, replace(labels, stances=other))
        terminal.press("? " + "k" * place)
        terminal.until("over all: neutral")
        terminal.press("\r")
        terminal.until("[?] help")
        terminal.press("u")
        terminal.until("over all: neutral")
        terminal.press("\rq")
        terminal.until("1 answer kept: 1 confirming a label, 0 changing one")
        assert terminal.end() == 0


def _read_again(archive: Archive, labels: Labels) -> None:
    with archive.begin() as tx:
        tx.to_read.add([labels.article_id], at=1)
        worker = tx.workers.enter("read", at=1)
        tx.to_read.claim(worker, at=1, limit=99)
        assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=1)
        tx.workers.leave(worker)


# -- topics


def test_topics_are_listed_with_their_counts(press: Vigie) -> None:
    rows = press("topics", "--format", "json").json
    trend = press("trends", "--by", "topic", "--format", "json").json
    assert {row["id"]: row["articles"] for row in rows} == {series["key"]: series["total"] for series in trend["series"]}
    assert press("topics", "--format", "csv").out.splitlines()[0] == "id,label,articles,languages,examples"
    shutil.rmtree(press.data / "index")
    told = press("topics")
    assert told.code == 0
    assert "no counts" in told.err
    assert "Données" in told.out


DESCRIPTION = "Consommation d'électricité et d'eau des centres de données"
EXAMPLE = "Le futur centre de données consommera autant d'électricité qu'une grande ville, et son refroidissement inquiète les riverains."


def test_a_tried_topic_matches_what_a_reader_with_it_would_label(press: Vigie) -> None:
    words = ("topics", "try", DESCRIPTION, "--example", EXAMPLE, "--candidates", "14")
    tried = press(*words, "--format", "json").json
    assert (tried["articles"], tried["looked_at"], tried["other_model"]) == (132, 14, 0)
    assert 0 < tried["found"] < 14
    assert tried["matches"][0]["title"] == "À Marcoussis-le-Vieux, le centre de données qui a soif"
    scores = [match["score"] for match in tried["matches"]]
    assert scores == sorted(scores, reverse=True)
    watch = load_watch(press.watch)
    adopted = Watch.of(
        {"name": "w", "subjects": to_builtins(watch.subjects), **tomllib.loads(tried["toml"]), "languages": watch.languages}
    )
    with press.archive.read() as tx:
        stored = {one.article.id: one.article for one in tx.articles.all()}
    some = [stored[match["article"]] for match in tried["matches"][:3]] + [
        article for article in stored.values() if article.id not in {match["article"] for match in tried["matches"]}
    ][:3]
    read = [(one.labels.article_id, label.score) for one in Reader(adopted).read(some) for label in one.labels.topics]
    assert {(match["article"]) for match in tried["matches"][:3]} == {article for article, _ in read}
    for article, score in read:
        shown = next(match for match in tried["matches"] if match["article"] == article)
        assert score == pytest.approx(shown["score"], abs=0.02)
        assert shown["passage"].removeprefix(f"{shown['title']}. ") in stored[article].text
    with press.archive.read() as tx:
        whole = tx.articles.whole([match["article"] for match in tried["matches"]])
    for topic, count in tried["overlap"].items():
        assert count == sum(topic in {label.topic for label in one.labels.topics} for one in whole if one.labels)
    assert tried["alone"] == sum(not one.labels.topics for one in whole if one.labels)


def test_a_tried_topic_says_what_it_did_not_look_into_and_how_to_adopt_it(press: Vigie) -> None:
    told = press("topics", "try", DESCRIPTION, "--candidates", "12", "--limit", "1", "--from", "2025-02", "--to", "2025-02")
    assert told.code == 0
    assert "Only the 12 nearest of" in told.out
    assert "Topics that the matches have already: gpus" in told.out
    snippet = told.out[told.out.index("[[topics]]") :]
    (topic,) = tomllib.loads(snippet)["topics"]
    assert topic["description"] == {"fr": DESCRIPTION}
    press.watch.write_text(press.watch.read_text(encoding="utf-8") + "\n" + snippet, encoding="utf-8")
    assert "consommation" in press("config", "check").out


def test_of_articles_without_a_date_none_counts_where_days_are_asked_for(press: Vigie) -> None:
    def tried(*days: str) -> Any:
        return press("topics", "try", DESCRIPTION, "--candidates", "12", "--format", "json", *days).json

    best = tried()["matches"][0]["article"]
    with closing(sqlite3.connect(press.data / "archive.db")) as archive, archive:
        archive.execute("UPDATE articles SET published = NULL WHERE id = ?", (best,))
    assert tried()["articles"] == 132
    assert best in {match["article"] for match in tried()["matches"]}
    since = tried("--from", "2000-01")
    assert since["articles"] == 131
    assert best not in {match["article"] for match in since["matches"]}


def test_a_topic_that_cannot_be_tried_is_told(press: Vigie, tmp_path: Path) -> None:
    assert "says nothing" in press("topics", "try", "?!").err
    assert "no language code" in press("topics", "try", "abc", "--language", "français").err
    Archive.open(tmp_path / "empty").close()
    told = press("topics", "try", "abc", "--data", str(tmp_path / "empty"))
    assert (told.code, "vigie read" in told.err) == (1, True)


def test_labels_and_ids_are_made_of_a_description() -> None:
    assert _beginning("Énergie : ce que consomment les centres") == "Énergie"
    assert _beginning("Consommation d'électricité et d'eau des centres de données") == "Consommation d'électricité et d'eau"
    assert _slug("Énergie & eau") == "energie-eau"
    assert _slug("数据") == "topic"


def test_the_shell_completes_the_new_commands(press: Vigie) -> None:
    environment = press.environment(_VIGIE_COMPLETE="bash_complete", COMP_WORDS="vigie topics t", COMP_CWORD="2")
    done = subprocess.run(press.command(), env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["plain,try"]
    done = subprocess.run(
        press.command(),
        env=environment | {"COMP_WORDS": "vigie rev", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["plain,review"]
