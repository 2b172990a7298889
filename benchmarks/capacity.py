"""What a press of a given size needs: machines, shards and money, computed from what was measured on one machine of two cores.

    python -m benchmarks.capacity

Prints the tables of docs/scale.md. Every number is a measured figure (MEASURED), an assumption that is named (ASSUMED), or computed from these.
"""

import math
from dataclasses import dataclass

# From docs/benchmarks.md: two cores, 24 GiB.
MEASURED = {
    "pages a second, crawled and read out (two cores)": 46.7,
    "articles of 500 words a second, read (one core without AMX; no subject named)": 2.0,
    "peak memory of a reader, GiB": 2.0,
    "bytes an article, embedded index": 2_533,
    "bytes an article, Elasticsearch": 5_384,
    "articles a second into Elasticsearch (two cores, engine alone)": 1_699,
    "ms of a weekly trend by topic over a million articles, Elasticsearch": 152,
}
ASSUMED = {
    "articles a source a day": 30,
    "articles a feed a day (most feeds are small)": 3,
    "polls a feed a day": 24,
    "share of a day that machines work at": 0.5,
    "KiB of a page kept, compressed": 25,
    "KiB of an article's record, labels and revisions": 12,
    "real articles are longer than the indexed ones, times": 2.5,
    "GiB in a shard at most": 40,
    "GiB of index a data node of 64 GiB serves, with copies": 2_000,
    "cents an hour of a core with 4 GiB": 4,
    "cents a month of a GiB of fast disk": 8,
    "bytes of vectors an article (int8 with the float32 beside it)": 2_000,
}
_DAY = 86_400.0


@dataclass(frozen=True)
class Press:
    """A press: its feeds, the articles that they bring in a day, and those that are kept."""

    name: str
    feeds: int
    articles_a_day: float
    kept: float


@dataclass(frozen=True)
class Plan:
    """What it needs. Sizes in GiB, money in euros a month."""

    press: Press
    crawler_cores: float
    reader_cores: float
    archive: float
    index: float
    shards: int
    data_nodes: int
    cost: float


PRESSES = (
    Press("40 sources, one year", 40, 40 * ASSUMED["articles a source a day"], 40 * ASSUMED["articles a source a day"] * 365),
    Press("1,000 sources, three years", 1_000, 30_000, 30_000 * 1_095),
    Press("180,000 feeds, 2 billion articles", 180_000, 180_000 * ASSUMED["articles a feed a day (most feeds are small)"], 2e9),
)


def plan(press: Press) -> Plan:
    """Cores, disks, shards and cost of a press."""
    busy = _DAY * ASSUMED["share of a day that machines work at"]
    fetches = press.articles_a_day + press.feeds * ASSUMED["polls a feed a day"] / 10  # a poll that finds nothing new is a tenth
    crawler_cores = fetches / (MEASURED["pages a second, crawled and read out (two cores)"] / 2) / busy
    reading = MEASURED["articles of 500 words a second, read (one core without AMX; no subject named)"]
    reader_cores = press.articles_a_day / reading / busy
    kib = ASSUMED["KiB of a page kept, compressed"] + ASSUMED["KiB of an article's record, labels and revisions"]
    archive = press.kept * kib / 2**20
    text = MEASURED["bytes an article, Elasticsearch"] * ASSUMED["real articles are longer than the indexed ones, times"]
    index = press.kept * (text + ASSUMED["bytes of vectors an article (int8 with the float32 beside it)"]) / 2**30
    shards = max(1, math.ceil(index / ASSUMED["GiB in a shard at most"]))
    one_machine = press.kept < 5e6
    data_nodes = (
        0 if one_machine else max(3, math.ceil(2 * index / ASSUMED["GiB of index a data node of 64 GiB serves, with copies"]))
    )
    cores = 2 if one_machine else math.ceil(crawler_cores) + math.ceil(reader_cores) + 16 * data_nodes + 8
    disks = archive + index if one_machine else 2 * (archive + index)  # a standby of the archive, a copy of the index
    cost = (
        cores * ASSUMED["cents an hour of a core with 4 GiB"] * 730 / 100
        + disks * ASSUMED["cents a month of a GiB of fast disk"] / 100
    )
    return Plan(press, crawler_cores, reader_cores, archive, index, shards, data_nodes, cost)


def tables() -> str:
    """The tables in Markdown."""
    lines = ["| measured here | |", "|---|---|"]
    lines += [f"| {name} | {value:,g} |" for name, value in MEASURED.items()]
    lines += ["", "| assumed | |", "|---|---|"]
    lines += [f"| {name} | {value:,g} |" for name, value in ASSUMED.items()]
    plans = [plan(press) for press in PRESSES]
    lines += ["", "| | " + " | ".join(one.press.name for one in plans) + " |", "|---|" + "---|" * len(plans)]
    rows = {
        "articles a day": [f"{one.press.articles_a_day:,.0f}" for one in plans],
        "articles kept": [f"{one.press.kept:,.0f}" for one in plans],
        "cores that crawl, at half load": [_few(one.crawler_cores) for one in plans],
        "cores that read, at half load": [_few(one.reader_cores) for one in plans],
        "archive": [_size(one.archive) for one in plans],
        "index, one copy, with text for Kibana and vectors": [_size(one.index) for one in plans],
        "shards": [f"{one.shards:,}" if one.data_nodes else "embedded" for one in plans],
        "data nodes of 16 cores and 64 GiB": [str(one.data_nodes or "none") for one in plans],
        "euros a month, about": [_round(one.cost) for one in plans],
    }
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())])


def _few(cores: float) -> str:
    return f"{cores:,.0f}" if cores >= 2 else "less than 2"


def _size(gib: float) -> str:
    return f"{gib / 1024:,.1f} TiB" if gib >= 1024 else f"{gib:,.0f} GiB"


def _round(euros: float) -> str:
    digits = 10 ** max(0, math.floor(math.log10(euros)) - 1)
    return f"{round(euros / digits) * digits:,}"


if __name__ == "__main__":
    print(tables())
