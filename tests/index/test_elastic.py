"""The index in Elasticsearch: its mapping, its aliases, what it refuses, who may use it."""

import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import BadRequestError, Elasticsearch

from index import elastic as elastic_module
from index import elastic_form
from index.analysis import stems
from index.document import COLUMNS, IndexedArticle, indexed_article
from index.elastic import ElasticIndex
from index.elastic_client import API_KEY, CA, FINGERPRINT, PASSWORD, USER, parse_address
from index.query import Everything, FieldValue, Word
from tests.elastic.node import Node, folder_of_nodes, why_not
from tests.index.corpus import WATCH, small_press, stored
from tests.index.test_kibana import FIELDS
from tests.needs import unavailable
from vigie.archive import StoredArticle
from vigie.errors import UsageError, VigieError


@pytest.fixture
def address(elastic_url: str) -> Iterator[str]:
    """A prefix of the test's own."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    yield f"{elastic_url}/{prefix}"
    client = Elasticsearch(elastic_url)
    for name in client.indices.get_alias(index=f"{prefix}-*"):
        client.indices.delete(index=name)
    client.close()


@pytest.fixture
def index(address: str) -> ElasticIndex:
    return ElasticIndex(address, WATCH, patience=5)


def put(index: ElasticIndex, *several: StoredArticle) -> dict[str, str]:
    with index.writing():
        return index.apply([indexed_article(one, WATCH) for one in several], [])


def source_of(index: ElasticIndex, one: StoredArticle) -> dict[str, Any]:
    return dict(index._client.get(index=index._address.read_alias, id=one.article.id)["_source"])


# -- the index itself


def test_the_mapping_is_strict_and_says_what_the_index_was_built_with(index: ElasticIndex) -> None:
    put(index, stored(1))
    name = index.name.removeprefix("elastic:")
    mapping = index._client.indices.get_mapping(index=name)[name]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["_meta"] == {
        "made_by": "vigie", "prefix": index._address.prefix, "schema": 3, "zone": "Europe/Paris", "analysis": mapping["_meta"]["analysis"],
    }  # fmt: skip
    assert set(COLUMNS) - {"body"} <= set(mapping["properties"])
    assert set(mapping["properties"]) >= FIELDS  # what the charts for Kibana use
    assert {code: field["analyzer"] for code, field in mapping["properties"]["original"]["properties"].items()} == {
        **elastic_form.LANGUAGE_ANALYZERS, "other": "standard",
    }  # fmt: skip
    with pytest.raises(BadRequestError, match="strict_dynamic_mapping"):
        index._client.index(index=name, id="x", document={"surprise": 1})
    found = index._client.indices.get_alias(index=name)[name]["aliases"]
    assert set(found) == {index._address.read_alias, index._address.write_alias}


def test_every_column_arrives(index: ElasticIndex) -> None:
    one = small_press()[8]
    put(index, one)
    made, kept = indexed_article(one, WATCH), source_of(index, one)
    for name in COLUMNS:
        held = getattr(made, name)
        if name in ("embedding", "body"):
            continue
        assert kept[name] == (list(held) if isinstance(held, tuple) else held or None), name
    assert kept["published"] * 1000 == int(one.article.published.instant.timestamp()) * 1000 if one.article.published else True
    assert kept["original"] == {one.article.language: f"{one.article.title}\n\n{one.article.text}"}


def test_original_text_is_found_by_elasticsearchs_own_analyzers(index: ElasticIndex) -> None:
    """For Kibana's users: each language in a field of its own."""
    put(index, *small_press())
    for field, words in (("original.fr", "performances questionnées"), ("original.en", "model"), ("original.de", "Modell")):
        found = index._client.search(index=index._address.read_alias, query={"match": {field: words}})
        assert found["hits"]["total"]["value"] > 0, field


