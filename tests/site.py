"""A small web site for tests: a real HTTP server on an address of its own in 127.0.0.0/8."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What a path answers. delay: seconds before it does."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


class Site:
    """A running site; pages may be changed while it runs. requests counts what was asked for, seen keeps the headers."""

    def __init__(self, host: str = "127.0.0.2", port: int = 0) -> None:
        self.pages: dict[str, Answer | Callable[[Mapping[str, str]], Answer]] = {}
        self.requests: Counter[str] = Counter()
        self.seen: list[tuple[float, str, dict[str, str]]] = []
        self._server = _Server((host, port), self._handler())
        self.base = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> "Site":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # self is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.requests[self.path] += 1
                site.seen.append((time.monotonic(), self.path, dict(self.headers)))
                page = site.pages.get(self.path, Answer(b"", 404))
                answer = page(dict(self.headers)) if callable(page) else page
                time.sleep(answer.delay)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.type)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed or gave up is part of the tests."""


def article(
    title: str, *, language: str = "fr", published: str = "2025-01-20T08:00:00+01:00", paragraphs: int = 4, extra: str = ""
) -> bytes:
    """An article page with enough text to be one."""
    texts = [
        "La jeune société chinoise a présenté lundi un modèle de raisonnement dont les résultats surprennent les laboratoires européens.",
        "Selon plusieurs ingénieurs interrogés par la rédaction, le coût annoncé ne tient pas compte des essais qui ont précédé.",
        "Les autorités de protection des données demandent de leur côté où sont gardées les conversations des utilisateurs.",
        "À la bourse de Paris, les fabricants de composants ont perdu du terrain dès l’ouverture avant de se reprendre.",
    ]
    body = "".join(f"<p>{texts[n % len(texts)]} {title}, paragraphe {n + 1}. {extra}</p>" for n in range(paragraphs))
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="article:published_time" content="{published}"></head>'
        f"<body><nav><a href='/'>Accueil</a></nav><main><article><h1>{title}</h1>{body}</article></main></body></html>"
    ).encode()


def rss(base: str, slugs: list[str], *, published: str = "Mon, 20 Jan 2025 08:00:00 +0100") -> bytes:
    """A feed of articles by slug."""
    items = "".join(
        f"<item><title>{slug}</title><link>{base}/{slug}</link><pubDate>{published}</pubDate></item>" for slug in slugs
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Essai</title>{items}</channel></rss>'.encode()
