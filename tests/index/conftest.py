"""Indices of both engines, each new and empty."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from index.elastic import ElasticIndex
from index.embedded import EmbeddedIndex
from index.engine import Engine
from vigie.watch import Watch

NewIndex = Callable[[Watch], Engine]


@pytest.fixture(scope="module", params=["embedded", "elastic"])
def new_index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewIndex]:
    """Makes indices of an engine; tests that ask for it run once with each."""
    made: list[ElasticIndex] = []

    def embedded(watch: Watch) -> Engine:
        return EmbeddedIndex(tmp_path_factory.mktemp("index"), watch)

    def elastic(watch: Watch) -> Engine:
        made.append(ElasticIndex(f"{request.getfixturevalue('elastic_url')}/t{uuid.uuid4().hex[:12]}", watch, patience=10))
        return made[-1]

    yield elastic if request.param == "elastic" else embedded
    for index in made:
        for name in index._client.indices.get_alias(index=f"{index._address.prefix}-*"):
            index._client.indices.delete(index=name)
        index._client.close()
