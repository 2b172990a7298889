"""What a watch does by itself: digest editions, saved searches with alerts, mail, retention, and the daemon's limits."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from vigie._tables import HttpUrl, Id, Table, TimeZoneName

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DigestFormat = Literal["html", "eml", "pdf", "md", "json", "csv", "parquet", "atom"]
EditionLanguage = Literal["en", "fr"]
AlertKind = Literal["burst", "turn", "silence"]


def mail_address(address: str) -> str:
    """The address; raises ValueError where it is none."""
    if not re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+", address):
        raise ValueError(f"{address!r} is no e-mail address")
    return address


def _hour(hour: int) -> int:
    if 1 <= hour <= 3:
        raise ValueError(
            "between 01:00 and 03:59 the clocks change: such an hour may come twice or never; take 0 or one from 4 on"
        )
    return hour


MailAddress = Annotated[str, AfterValidator(mail_address)]
Hour = Annotated[int, Field(ge=0, le=23), AfterValidator(_hour)]


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
    minute: int = Field(default=0, ge=0, le=59)
    timezone: TimeZoneName | None = None
    formats: tuple[DigestFormat, ...] = Field(default=("html",), min_length=1)
    recipients: tuple[MailAddress, ...] = ()
    out: str = ""


class Mail(Table):
    """The server that sends the mail. The password stands in the environment: VIGIE_MAIL_PASSWORD."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: MailAddress
    sender_name: str = "Vigie"
    reply_to: MailAddress | None = None
    unsubscribe: str = ""  # mailto: or https: address for List-Unsubscribe; the sender's address where it is empty
    timeout: float = Field(default=30, gt=0, le=600)  # seconds


class Search(Table):
    """A saved search, and what is told about it: a burst of articles, a turn of the stance, a source fallen silent."""

    id: Id
    query: str = Field(min_length=1)
    title: str = ""
    language: EditionLanguage = "en"
    alerts: tuple[AlertKind, ...] = ("burst", "turn", "silence")
    recipients: tuple[MailAddress, ...] = ()
    webhook: HttpUrl | None = None


class Retention(Table):
    """For how many days things are kept; 0: for good. Articles, labels and corrections are always kept."""

    pages_days: int = Field(default=0, ge=0)  # the bytes as fetched
    fetches_days: int = Field(default=90, ge=0)  # the log of outcomes
    runs_days: int = Field(default=400, ge=0)  # the ledger of runs


class Daemon(Table):
    """How often the daemon looks for work, what a step may use, and where its health is asked."""

    wake_seconds: int = Field(default=60, ge=1, le=3600)
    step_minutes: int = Field(default=180, ge=1)
    step_memory_mb: int = Field(default=8192, ge=256)
    upkeep_hour: Hour = 5
    health: str = "127.0.0.1:8650"  # empty: no health server
