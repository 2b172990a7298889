"""What went out to whom: noted before it is sent, so that a crash never sends it twice."""

import math
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import Connection, Select, select, update

from vigie.archive._dialect import upsert
from vigie.archive._schema import deliveries

# sending: begun; after a crash nobody knows whether it arrived. sent: accepted by the server or webhook. refused: for now (no
# connection, a reply 4xx); the next run tries again. rejected: for good (a reply 5xx).
DeliveryState = Literal["sending", "sent", "refused", "rejected"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a thing has come on its way to one recipient.

    what: ``digest:EDITION`` or ``alert:SEARCH``; period: the week, or the key of the alert. detail: what the server
    replied. at: when the state last changed, seconds since the epoch.
    """

    what: str
    period: str
    recipient: str
    state: DeliveryState
    message_id: str
    attempts: int
    at: float
    detail: str

    @property
    def shown_recipient(self) -> str:
        """The recipient as it is shown: of a webhook the host only, since its path may hold a token."""
        return urlsplit(self.recipient).netloc.rpartition("@")[2] if "://" in self.recipient else self.recipient


class Deliveries:
    """The table of deliveries. A thing goes to a recipient once in a period, unless somebody asks for it again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, what: str, period: str, recipient: str, *, message_id: str, at: float, again: bool = False) -> bool:
        """Take it on to send this now; False where it must not be sent (again: not even where it went out before).

        It may be sent where nobody has tried yet or the last try was refused for now. Commit durably before the sending begins:
        of two processes that ask at once, one is told True.
        """
        key = {"what": what, "period": period, "recipient": recipient}
        made = upsert(self._connection, deliveries).values(
            **key, state="sending", message_id=message_id, attempts=1, at=at, detail=""
        )
        taken = made.on_conflict_do_update(
            index_elements=list(key),
            set_={"state": "sending", "message_id": message_id, "attempts": deliveries.c.attempts + 1, "at": at, "detail": ""},
            where=None if again else deliveries.c.state == "refused",
        ).returning(deliveries.c.recipient)
        return self._connection.execute(taken).one_or_none() is not None

    def end(self, what: str, period: str, recipient: str, state: DeliveryState, *, at: float, detail: str = "") -> None:
        """Note how the sending ended; "sending" where that cannot be known."""
        self._connection.execute(
            update(deliveries)
            .where(deliveries.c.what == what, deliveries.c.period == period, deliveries.c.recipient == recipient)
            .values(state=state, at=at, detail=detail)
        )

    def of(self, what: str, period: str) -> dict[str, Delivery]:
        """The deliveries of a thing in a period, by recipient."""
        found = self._all(select(deliveries).where(deliveries.c.what == what, deliveries.c.period == period))
        return {one.recipient: one for one in found}

    def unsettled(self, *, since: float = 0, begun_before: float = math.inf) -> list[Delivery]:
        """Those that have not arrived or may not have, the newest first: last tried since an instant, and not just being sent.

        What is in state "sending" counts only where it was begun before begun_before: later, it may still be under way.
        """
        settled = (deliveries.c.state == "sent") | ((deliveries.c.state == "sending") & (deliveries.c.at >= begun_before))
        return self._all(select(deliveries).where(deliveries.c.at >= since, ~settled).order_by(deliveries.c.at.desc()))

    def _all(self, query: Select[tuple[str, str, str, str, str, int, float, str]]) -> list[Delivery]:
        return [Delivery(**row) for row in self._connection.execute(query).mappings()]
