"""A real PostgreSQL for tests: a server of the session's own, from the system's packages, and a fresh database for each test.

VIGIE_TEST_PG_URL names a server to use instead (its user may make databases). Where there is neither, the tests that need one
skip, and say so; with "postgresql" in VIGIE_TEST_NEEDS they fail.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.needs import unavailable

START_LIMIT_S = 30


class PostgresServer:
    """A server on a free port of loopback, in a folder of its own; it can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        # It refuses to run as root, which tests in a container are.
        self._user = _another_user() if os.geteuid() == 0 else None
        self._folder = folder
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._run("initdb", "-D", str(self._data), "-U", "vigie", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")

    @property
    def url(self) -> str:
        """The URL of the server's first database."""
        return f"postgresql://vigie:a%20secret@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "port": self._port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 200,
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB", "timezone": "Europe/Paris",
        }  # fmt: skip
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", str(self._data), *settings],
                cwd=self._folder, user=self._user, stdout=log, stderr=log, env={"LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        until = time.monotonic() + START_LIMIT_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise RuntimeError(f"PostgreSQL does not start: {self._log.read_text()[-2000:]}") from error
                time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, and every connection with it, as when somebody restarts the machine."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(20)
            self._process = None

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), *words]
        done = subprocess.run(
            command, cwd=self._folder, user=self._user, env={"LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def _another_user() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise RuntimeError("no user postgres or nobody, as whom the server could run")


def programs() -> Path | None:
    """The folder of the newest server that the system has, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parent.parent.name))
    found = debian[-1] if debian else shutil.which("postgres")
    return Path(found).parent if found else None


@contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A server that is gone at the end, whatever happens. Skips, or fails where it is needed, when the system has none."""
    found = programs()
    if found is None:
        unavailable("postgresql", "no PostgreSQL here (Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="vigie-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        (Path(folder) / "server").mkdir()
        server = PostgresServer(found, Path(folder) / "server")
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases may be made."""
    given = os.environ.get("VIGIE_TEST_PG_URL")
    if given:
        yield given
    else:
        with own_server() as server:
            yield server.url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with database(postgres_server) as url:
        yield url


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of an empty database, dropped in the end."""
    name = f"vigie_{os.urandom(6).hex()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
