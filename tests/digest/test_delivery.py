"""Delivery: each recipient once, whatever breaks; nothing in the clear where that was promised; files whole or not at all."""

import os
import pty
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO

import pytest
import trustme
from msgspec import structs

from digest.delivery import Mailer, Post, Store, deliver
from tests.conftest import Vigie
from tests.digest.conftest import Told
from tests.digest.mailserver import PostOffice, controller
from vigie.archive import Archive, Delivery
from vigie.errors import UsageError, VigieError
from vigie.routine import Mail

DESK, PRESS, LEGAL = "desk@example.org", "press@example.org", "legal@example.org"


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
def mail(office: PostOffice) -> Iterator[Mail]:
    server = controller(office)
    server.start()
    yield Mail(host="127.0.0.1", port=server.port, security="none", sender="vigie@example.com", timeout=5)
    server.stop()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive.open(tmp_path)
    yield archive
    archive.close()


def posts(*recipients: str) -> list[Post]:
    made = []
    for recipient in recipients:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "vigie@example.com", recipient, "2025-W05"
        message["Message-ID"] = f"<{recipient.encode().hex()}@example.com>"
        message.set_content("A line.\n.\n.. and dots at the beginning of lines\n")
        made.append(Post(recipient, message))
    return made


def send(
    archive: Archive, mail: Mail, *recipients: str, again: bool = False, trust: ssl.SSLContext | None = None
) -> list[Delivery]:
    with Mailer(mail, password="secret", trust=trust) as mailer:
        return list(deliver(archive, mailer, "digest:monday", "2025-W05", posts(*recipients), again=again))


def states(deliveries: list[Delivery]) -> list[str]:
    return [one.state for one in deliveries]


def test_each_recipient_gets_a_message_of_their_own_over_one_connection(archive: Archive, mail: Mail, office: PostOffice) -> None:
    assert states(send(archive, mail, DESK, PRESS, LEGAL)) == ["sent"] * 3
    assert office.addresses == [DESK, PRESS, LEGAL]
    assert office.connections == 1
    for address, message in office.accepted:
        others = {DESK, PRESS, LEGAL} - {address}
        assert message["To"] == address
        assert not any(other in message.as_string() for other in others)
        assert message.get_content().splitlines()[1:3] == [".", ".. and dots at the beginning of lines"]


def test_what_was_sent_is_not_sent_again_unless_asked(archive: Archive, mail: Mail, office: PostOffice) -> None:
    send(archive, mail, DESK)
    assert states(send(archive, mail, DESK, PRESS)) == ["sent", "sent"]
    assert office.addresses == [DESK, PRESS]
    send(archive, mail, DESK, again=True)
    assert office.addresses == [DESK, PRESS, DESK]


def test_a_recipient_that_is_refused_stops_nobody(archive: Archive, mail: Mail, office: PostOffice) -> None:
    office.replies = {DESK: "450 mailbox busy", PRESS: "550 no such user"}
    found = send(archive, mail, DESK, PRESS, LEGAL)
    assert states(found) == ["refused", "rejected", "sent"]
    assert [one.detail for one in found][:2] == ["450 mailbox busy", "550 no such user"]
    office.replies = {}
    assert states(send(archive, mail, DESK, PRESS, LEGAL)) == ["sent", "rejected", "sent"], "only what was refused for now"
    assert office.addresses == [LEGAL, DESK]


def test_names_and_domains_beyond_ascii_are_reached(archive: Archive, mail: Mail, office: PostOffice) -> None:
    assert states(send(archive, mail, "léa@example.org", "post@bücher.example")) == ["sent", "sent"]
    assert office.addresses == ["léa@example.org", "post@xn--bcher-kva.example"]
    assert [message["To"] for _, message in office.accepted] == office.addresses


def test_a_server_that_cannot_take_such_a_name_rejects_it_for_good(archive: Archive, mail: Mail, office: PostOffice) -> None:
    old = controller(office, enable_SMTPUTF8=False)
    old.start()
    found = send(archive, structs.replace(mail, port=old.port), "léa@example.org", DESK, "post@bücher.example")
    old.stop()
    assert states(found) == ["rejected", "sent", "sent"]
    assert "SMTPUTF8" in found[0].detail
    assert office.connections == 1


