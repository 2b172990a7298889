"""Webhooks: JSON by HTTP POST, signed as Standard Webhooks has it (https://www.standardwebhooks.com, version 1).

A try ends within DEADLINE_S however slowly the other side answers, its answer's body is not read, and no redirect is followed:
what is sent goes to the address in the watch and to no other. Whoever takes it may see it twice, after a crash or an answer
that was lost: ``webhook-id`` (and ``Idempotency-Key``) is the same then.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from urllib.parse import urljoin, urlsplit

import httpx

from digest.delivery.smtp import Outcome
from vigie import __version__, clock
from vigie.errors import UsageError

SECRET = "VIGIE_WEBHOOK_SECRET"  # noqa: S105  # the name of the variable
DEADLINE_S = 20.0
# Refused for now; every other 4xx is for good: the same request would be refused again.
_LATER = (408, 425, 429)


class Webhook:
    """An address that is sent JSON. secret: signs it, VIGIE_WEBHOOK_SECRET by default; where it is empty nothing is signed."""

    def __init__(self, url: str, *, secret: str | None = None, deadline: float = DEADLINE_S) -> None:
        self._url = url
        self._key = _key(os.environ.get(SECRET, "") if secret is None else secret)
        self._deadline = deadline

    def send(self, body: bytes, identity: str) -> Outcome:
        """Send a body (JSON) under the id by which the other side knows it again: sent, refused for now, or rejected for good."""
        try:
            status, location = asyncio.run(asyncio.wait_for(self._post(body, identity), self._deadline))
        except TimeoutError:
            return Outcome("refused", f"{self._place}: no answer within {self._deadline:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Outcome("refused", f"{self._place}: {' '.join(str(error).split()) or type(error).__name__}")
        if 200 <= status < 300:
            return Outcome("sent", f"HTTP {status}")
        if 300 <= status < 400:
            place = urlsplit(urljoin(self._url, location))
            return Outcome(
                "rejected", f"{self._place}: HTTP {status} to {place.scheme}://{place.netloc}; redirects are not followed"
            )
        return Outcome("refused" if status in _LATER or status >= 500 else "rejected", f"{self._place}: HTTP {status}")

    async def _post(self, body: bytes, identity: str) -> tuple[int, str]:
        async with (
            httpx.AsyncClient(timeout=self._deadline, follow_redirects=False) as client,
            client.stream("POST", self._url, content=body, headers=self._headers(body, identity)) as answer,
        ):
            return answer.status_code, answer.headers.get("location", "")

    def _headers(self, body: bytes, identity: str) -> dict[str, str]:
        at = str(int(clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "user-agent": f"Vigie/{__version__}",
            "idempotency-key": f'"{identity}"',  # a string of RFC 8941, as the IETF's draft asks for
            "webhook-id": identity,
            "webhook-timestamp": at,
        }
        if self._key:
            signed = hmac.new(self._key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
        return headers

    @property
    def _place(self) -> str:
        """The host: a path may hold a token."""
        return urlsplit(self._url).netloc.rpartition("@")[2]


def _key(secret: str) -> bytes:
    """The key that a secret stands for: base64 after ``whsec_``, as Standard Webhooks writes it; else its own bytes."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise UsageError(f"{SECRET} begins with whsec_ and does not go on in base64", mend="copy it once more") from None
