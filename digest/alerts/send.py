"""Sending alerts: to each recipient and webhook of their search, once."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from digest.alerts.check import Alert, from_record
from digest.alerts.mail import to_mail
from digest.alerts.phrases import headline, sentences
from digest.delivery import Mailer, Post, deliver
from digest.delivery.webhook import DEADLINE_S, Webhook
from vigie import clock
from vigie.archive import Archive, Delivery
from vigie.errors import UsageError
from vigie.routine import Search
from vigie.watch import Watch

# What is older is no news any more: not for a recipient who was added later, nor where nobody answered for so long.
SEND_WITHIN = timedelta(days=7)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 60.0, 6 * 3600.0


def send(archive: Archive, watch: Watch, *, search: str | None = None) -> list[Delivery]:
    """Send what has not gone out; how each sending that was tried now ended.

    What was refused is tried again by a later run, after a wait that doubles with each try; what is older than SEND_WITHIN is not
    sent any more. search: only the alerts of that one.
    """
    since = clock.now() - SEND_WITHIN
    with archive.read() as tx:
        kept = tx.alerts.kept(search=search, since=since.timestamp())
    tried: list[Delivery] = []
    with ExitStack() as stack:
        mailer: Mailer | None = None
        for one in reversed(kept):  # the earliest first
            told = next((saved for saved in watch.searches if saved.id == one.search), None)
            if told is None:  # it has left the watch
                continue
            alert = from_record(one)
            if waiting := [address for address in told.recipients if _is_due(archive, alert, address)]:
                if watch.mail is None:
                    raise UsageError(
                        f'[[searches]] "{told.id}" has recipients, and there is no [mail]', mend="add it to the watch"
                    )
                mailer = mailer or stack.enter_context(Mailer(watch.mail))
                posts = [Post(address, to_mail(alert, watch.mail, address)) for address in waiting]
                tried += deliver(archive, mailer, _what(alert), _period(alert), posts)
            tried += _to_webhook(archive, alert, told)
    return tried


def as_json(alert: Alert) -> bytes:
    """What a webhook is sent: the alert with its sentences, as docs/alert.schema.json describes it."""
    told = {"id": alert.id, "headline": headline(alert), "text": " ".join(sentences(alert)), **alert.as_dict()}
    return json.dumps(told, ensure_ascii=False).encode()


def _what(alert: Alert) -> str:
    return f"alert:{alert.search}"


def _period(alert: Alert) -> str:
    return f"{alert.kind}/{alert.key}"


def _is_due(archive: Archive, alert: Alert, recipient: str) -> bool:
    """Whether nobody has tried to send it, or it was refused and has waited long enough."""
    with archive.read() as tx:
        before = tx.deliveries.of(_what(alert), _period(alert)).get(recipient)
    return before is None or (before.state == "refused" and _has_waited(before))


def _has_waited(before: Delivery) -> bool:
    wait = min(_FIRST_WAIT_S * 2.0 ** min(before.attempts - 1, 20), _LONGEST_WAIT_S)
    return clock.now().timestamp() >= before.at + wait


def _to_webhook(archive: Archive, alert: Alert, search: Search) -> Iterator[Delivery]:
    """Send an alert to the webhook of its search where it is due.

    A try that a crash cut short may have arrived. Unlike a letter it is tried again: the other side knows it by its id.
    """
    if search.webhook is None:
        return
    url = str(search.webhook)
    identity = f"alert_{hashlib.sha256(alert.id.encode()).hexdigest()[:32]}"
    webhook = Webhook(url)
    with archive.begin(durable=True) as tx:
        now = clock.now().timestamp()
        before = tx.deliveries.of(_what(alert), _period(alert)).get(url)
        cut_short = before is not None and before.state == "sending" and now >= before.at + 2 * DEADLINE_S
        due = before is None or cut_short or (before.state == "refused" and _has_waited(before))
        mine = due and tx.deliveries.begin(_what(alert), _period(alert), url, message_id=identity, at=now, again=cut_short)
    if not mine:
        return
    outcome = webhook.send(as_json(alert), identity)
    with archive.begin(durable=True) as tx:
        tx.deliveries.end(
            _what(alert), _period(alert), url, outcome.state, at=clock.now().timestamp(), detail=outcome.detail
        )  # fmt: skip
    with archive.read() as tx:
        yield tx.deliveries.of(_what(alert), _period(alert))[url]
