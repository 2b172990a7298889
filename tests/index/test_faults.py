"""A cluster that fails, in every way that clusters do: nothing is lost, nothing is doubled, the lag is seen, and it drains by itself."""

import contextlib
import http.client
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from index import elastic as elastic_module
from index.document import indexed_article
from index.elastic import ElasticIndex
from index.follow import Counts, bring_up_to_date, rebuild
from index.query import Everything, Word
from tests.conftest import Vigie
from tests.elastic.node import NEXT_VERSION, Cluster, Node, folder_of_nodes, java_for, why_not
from tests.index.corpus import WATCH, stored
from tests.index.test_follow import keep
from tests.needs import unavailable
from vigie.archive import Archive, StoredArticle
from vigie.errors import VigieError

pytestmark = pytest.mark.slow

TOPICS = ("performance", "data", "gpus")
PRESS = [stored(n, text=f"Texte {n} " + "mot " * 200, topics=(TOPICS[n % 3],)) for n in range(1_200)]
BATCH = 100


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A node of these tests' own, since they break it."""
    if why := why_not():
        unavailable("elasticsearch", why)
    with folder_of_nodes() as folder, Node(folder / "node") as node:
        yield node


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive.open(tmp_path / "data")
    keep(made, *PRESS)
    return made


def index_at(url: str, patience: float = 60, prefix: str = "") -> ElasticIndex:
    return ElasticIndex(f"{url}/{prefix or f't{uuid.uuid4().hex[:12]}'}", WATCH, patience=patience)


def whole(index: ElasticIndex, press: list[StoredArticle] = PRESS) -> None:
    """The index holds every article once, with its labels."""
    index.reload()
    exported = Counter(hit["id"] for hit in index.export(Everything()))
    assert exported == Counter(one.article.id for one in press)
    topics = Counter(label.topic for one in press if one.labels for label in one.labels.topics)
    assert index.cells(Everything(), ("topic",)) == {(topic,): number for topic, number in topics.items()}


def follow_while(archive: Archive, index: ElasticIndex, harm: Callable[[], None], *, after: int = 300) -> Counts:
    """Follow the archive, and do harm when some articles have been indexed."""
    reached, counts = threading.Event(), []

    def progress(done: int, _total: int) -> None:
        if done >= after:
            reached.set()

    follower = threading.Thread(
        target=lambda: counts.append(bring_up_to_date(archive, WATCH, index, batch=BATCH, progress=progress))
    )
    follower.start()
    assert reached.wait(60)
    harm()
    follower.join(240)
    assert not follower.is_alive()
    assert counts, "it ended with an error"
    return counts[0]


def test_a_node_that_is_restarted_delays_and_nothing_more(archive: Archive, node: Node) -> None:
    index = index_at(node.url)

    def restart() -> None:
        node.stop()
        time.sleep(2)
        node.start()

    assert follow_while(archive, index, restart) == Counts(indexed=len(PRESS))
    whole(index)


def test_a_node_that_is_killed_delays_and_nothing_more(archive: Archive, node: Node) -> None:
    index = index_at(node.url)

    def restart() -> None:
        node.stop(by=signal.SIGKILL)
        node.start()

    assert follow_while(archive, index, restart) == Counts(indexed=len(PRESS))
    whole(index)


def test_a_node_that_hangs_delays_and_nothing_more(archive: Archive, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_module, "_BULK_TIMEOUT_S", 3.0)
    index = index_at(node.url)

    def hang() -> None:
        node.signal(signal.SIGSTOP)
        time.sleep(7)
        node.signal(signal.SIGCONT)

    assert follow_while(archive, index, hang) == Counts(indexed=len(PRESS))
    whole(index)


def test_a_node_that_stays_down_is_an_error_the_lag_is_seen_and_it_drains(vigie: Vigie, node: Node) -> None:
    vigie.write_watch(
        '[[sources]]\nid = "lemonde"\nname = "Le Monde"\nhome = "https://lemonde.example/"\nfeeds = ["https://lemonde.example/feed"]\nlanguage = "fr"\ncountry = "FR"'
    )
    url = f"{node.url}/stays-down"
    keep(vigie.archive, *PRESS[:50])
    assert vigie("index", "--index", url).code == 0
    keep(vigie.archive, *PRESS[50:80])
    node.stop()
    try:
        told = vigie("doctor", "--index", url, "--format", "json")
        finding = next(row for row in told.json if row["what"] == "index")
        assert (told.code, finding["state"]) == (1, "bad")
        assert "cannot be reached" in finding["says"]
        assert "30 changes wait for it" in finding["says"]
        searched = vigie("search", "mot", "--index", url)
        assert searched.code == 1
        assert "cannot be reached" in searched.err
        assert "--index" in searched.err
        impatient = index_at(node.url, 2, "stays-down")
        with pytest.raises(VigieError, match="cannot be reached"):
            bring_up_to_date(vigie.archive, WATCH, impatient)
    finally:
        node.start()
    behind = next(row for row in vigie("doctor", "--index", url, "--format", "json").json if row["what"] == "index")
    assert behind["says"].endswith("50 articles, 30 changes behind: vigie index")
    assert vigie("index", "--index", url).err.startswith("30 articles indexed")
    whole(ElasticIndex(url, WATCH), PRESS[:80])


