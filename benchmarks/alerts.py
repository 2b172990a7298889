"""How often alerts are false, and how many of the injected ones they find, on simulated streams of daily counts.

Three presses are simulated for a year each, after half a year of history: even (Poisson), weekly (a quiet weekend) and lively (a weekly
season, and counts whose variance is mu + mu²/4: stories come in clusters). Every day is judged as `vigie alerts` would on that day, with
the memory of what was told. Into other years of the same presses bursts are injected: single days of four times the usual, and
stretches of ten days of twice and a half the usual. Thresholds are chosen on one set of seeds (--choose) and reported on another.

Peers: the plain z-score (mean and standard deviation of the 28 days before, 3), and the package burst_detection 0.1.3 where it runs,
beside a numpy before 1.24 (it follows the cheapest state of each day, not the cheapest way, so that it may end dearer).

    python -m benchmarks.alerts [--choose] [--years 20]
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from index import bursts, silence, turns

HISTORY, YEAR = 182, 365
WEEKDAYS = np.array([1.15, 1.2, 1.15, 1.15, 1.05, 0.7, 0.6])
PRESSES = ("even", "weekly", "lively")
SIZES = (1, 4, 15, 60)  # articles a day that the search finds; the sources publish twenty times as many
CHOICE, REPORT = 1, 1_000_003  # seeds
DAY_FACTOR, STRETCH_FACTOR, STRETCH_DAYS = 4.0, 2.5, 10

Counts = list[int]
Raised = dict[int, float]


def stream(press: str, size: float, seed: int, raised: Raised | None = None) -> tuple[Counts, Counts]:
    """Relevant and all articles of each day; raised: by which factor on some days."""
    random = np.random.default_rng([seed, PRESSES.index(press), round(10 * size)])
    days = HISTORY + YEAR
    season = np.ones(days) if press == "even" else np.resize(WEEKDAYS, days)
    factor = np.array([(raised or {}).get(day, 1.0) for day in range(days)])
    liveliness = random.gamma(4.0, 0.25, days) if press == "lively" else np.ones(days)
    relevant = random.poisson(size * season * factor * liveliness)
    others = random.poisson(19 * size * season * (random.gamma(40.0, 1 / 40, days) if press == "lively" else 1.0))
    return relevant.tolist(), (relevant + others).tolist()


Detector = Callable[[Counts, Counts], list[tuple[int, int]]]  # the alerts of a year: the day told, the first day of the burst


def told(relevant: Counts, every: Counts) -> list[tuple[int, int]]:
    """What `vigie alerts` tells, day after day."""
    alerts: list[tuple[int, int]] = []
    for day in range(HISTORY, HISTORY + YEAR):
        start = day + 1 - HISTORY
        for burst in bursts.bursts(relevant[start : day + 1], every[start : day + 1], since=HISTORY - 28):
            one = bursts.Burst(burst.first + start, burst.last + start, 0, 0, None, 0)
            if one.last > day - 2 and not bursts.told_before(one, [first for _, first in alerts]):
                alerts.append((day, one.first))
    return alerts


def plain(relevant: Counts, _every: Counts) -> list[tuple[int, int]]:
    """The plain z-score of the day, its runs of days joined as ours are."""
    alerts: list[tuple[int, int]] = []
    last = -9
    for day in range(HISTORY, HISTORY + YEAR):
        before = relevant[day - 28 : day]
        z = (relevant[day] - statistics.mean(before)) / (statistics.pstdev(before) or 1.0)
        if z >= 3 and relevant[day] >= bursts.FEWEST_ARTICLES:
            if day - last > bursts.PAUSE + 1:
                alerts.append((day, day))
            last = day
    return alerts


def raised_days(seed: int, kind: str) -> list[tuple[int, Raised]]:
    """Six bursts in a year, well apart: where each begins."""
    random = np.random.default_rng([seed, 77])
    begins = [HISTORY + 20 + 60 * number + int(random.integers(0, 20)) for number in range(6)]
    days = 1 if kind == "day" else STRETCH_DAYS
    factor = DAY_FACTOR if kind == "day" else STRETCH_FACTOR
    return [(begin, dict.fromkeys(range(begin, begin + days), factor)) for begin in begins]


def found(detector: Detector, press: str, size: float, seed: int, kind: str) -> tuple[int, int, list[int]]:
    """Of the injected bursts: how many were told while they lasted, out of how many, and after how many days."""
    planned = raised_days(seed, kind)
    relevant, every = stream(press, size, seed, {day: factor for _, days in planned for day, factor in days.items()})
    alerts = detector(relevant, every)
    delays: list[int] = []
    for begin, days in planned:
        inside = [day - begin for day, _ in alerts if begin <= day < begin + len(days) + 1]
        delays += inside[:1]
    return len(delays), len(planned), delays


def burst_figures(detector: Detector, first_seed: int, years: int, sizes: Sequence[float] = SIZES) -> list[dict[str, Any]]:
    """False alarms a year, and the share of the injected bursts that was found."""
    rows: list[dict[str, Any]] = []
    for press, size in product(PRESSES, sizes):
        seeds = range(first_seed, first_seed + years)
        false = [len(detector(*stream(press, size, seed))) for seed in seeds]
        row: dict[str, Any] = {"press": press, "a day": size, "false a year": round(sum(false) / years, 2)}
        for kind in ("day", "stretch"):
            hits = [found(detector, press, size, seed, kind) for seed in range(first_seed + 500, first_seed + 500 + years)]
            delays = [delay for _, _, some in hits for delay in some]
            row[f"{kind} found"] = round(sum(hit for hit, _, _ in hits) / sum(of for _, of, _ in hits), 2)
            if kind == "stretch":
                row["days late"] = round(statistics.mean(delays), 1) if delays else None
        rows.append(row)
    return rows


def choose(years: int) -> list[dict[str, Any]]:
    """Every pair of thresholds on the seeds of the choice: what it costs and what it finds, over presses and sizes."""
    rows = []
    for z, gamma in ((5.0, 2.0), (6.0, 2.0), (7.0, 2.0), (6.0, 1.0), (6.0, 3.0)):
        bursts.Z = z
        states = bursts.states
        bursts.states = partial(states, gamma=gamma)
        figures = burst_figures(told, CHOICE, years, SIZES[1:])
        bursts.states = states
        rows.append({"z": z, "gamma": gamma, **_over(figures)})
        print(rows[-1], flush=True)
    return rows


def _over(figures: list[dict[str, Any]]) -> dict[str, float]:
    lively = [row for row in figures if row["press"] == "lively"]
    return {
        "false a year": round(statistics.mean(row["false a year"] for row in figures), 2),
        "false a year, lively": round(statistics.mean(row["false a year"] for row in lively), 2),
        "day found": round(statistics.mean(row["day found"] for row in figures), 2),
        "stretch found": round(statistics.mean(row["stretch found"] for row in figures), 2),
    }


# Turns of the stance.


def sides_of(seed: int, a_week: float, change: float = 0.0) -> Iterator[tuple[int, turns.Turn | None]]:
    """A year of stances of `a_week` stories; the critical share, 0.5, drifts, and changes for good on day 250."""
    random = np.random.default_rng([seed, 5, round(10 * a_week), round(100 * change)])
    days = 35 + YEAR
    number = random.poisson(a_week / 7 * np.resize(WEEKDAYS, days))
    drift = np.repeat(random.normal(0, 0.05, days // 7 + 1), 7)[:days]  # week by week the news is other news
    share = np.clip(0.5 + drift + np.where(np.arange(days) >= 250, change, 0.0), 0, 1)
    critical = random.binomial(number, share)
    cells = {(day, "critical", 0): int(critical[day]) for day in range(days)}
    cells |= {(day, "supportive", 0): int(number[day] - critical[day]) for day in range(days)}
    known: dict[int, str] = {}
    for day in range(35, days):
        one = turns.turn_on(cells, day)
        if one and not turns.told_before(day, one.direction, known):
            known[day] = one.direction
            yield day, one


def turn_figures(first_seed: int, years: int) -> list[dict[str, Any]]:
    """False turns a year, and how many of the changes of the share by 0.35 were told within two weeks."""
    rows = []
    for a_week in (7, 20, 60, 200):
        seeds = range(first_seed, first_seed + years)
        false = sum(len(list(sides_of(seed, a_week))) for seed in seeds)
        hit = [
            any(250 <= day < 264 and one is not None and one.direction == "critical" for day, one in sides_of(seed, a_week, 0.35))
            for seed in seeds
        ]
        rows.append({"stories a week": a_week, "false a year": round(false / years, 2), "turn found": round(sum(hit) / years, 2)})
    return rows


# Silent sources.


def silences(seed: int, chance: Sequence[float], clustered: float, stops: int | None) -> list[int]:
    """The days on which a source is told to be silent: one that writes with this chance on each weekday, until it stops.

    clustered: by how much yesterday's article raises today's chance.
    """
    random = np.random.default_rng([seed, 9, round(100 * chance[0]), round(100 * clustered)])
    days = 70 + YEAR
    wrote: list[int] = []
    alerts: dict[int, int] = {}  # its last article → the day told
    for day in range(days):
        raised = clustered if wrote and wrote[-1] == day - 1 else 0.0
        if (stops is None or day < stops) and random.random() < chance[day % 7] * (1 - clustered) + raised:
            wrote.append(day)
        if day >= 70 and wrote and wrote[-1] not in alerts:
            known = silence.rhythm(wrote, range(day))
            if known and known.chance_of_silence(day - 1) < silence.UNLIKELY:
                alerts[known.last] = day
    return list(alerts.values())


def silence_figures(first_seed: int, years: int) -> list[dict[str, Any]]:
    """False silences a year of one source, and how many days after its last article a real one is told."""
    rows = []
    daily, working, weekly = [0.8] * 7, [0.9] * 5 + [0.1] * 2, [0.25] * 7
    for name, chance, clustered in (
        ("every day", daily, 0.0), ("working days", working, 0.0), ("twice a week", weekly, 0.0), ("in clusters", weekly, 0.4),
    ):  # fmt: skip
        seeds = range(first_seed, first_seed + years)
        false = sum(len(silences(seed, chance, clustered, None)) for seed in seeds)
        delays = [day - 250 for seed in seeds for day in silences(seed, chance, clustered, 250) if day >= 250][: 10 * years]
        rows.append(
            {
                "source": name,
                "false a year": round(false / years, 2),
                "days until told": round(statistics.median(delays), 1) if delays else None,
            }
        )
    return rows


# The peer.


def against_burst_detection(streams: int) -> dict[str, Any] | None:
    """Cost of the way found and time for a stream of a year, ours and the package's; None where it does not run."""
    try:
        import burst_detection  # type: ignore[import-not-found]
        import pandas  # type: ignore[import-untyped]
        from numpy import float as _  # type: ignore[attr-defined]  # it asks numpy for what 1.24 has taken away
    except ImportError:
        return None
    dearer = 0
    seconds = {"ours": 0.0, "burst_detection": 0.0}
    for seed in range(streams):
        planned = raised_days(seed, "stretch")
        relevant, every = stream("lively", 15, seed, {day: f for _, days in planned for day, f in days.items()})
        begin = time.perf_counter()
        ours = bursts.states(relevant, every, ratio=2.0, gamma=1.0)
        middle = time.perf_counter()
        r, d = pandas.Series(relevant), pandas.Series(every)
        q, *_ = burst_detection.burst_detection(r, d, len(r), s=2.0, gamma=1.0, smooth_win=1)
        seconds["ours"] += middle - begin
        seconds["burst_detection"] += time.perf_counter() - middle
        theirs = [bool(state) for state in q[:, 0]]
        dearer += cost(theirs, relevant, every, 1.0) > cost(ours, relevant, every, 1.0) + 1e-6
    return {
        "streams": streams,
        "dearer ways of the package": dearer,
        "ms a stream": {k: round(1000 * s / streams, 2) for k, s in seconds.items()},
    }


def cost(way: Sequence[bool], relevant: Sequence[int], every: Sequence[int], gamma: float) -> float:
    """What a sequence of states costs, written down as Kleinberg defines it."""
    p = sum(relevant) / sum(every)
    total, before = 0.0, False
    for state, r, d in zip(way, relevant, every, strict=True):
        share = 2.0 * p if state else p
        total -= r * math.log(share) + (d - r) * math.log(1 - share)
        total += gamma * math.log(len(relevant)) if state and not before else 0.0
        before = state
    return total


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true", help="try thresholds on the seeds of the choice instead")
    parser.add_argument("--years", type=int, default=20, help="years of each kind of press")
    given = parser.parse_args()
    if given.choose:
        choose(given.years)
        return
    figures = {
        "bursts, Vigie": burst_figures(told, REPORT, given.years),
        "bursts, plain z-score": burst_figures(plain, REPORT, given.years),
        "turns": turn_figures(REPORT, 10 * given.years),
        "silences": silence_figures(REPORT, 10 * given.years),
        "burst_detection": against_burst_detection(20),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