def test_a_message_that_is_refused_after_it_was_read_counts_as_refused(archive: Archive, mail: Mail, office: PostOffice) -> None:
    office.replies_to_data = {DESK: "451 greylisted", PRESS: "554 looks like spam"}
    assert states(send(archive, mail, DESK, PRESS, LEGAL)) == ["refused", "rejected", "sent"]


def test_a_connection_that_breaks_after_the_message_leaves_it_unknown(archive: Archive, mail: Mail, office: PostOffice) -> None:
    office.breaks_off = {DESK}
    found = send(archive, mail, DESK, PRESS)
    assert states(found) == ["sending", "sent"], "the next recipient gets a new connection"
    assert "broke before the server answered" in found[0].detail
    assert states(send(archive, mail, DESK, PRESS)) == ["sending", "sent"]
    assert office.addresses == [DESK, PRESS], "it may have arrived: it is not sent again by itself"


def test_a_server_that_is_down_is_tried_again_by_the_next_run(archive: Archive, mail: Mail, office: PostOffice) -> None:
    down = structs.replace(mail, port=1)
    found = send(archive, down, DESK, PRESS)
    assert states(found) == ["refused", "refused"]
    assert "127.0.0.1:1" in found[0].detail
    assert states(send(archive, mail, DESK, PRESS)) == ["sent", "sent"]


def authority() -> tuple[trustme.CA, ssl.SSLContext]:
    ca = trustme.CA()
    trust = ssl.create_default_context()
    ca.configure_trust(trust)
    return ca, trust


def server_side(ca: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(name).configure_cert(context)
    return context


def test_login_over_starttls(archive: Archive, office: PostOffice) -> None:
    ca, trust = authority()
    server = controller(office, tls=server_side(ca, "127.0.0.1"), auth=True)
    server.start()
    try:
        mail = Mail(host="127.0.0.1", port=server.port, user="vigie", sender="vigie@example.com", timeout=5)
        assert states(send(archive, mail, DESK, trust=trust)) == ["sent"]
        assert office.logins == [(b"vigie", b"secret")]
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["127.0.0.1", "elsewhere.example"])
def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_login(archive: Archive, office: PostOffice, name: str) -> None:
    ca, trust = authority()
    server = controller(office, tls=server_side(ca, name), auth=True)
    server.start()
    try:
        mail = Mail(host="127.0.0.1", port=server.port, user="vigie", sender="vigie@example.com", timeout=5)
        known = trust if name != "127.0.0.1" else None  # a known authority and another name, or the name and no authority
        (found,) = send(archive, mail, DESK, trust=known)
        assert found.state == "refused"
        assert "certificate" in found.detail.lower()
        assert (office.logins, office.accepted) == ([], [])
    finally:
        server.stop()


def test_nothing_is_sent_in_the_clear_where_starttls_was_asked_for(archive: Archive, mail: Mail, office: PostOffice) -> None:
    (found,) = send(archive, structs.replace(mail, security="starttls"), DESK)
    assert found.state == "refused"
    assert "STARTTLS" in found.detail
    assert office.accepted == []


