"""Alerts: what is told of a saved search, when, and that it goes to each once."""

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from digest.alerts import Alert, check, headline, sentences, to_atom
from digest.alerts.mail import to_mail
from digest.alerts.send import as_json
from digest.delivery.webhook import Webhook
from tests.conftest import Vigie
from tests.digest.press import WATCH_TEXT, Piece, indexed, put, read_listing
from tests.index.corpus import WATCH
from vigie.archive import Archive
from vigie.article import Stance
from vigie.errors import UsageError
from vigie.routine import Mail, Search

FIRST, STOPPED, TURNED, BURST, TODAY = (
    date(2025, 1, 6), date(2025, 3, 20), date(2025, 4, 3), date(2025, 4, 8), date(2025, 4, 10),
)  # fmt: skip
NOW = "2025-04-10T16:00:00+02:00"
ATOM = "{http://www.w3.org/2005/Atom}"


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def a_quarter() -> list[Piece]:
    """Three months in which much happens at the end: a burst, a turn, a source that changes its mind and one that is gone."""
    pieces = []
    for n, day in enumerate(days(FIRST, TODAY)):
        side = Stance.CRITICAL if day >= TURNED or n % 2 else Stance.SUPPORTIVE
        pieces += [Piece(day, source, side, title="DeepSeek <b>«") for source in ("lemonde", "numerama", "guardian")]
        pieces += [Piece(day, source) for source in ("lemonde", "numerama", "frandroid", "guardian", "wired")]
        if day <= STOPPED:
            pieces += [Piece(day, "wired", side), Piece(day, "heise", side)]
        if day in (BURST, BURST + timedelta(days=1)):
            pieces += [Piece(day, "frandroid", Stance.CRITICAL, story="one-story", title="Reprise") for _ in range(25)]
    return pieces


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with that quarter, read and indexed."""
    folder = tmp_path_factory.mktemp("press")
    archive = Archive.open(folder)
    put(archive, a_quarter())
    indexed(archive, folder)
    archive.close()
    return folder


@pytest.fixture
def data(press: Path, tmp_path: Path) -> Path:
    """A copy of it, of the test's own."""
    subprocess.run(["cp", "-r", str(press), str(tmp_path / "data")], check=True)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_NOW", NOW)


def checked(data: Path, search: Search | None = None) -> list[Alert]:
    archive = Archive.open(data)
    try:
        return check(archive, indexed(archive, data), WATCH, search or Search(id="all", query="subject:deepseek"))
    finally:
        archive.close()


def of_kind(alerts: list[Alert], kind: str) -> list[Alert]:
    return [alert for alert in alerts if alert.kind == kind]


# What is told.


def test_a_burst_a_turn_and_silences_are_told_with_their_numbers(data: Path) -> None:
    alerts = checked(data)
    (burst,) = of_kind(alerts, "burst")
    assert (burst.key, burst.numbers["first"], burst.numbers["last"]) == ("2025-04-08", "2025-04-08", "2025-04-09")
    assert burst.numbers["articles"] == 56
    assert burst.numbers["usual"] == 10
    assert burst.numbers["z"] > 6
    (turn,) = of_kind(alerts, "turn")
    assert turn.numbers["direction"] == "critical"
    assert turn.numbers["supportive"] < turn.numbers["critical"]
    assert date(2025, 4, 5) <= date.fromisoformat(turn.day) <= TODAY
    assert turn.key == f"{turn.day}:critical"
    wired, heise = sorted(of_kind(alerts, "silence"), key=lambda one: not one.numbers["reached"])
    assert (wired.numbers["source"], wired.numbers["last"], wired.numbers["reached"]) == ("wired", "2025-03-20", True)
    assert wired.numbers["other_days"] == 21
    assert (heise.numbers["source"], heise.numbers["reached"], heise.numbers["contact"]) == ("heise", False, "2025-03-20")


def test_the_query_of_an_alert_finds_its_articles(data: Path, vigie: Vigie) -> None:
    vigie.watch.write_text(WATCH_TEXT, encoding="utf-8")
    vigie.data = data
    (burst,) = of_kind(checked(data), "burst")
    found = vigie("search", burst.query, "--limit", "1000", "--format", "json").json
    assert len(found) == burst.numbers["articles"]
    assert {one.id for one in burst.articles} < {hit["id"] for hit in found}
    assert {one.outlet for one in burst.articles} == {"Frandroid", "Lemonde", "Numerama", "Guardian"}


def test_a_turn_counts_stories(data: Path) -> None:
    (turn,) = of_kind(checked(data), "turn")
    first = date.fromisoformat(turn.day) - timedelta(days=6)
    ours = [piece for piece in a_quarter() if piece.stance and first <= piece.day <= date.fromisoformat(turn.day)]
    alone = sum(piece.stance is Stance.CRITICAL and not piece.story for piece in ours)
    assert turn.numbers["critical"] == alone + any(piece.story for piece in ours)


