"""The commands of the benchmarks: what they take, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import bell
import growth
import latency
import peers
import pytest
import startup
from shared.contenders import BASE, LOOPS, contenders


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engines", "fuast"], "there is no engine 'fuast'"),
        (["--closes", "1500"], "--closes must be a multiple of 1,000"),
        (["--closes", "0"], "--closes must be a multiple of 1,000"),
        (["--closes", "-20000"], "--closes must be a multiple of 1,000"),
        (["--closes", "many"], "invalid int value: 'many'"),
        (["--rounds", "0"], "--rounds and --partitions must be 1 or more"),
        (["--partitions", "0"], "--rounds and --partitions must be 1 or more"),
        (["--engines", "faust", "--at-least", "50"], "--at-least compares"),
    ],
)
def test_peers_refuses_what_it_cannot_run(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        peers.options(arguments)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (latency.main, ["--alerts", "0"]),
        (latency.main, ["--rates", "1,fast"]),
        (latency.main, ["--rates", "0"]),
        (bell.main, ["--rounds", "0"]),
        (growth.main, ["--closes", "10"]),
        (growth.main, ["--only", "speed"]),
        (startup.main, ["--sessions", "0"]),
    ],
)
def test_the_others_refuse_what_they_cannot_run(
    main: Callable[[Sequence[str]], int], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def test_peers_runs_every_engine_over_a_million_closes() -> None:
    chosen = peers.options([])
    assert chosen.engines == tuple(contenders())
    assert (chosen.closes, chosen.rounds, chosen.partitions) == (1_000_000, 3, 4)
    assert chosen.at_least is None
    assert {BASE, *LOOPS} <= set(contenders())


def test_small_runs_faust_and_streakwatch_alone() -> None:
    chosen = peers.options(["--small", "--at-least", "50"])
    assert (chosen.engines, chosen.closes) == (("faust", "streakwatch"), 100_000)
    assert chosen.at_least == 50


@pytest.mark.parametrize(
    ("closes", "share", "timed"),
    [(1_000_000, 1, 1_000_000), (1_000_000, 20, 50_000), (100_000, 20, 10_000)],
)
def test_slow_engines_take_a_share(closes: int, share: int, timed: int) -> None:
    job = peers.job(peers.options(["--closes", str(closes)]), share)
    assert (job.closes, job.warmup) == (timed, job.sessions // 10)


def test_the_bell_rings_for_one_pair_in_a_hundred() -> None:
    whole = bell.Bell()
    pairs = {(number, asset)
             for number in range(whole.watchlists) for asset in whole.members(number)}  # fmt: skip
    assert len(pairs) == 50_000
    assert len({asset for _, asset in pairs}) == whole.symbols == 5_000
    assert len(whole.hits()) == 500


def test_growth_has_more_of_one_thing_at_a_time() -> None:
    listed = list(growth.cases(200_000, quick=False))
    assert {case.kind for case in listed} == set(growth.KINDS)
    pairs = [c.job.watchlists * c.job.assets for c in listed if c.kind == "pairs"]
    assert pairs == [100, 1_000, 10_000, 50_000]
    assert [c.job.warmup // growth.YEAR for c in listed if c.kind == "years"] == [1, 10, 35]