# Where our stems and those of Elasticsearch's analyzers differ, on words of the subject: theirs drop stop words and stem French,
# German, Spanish, Italian and Portuguese lightly. Vigie asks its own stems on both engines, so that only Kibana's users see this.
_DIFFERENCES = {
    "fr": {"performantes": ("perform", "performant"), "questionnées": ("question", "question")},
    "en": {"regulators": ("regul", "regul"), "performing": ("perform", "perform")},
    "de": {"häuser": ("haus", "haus"), "leistungen": ("leistung", "leistung")},
    "es": {"rendimientos": ("rendimient", "rendimient"), "prohibiciones": ("prohibicion", "prohibicion")},
    "it": {"prestazioni": ("prestazion", "prestazion"), "regolatori": ("regol", "regolator")},
    "pt": {"desempenhos": ("desempenh", "desempenh"), "reguladores": ("regul", "regulador")},
    "nl": {"prestaties": ("presteer", "prestaties"), "toezichthouders": ("toezichthouder", "toezichthouder")},
}


@pytest.mark.parametrize("language", _DIFFERENCES)
def test_how_elasticsearchs_analysis_differs_from_ours_is_known(elastic_url: str, language: str) -> None:
    client = Elasticsearch(elastic_url)
    analyzer = elastic_form.LANGUAGE_ANALYZERS[language]
    found = {}
    for word in _DIFFERENCES[language]:
        theirs = client.indices.analyze(analyzer=analyzer, text=word)["tokens"]
        found[word] = (stems(word, language)[0].removeprefix(f"{language}·"), theirs[0]["token"])
    client.close()
    assert found == _DIFFERENCES[language]


# -- writing


def test_reading_again_updates_the_labels_and_leaves_the_text(index: ElasticIndex) -> None:
    put(index, stored(1, topics=("data",), entities=("Nvidia",)))
    before = source_of(index, stored(1))
    sent: list[str] = []
    perform = index._client.transport.perform_request

    def watched(*arguments: Any, **named: Any) -> Any:
        sent.extend(str(line)[:12] for line in named.get("body") or () if "_bulk" in str(arguments))
        return perform(*arguments, **named)

    index._client.transport.perform_request = watched  # type: ignore[method-assign]  # looks on, changes nothing
    put(index, stored(1, topics=("gpus",)))
    assert any("update" in line for line in sent)
    after = source_of(index, stored(1))
    assert (after["topic"], after["entity"], after["spellings"]) == (["gpus"], [], [])
    unchanged = ("text", "text_stems", "original", "text_digest", "headline")
    assert [after[name] for name in unchanged] == [before[name] for name in unchanged]
    assert (index.count(FieldValue("topic", "data")), index.count(FieldValue("topic", "gpus"))) == (0, 1)
    put(index, stored(1, text="Corrigé.", topics=("gpus",)))
    assert (index.count(Word("corrigé")), index.size) == (1, 1)


def test_the_same_again_writes_nothing(index: ElasticIndex) -> None:
    """After a crash a batch is applied again: it costs no new version of any document."""
    put(index, stored(1), stored(2))
    version = index._client.get(index=index._address.read_alias, id=stored(1).article.id)["_version"]
    put(index, stored(1), stored(2))
    assert index._client.get(index=index._address.read_alias, id=stored(1).article.id)["_version"] == version


def test_what_a_node_refuses_is_named_with_the_reason(index: ElasticIndex) -> None:
    monster = stored(2, entities=("très " * 8_000,))
    refused = put(index, stored(1), monster, stored(3))
    assert list(refused) == [monster.article.id]
    assert "[entity]" in refused[monster.article.id]  # a keyword has 32,766 bytes at most
    assert index.size == 2


