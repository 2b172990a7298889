"""Health over HTTP: ``/livez`` (the process works), ``/readyz`` (it does its job; if not, why), ``/metrics`` (Prometheus)."""

import json
import socket
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from vigie.errors import VigieError

# A client that says nothing does not keep a thread.
CLIENT_TIMEOUT_S = 10


class Health:
    """The health server. alive and why_not_ready are asked at each request."""

    def __init__(
        self, address: str, *, alive: Callable[[], bool], why_not_ready: Callable[[], Sequence[str]], registry: CollectorRegistry
    ) -> None:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")

        def live() -> tuple[int, str, bytes]:
            return (200, "text/plain", b"ok\n") if alive() else (503, "text/plain", b"stopped\n")

        def ready() -> tuple[int, str, bytes]:
            why = list(why_not_ready())
            said = json.dumps({"ready": not why, "why": why}, ensure_ascii=False).encode() + b"\n"
            return 503 if why else 200, "application/json", said

        def metrics() -> tuple[int, str, bytes]:
            return 200, CONTENT_TYPE_LATEST, generate_latest(registry)

        try:
            self._server = _server(host, int(port), {"/livez": live, "/readyz": ready, "/metrics": metrics})
        except OSError as error:
            raise VigieError(
                f"[daemon] health: {address} cannot be listened at: {error.strerror or error}",
                mend='name another address there, or health = "" for none',
            ) from None
        bound = self._server.server_address[1]
        self.address = f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


Answer = Callable[[], tuple[int, str, bytes]]


def _server(host: str, port: int, answers: dict[str, Answer]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_TIMEOUT_S

        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0])
            status, kind, body = answer() if answer else (404, "text/plain", b"/livez, /readyz, /metrics\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            """Requests for health are not logged."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def handle_error(self, *_: Any) -> None:
            """A client that went away is nobody's fault."""

    return Server((host, port), Handler)
