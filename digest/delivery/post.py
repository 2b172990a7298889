"""Each recipient once: what is to be sent is noted in the archive before it goes out, and how it went after."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from digest.delivery.smtp import Mailer
from vigie import clock
from vigie.archive import Archive, Delivery


@dataclass(frozen=True, slots=True)
class Post:
    """A message for one recipient; it has a Message-ID."""

    recipient: str
    message: EmailMessage


def deliver(
    archive: Archive, mailer: Mailer, what: str, period: str, posts: Sequence[Post], *, again: bool = False
) -> tuple[Delivery, ...]:
    """Send to each recipient what has not been sent to them yet (again: to each); how far each has come, in the order of posts.

    A message whose sending began and did not end, because we were killed or the connection broke, may have arrived: it stays
    "sending" and is not sent again by itself. What happens to one recipient changes nothing for the others.
    """
    for post in posts:
        message_id = str(post.message["Message-ID"])
        with archive.begin(durable=True) as tx:
            now = clock.now().timestamp()
            mine = tx.deliveries.begin(what, period, post.recipient, message_id=message_id, at=now, again=again)
        if mine:
            outcome = mailer.send(post.message, post.recipient)
            with archive.begin(durable=True) as tx:
                now = clock.now().timestamp()
                tx.deliveries.end(what, period, post.recipient, outcome.state, at=now, detail=outcome.detail)
    with archive.read() as tx:
        found = tx.deliveries.of(what, period)
    return tuple(found[post.recipient] for post in posts)
