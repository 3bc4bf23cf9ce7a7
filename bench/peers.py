"""How fast Streakwatch is beside other engines that do the same job on the same Kafka.

    python bench/peers.py [--engines NAME,…] [--rounds N] [--closes N] [--json FILE] [--small]

Each round runs every engine once, one after another; the table has the median, least and most of
the rounds. An engine whose hits differ from the oracle's ends the run. See bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from shared import contenders, table
from shared.command import run
from shared.contenders import Contender
from shared.environments import UnavailableError
from shared.job import Job
from shared.kafka import WrongError, embedded
from shared.machine import machine
from shared.measuring import Measure, measure

SESSION = Job().session
SMALL, SMALL_ENGINES = 100_000, ("faust", "streakwatch")
LEAST_SESSIONS, WARMUP_PART = 10, 10


@dataclass(frozen=True, slots=True)
class Options:
    """What is run."""

    engines: tuple[str, ...]
    rounds: int
    closes: int
    partitions: int
    json: Path | None
    at_least: float | None


def options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; argparse ends the program where it is wrong."""
    known = contenders.contenders()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engines", metavar="NAME,…", help=f"of {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument(
        "--closes", type=int, help=f"whole sessions of {SESSION:,}; default: 1,000,000"
    )
    parser.add_argument("--partitions", type=int, default=4, help="default: 4")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    small = f"{SMALL:,} closes, and only {' and '.join(SMALL_ENGINES)}"
    parser.add_argument("--small", action="store_true", help=small)
    ratio = "fail when Streakwatch is not so many times as fast as plain Faust"
    parser.add_argument("--at-least", type=float, metavar="TIMES", help=ratio)
    given = parser.parse_args(arguments)
    standard = SMALL_ENGINES if given.small else tuple(known)
    engines = tuple(given.engines.split(",")) if given.engines else standard
    for name in engines:
        if name not in known:
            parser.error(f"there is no engine {name!r}; engines: {', '.join(known)}")
    standard_closes = SMALL if given.small else 1_000_000
    closes = standard_closes if given.closes is None else given.closes
    least = LEAST_SESSIONS * SESSION
    if closes < least or closes % SESSION:
        parser.error(f"--closes must be a multiple of {SESSION:,}, {least:,} or more")
    if given.rounds < 1 or given.partitions < 1:
        parser.error("--rounds and --partitions must be 1 or more")
    if given.at_least is not None and not {"faust", "streakwatch"} <= set(engines):
        parser.error("--at-least compares the engines faust and streakwatch")
    return Options(engines, given.rounds, closes, given.partitions, given.json, given.at_least)


def job(chosen: Options, share: int = 1) -> Job:
    """The job, or of the sessions one in ``share``; the warm-up is a tenth as much again."""
    sessions = max(LEAST_SESSIONS, chosen.closes // SESSION // share)
    warmup = max(1, sessions // WARMUP_PART)
    return Job(sessions, partitions=chosen.partitions, warmup=warmup)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, and give the exit status."""
    return run(_compared(options(arguments)))


async def _compared(chosen: Options) -> int:
    print(f"{machine('numpy')}\n{contenders.VERSIONS}")
    listed = [one for name in chosen.engines if _prepared(one := contenders.contenders()[name])]
    measures = await _rounds(listed, chosen)
    if chosen.json is not None:
        chosen.json.write_text(_json(measures, chosen))
    titles = {contender.name: contender.title for contender in listed}
    made = table.rows(
        measures, titles, base=contenders.BASE, loops=contenders.LOOPS, whole=chosen.closes
    )
    print(f"\n{table.HEADER}")
    for row in made:
        print(table.line(row))
    return 0 if chosen.at_least is None else _too_slow(measures, chosen.at_least)


def _prepared(contender: Contender) -> bool:
    try:
        contender.prepare()
    except UnavailableError as error:
        print(f"{contender.name} is left out: {error}")
        return False
    return True


async def _rounds(listed: Sequence[Contender], chosen: Options) -> dict[str, list[Measure]]:
    """Every engine once a round, on one broker."""
    measures: dict[str, list[Measure]] = {contender.name: [] for contender in listed}
    jobs = {share: job(chosen, share) for share in {contender.share for contender in listed}}
    with embedded() as (servers, _):
        for number in range(chosen.rounds):
            for contender in listed:
                name = f"r{number}-{contender.name}-run"
                try:
                    one = await measure(contender, jobs[contender.share], servers, name)
                except WrongError as error:
                    raise WrongError(f"{contender.name}: {error}") from error
                measures[contender.name].append(one)
                print(
                    f"round {number + 1}: {contender.name:<20} {one.rate:>12,.0f} closes/s",
                    flush=True,
                )
    return measures


def _too_slow(measures: dict[str, list[Measure]], at_least: float) -> int:
    """1 when Streakwatch is not so many times as fast as plain Faust, else 0."""
    if not {"faust", "streakwatch"} <= set(measures):
        raise UnavailableError("plain Faust was left out, so that there is no ratio")
    times = table.median(measures["streakwatch"]) / table.median(measures["faust"])
    print(f"\nStreakwatch is {times:.1f} times as fast as plain Faust (least: {at_least:g})")
    return int(times < at_least)


def _json(measures: dict[str, list[Measure]], chosen: Options) -> str:
    engines = {name: [asdict(one) | {"rate": one.rate} for one in rounds]
               for name, rounds in measures.items()}  # fmt: skip
    head = {
        "machine": machine("numpy"),
        "versions": contenders.VERSIONS,
        "closes": chosen.closes,
        "partitions": chosen.partitions,
    }
    return json.dumps(head | {"engines": engines}, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
