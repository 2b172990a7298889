"""What all tests share: the real data beside the repository, a watch, an archive."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.elastic.node import Node, folder_of_nodes, why_not
from tests.needs import unavailable
from tests.postgres import postgres_server, postgres_url
from vigie.archive import Archive

__all__ = ["postgres_server", "postgres_url"]  # fixtures for every test

os.environ.setdefault("HF_HUB_OFFLINE", "1")

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("VIGIE_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow sweeps come first, so that no process is left alone with one when the others have nothing more to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it skip where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real data is not here ({SHARED}); VIGIE_SHARED names its folder")
    return SHARED / "data"


@pytest.fixture(scope="session")
def elastic_url() -> Iterator[str]:
    """A real Elasticsearch without security: the one that VIGIE_TEST_ES_URL names, or a node started for the tests."""
    if url := os.environ.get("VIGIE_TEST_ES_URL"):
        yield url.rstrip("/")
        return
    if why := why_not():
        unavailable("elasticsearch", why)
    with folder_of_nodes() as folder, Node(folder / "node") as node:
        yield node.url


@dataclass
class Told:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Vigie:
    """The command line on a watch and a data folder of the test's own, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch = folder / "watch.toml"
        self.data = folder / "data"
        self.archive_url = ""

    def write_watch(
        self, sources: str, *, crawl: str = "delay = 0", more: str = "", embedding: str = "static", stance: str = "static"
    ) -> None:
        """A watch on DeepSeek with these [[sources]] tables, on loopback; read with the fast model unless others are named."""
        text = WATCH.format(sources=sources, crawl=crawl, more=more, embedding=embedding, stance=stance)
        self.watch.write_text(text, encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "vigie", *words]

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {
            "VIGIE_WATCH": str(self.watch),
            "VIGIE_DATA": str(self.data),
            "VIGIE_ARCHIVE": self.archive_url,
            **more,
        }

    def __call__(self, *words: str, now: str = "", stdin: str | None = None) -> Told:
        environment = self.environment(**({"VIGIE_NOW": now} if now else {}))
        done = subprocess.run(
            self.command(*words), env=environment, input=stdin, capture_output=True, text=True, timeout=900, check=False
        )
        return Told(done.returncode, done.stdout, done.stderr)

    @property
    def archive(self) -> Archive:
        return Archive.open(self.data, self.archive_url)


WATCH = """
name = "test"
timezone = "Europe/Paris"
languages = ["fr", "en", "de", "es", "it"]
[[subjects]]
id = "deepseek"
name = "DeepSeek"
aliases = ["Deep Seek", "深度求索"]
[[topics]]
id = "performance"
label = {{ fr = "Performances", en = "Performance" }}
description = {{ fr = "Qualité du modèle, résultats aux tests, coût d'entraînement", en = "Quality of the model, benchmarks, training cost" }}
[[topics]]
id = "data"
label = {{ fr = "Données", en = "Data" }}
description = {{ fr = "Données personnelles, régulateurs, fuites", en = "Personal data, regulators, leaks" }}
[models]
embedding = "{embedding}"
stance = "{stance}"
{more}
{sources}
[crawl]
{crawl}
max_age_days = 36500
allow_hosts = ["127.0.0.0/8"]
"""


@pytest.fixture
def vigie(tmp_path: Path) -> Vigie:
    """The command line in a folder of the test's own."""
    return Vigie(tmp_path)


# At the end, since they use what stands above: fixtures that many modules share.
from tests.corpora import filled, real_run  # noqa: E402, F401