def test_a_user_without_password_is_told_where_it_goes_and_mailed_later(
    archive: Archive, mail: Mail, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIGIE_MAIL_PASSWORD", raising=False)
    with Mailer(structs.replace(mail, user="vigie")) as mailer:
        (found,) = deliver(archive, mailer, "digest:monday", "2025-W05", posts(DESK))
    assert found.state == "refused"
    assert "VIGIE_MAIL_PASSWORD" in found.detail
    assert states(send(archive, mail, DESK)) == ["sent"]


def test_a_wrong_password_is_not_told(archive: Archive, office: PostOffice) -> None:
    ca, trust = authority()
    server = controller(office, tls=server_side(ca, "127.0.0.1"), auth=True)
    server.start()
    try:
        mail = Mail(host="127.0.0.1", port=server.port, user="vigie", sender="vigie@example.com", timeout=5)
        with Mailer(mail, password="letmein", trust=trust) as mailer:
            (found,) = deliver(archive, mailer, "digest:monday", "2025-W05", posts(DESK))
        assert found.state == "refused"
        assert "535" in found.detail
        assert "letmein" not in repr(found) + repr(mail)
    finally:
        server.stop()


# The command.


@pytest.fixture
def command(vigie: Vigie, told: Told, mail: Mail) -> Vigie:
    """The command line on a week of its own, with an edition in it."""
    shutil.copytree(told.folder, vigie.data)
    edition = f"""
[[editions]]
id = "monday"
title = "The week"
formats = ["json", "eml"]
recipients = ["{DESK}", "{PRESS}"]
out = "{vigie.folder / "out"}"
[mail]
host = "127.0.0.1"
port = {mail.port}
security = "none"
sender = "vigie@example.com"
"""
    vigie.watch.write_text((told.folder / "watch.toml").read_text(encoding="utf-8") + edition, encoding="utf-8")
    return vigie


WEEK = ("digest", "--edition", "monday", "--week", "2025-W05")


def test_the_same_command_twice_sends_once(command: Vigie, office: PostOffice) -> None:
    first = command(*WEEK, "--deliver")
    assert first.code == 0, first.err
    assert f"{DESK}: sent" in first.out
    assert {path.name for path in (command.folder / "out").iterdir()} == {
        "newsroom-monday-2025-W05.json",
        "newsroom-monday-2025-W05.eml",
    }
    made = (command.folder / "out" / "newsroom-monday-2025-W05.json").read_bytes()
    second = command(*WEEK, "--deliver")
    assert second.code == 0
    assert re.search(rf"^{DESK}: already sent on \d{{4}}-\d\d-\d\d \d\d:\d\d$", second.out, re.MULTILINE), second.out
    assert office.addresses == [DESK, PRESS]
    assert (command.folder / "out" / "newsroom-monday-2025-W05.json").read_bytes() == made
    with command.archive.read() as tx:
        assert [one.version for one in tx.digests.weeks("monday", limit=9)] == [1], "the same digest is the same version"
    again = command(*WEEK, "--to", DESK, "--resend")
    assert again.code == 0, again.err
    assert office.addresses == [DESK, PRESS, DESK]
    ids = [message["Message-ID"] for _, message in office.accepted]
    assert ids[0] == ids[2], "the same message: a mail program shows it once"
    assert ids[0] != ids[1]


def test_a_week_is_sent_and_kept_only_when_it_is_over(command: Vigie, office: PostOffice) -> None:
    thursday, monday = "2025-01-30T12:00:00+01:00", "2025-02-03T00:00:00+01:00"
    for words in (["--deliver"], ["--to", DESK], ["--to", DESK, "--resend"]):
        told = command(*WEEK, *words, now=thursday)
        assert told.code == 2, words
        assert "2025-W05 is not over: it ends with 2025-02-02 (Europe/Paris)" in told.err
    assert (office.addresses, (command.folder / "out").exists()) == ([], False)
    shown = command(*WEEK, "--format", "atom", now=thursday)
    assert shown.code == 0, shown.err
    assert "2025-W05 is not over" in shown.err
    assert "<entry>" not in (command.data / "digests" / "newsroom-monday.atom").read_text()
    with command.archive.read() as tx:
        assert tx.digests.weeks("monday", limit=9) == []
    sent = command(*WEEK, "--deliver", now=monday)
    assert (sent.code, f"{DESK}: sent" in sent.out, sent.err) == (0, True, "")
    assert office.addresses == [DESK, PRESS]
    with command.archive.read() as tx:
        assert [one.version for one in tx.digests.weeks("monday", limit=9)] == [1]


def test_a_week_that_has_not_begun_cannot_be_told(command: Vigie) -> None:
    told = command("digest", "--week", "2026-W05", now="2025-03-01T12:00:00+01:00")
    assert told.code == 2
    assert "2026-W05 has not begun: it begins on 2026-01-26 (Europe/Paris)" in told.err
    assert not (command.data / "digests").exists()


def test_a_terminal_is_shown_how_far_it_is_and_the_files_go_to_standard_output(command: Vigie) -> None:
    terminal, ours = pty.openpty()
    with subprocess.Popen(
        command.command(*WEEK), env=command.environment(TERM="xterm", COLUMNS="100"), stdout=subprocess.PIPE, stderr=ours
    ) as child:
        os.close(ours)
        shown = b""
        with suppress(OSError):  # what Linux says at the end of a terminal
            while more := os.read(terminal, 4096):
                shown += more
        assert child.stdout
        files = child.stdout.read().decode().splitlines()
    os.close(terminal)
    assert "Making the digest" in shown.decode()
    assert [Path(file).name for file in files] == ["newsroom-monday-2025-W05.json", "newsroom-monday-2025-W05.eml"]


def test_a_kill_between_sending_and_sent_never_sends_twice(command: Vigie, office: PostOffice) -> None:
    office.keeps_waiting = {DESK}
    child = subprocess.Popen(
        command.command(*WEEK, "--deliver"), env=command.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert office.taken.wait(120)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    office.keeps_waiting = set()
    after = command(*WEEK, "--deliver")
    assert after.code == 4
    assert f"{DESK}: sending" in after.out
    assert "--resend" in after.err
    assert office.addresses == [DESK, PRESS]
    with command.archive.read() as tx:
        assert tx.deliveries.of("digest:monday", "2025-W05")[DESK].state == "sending"


def test_what_is_asked_for_wrongly_is_told_at_once(vigie: Vigie, told: Told) -> None:
    shutil.copytree(told.folder, vigie.data)
    vigie.watch.write_text((told.folder / "watch.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert "add [mail]" in vigie("digest", "--week", "2025-W05", "--to", DESK).err
    assert vigie("digest", "--to", "x@y>\nBcc: all@example.org").code == 2
    unknown = vigie("digest", "--edition", "mondy")
    assert (unknown.code, 'no edition "mondy"' in unknown.err) == (2, True)


# Folders and object stores.


def hello(out: BinaryIO) -> None:
    out.write(b"hello")


def breaks(out: BinaryIO) -> None:
    out.write(b"half")
    raise RuntimeError("in the middle")


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b")
    assert store.write("x.json", hello) == str(tmp_path / "a" / "b" / "x.json")
    with pytest.raises(RuntimeError):
        store.write("x.json", breaks)
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "a" / "b").iterdir()] == [("x.json", b"hello")]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VigieError, match="file"):
        Store(tmp_path / "file").write("x", hello)
    with pytest.raises(UsageError, match="nowhere"):
        Store("nowhere://bucket")


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real HTTP server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
    ):
        monkeypatch.setenv(name, value)
    yield f"http://{host}:{port}"
    server.stop()


def test_an_object_store_gets_whole_files(object_store: str) -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("press")
    store = Store("s3://press/weekly")
    assert store.write("x.json", hello) == "s3://press/weekly/x.json"
    with pytest.raises(RuntimeError):
        store.write("y.json", breaks)
    system = s3fs.S3FileSystem()
    system.invalidate_cache()
    assert system.find("press") == ["press/weekly/x.json"]
    assert system.cat("press/weekly/x.json") == b"hello"
    with pytest.raises(VigieError, match="s3://absent"):
        Store("s3://absent/weekly").write("x.json", hello)
    s3fs.S3FileSystem.clear_instance_cache()


def test_an_object_store_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    def absent(*_: object, **__: object) -> object:
        raise ImportError("Install s3fs")

    monkeypatch.setattr(fsspec.core, "url_to_fs", absent)
    with pytest.raises(UsageError, match="s3fs") as error:
        Store("s3://user:pass@bucket/x")
    assert "vigie[s3]" in error.value.mend
