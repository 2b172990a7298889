"""Serving the press on loopback: one address of 127.0.0.0/8 an outlet, or one port each where there is only 127.0.0.1."""

import hashlib
import socket
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from newsroom import listings, pages
from newsroom.press import OUTLETS, Outlet, Piece, load_press

DEFAULT_PORT = 8710
END = datetime.fromisoformat("2025-03-03T06:00:00+01:00")


class Newsroom:
    """The running press. clock: the moment that the outlets live in; set it to let time pass."""

    def __init__(self, *, port: int = DEFAULT_PORT, clock: datetime = END) -> None:
        self.clock = clock
        self._press = load_press()
        self._servers: list[ThreadingHTTPServer] = []
        self._bases: dict[str, str] = {}
        many_addresses = _can_bind("127.0.0.11")
        for place, outlet in enumerate(OUTLETS):
            host = f"127.0.0.{outlet.number}" if many_addresses else "127.0.0.1"
            server = _Server((host, port + (0 if many_addresses or not port else place)), _handler(self, outlet))
            self._servers.append(server)
            port = port or (server.server_port if many_addresses else 0)
            self._bases[outlet.id] = f"http://{host}:{server.server_port}"

    def __enter__(self) -> "Newsroom":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def base(self, outlet: Outlet) -> str:
        """The address of an outlet, without a slash at the end."""
        return self._bases[outlet.id]

    def answer(self, outlet: Outlet, path: str) -> tuple[int, str, bytes, dict[str, str]]:
        """Status, content type, body and further headers for a path of an outlet."""
        base = self.base(outlet)
        current = self._press.published(outlet, self.clock)
        by_path = {piece.path: piece for piece in current}
        if path in by_path:
            return self._article(by_path[path], current)
        if path.startswith("/r/"):
            target = next((piece for piece in current if piece.slug == path[3:]), None)
            if target:
                return 301, "text/plain", b"", {"Location": base + target.path}
        return _fixed_page(outlet, path, current, base) or (404, "text/html; charset=utf-8", b"<h1>404</h1>", {})

    def _article(self, piece: Piece, current: list[Piece]) -> tuple[int, str, bytes, dict[str, str]]:
        sections = _sections(current)
        # What stands beside an article depends on the article alone, so that a page changes only when its article does.
        older = [other for other in current if other.published < piece.published][:4]
        body = pages.article_page(piece, self.base(piece.outlet), older, sections)
        modified = format_datetime((piece.updated or piece.published).astimezone(UTC), usegmt=True)
        return 200, f"text/html; charset={piece.outlet.declared}", body, {"Last-Modified": modified}


def _fixed_page(outlet: Outlet, path: str, current: list[Piece], base: str) -> tuple[int, str, bytes, dict[str, str]] | None:
    html, xml = "text/html; charset=utf-8", "application/xml"
    sections = _sections(current)
    if path == "/robots.txt":
        return 200, "text/plain", outlet.robots.encode(), {}
    if path == "/feed" and outlet.feed:
        return 200, listings.MEDIA_TYPES[outlet.feed], listings.feed(outlet, current, base), {}
    if path == "/sitemap.xml" and outlet.sitemap:
        if outlet.sitemap == "index":
            return 200, xml, listings.sitemap_index(current, base), {}
        return 200, xml, listings.news_sitemap(current, base), {}
    if path.startswith("/sitemap-") and path.endswith(".xml.gz"):
        return 200, "application/gzip", listings.month_sitemap(current, base, path[9:16]), {}
    if path == "/":
        return 200, html, pages.section_page(outlet, current[:30], sections), {}
    if path.startswith("/rubrique/"):
        return 200, html, pages.section_page(outlet, [p for p in current if p.section == path[10:]], sections), {}
    if path == "/a-propos":
        return 200, html, pages.about_page(outlet), {}
    return None


def _sections(pieces: list[Piece]) -> list[str]:
    return sorted({piece.section for piece in pieces})[:8]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(newsroom: Newsroom, outlet: Outlet) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(outlet.pace)
            status, content_type, body, headers = newsroom.answer(outlet, urlsplit(self.path).path)
            etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            if status == 200 and self.headers.get("If-None-Match") == etag:
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if status in (200, 304):
                self.send_header("ETag", etag)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The server is quiet: what is asked of it stands in the crawler's own record."""

    return Handler


def _can_bind(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