def test_a_vector_of_another_length_is_left_out_and_the_article_is_not(index: ElasticIndex) -> None:
    def with_vector(number: int, length: int) -> IndexedArticle:
        made = indexed_article(stored(number), WATCH)
        vector = np.random.default_rng(number).normal(size=length)
        object.__setattr__(made, "embedding", (vector / np.linalg.norm(vector)).astype(np.float16).tobytes())
        return made

    with index.writing():
        assert index.apply([with_vector(n, 384) for n in range(20)], []) == {}
        assert index.apply([with_vector(30, 256), indexed_article(stored(31), WATCH)], []) == {}
    assert index.size == 22
    wanted = np.frombuffer(with_vector(7, 384).embedding, np.float16).astype(float).tolist()
    found = index._client.search(
        index=index._address.read_alias, knn={"field": "embedding", "query_vector": wanted, "k": 3, "num_candidates": 20}
    )
    assert found["hits"]["hits"][0]["_id"] == stored(7).article.id
    name = index.name.removeprefix("elastic:")
    field = index._client.indices.get_mapping(index=name)[name]["mappings"]["properties"]["embedding"]
    assert (field["dims"], field["index_options"]["type"]) == (384, "int8_hnsw")


def test_what_was_written_is_not_made_by_itself_where_the_alias_is_gone(index: ElasticIndex) -> None:
    """Elasticsearch would make an index of that name, with a mapping that it guesses."""
    put(index, stored(1))
    index._client.indices.delete(index=index.name.removeprefix("elastic:"))
    with pytest.raises(VigieError, match="vanished"):
        index.apply([indexed_article(stored(2), WATCH)], [])
    assert not index._client.indices.exists(index=index._address.write_alias)


def test_more_is_exported_than_a_search_can_show(index: ElasticIndex) -> None:
    number = 12_345
    with index.writing():
        for start in range(0, number, 5_000):
            some = range(start, min(start + 5_000, number))
            index.apply([indexed_article(stored(n), WATCH) for n in some], [])
    exported = []
    for hit in index.export(Everything()):
        exported.append(hit["id"])
        if len(exported) == 2_000:  # what is written meanwhile is not seen
            put(index, stored(99_999))
    assert len(exported) == len(set(exported)) == number
    with pytest.raises(UsageError, match="vigie export"):
        index.search(Everything(), offset=10_000)
    assert index.count(Everything()) == number + 1


# -- rebuilding


def test_readers_see_the_old_index_until_the_new_one_takes_its_place(index: ElasticIndex, address: str) -> None:
    put(index, stored(1))
    reader, name = ElasticIndex(address, WATCH), index.name
    assert reader.size == 1
    with index.rebuilding() as fresh:
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(5)], [])
        assert (reader.size, fresh.size) == (1, 5)
        put(index, stored(77))  # the old one is followed meanwhile
        assert reader.size == 2
    assert (reader.size, index.size) == (5, 5)
    assert index.name != name
    settings = index._client.indices.get_settings(index=index._address.read_alias)
    (made,) = (one["settings"]["index"] for one in settings.values())
    assert (made["auto_expand_replicas"], made.get("refresh_interval")) == ("0-1", None)


