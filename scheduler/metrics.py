"""What the daemon counts, for Prometheus.

Labels are bounded: kinds of jobs, commands, outcomes; never a URL, a recipient or an edition.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from vigie import __version__

# From seconds (an index, an upkeep) to hours (a first crawl).
_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 10800)


class Metrics:
    """The metrics of one daemon, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Gauge("vigie_info", "The version that runs.", ["version"], registry=registry).labels(__version__).set(1)
        self.runs = Counter("vigie_runs", "Runs that ended, by kind of job and outcome.", ["job", "outcome"], registry=registry)
        self.run_seconds = Histogram(
            "vigie_run_seconds", "How long runs took, by kind of job.", ["job"], buckets=_SECONDS, registry=registry
        )
        self.steps = Counter("vigie_steps", "Steps that ended, by command and how.", ["step", "how"], registry=registry)
        self.step_memory = Gauge(
            "vigie_step_memory_bytes", "The most memory that the last run of a step was seen to use.", ["step"], registry=registry
        )
        self.running = Gauge("vigie_running", "Runs that are being carried out, by kind of job.", ["job"], registry=registry)
        self.last_done = Gauge("vigie_last_done_timestamp_seconds", "When a run was done last.", ["job"], registry=registry)
        self.last_wake = Gauge(
            "vigie_last_wake_timestamp_seconds", "When a lane looked for work last.", ["lane"], registry=registry
        )
        self.failed = Gauge(
            "vigie_failed_runs",
            "Runs that failed and stand so, by kind of job; those given up included.",
            ["job"],
            registry=registry,
        )
        self.overdue = Gauge("vigie_overdue_digests", "Digests that are due and not made.", registry=registry)
        self.overdue_seconds = Gauge(
            "vigie_overdue_digest_seconds", "How long the longest overdue digest is due; 0: none is.", registry=registry
        )
        self.watch_good = Gauge(
            "vigie_watch_good",
            "1 when the watch file was good when it was read last, 0 when an older one is in use.",
            registry=registry,
        )
        self.watch_loaded = Gauge(
            "vigie_watch_loaded_timestamp_seconds", "When the watch that is in use was read.", registry=registry
        )
        self.archive_reachable = Gauge("vigie_archive_reachable", "1 when the archive answered last.", registry=registry)
        self.waiting = Gauge("vigie_waiting", "What waits for a step: URLs, articles, changes.", ["step"], registry=registry)
        self.reached = Gauge(
            "vigie_sources_reached",
            "Sources of which a feed, sitemap or section page was read in the last day.",
            registry=registry,
        )
        self.unreached = Gauge(
            "vigie_sources_unreached", "Sources that were asked in the last day, and none could be read.", registry=registry
        )
        self.quarantined = Gauge("vigie_quarantined", "Things in quarantine.", registry=registry)
        self.articles = Gauge("vigie_articles", "Articles in the archive.", registry=registry)
