"""A fast static server for measurements: pages in memory, one asyncio process of its own."""

import asyncio
import gzip
import json
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

SHARED = Path(os.environ.get("VIGIE_SHARED", Path(__file__).parents[2] / "shared")) / "data"


def real_pages() -> list[bytes]:
    """The bytes of the real pages beside the repository."""
    manifest = SHARED / "pages" / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return [gzip.decompress((SHARED / "pages" / row["html"]).read_bytes()) for row in rows]


@contextmanager
def serving(pages: Mapping[str, tuple[str, bytes]], host: str = "127.0.0.2") -> Iterator[str]:
    """Serve path → (content type, body) on a free port of host; yields the base address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(dict(pages), host, theirs), daemon=True)
    process.start()
    try:
        yield f"http://{host}:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(pages: dict[str, tuple[str, bytes]], host: str, pipe: Connection) -> None:
    answers = {
        path.encode(): b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind.encode(), len(body), body)
        for path, (kind, body) in pages.items()
    }
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(answers.get(head.split(b" ", 2)[1], missing))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(handle, host, 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())
