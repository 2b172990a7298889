"""Sending e-mail by SMTP (RFC 5321): one connection for all recipients, a message for each.

The answer says what is known: sent, refused for now, rejected for good; or nothing, where the connection broke after the message
had gone out and before the server answered.
"""

import os
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from types import TracebackType
from typing import Self

from vigie.archive import DeliveryState
from vigie.routine import Mail

PASSWORD = "VIGIE_MAIL_PASSWORD"  # noqa: S105  # the name of the variable
_START_MAIL_INPUT = 354
_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sending ended; "sending" where nobody knows. detail: the server's reply, or what broke."""

    state: DeliveryState
    detail: str


class Mailer:
    """A mail server, asked when the first message is sent. Use it as a context manager: it says goodbye at the end.

    With security "starttls" or "tls" nothing, least of all the password, goes out unencrypted or to a server whose certificate is
    not valid for its name. trust: what certificates are checked against, the system's authorities by default.
    """

    def __init__(self, mail: Mail, *, password: str | None = None, trust: ssl.SSLContext | None = None) -> None:
        self._mail = mail
        self._password = os.environ.get(PASSWORD, "") if password is None else password
        self._trust = trust or ssl.create_default_context()
        self._server: smtplib.SMTP | None = None
        self._down: Outcome | None = None
        if mail.user and not self._password:
            told = f'[mail] user "{mail.user}" has no password: put it into the environment variable {PASSWORD}'
            self._down = Outcome("refused", told)  # no error: files, webhooks and feeds go their ways

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._hang_up()

    def send(self, message: EmailMessage, recipient: str) -> Outcome:
        """Send a message to one recipient. Once the server could not be reached, it is not tried again for the others."""
        if self._down:
            return self._down
        if self._server is None:
            try:
                self._server = self._connect()
            except (OSError, smtplib.SMTPException) as error:
                self._down = self._unreached(error)
                return self._down
        try:
            return self._transaction(self._server, message, recipient)
        except (OSError, smtplib.SMTPException) as error:  # broken before the message had gone out
            self._hang_up()
            return self._unreached(error)

    def _unreached(self, error: Exception) -> Outcome:
        """A server that cannot be reached or does not let us in may do so later: nothing has been said of the recipient."""
        return Outcome("refused", f"{self._place}: {_told(error)}")

    @property
    def _place(self) -> str:
        return f"{self._mail.host}:{self._mail.port}"

    def _connect(self) -> smtplib.SMTP:
        mail = self._mail
        if mail.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.timeout, context=self._trust)
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout)
        try:
            server.ehlo_or_helo_if_needed()
            if mail.security == "starttls":
                server.starttls(context=self._trust)
                server.ehlo()
            if mail.user:
                server.login(mail.user, self._password)
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

    def _transaction(self, server: smtplib.SMTP, message: EmailMessage, recipient: str) -> Outcome:
        """MAIL, RCPT and DATA. smtplib's own sendmail does not tell a break before the message from one after it."""
        address = _with_ascii_domain(recipient)
        beyond_ascii = not address.isascii()
        if beyond_ascii and not server.has_extn("smtputf8"):
            return Outcome("rejected", f"{self._place}: takes only ASCII names before the @ (no SMTPUTF8)")
        if address != recipient:
            message.replace_header("To", address)
        for code, reply in (
            server.mail(self._mail.sender, ["SMTPUTF8"] if beyond_ascii else []),
            server.rcpt(address),
            server.docmd("DATA"),
        ):
            if code >= 400:
                return self._refusal(code, reply)
            if code == _START_MAIL_INPUT:
                break
        try:
            server.send(_dotted(message.as_bytes(policy=SMTPUTF8 if beyond_ascii else SMTP)))
            code, reply = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            return Outcome("sending", f"{self._place}: the connection broke before the server answered ({_told(error)})")
        return self._refusal(code, reply) if code >= 400 else Outcome("sent", _reply(code, reply))

    def _refusal(self, code: int, reply: bytes) -> Outcome:
        if code == _CLOSING:
            self._hang_up()
        elif self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.rset()
        return Outcome("rejected" if code >= 500 else "refused", _reply(code, reply))

    def _hang_up(self) -> None:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server.close()
            self._server = None


def _with_ascii_domain(address: str) -> str:
    """An address as a server is told it: its domain in the form of IDNA (RFC 5890)."""
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def _dotted(message: bytes) -> bytes:
    """A message as it is sent after DATA: lines that begin with a dot get one more, a single dot ends it (RFC 5321, 4.5.2)."""
    return b"".join(b"." + line if line.startswith(b".") else line for line in message.splitlines(keepends=True)) + b".\r\n"


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    return " ".join(str(error).split()) or type(error).__name__


def _reply(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {said}".split())