def test_nothing_is_told_twice(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(checked(data)) == 4
    assert checked(data) == []
    monkeypatch.setenv("VIGIE_NOW", "2025-04-11T09:00:00+02:00")
    assert checked(data) == []


def test_late_articles_that_move_the_first_day_of_a_burst_tell_it_no_second_time(data: Path) -> None:
    assert len(checked(data)) == 4
    archive = Archive.open(data)
    put(archive, [Piece(BURST - timedelta(days=1), "frandroid", Stance.CRITICAL) for _ in range(30)], first_number=10_000)
    archive.close()
    assert of_kind(checked(data), "burst") == []


def test_what_happened_while_nobody_looked_is_told_after(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive.open(data)
    later = [
        Piece(day, s) for day in days(TODAY + timedelta(days=1), date(2025, 4, 17)) for s in ("lemonde", "numerama", "guardian")
    ]
    put(archive, later, first_number=20_000)
    archive.close()
    monkeypatch.setenv("VIGIE_NOW", "2025-04-17T09:00:00+02:00")
    alerts = checked(data)
    assert [one.key for one in of_kind(alerts, "burst")] == ["2025-04-08"]
    assert [one.numbers["direction"] for one in of_kind(alerts, "turn")] == ["critical"]


def test_only_the_alerts_that_a_search_asks_for_are_told(data: Path) -> None:
    assert {one.kind for one in checked(data, Search(id="some", query="subject:deepseek", alerts=("turn",)))} == {"turn"}
    assert checked(data, Search(id="none", query="subject:mistral")) == []


def test_a_source_whose_listing_was_read_was_reached_even_if_it_published_nothing(data: Path) -> None:
    archive = Archive.open(data)
    read_listing(archive, "heise", datetime(2025, 4, 9, 12, tzinfo=UTC))
    archive.close()
    (heise,) = (one for one in of_kind(checked(data), "silence") if one.numbers["source"] == "heise")
    assert heise.numbers["reached"]
    assert heise.numbers["other_days"] == 0
    assert "nothing at all" in " ".join(sentences(heise))


def test_a_source_that_could_not_be_reached_is_said_so_and_told_as_silent_once_it_is_reached(data: Path) -> None:
    archive = Archive.open(data)
    read_listing(archive, "heise", datetime(2025, 4, 9, 12, tzinfo=UTC), outcome="unreachable")
    archive.close()
    (heise,) = (one for one in of_kind(checked(data), "silence") if one.numbers["source"] == "heise")
    assert headline(heise) == "all: Heise cannot be reached"
    archive = Archive.open(data)
    read_listing(archive, "heise", datetime(2025, 4, 10, 12, tzinfo=UTC))
    archive.close()
    (again,) = checked(data)
    assert again.numbers["reached"]
    assert headline(again) == "all: Heise has fallen silent"


def test_a_bad_query_names_its_search(data: Path) -> None:
    with pytest.raises(UsageError, match=r'\[\[searches\]\] "bad"'):
        checked(data, Search(id="bad", query="subject:nobody"))


def test_sentences_are_in_the_language_of_the_search(data: Path) -> None:
    english = checked(data, Search(id="en", query="subject:deepseek", title="AI"))
    french = checked(data, Search(id="fr", query="subject:deepseek", title="IA", language="fr"))
    told = {one.kind: (headline(one), " ".join(sentences(one))) for one in english if one.kind != "silence"}
    assert told["burst"] == (
        "AI: far more articles than usual",
        "56 articles from Tuesday 8 April 2025 to Wednesday 9 April 2025; 10 would be usual.",
    )
    assert told["turn"][0] == "AI: the tone has turned critical"
    told = {one.kind: (headline(one), " ".join(sentences(one))) for one in french if one.kind != "silence"}
    assert told["burst"] == (
        "IA\N{NO-BREAK SPACE}: bien plus d’articles que d’habitude",
        "56 articles du mardi 8 avril 2025 au mercredi 9 avril 2025\N{NARROW NO-BREAK SPACE}; d’habitude, 10.",
    )
    page = to_mail(french[0], Mail(host="localhost", sender="press@example.org"), "desk@example.org").get_body(("html",))
    assert page is not None
    assert re.search(
        r'<a href="mailto:press@example.org\?subject=unsubscribe%20fr"[^>]*>Ne plus recevoir ce message</a>', page.get_content()
    )
    (turn,) = of_kind(french, "turn")
    numbers = {"critical": 3, "supportive": 1, "critical_before": 2, "supportive_before": 4}
    assert sentences(replace(turn, day="2025-04-05", numbers={**turn.numbers, **numbers}))[0] == (
        "Sur DeepSeek, dans les sept jours jusqu’au samedi 5 avril 2025\N{NO-BREAK SPACE}: 3 affaires critiques et 1 affaire favorable"
        "\N{NARROW NO-BREAK SPACE}; dans les quatre semaines d’avant\N{NO-BREAK SPACE}: 2 et 4."
    )
    for one in french:
        assert not {"articles on", "stories", "probability", "reached"} & set(" ".join(sentences(one)).split())


# What goes out.


class Receiver(ThreadingHTTPServer):
    """A webhook's other side. answers: a status for each request, the last for all that follow; 0 hangs."""

    daemon_threads = True

    def __init__(self, *answers: int, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.location = location
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.arrived = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        status = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.server.arrived.set()
        if status == 0:
            time.sleep(30)
            return
        self.send_response(status)
        if self.server.location:
            self.send_header("location", self.server.location)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:
        pass


def with_search(vigie: Vigie, data: Path, *, more: str) -> None:
    vigie.data = data
    vigie.watch.write_text(f'{WATCH_TEXT}[[searches]]\nid = "all"\nquery = "subject:deepseek"\n{more}', encoding="utf-8")


def test_a_webhook_is_sent_each_alert_once_signed_and_of_the_published_form(
    vigie: Vigie, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_WEBHOOK_SECRET", "whsec_" + base64.b64encode(b"a secret").decode())
    schema = json.loads((Path(__file__).parents[2] / "docs" / "alert.schema.json").read_text(encoding="utf-8"))
    with Receiver(204) as receiver:
        with_search(vigie, data, more=f'webhook = "{receiver.url}"')
        told = vigie("alerts", "--send", "--format", "json", now=NOW)
        assert told.code == 0, told.err
        assert len(told.json) == 4
        assert len(receiver.got) == 4
        again = vigie("alerts", "--send", "--format", "jsonl", now=NOW)
        assert (again.code, again.out) == (3, ""), "what was told is not told again"
        assert len(receiver.got) == 4
        assert len(vigie("alerts", "--format", "json", now=NOW).json) == 4, "it is listed all the same"
    assert len(set(receiver.ids)) == 4
    for headers, body in receiver.got:
        jsonschema.validate(json.loads(body), schema)
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(b"a secret", signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["idempotency-key"] == f'"{headers["webhook-id"]}"'


def test_a_webhook_that_refuses_for_now_is_tried_again_later_under_the_same_id(vigie: Vigie, data: Path) -> None:
    with Receiver(503) as receiver:
        with_search(vigie, data, more=f'webhook = "{receiver.url}"\nalerts = ["burst"]')
        told = vigie("alerts", "--send", now=NOW)
        assert told.code == 4
        assert "HTTP 503" in told.err
        assert f"to 127.0.0.1:{receiver.server_address[1]}: refused" in told.err
        assert "/hook" not in told.err, "a path may hold a token"
        assert vigie("alerts", "--send", now="2025-04-10T16:00:30+02:00").code == 3, "it is too early to try again"
        assert len(receiver.got) == 1
        receiver.answers = [200]
        later = vigie("alerts", "--send", now="2025-04-10T16:05:00+02:00")
        assert (later.code, later.out) == (0, ""), "it was sent, and is not new"
        assert vigie("alerts", "--send", now="2025-04-10T18:00:00+02:00").code == 3
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1


def test_a_webhook_that_says_no_for_good_is_left_alone(vigie: Vigie, data: Path) -> None:
    with Receiver(404) as receiver:
        with_search(vigie, data, more=f'webhook = "{receiver.url}"\nalerts = ["burst"]')
        assert vigie("alerts", "--send", now=NOW).code == 4
        assert vigie("alerts", "--send", now="2025-04-11T16:00:00+02:00").code == 3
    assert len(receiver.got) == 1


def test_a_redirect_is_not_followed(vigie: Vigie, data: Path) -> None:
    with Receiver(200) as other, Receiver(307, location=other.url) as receiver:
        with_search(vigie, data, more=f'webhook = "{receiver.url}"\nalerts = ["burst"]')
        told = vigie("alerts", "--send", now=NOW)
        assert told.code == 4
        assert "redirects are not followed" in told.err
    assert len(receiver.got) == 1
    assert other.got == []


def test_a_webhook_that_does_not_answer_costs_no_more_than_the_deadline() -> None:
    with Receiver(0) as receiver:
        begun = time.monotonic()
        outcome = Webhook(receiver.url, secret="", deadline=0.5).send(b"{}", "alert_1")
        assert time.monotonic() - begun < 5
    assert outcome.state == "refused"
    assert "no answer within 0.5 s" in outcome.detail
    assert Webhook(receiver.url, secret="").send(b"{}", "alert_1").state == "refused"  # nobody is there any more


def test_killed_while_a_webhook_is_asked_an_alert_is_tried_again_under_the_same_id(vigie: Vigie, data: Path) -> None:
    with Receiver(0) as receiver:
        with_search(vigie, data, more=f'webhook = "{receiver.url}"\nalerts = ["burst"]')
        process = subprocess.Popen(vigie.command("alerts", "--send"), env=vigie.environment(VIGIE_NOW=NOW))
        assert receiver.arrived.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        receiver.answers = [200]
        assert vigie("alerts", "--send", now="2025-04-10T16:00:10+02:00").code == 3, "another process may still be at it"
        assert len(receiver.got) == 1
        assert vigie("alerts", "--send", now="2025-04-10T16:10:00+02:00").code == 0
        assert vigie("alerts", "--send", now="2025-04-10T16:20:00+02:00").code == 3
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1


class _Inbox:
    def __init__(self) -> None:
        self.got: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.got.append(envelope)
        return "250 taken"


def test_a_mail_goes_to_each_recipient_once(vigie: Vigie, data: Path) -> None:
    from email import message_from_bytes, policy

    inbox = _Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "vigie@example.org"\n'
        with_search(
            vigie,
            data,
            more=f'language = "fr"\nrecipients = ["a@example.org", "b@example.org"]\nalerts = ["burst", "turn"]\n{mail}',
        )
        assert vigie("alerts", "--send", now=NOW).code == 0
        assert vigie("alerts", "--send", now=NOW).code == 3
    finally:
        controller.stop()
    assert sorted(one.rcpt_tos[0] for one in inbox.got) == ["a@example.org"] * 2 + ["b@example.org"] * 2
    message: Any = message_from_bytes(
        next(one.content for one in inbox.got if isinstance(one.content, bytes)), policy=policy.default
    )
    assert message["content-language"] == "fr"
    text, page = (message.get_body(kind).get_content() for kind in (("plain",), ("html",)))
    assert "DeepSeek <b>«" in text
    assert "DeepSeek &lt;b&gt;«" in page
    assert "<b>" not in page
    assert "vigie search" in text


def test_what_is_old_is_not_sent_to_whoever_joins_later(vigie: Vigie, data: Path) -> None:
    with_search(vigie, data, more="")
    assert vigie("alerts", now=NOW).code == 0
    with Receiver(200) as receiver:
        with_search(vigie, data, more=f'webhook = "{receiver.url}"')
        assert vigie("alerts", "--send", now="2025-04-20T16:00:00+02:00").code == 0
    told_then = {json.loads(body)["at"][:10] for _, body in receiver.got}
    assert "2025-04-10" not in told_then


# The feed and the list.


def test_the_feed_has_each_alert_under_an_id_of_its_own(vigie: Vigie, data: Path) -> None:
    with_search(vigie, data, more="")
    assert vigie("alerts", "--send", now=NOW).code == 0
    feed = ElementTree.parse(data / "alerts.atom").getroot()
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(entries) == 4
    assert all(str(one).startswith("urn:uuid:") for one in ids)
    assert feed.findtext(f"{ATOM}updated") == "2025-04-10T14:00:00+00:00"
    assert vigie("alerts", "--send", now="2025-04-11T10:00:00+02:00").code == 3
    again = ElementTree.parse(data / "alerts.atom").getroot()
    assert [entry.findtext(f"{ATOM}id") for entry in again.findall(f"{ATOM}entry")] == ids
    content = entries[0].findtext(f"{ATOM}content")
    assert content is not None
    assert "<b>" not in content


def test_a_feed_of_nothing_is_a_feed() -> None:
    assert ElementTree.fromstring(to_atom(WATCH, [])).tag == f"{ATOM}feed"


def test_the_list_can_be_narrowed_and_says_when_there_is_nothing(vigie: Vigie, data: Path) -> None:
    with_search(vigie, data, more='[[searches]]\nid = "bad"\nquery = "nofield:x"\n')
    told = vigie("alerts", "--format", "csv", now=NOW)
    assert told.code == 4, "the other searches were checked"
    assert '[[searches]] "bad"' in told.err
    assert len(told.out.splitlines()) == 5
    assert len(vigie("alerts", "--search", "all", "--since", "2025-04-10", "--format", "json", now=NOW).json) == 4
    assert vigie("alerts", "--search", "all", "--since", "2025-04-11", now=NOW).code == 3
    assert vigie("alerts", "--search", "al").code == 2


def test_the_json_of_every_kind_is_of_the_published_form(data: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "alert.schema.json").read_text(encoding="utf-8"))
    for alert in checked(data):
        jsonschema.validate(json.loads(as_json(alert)), schema)
