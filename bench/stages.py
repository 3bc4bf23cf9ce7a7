"""What the stages cost: match, inhibit, silence and mute, in microseconds for one alert.

    python bench/stages.py [--quick]

Each round judges the same alerts with few routes and silences and with many, one after the other,
so that what else the machine does falls on both alike. What is decided is compared first: the many
concern other alerts, so both must decide the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from shared.machine import machine

from alerts import samples
from alerts.matchers import Matcher
from alerts.model import Alert, Kind, Milestone
from alerts.silences import Silence
from alerts.stages.path import Judgement, Known, decide, remember
from config.settings import Settings
from streams.calendars import hours_of

NOW_MS = 1_769_119_504_210  # 2026-01-22, a Thursday evening after the close of New York
ROUTES, SILENCES, PAIRS = 1_000, 10_000, 500
_FOR_EVER = 2**60

Contender = tuple[str, Callable[[], object]]


def main() -> int:
    """Print the machine and the table; 1 when the many change what is decided."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 5 if parser.parse_args().quick else 31
    few, many = known(0, 0), known(ROUTES, SILENCES)
    routed, silenced = known(ROUTES, 0), known(0, SILENCES)
    some = alerts()
    if [judged(few, one) for one in some] != [judged(many, one) for one in some]:
        print("wrong: what concerns others changes what is decided", file=sys.stderr)
        return 1
    print(f"{machine()}\n\n{HEADER}")
    contenders: list[Contender] = [
        ("3 routes, 1 silence", lambda: run(few, some)),
        (f"{ROUTES:,} routes more", lambda: run(routed, some)),
        (f"{SILENCES:,} silences more", lambda: run(silenced, some)),
        ("both", lambda: run(many, some)),
    ]
    tell(contenders, rounds, len(some))
    return 0


HEADER = (
    "Microseconds for one alert, all stages; times: as long as the first row (medians)\n"
    f"{'':28}{'median':>10}{'least':>10}{'most':>10}{'times':>8}"
)


def tell(contenders: Sequence[Contender], rounds: int, count: int) -> None:
    """Measure them in turns, and print a row for each."""
    times: dict[str, list[float]] = {name: [] for name, _ in contenders}
    for _ in range(rounds):
        for name, work in contenders:
            begun = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - begun) / count * 1e6)
    first = statistics.median(times[contenders[0][0]])
    for name, found in times.items():
        median = statistics.median(found)
        figures = "".join(f"{value:>10.1f}" for value in (median, min(found), max(found)))
        print(f"  {name:<26}{figures}{median / first:>8.2f}")


def run(known: Known, some: Sequence[Alert]) -> None:
    """All stages for each alert, as a worker does it."""
    for alert in some:
        remember(alert, decide(alert, known, NOW_MS), known)


def judged(known: Known, alert: Alert) -> list[tuple[str, str]]:
    """What is decided of an alert, without the places of routes, which differ."""
    judgement: Judgement = decide(alert, known, NOW_MS)
    return [(told.target, told.decision.reason.value) for told in judgement.told]


def known(routes: int, silences: int) -> Known:
    """A configuration, with so many routes and silences of other pairs before what counts."""
    others = [
        {"match": {"watchlist": f"list-{number % 50}", "pair": f"X{number}/SPX"},
         "targets": ["pager"], "mute": ["nights"]}
        for number in range(routes)
    ]  # fmt: skip
    made = Known.of(Settings.model_validate(configuration(others)), hours_of)
    for number in range(silences + 1):
        pair = f"X{number}/SPX" if number else "RUT0/SPX"
        matchers = (Matcher("watchlist", (f"list-{number % 50}",)), Matcher("pair", (pair,)))
        silence = Silence(f"{number:08x}", matchers, "bench", "bench", 0, _FOR_EVER)
        made.silences.put(silence, NOW_MS)
    return made


def configuration(others: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Fifty watchlists; three routes, of which two are muted at times."""
    watchlist = {
        "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
        "rules": [{"kind": "threshold", "at": 10}],
        "targets": ["desk"],
        "labels": {"desk": "us"},
        "calendar": "XNYS",
    }
    return {
        "watchlists": {f"list-{number}": watchlist for number in range(50)},
        "targets": {name: {"url": "console://"} for name in ("desk", "pager", "mail")},
        "timings": {
            "nights": {"zone": "America/New_York", "times": ["22:00-07:00"]},
            "trading": {"calendar": "XNYS", "session": "inside"},
        },
        "routes": {
            "routes": [
                *others,
                {"match": {"severity": ">=warning"}, "targets": ["pager"], "continue": True,
                 "mute": ["nights"]},
                {"match": {"rule": "record.*"}, "targets": ["desk", "mail"], "mute": ["trading"]},
                {"match": {"labels": {"desk": "us"}}},
            ]
        },
    }  # fmt: skip


def alerts() -> list[Alert]:
    """Of fifty watchlists, ten pairs each, thresholds and records."""
    first = samples.of("threshold")
    kinds = (Kind.THRESHOLD, Kind.RECORD_TIED, Kind.ENDED)
    return [
        replace(first, id=f"a{number}", watchlist=f"list-{number % 50}", asset=f"RUT{number}",
                milestone=Milestone(kinds[number % len(kinds)], 14))
        for number in range(PAIRS)
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