def test_a_read_only_index_takes_nothing_and_says_so(archive: Archive, node: Node) -> None:
    index = index_at(node.url, 3)
    with index.writing():
        name = index.name.removeprefix("elastic:")
    client = Elasticsearch(node.url)
    client.indices.put_settings(index=name, settings={"index.blocks.write": True})
    with pytest.raises(VigieError, match="cluster blocks the index"):
        bring_up_to_date(archive, WATCH, index, batch=BATCH)
    with archive.read() as tx:
        assert tx.changes.unindexed(index.name) == len(PRESS)
    client.indices.put_settings(index=name, settings={"index.blocks.write": None})
    assert bring_up_to_date(archive, WATCH, index, batch=BATCH) == Counts(indexed=len(PRESS))
    whole(index)


def test_a_disk_over_its_flood_stage_stops_it_until_there_is_space(archive: Archive, node: Node) -> None:
    """The node's own watch on its disk makes its indices read-only, and writable again."""
    index = index_at(node.url, 2)
    with index.writing():
        pass
    client = Elasticsearch(node.url)
    mark = "cluster.routing.allocation.disk.watermark"
    full = {
        f"{mark}.low": "900pb",
        f"{mark}.high": "900pb",
        f"{mark}.flood_stage": "900pb",
        "cluster.info.update.interval": "10s",
    }
    client.cluster.put_settings(persistent=full)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and "read_only_allow_delete" not in str(
            client.indices.get_settings(index=index._address.read_alias)
        ):
            time.sleep(0.5)
        with pytest.raises(VigieError, match="flood-stage watermark"):
            bring_up_to_date(archive, WATCH, index, batch=BATCH)
    finally:
        client.cluster.put_settings(persistent={key: None for key in full if "interval" not in key})
    patient = index_at(node.url, 60, index._address.prefix)  # the node lifts the block by itself, and the command waits for it
    assert bring_up_to_date(archive, WATCH, patient, batch=BATCH) == Counts(indexed=len(PRESS))
    client.cluster.put_settings(persistent={"cluster.info.update.interval": None})
    whole(index)


def test_a_node_short_of_memory_is_given_less_at_once(archive: Archive) -> None:
    """A limit on what is being indexed makes a real node answer 429 to every request of a hundred articles."""
    if why := why_not():
        unavailable("elasticsearch", why)
    with folder_of_nodes() as folder, Node(folder / "narrow", settings=["indexing_pressure.memory.limit=120kb"]) as narrow:
        index = index_at(narrow.url)
        assert bring_up_to_date(archive, WATCH, index, batch=300) == Counts(indexed=len(PRESS))
        rejected = Elasticsearch(narrow.url).nodes.stats(metric="indexing_pressure")["nodes"]
        assert sum(one["indexing_pressure"]["memory"]["total"]["coordinating_rejections"] for one in rejected.values()) > 0
        whole(index)


