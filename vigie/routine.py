"""What a watch does by itself: digest editions, saved searches with alerts, mail, retention, and the daemon's limits."""

import re
from typing import Annotated, Literal

from msgspec import Meta

from vigie._tables import Filled, HttpUrl, Id, Table, TimeZoneName

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DigestFormat = Literal["html", "eml", "pdf", "md", "json", "csv", "parquet", "atom"]
EditionLanguage = Literal["en", "fr"]
AlertKind = Literal["burst", "turn", "silence"]


def check_mail_address(address: str) -> None:
    """Raises ValueError where an e-mail address is none."""
    if not re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+", address):
        raise ValueError(f"{address!r} is no e-mail address")


def _hour(hour: int) -> None:
    if 1 <= hour <= 3:
        raise ValueError(
            "between 01:00 and 03:59 the clocks change: such an hour may come twice or never; take 0 or one from 4 on"
        )


def _listen_address(address: str) -> None:
    host, _, port = address.rpartition(":")
    if address and not (host and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{address!r} is no address to listen at: write 127.0.0.1:8650")


MailAddress = Annotated[str, check_mail_address]
Hour = Annotated[int, Meta(ge=0, le=23), _hour]
ListenAddress = Annotated[str, _listen_address]


class Edition(Table):
    """A weekly digest: about whom, in which language and formats, when it is due, and where it goes.

    It tells the last whole ISO week of the watch's zone; day, hour and minute are in the edition's own zone (that of the watch
    where it names none). out: a folder or an fsspec URL (s3://bucket/prefix); without it the digests are kept in the data folder.
    """

    id: Id
    subject: Id | None = None  # the first subject of the watch where it names none
    title: str = ""
    language: EditionLanguage = "en"
    day: Weekday = "mon"
    hour: Hour = 7
    minute: Annotated[int, Meta(ge=0, le=59)] = 0
    timezone: TimeZoneName | None = None
    formats: Annotated[tuple[DigestFormat, ...], Meta(min_length=1)] = ("html",)
    recipients: tuple[MailAddress, ...] = ()
    out: str = ""


class Mail(Table, kw_only=True):
    """The server that sends the mail. The password stands in the environment: VIGIE_MAIL_PASSWORD."""

    host: Filled
    port: Annotated[int, Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: MailAddress
    sender_name: str = "Vigie"
    reply_to: MailAddress | None = None
    unsubscribe: str = ""  # mailto: or https: address for List-Unsubscribe; the sender's address where it is empty
    timeout: Annotated[float, Meta(gt=0, le=600)] = 30  # seconds


class Search(Table):
    """A saved search, and what is told about it: a burst of articles, a turn of the stance, a source fallen silent."""

    id: Id
    query: Filled
    title: str = ""
    language: EditionLanguage = "en"
    alerts: tuple[AlertKind, ...] = ("burst", "turn", "silence")
    recipients: tuple[MailAddress, ...] = ()
    webhook: HttpUrl | None = None


class Retention(Table):
    """For how many days things are kept; 0: for good. Articles, labels and corrections are always kept."""

    pages_days: Annotated[int, Meta(ge=0)] = 0  # the bytes as fetched
    fetches_days: Annotated[int, Meta(ge=0)] = 90  # the log of outcomes
    runs_days: Annotated[int, Meta(ge=0)] = 400  # the ledger of runs


class Daemon(Table):
    """How often the daemon looks for work, what a step may use, and where its health is asked."""

    wake_seconds: Annotated[int, Meta(ge=1, le=3600)] = 60
    step_minutes: Annotated[int, Meta(ge=1)] = 180
    step_memory_mb: Annotated[int, Meta(ge=256)] = 8192
    upkeep_hour: Hour = 5
    health: ListenAddress = "127.0.0.1:8650"  # empty: no health server; port 0: any free one
