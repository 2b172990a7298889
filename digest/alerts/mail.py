"""An alert as an e-mail: text, and simple HTML."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from digest.alerts.check import Alert
from digest.alerts.phrases import headline, sentences
from digest.formats._phrases import clean, link
from digest.formats._templates import environment
from digest.render import command
from digest.words import words
from vigie.routine import Mail


def to_mail(alert: Alert, mail: Mail, recipient: str) -> EmailMessage:
    """The message for one recipient. The same alert gives the same Message-ID, so that a mail program shows it once."""
    domain = mail.sender.rpartition("@")[2]
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(clean(mail.sender_name), addr_spec=mail.sender)
    made["To"] = Address(addr_spec=recipient)
    if mail.reply_to:
        made["Reply-To"] = Address(addr_spec=mail.reply_to)
    made["Subject"] = clean(headline(alert))
    made["Date"] = format_datetime(datetime.fromisoformat(alert.at))
    made["Message-ID"] = f"<alert.{hashlib.sha256(f'{alert.id} {recipient}'.encode()).hexdigest()[:24]}@{domain}>"
    made["List-Unsubscribe"] = f"<{_unsubscribe(alert, mail)}>"
    if mail.unsubscribe.startswith("https://"):
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    foot, leave = _foot(alert), _unsubscribe(alert, mail)
    made.set_content(_text(alert, foot, leave), cte="quoted-printable")
    page = environment(alert.language).get_template("alert.html").render(**shown(alert), foot=foot, leave=leave)
    made.add_alternative(page, subtype="html", cte="quoted-printable")
    made["Content-Language"] = alert.language
    return made


def shown(alert: Alert) -> dict[str, object]:
    """What the templates show of an alert."""
    return {"alert": alert, "headline": headline(alert), "sentences": sentences(alert), "clean": clean}


def _text(alert: Alert, foot: str, leave: str) -> str:
    say = words(alert.language).gettext
    lines = [clean(headline(alert)), "", *sentences(alert), ""]
    for one in alert.articles:
        lines += [f"- {clean(one.title)} ({clean(one.outlet)})", *(f"  {url}" for url in [link(one.url)] if url)]
    lines += ["", say("All its articles: {command}", command=command(alert.query)), ""]
    return "\n".join([*lines, foot, say("To leave this list: {address}", address=leave)]) + "\n"


def _foot(alert: Alert) -> str:
    return words(alert.language).gettext(
        "Told by Vigie of the saved search {search}; labels are read by machine and may be wrong.", search=alert.search
    )


def _unsubscribe(alert: Alert, mail: Mail) -> str:
    return mail.unsubscribe or f"mailto:{mail.reply_to or mail.sender}?subject={quote(f'unsubscribe {alert.search}')}"