class _Moody(ThreadingHTTPServer):
    """A gateway before a real node that refuses some requests, as gateways do."""

    daemon_threads = True

    def __init__(self, node: Node, mood: list[int], about: str = "_bulk", *, at_most: int = 100 * 2**20) -> None:
        super().__init__(("127.0.0.1", 0), _Gateway)
        self.node, self.mood, self.about, self.at_most = node, mood, about, at_most
        self.refused: Counter[int] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "_Moody":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        server = self.server
        assert isinstance(server, _Moody)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if len(body) > server.at_most:
            server.refused[413] += 1
            self._refuse(413)
            return
        if server.mood and server.about in self.path:
            status = server.mood.pop(0)
            server.refused[status] += 1
            if status == 200:
                self._answer(body)
                return
            if status == 0:
                self._forward(body)
                self.close_connection = True
                self.connection.close()
                return
            self._refuse(status)
            return
        self._answer(body)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()

    def _answer(self, body: bytes) -> None:
        try:
            status, headers, answer = self._forward(body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        server = self.server
        assert isinstance(server, _Moody)
        connection = http.client.HTTPConnection("127.0.0.1", server.node.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), read

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _pass_on

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_a_gateway_that_refuses_and_loses_answers_delays_and_nothing_more(archive: Archive, node: Node) -> None:
    mood = [429, 200, 503, 200, 0, 200, 502, 200, 504, 0, 200, 429]  # 200: passed on; 0: done, and the answer is lost
    with _Moody(node, list(mood)) as gateway:
        index = index_at(gateway.url)
        assert bring_up_to_date(archive, WATCH, index, batch=BATCH) == Counts(indexed=len(PRESS))
        assert gateway.refused == Counter(mood)
        whole(index)


def test_a_gateway_that_lets_small_requests_through_only(archive: Archive, node: Node) -> None:
    with _Moody(node, [], at_most=2**20) as gateway:
        index = index_at(gateway.url)
        assert bring_up_to_date(archive, WATCH, index, batch=len(PRESS)) == Counts(indexed=len(PRESS))
        assert gateway.refused[413] > 0
        whole(index)


def test_a_rebuild_whose_last_answer_is_lost_keeps_what_it_has_published(archive: Archive, node: Node) -> None:
    with _Moody(node, [], "_aliases") as gateway:
        index = index_at(gateway.url)
        bring_up_to_date(archive, WATCH, index)
        gateway.mood += [200, 0]  # the alias of the index that is filled, and the aliases that it takes over
        with contextlib.suppress(VigieError):
            rebuild(archive, WATCH, index)
        gateway.mood.clear()
        whole(index)
        bring_up_to_date(archive, WATCH, index)
        whole(index)


def test_one_of_three_nodes_killed_while_indexing(archive: Archive) -> None:
    if why := why_not():
        unavailable("elasticsearch", why)
    with folder_of_nodes() as folder, Cluster(folder) as cluster:
        index = index_at(cluster.hosts, 90)
        with index.writing():
            pass
        # The answer may take as long as the waiting that is asked for; the client would give up after ten seconds.
        client = Elasticsearch([node.url for node in cluster.nodes], request_timeout=70)
        client.cluster.health(wait_for_status="green", timeout="60s")
        (shard,) = (one for one in client.cat.shards(index=index._address.read_alias, format="json") if one["prirep"] == "p")
        victim = cluster.nodes[int(str(shard["node"]).removeprefix("node-"))]  # type: ignore[call-overload,index]
        assert follow_while(archive, index, lambda: victim.stop(by=signal.SIGKILL)) == Counts(indexed=len(PRESS))
        whole(index)
        cut = index_at(cluster.hosts, 30, "cut?shards=3&replicas=0")  # a part on each node, and no copy
        victim.start()
        client.cluster.health(wait_for_status="green", timeout="60s")
        whole(index)
        with cut.writing():
            cut.apply([indexed_article(one, WATCH) for one in PRESS], [])
        whole(cut)
        victim.stop(by=signal.SIGKILL)
        for ask in (lambda: cut.count(Everything()), lambda: list(cut.export(Everything()))):
            with pytest.raises(VigieError):  # never the numbers of two thirds
                ask()


def test_another_major_version_is_named(archive: Archive) -> None:
    if why := why_not():
        unavailable("elasticsearch", why)
    with folder_of_nodes() as folder, Node(folder / "old", version="7.17.29") as old:
        index = index_at(old.url, 2)
        with pytest.raises(VigieError, match=r"Elasticsearch 7\.17\.29 does not take the index") as caught:
            bring_up_to_date(archive, WATCH, index)
        assert "8.19 or later" in caught.value.mend
    with archive.read() as tx:
        assert tx.changes.unindexed_by_any(index.family) == len(PRESS)


def test_the_next_major_version_does_as_well() -> None:
    """By the compatibility of the client: 9.x answers what 8.x is asked."""
    if why := why_not() or ("" if java_for(NEXT_VERSION) else "Elasticsearch 9 needs Java 21 or newer"):
        pytest.skip(why)
    with folder_of_nodes() as folder, Node(folder / "next", version=NEXT_VERSION) as node:
        index = index_at(node.url)
        with index.writing():
            index.apply([indexed_article(one, WATCH) for one in PRESS[:300]], [])
            index.apply([indexed_article(one, WATCH) for one in PRESS[:300]], [])
        whole(index, PRESS[:300])
        assert index.count(Word("mot")) == 300
        with index.rebuilding() as fresh:
            fresh.apply([indexed_article(one, WATCH) for one in PRESS], [])
        whole(index)
