"""Real Elasticsearch nodes for the tests: fetched by Maven, with their language analyzers, started on loopback."""

from tests.elastic.node import Cluster, Node, distribution, why_not

__all__ = ["Cluster", "Node", "distribution", "why_not"]
