"""Elastic's own minimal distribution, and nodes of it.

Maven serves a real server with security that lacks the module of the language analyzers; a stable plugin of a few lines
(:mod:`tests.elastic.analyzers`) gives them back. It is unpacked once for each version, below the folder of temporary files.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import trustme

from tests.elastic.analyzers import install_analyzers

VERSION = "8.19.21"
NEXT_VERSION = "9.2.0"  # needs a newer Java
_GROUP = "org.elasticsearch.distribution.integ-test-zip"
_STARTS_WITHIN_S = 120.0
_QUICK = "-XX:TieredStopAtLevel=1"


def why_not() -> str:
    """Why no node can be started here; empty where one can."""
    missing = [command for command in ("mvn", "java", "javac") if not shutil.which(command)]
    return f"a real Elasticsearch needs {', '.join(missing)}, or a node that VIGIE_TEST_ES_URL names" if missing else ""


def distribution(version: str = VERSION) -> Path:
    """The folder of an unpacked distribution; raises CalledProcessError where Maven cannot fetch it."""
    folder = Path(tempfile.gettempdir()) / f"vigie-elasticsearch-{version}-{_plugin_digest()}"
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _unpack(_fetched(version), folder)
            if version in (VERSION, NEXT_VERSION):
                install_analyzers(folder, version, java_for(version))
            (folder / "ready").touch()
    return folder


def _plugin_digest() -> str:
    """A folder with an older plugin is not used again."""
    sources = (Path(__file__).parent / "analyzers.py", Path(__file__).parent / "SecurityAnalysis.java")
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]


def _fetched(version: str) -> Path:
    command = ["mvn", "-q", "dependency:get", f"-Dartifact={_GROUP}:elasticsearch:{version}:zip", "-Dtransitive=false"]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    stored = Path.home() / ".m2" / "repository" / Path(*_GROUP.split(".")) / "elasticsearch" / version
    return stored / f"elasticsearch-{version}.zip"


def _unpack(archive: Path, folder: Path) -> None:
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(beside)
    (inner,) = beside.iterdir()
    for command in (inner / "bin").iterdir():
        command.chmod(0o755)
    for cli in inner.glob("modules/*/bin/*"):
        cli.chmod(0o755)
    inner.rename(folder)
    beside.rmdir()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Node:
    """One node on loopback. It refuses to run as root, so that root starts it as the user nobody.

    Optimizing, Java compiles as it would in production; without, starting a node and a minute of work take half the processor time.
    With a password security is on, the user elastic has it, and the node speaks TLS with a certificate of :attr:`authority`.
    """

    def __init__(
        self, folder: Path, *, version: str = VERSION, heap: str = "1g", optimizing: bool = False, password: str = "",
        settings: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.folder = folder
        self.version = version
        self.port = free_port()
        self.transport_port = free_port()
        self.password = password
        self.authority = trustme.CA()
        self._machine = [f"-Xms{heap}", f"-Xmx{heap}", *([] if optimizing else [_QUICK])]
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._home = distribution(version)
        self._configure()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.password else 'http'}://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that has signed the node's."""
        return self.folder / "conf" / "ca.pem"

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def _configure(self) -> None:
        configuration = self.folder / "conf"
        configuration.mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        for file in (self._home / "config").iterdir():
            if file.is_file():
                shutil.copy(file, configuration)
        options = configuration / "jvm.options"
        options.write_text(
            options.read_text()
            .replace("file=logs/gc.log", "file=gc.log")
            .replace("file=gc.log", f"file={self.folder / 'tmp' / 'gc.log'}")
        )
        (configuration / "jvm.options.d").mkdir()
        (configuration / "jvm.options.d" / "vigie.options").write_text("\n".join(self._machine) + "\n")
        (configuration / "elasticsearch.yml").write_text("")
        self.authority.cert_pem.write_to_path(self.ca_file)
        if self.password:
            certificate = self.authority.issue_cert("127.0.0.1", "localhost")
            certificate.private_key_pem.write_to_path(configuration / "node.key")
            for pem in certificate.cert_chain_pems:
                pem.write_to_path(configuration / "node.crt", append=True)
        _give_away(self.folder)
        if self.password:
            self._run("elasticsearch-keystore", "create")
            self._run("elasticsearch-keystore", "add", "-x", "bootstrap.password", stdin=self.password)

    def _run(self, command: str, *words: str, stdin: str = "") -> None:
        subprocess.run(
            [str(self._home / "bin" / command), *words],
            input=stdin.encode(), env=self._environment(), check=True, capture_output=True, **_unprivileged(),
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder / "tmp"), "ES_TMPDIR": str(self.folder / "tmp"),
            "ES_JAVA_HOME": java_for(self.version), "ES_PATH_CONF": str(self.folder / "conf"), "CLI_JAVA_OPTS": _QUICK,
        }  # fmt: skip

    def launch(self) -> None:
        """Start the process, without waiting for its answer."""
        settings = [
            f"http.port={self.port}", f"transport.port={self.transport_port}", "network.host=127.0.0.1",
            f"path.data={self.folder / 'data'}", f"path.logs={self.folder / 'logs'}",
            f"xpack.security.enabled={'true' if self.password else 'false'}",
            # This distribution has no module for machine learning; the full ones read the setting.
            "xpack.ml.enabled=false", "ingest.geoip.downloader.enabled=false",
            *(["discovery.type=single-node"] if not any("seed_hosts" in one for one in self._settings) else []),
            *self._settings,
        ]  # fmt: skip
        if self.password:
            settings += [
                "xpack.security.http.ssl.enabled=true", "xpack.security.http.ssl.key=node.key",
                "xpack.security.http.ssl.certificate=node.crt",
            ]  # fmt: skip
        command = [str(self._home / "bin" / "elasticsearch"), *(f"-E{one}" for one in settings if not self._unknown(one))]
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                command, env=self._environment(), stdout=said, stderr=said, start_new_session=True, **_unprivileged()
            )

    def _unknown(self, setting: str) -> bool:
        return setting.startswith("ingest.geoip") and not (self._home / "modules" / "ingest-geoip").exists()

    def start(self) -> "Node":
        """Start the node and wait until it answers; raises RuntimeError with what it said where it does not."""
        self.launch()
        self.wait()
        return self

    def wait(self) -> None:
        """Wait until the node answers and has elected a master."""
        until = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                self._ask("/_cluster/health?wait_for_status=yellow&timeout=5s")
                return
            time.sleep(0.2)
        raise RuntimeError(f"Elasticsearch did not start:\n{(self.folder / 'said').read_text(errors='replace')[-4000:]}")

    def _ask(self, path: str) -> None:
        import base64
        import ssl

        request = urllib.request.Request(self.url + path)
        context = None
        if self.password:
            request.add_header("Authorization", "Basic " + base64.b64encode(f"elastic:{self.password}".encode()).decode())
            context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            answer.read()

    def stop(self, *, by: signal.Signals = signal.SIGTERM) -> None:
        """End the node (and the children of its launcher)."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, by)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)
        # The launcher may be gone before the server that it has started.
        until = time.monotonic() + 60
        while _group_lives(self._process.pid) and time.monotonic() < until:
            time.sleep(0.1)
        self._process = None

    def signal(self, which: signal.Signals) -> None:
        """Send the whole node a signal (SIGSTOP lets it hang)."""
        assert self._process is not None
        os.killpg(self._process.pid, which)

    def __enter__(self) -> "Node":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop(by=signal.SIGKILL)


class Cluster:
    """Several nodes that know each other."""

    def __init__(self, folder: Path, size: int = 3, *, heap: str = "512m") -> None:
        names = [f"node-{number}" for number in range(size)]
        self.nodes = [Node(folder / name, heap=heap) for name in names]
        seeds = ",".join(f"127.0.0.1:{node.transport_port}" for node in self.nodes)
        for name, node in zip(names, self.nodes, strict=True):
            node._settings = (
                f"node.name={name}", "cluster.name=vigie-tests", f"discovery.seed_hosts={seeds}",
                f"cluster.initial_master_nodes={','.join(names)}",
            )  # fmt: skip

    @property
    def hosts(self) -> str:
        """All nodes, as a URL names them."""
        return "http://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def __enter__(self) -> "Cluster":
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait()
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.stop(by=signal.SIGKILL)


def _group_lives(group: int) -> bool:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in ("Z", "X"):
                return True
    return False


def _unprivileged() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give_away(folder: Path) -> None:
    """Let the unprivileged user own a folder, and pass through those above it that are ours."""
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    for above in folder.parents:
        if above == Path(tempfile.gettempdir()) or above == above.parent:
            break
        above.chmod(above.stat().st_mode | 0o011)


def java_for(version: str) -> str:
    """The home of a Java for a version: 8.x runs on the one that is on the path, 9.x needs 21 or newer; empty where there is none."""
    if int(version.partition(".")[0]) >= 9:
        newer = sorted(Path("/usr/lib/jvm").glob("*-2[1-9]*"))
        return str(newer[-1]) if newer else ""
    java = shutil.which("java")
    return str(Path(java).resolve().parent.parent) if java else ""


@contextlib.contextmanager
def folder_of_nodes() -> Iterator[Path]:
    """A folder that an unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="vigie-es-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
