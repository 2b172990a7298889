"""Real Elasticsearch nodes for the tests: fetched by Maven, with their language analyzers, started on loopback."""
