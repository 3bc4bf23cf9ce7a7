"""The shared job: its closes, its oracle, and the comparison with what an engine reports."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.engines.streaks import Streaks
from shared.job import BENCHMARK, LENGTH, Hit, Job, Message, marker_names, streaks_of, walk
from shared.kafka import WrongError
from shared.measuring import check

from streams.topics import partition_of

SMALL = Job(sessions=60, watchlists=7, partitions=3, warmup=20)


def brute_force(asset: list[int], benchmark: list[int]) -> list[tuple[int, str]]:
    """Streaks of ten by their definition, with returns as fractions."""
    signs = [0]
    for session in range(1, len(asset)):
        active = Fraction(asset[session], asset[session - 1])
        active -= Fraction(benchmark[session], benchmark[session - 1])
        signs.append((active > 0) - (active < 0))
    found = []
    for session in range(LENGTH, len(asset)):
        last, before = signs[session - LENGTH + 1 : session + 1], signs[session - LENGTH]
        if last[0] and set(last) == {last[0]} and before != last[0]:
            found.append((session, "outperforming" if last[0] > 0 else "underperforming"))
    return found


steps = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 1)), min_size=1, max_size=60)


@given(steps)
def test_the_oracle_gives_what_the_definition_says(moves: list[tuple[int, int]]) -> None:
    asset, benchmark = [10_000], [10_000]
    for up, base in moves:
        asset.append(asset[-1] + up)
        benchmark.append(benchmark[-1] + base)
    assert list(streaks_of(asset, benchmark)) == brute_force(asset, benchmark)


def test_the_job_has_hits_in_both_directions() -> None:
    directions = {hit.direction for hit in Job(sessions=400, watchlists=5).hits()}
    assert directions == {"outperforming", "underperforming"}


@pytest.mark.parametrize("job", [SMALL, Job(sessions=300, watchlists=3, assets=2, partitions=1)])
def test_the_engines_step_gives_the_hits_of_the_oracle(job: Job) -> None:
    take, found = Streaks().take, []
    for records in (*job.warmup_records(), *job.timed_records()):
        hits = (take(json.loads(value)) for _, value in records)
        found += [Hit(**hit) for hit in hits if hit is not None]
    check(found, job.hits())


def test_every_close_lies_where_its_watchlists_name_belongs() -> None:
    for number, records in enumerate(SMALL.timed_records()):
        assert {partition_of(key, SMALL.partitions) for key, _ in records} == {number}
        assert all(json.loads(value)["watchlist"].encode() == key for key, value in records)


def test_a_record_is_a_close_with_two_decimals_and_nothing_else() -> None:
    fields = json.loads(first(SMALL)[1])
    assert list(fields) == ["watchlist", "symbol", "period", "close"]
    assert fields["symbol"] == BENCHMARK
    assert fields["period"] == "2001-01-21"
    assert round(fields["close"], 2) == fields["close"]


def test_the_last_record_of_each_partition_completes_a_marker() -> None:
    for name, records in zip(SMALL.markers[1], SMALL.timed_records(), strict=True):
        assert records[-1][0] == name.encode()


def test_the_counts_are_those_of_the_records() -> None:
    warm = sum(map(len, SMALL.warmup_records()))
    assert SMALL.counts == (warm, warm + sum(map(len, SMALL.timed_records())))
    assert SMALL.closes == 60 * 7 * 10


def test_the_same_seed_gives_the_same_closes() -> None:
    assert SMALL.timed_records() == Job(60, 7, partitions=3, warmup=20).timed_records()
    assert first(SMALL) != first(Job(60, 7, partitions=3, warmup=20, seed=2))


def test_products_of_closes_in_millionths_fit_64_bits() -> None:
    highest = int(walk((20_000, 30), 3).max()) * 10_000
    assert highest**2 < 2**63


def test_markers_have_names_for_every_partition() -> None:
    names = marker_names("after", 6)
    assert [partition_of(name.encode(), 6) for name in names] == list(range(6))


@pytest.mark.parametrize(
    "wrong", [{"sessions": 0}, {"assets": 0}, {"partitions": 0}, {"warmup": -1}]
)
def test_a_job_without_closes_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="session"):
        Job(**wrong)


A = Hit("w00", "S1", "2001-01-11", "outperforming")
B = Hit("w00", "S1", "2001-01-11", "underperforming")


@pytest.mark.parametrize(
    ("found", "words"),
    [([], "1 hits are missing and 0 too many"), ([A, A], "0 hits are missing and 1 too many"),
     ([B], "1 hits are missing and 1 too many"), ([A, B], "0 hits are missing and 1 too many")],
)  # fmt: skip
def test_hits_that_differ_are_told(found: list[Hit], words: str) -> None:
    with pytest.raises(WrongError, match=words):
        check(found, [A])


def test_hits_may_come_in_any_order() -> None:
    check([B, A], [A, B])


def first(job: Job) -> Message:
    """The first timed record that lies in any partition."""
    return next(records[0] for records in job.timed_records())
