"""A real SMTP server on loopback that does what a test wants: accept, refuse, break off, keep somebody waiting."""

import asyncio
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class PostOffice:
    """What the server says of an address (RCPT) or of a message to it (DATA), and what it has accepted.

    breaks_off: whose message it takes and then closes the connection without a word; keeps_waiting: whose message it takes, and does
    not answer.
    """

    replies: dict[str, str] = field(default_factory=dict)
    replies_to_data: dict[str, str] = field(default_factory=dict)
    breaks_off: set[str] = field(default_factory=set)
    keeps_waiting: set[str] = field(default_factory=set)
    accepted: list[tuple[str, EmailMessage]] = field(default_factory=list)
    connections: int = 0
    taken: threading.Event = field(default_factory=threading.Event)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if not session.ssl:
            self.connections += 1
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (address,) = envelope.rcpt_tos
        if address in self.replies_to_data:
            return self.replies_to_data[address]
        assert isinstance(envelope.content, bytes)
        self.accepted.append((address, message_from_bytes(envelope.content, _class=EmailMessage, policy=default)))  # type: ignore[arg-type]
        self.taken.set()
        if address in self.breaks_off and server.transport:
            server.transport.close()
        if address in self.keeps_waiting:
            await asyncio.sleep(600)
        return "250 accepted"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"secret", handled=False)

    @property
    def addresses(self) -> list[str]:
        return [address for address, _ in self.accepted]


def controller(office: PostOffice, *, tls: ssl.SSLContext | None = None, auth: bool = False, **more: Any) -> Controller:
    """The server of an office, on a free port."""
    return Controller(
        office, hostname="127.0.0.1", port=free_port(), tls_context=tls, require_starttls=bool(tls), auth_required=auth,
        auth_require_tls=bool(tls), authenticator=office.authenticate if auth else None, **more,
    )  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on; aiosmtpd connects to itself by number and knows no port 0."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
