"""The digest as an e-mail: text for those who read text, HTML of tables and inline styles for all others, charts as PNG.

Outlook draws with Word's engine, which knows tables and inline styles; Gmail shows 102 KB of HTML. So the whole message stays
below 100 KB: what a large week has beyond that is left out, and the mail says where it is.
"""

import hashlib
import re
from copy import deepcopy
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.charts import stance_text
from digest.formats._cut import Room, fitted
from digest.formats._phrases import Phrases, clean, phrases
from digest.formats._png import small_png
from digest.formats._templates import environment
from digest.formats._text import to_text
from digest.model import Digest, anything_in
from digest.render import Searches
from digest.words import words
from vigie.routine import Mail

if TYPE_CHECKING:
    from css_inline import CSSInliner

# Bytes of a message as it is sent. Gmail cuts HTML at 102 KB.
MOST_BYTES = 100_000
_HEADERS = 1_500  # those that each recipient has of their own, and longer boundaries
# For a file that nobody sends: a name that is never a host (RFC 2606).
NOBODY = Mail(host="localhost", sender="vigie@vigie.invalid")


class Letter:
    """A digest as a message, drawn once for all its recipients. The same digest gives the same bytes.

    Raises nothing on whatever stands in a title: headers hold one line each, and text is escaped.
    """

    def __init__(self, digest: Digest, mail: Mail | None = None) -> None:
        self._mail = mail or NOBODY
        self._told = digest
        self._drawn = fitted(digest, self._draw, lambda made: len(made.as_bytes()) < MOST_BYTES - _HEADERS)

    def to(self, recipient: str = "") -> EmailMessage:
        """The message for one recipient; without one, for a file that nobody sends."""
        made = deepcopy(self._drawn)
        message_id = _message_id(self._told, self._mail, recipient)
        made["To"] = Address(addr_spec=recipient) if recipient else "undisclosed-recipients:;"
        made["Message-ID"] = message_id
        for number, part in enumerate(part for part in made.walk() if part.is_multipart()):
            part.set_boundary(f"=_{_short_hash(message_id, str(number))}")
        return made

    def _draw(self, digest: Digest, room: Room, shortened: bool) -> EmailMessage:
        charts = _charts(digest) if room.charts else {}
        domain = _domain(self._mail)
        cids = {key: f"{_short_hash(digest.watch, digest.edition, digest.week, key)}@{domain}" for key in charts}
        foot, leave = _foot(digest, shortened), _unsubscribe(digest, self._mail)
        made = EmailMessage(policy=SMTP)
        _head(made, digest, self._mail)
        told = words(digest.language).gettext("To leave this list: {address}", address=leave)
        made.set_content(to_text(digest, foot=(*foot, told)), cte="quoted-printable")
        made.add_alternative(_html(digest, cids, foot, leave), subtype="html", cte="quoted-printable")
        made["Content-Language"] = digest.language
        page = next(part for part in made.iter_parts() if part.get_content_type() == "text/html")
        for number, (key, png) in enumerate(charts.items()):
            page.add_related(png, "image", "png", cid=f"<{cids[key]}>", disposition="inline", filename=f"chart-{number}.png")
        return made


def to_eml(digest: Digest, mail: Mail | None = None) -> bytes:
    """The digest as a message file, to nobody in particular."""
    return Letter(digest, mail).to().as_bytes()


def _head(made: EmailMessage, digest: Digest, mail: Mail) -> None:
    made["From"] = Address(clean(mail.sender_name), addr_spec=mail.sender)
    if mail.reply_to:
        made["Reply-To"] = Address(addr_spec=mail.reply_to)
    made["Subject"] = _subject(digest)
    made["Date"] = format_datetime(datetime.fromisoformat(digest.end))  # not of now: the same digest is the same message
    made["List-Id"] = f"{digest.title.translate(_NO_MARKUP)} <{digest.edition}.{digest.watch}.{_domain(mail)}>"
    made["List-Unsubscribe"] = f"<{_unsubscribe(digest, mail)}>"
    if mail.unsubscribe.startswith("https://"):
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers


_NO_MARKUP = str.maketrans("", "", '<>"@,;:\\()[]')


def _subject(digest: Digest) -> str:
    say = words(digest.language).gettext
    articles = phrases(digest.language).articles(digest.articles.value)
    week = words(digest.language).week_name(digest.week)
    subject = say("{title} – {week}: {articles}", title=digest.title, week=week, articles=articles)
    return subject if digest.version == 1 else f"{subject} ({say('version {number}', number=digest.version)})"


def _message_id(digest: Digest, mail: Mail, recipient: str) -> str:
    """The same for the same version to the same recipient, so that a mail program shows a message that was sent again once."""
    told = _short_hash(digest.watch, digest.edition, digest.week, str(digest.version), str(digest.watermark), recipient)
    return f"<{digest.week}.{digest.version}.{told}@{_domain(mail)}>"


def _unsubscribe(digest: Digest, mail: Mail) -> str:
    if mail.unsubscribe:
        return mail.unsubscribe
    return f"mailto:{mail.reply_to or mail.sender}?subject={quote(f'unsubscribe {digest.edition}')}"


def _foot(digest: Digest, shortened: bool) -> tuple[str, ...]:
    say = words(digest.language).gettext
    made = say("Made by Vigie from what the press published; labels are read by machine and may be wrong.")
    if not shortened:
        return (made,)
    whole = f"vigie digest --edition {digest.edition} --week {digest.week} --format html"
    return say("Shortened to fit into a mail. The whole digest: {command}", command=whole), made


def _html(digest: Digest, cids: dict[str, str], foot: tuple[str, ...], leave: str) -> str:
    searches = Searches()
    say = Phrases(words(digest.language), markup=True, link=searches.in_mail)
    drawn = partial(stance_text, say.words, digest.weeks)
    template = environment(digest.language).get_template("email.html")
    page = template.render(digest=digest, cids=cids, foot=foot, leave=leave, told=drawn, say=say, searches=searches)
    return _SPENT.sub(r"\1", _inliner().inline(page))


# Classes, whose style stands in the element by then, and what the inliner adds. In texts and values < and " are escaped.
_SPENT = re.compile(r'(<[a-z1-6]+(?: [a-z-]+="[^"]*")*?) class="[^"]*"|</?tbody>')


@cache
def _inliner() -> "CSSInliner":
    from css_inline import CSSInliner

    return CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, minify_css=True)


def _charts(digest: Digest) -> dict[str, bytes]:
    """PNGs by topic id, that over all under the empty id; none where there is nothing to be seen."""
    drawn = {"": digest.weekly, **{topic.id: topic.weekly for topic in digest.topics}}
    return {key: small_png(words(digest.language), digest.weeks, weekly) for key, weekly in drawn.items() if anything_in(weekly)}


def _domain(mail: Mail) -> str:
    return mail.sender.rpartition("@")[2]


def _short_hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