def test_an_export_that_has_begun_is_not_cut_short_by_a_rebuild(index: ElasticIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replaced index stays a while, and goes with a later run."""
    monkeypatch.setattr(elastic_module, "_EXPORT_PAGE", 10)
    put(index, *(stored(n) for n in range(35)))
    old = index.name.removeprefix("elastic:")
    export = index.export(Everything())
    first = next(export)
    with index.rebuilding() as fresh:
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(3)], [])
    assert len({hit["id"] for hit in (first, *export)}) == 35
    put(index, stored(4))
    assert index._client.indices.exists(index=old)
    monkeypatch.setattr(elastic_module, "_KEPT_S", 0.0)
    put(index, stored(5))
    assert not index._client.indices.exists(index=old)
    assert index.size == 5


@pytest.mark.parametrize("alias", ["read", "write"])
def test_an_alias_that_somebody_took_away_is_given_back(index: ElasticIndex, alias: str) -> None:
    put(index, stored(1))
    index._client.indices.delete_alias(index=index.name.removeprefix("elastic:"), name=f"{index._address.prefix}-{alias}")
    put(index, stored(2))
    index.reload()
    assert index.size == 2
    held = index._client.indices.get_alias(index=f"{index._address.prefix}-*")
    assert [set(one["aliases"]) for one in held.values()] == [{index._address.read_alias, index._address.write_alias}]


def test_a_refused_article_leaves_no_former_self(index: ElasticIndex) -> None:
    """What it said before is out of date."""
    put(index, stored(1), stored(2))
    assert list(put(index, stored(1, entities=("très " * 8_000,)))) == [stored(1).article.id]
    assert index.size == 1


def test_a_rebuild_that_fails_or_was_killed_leaves_the_old_index(index: ElasticIndex) -> None:
    put(index, stored(1))
    with pytest.raises(KeyboardInterrupt), index.rebuilding():
        raise KeyboardInterrupt
    index._create({})  # as a killed rebuild leaves it
    other = f"{index._address.prefix}-notes"
    index._client.indices.create(index=other)  # of somebody else
    assert index.size == 1
    with index.rebuilding() as fresh:
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(2)], [])
    assert index.size == 2
    left = {
        name
        for name, about in index._client.indices.get(index=f"{index._address.prefix}-*").items()
        if "replaced" not in (about["mappings"].get("_meta") or {})
    }
    assert left == {index.name.removeprefix("elastic:"), other}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 99}, "update Vigie"),
        ({"schema": 0}, "older Vigie"),
        ({"analysis": "0/other"}, "--rebuild"),
        ({"zone": "America/New_York"}, "New_York"),
        ({"schema": None}, "not an index"),
    ],
)
def test_an_index_that_does_not_fit_says_what_to_do(
    index: ElasticIndex, address: str, changes: dict[str, object], says: str
) -> None:
    put(index, stored(1))
    name = index.name.removeprefix("elastic:")
    meta = index._client.indices.get_mapping(index=name)[name]["mappings"]["_meta"]
    index._client.indices.put_mapping(index=name, meta=meta | changes)
    with pytest.raises(VigieError, match=says):
        ElasticIndex(address, WATCH).count(Everything())
    with ElasticIndex(address, WATCH).rebuilding() as fresh:  # and a rebuild mends all of them
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(2)], [])
    assert ElasticIndex(address, WATCH).size == 2


def test_a_missing_index_says_how_to_make_one(index: ElasticIndex) -> None:
    with pytest.raises(VigieError, match="vigie index"):
        index.search(Everything())


def test_several_shards_give_the_same_numbers(elastic_url: str, index: ElasticIndex) -> None:
    put(index, *small_press())
    cut = ElasticIndex(f"{elastic_url}/{index._address.prefix}-cut?shards=3&replicas=0", WATCH)
    put(cut, *small_press())
    for columns in (("week", "facts"), ("entity",), ("term",), ("source", "shared_story")):
        assert cut.cells(Everything(), columns) == index.cells(Everything(), columns)
    assert cut.most_frequent(Everything(), "term", 5) == index.most_frequent(Everything(), "term", 5)
    assert [hit["id"] for hit in cut.export(Everything())] == [hit["id"] for hit in index.export(Everything())]


# -- addresses and credentials


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:9200", "neither https:// nor http://"),
        ("https://", "a host is missing"),
        ("https://host:port/vigie", "Port"),
        ("https://host/Vigie", "small letters"),
        ("https://host/a/b", "small letters"),
        ("https://host/vigie?shard=3", "unknown option shard"),
        ("https://host/vigie?shards=0", "shards is a number"),
        ("https://elastic@host/vigie", "cannot be read"),
    ],
)
def test_an_address_that_is_none_says_why(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_address(url)


def test_an_address_names_nodes_prefix_and_cut_and_never_shows_a_password() -> None:
    address = parse_address("https://elastic:s%40crel@a,b:9201,[::1]:9202/press?shards=6&replicas=2")
    assert address.nodes == ("https://a:9200", "https://b:9201", "https://[::1]:9202")
    assert (address.prefix, address.shards, address.replicas) == ("press", 6, "2")
    assert (address.user, address.password) == ("elastic", "s@crel")
    assert "s@crel" not in address.place
    assert "s@crel" not in repr(address)
    for secret in ("secret", "se/cret", "sec#ret", "p@ssword", "se／cret", "se:cret"):
        with pytest.raises(UsageError) as caught:
            parse_address(f"https://elastic:{secret}@host/Vigie")
        assert not any(part in str(caught.value) for part in ("cret", "ssword"))
    assert parse_address("http://host").prefix == "vigie"


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({API_KEY: "k", USER: "u", PASSWORD: "p"}, "both given"),
        ({USER: "u"}, "go together"),
        ({CA: "/nowhere.pem"}, "is no file"),
    ],
)
def test_credentials_that_contradict_each_other_say_so(environment: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ElasticIndex("https://host/vigie", WATCH, environment=environment)


@pytest.fixture(scope="module")
def secure() -> Iterator[Node]:
    """A node with users, API keys and TLS."""
    if why := why_not():
        unavailable("elasticsearch", why)
    with folder_of_nodes() as folder, Node(folder / "secure", password="not-a-secret-1") as node:
        yield node


def admin(node: Node) -> Elasticsearch:
    return Elasticsearch(node.url, basic_auth=("elastic", node.password), ca_certs=str(node.ca_file))


# The privileges that docs/elasticsearch.md lists, on the indices of one prefix and on nothing else.
WRITER = {"names": ["press-*"], "privileges": ["create_index", "delete_index", "manage", "read", "write"]}
READER = {"names": ["press-*"], "privileges": ["read", "view_index_metadata"]}


def key(node: Node, role: dict[str, Any]) -> str:
    client = admin(node)
    made = client.security.create_api_key(name=uuid.uuid4().hex, role_descriptors={"r": {"cluster": [], "indices": [role]}})
    client.close()
    return str(made["encoded"])


def test_an_api_key_for_the_prefix_is_enough_for_everything(secure: Node) -> None:
    environment = {API_KEY: key(secure, WRITER), CA: str(secure.ca_file)}
    index = ElasticIndex(f"{secure.url}/press", WATCH, environment=environment)
    put(index, stored(1), stored(2))
    put(index, stored(1, topics=("data",)))
    with index.rebuilding() as fresh:
        fresh.apply([indexed_article(stored(n), WATCH) for n in range(3)], [])
    assert (index.size, len(list(index.export(Everything()))), index.count(FieldValue("source", "lemonde"))) == (3, 3, 3)
    reader = ElasticIndex(f"{secure.url}/press", WATCH, environment={API_KEY: key(secure, READER), CA: str(secure.ca_file)})
    assert (reader.size, len(reader.search(Everything()).hits), len(list(reader.export(Everything())))) == (3, 3, 3)
    assert reader.cells(Everything(), ("week", "source"))
    with pytest.raises(VigieError, match=r"do not allow this"):
        put(reader, stored(9))


def test_a_user_and_a_fingerprint_do_as_well(secure: Node) -> None:
    import hashlib
    import ssl

    certificate = ssl.get_server_certificate(("127.0.0.1", secure.port))
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
    environment = {USER: "elastic", PASSWORD: secure.password, FINGERPRINT: fingerprint}
    index = ElasticIndex(f"{secure.url}/user", WATCH, environment=environment)
    put(index, stored(1))
    assert index.size == 1
    stranger = ElasticIndex(f"{secure.url}/user", WATCH, environment={**environment, FINGERPRINT: "ab" * 32})
    with pytest.raises(VigieError, match="certificate cannot be trusted"):
        stranger.count(Everything())


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({USER: "elastic", PASSWORD: "wrong"}, "credentials are wrong"),
        ({API_KEY: "bm90OmFrZXk="}, "credentials are wrong"),
        ({}, "credentials are wrong or missing"),
        ({USER: "elastic", PASSWORD: "not-a-secret-1", CA: ""}, "certificate cannot be trusted"),
    ],
)
def test_who_may_not_enter_is_told_why(secure: Node, environment: dict[str, str], says: str) -> None:
    index = ElasticIndex(f"{secure.url}/press", WATCH, environment={CA: str(secure.ca_file), **environment}, patience=2)
    with pytest.raises(VigieError, match=says) as caught:
        put(index, stored(1))
    with pytest.raises(VigieError, match=says):
        index.count(Everything())
    assert "VIGIE_INDEX" in caught.value.mend
