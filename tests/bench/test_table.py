"""The table of the peers: its arithmetic and its text."""

from __future__ import annotations

import pytest
from shared.measuring import Measure
from shared.table import Row, line, rows

MEASURES = {
    "faust": [Measure(50_000, seconds, 8.0, 60_000_000) for seconds in (10.0, 5.0, 20.0)],
    "slow-loop": [Measure(1_000_000, 4.0, 3.0, 50_000_000)],
    "loop": [Measure(1_000_000, 2.0, 1.5, 40_000_000), Measure(1_000_000, 2.5, 1.5, 90_000_000)],
}
TITLES = {name: name.upper() for name in MEASURES}


def made() -> dict[str, Row]:
    found = rows(MEASURES, TITLES, base="faust", loops=("slow-loop", "loop"), whole=1_000_000)
    return {row.title: row for row in found}


def test_a_measure_gives_a_rate_and_processor_time_for_a_million_closes() -> None:
    one = Measure(50_000, 10.0, 8.0, 0)
    assert (one.rate, one.processor_for_million) == (5_000, 160)


def test_rates_are_the_median_least_and_most_of_the_rounds() -> None:
    row = made()["FAUST"]
    assert (row.median, row.least, row.most) == (5_000, 2_500, 10_000)


def test_ratios_are_those_of_medians_to_the_base_and_to_the_best_loop() -> None:
    assert {title: (row.to_base, row.to_loop) for title, row in made().items()} == {
        "FAUST": (1, pytest.approx(5_000 / 450_000)),
        "SLOW-LOOP": (50, pytest.approx(250_000 / 450_000)),
        "LOOP": (90, 1),
    }


def test_memory_is_the_most_of_the_rounds() -> None:
    assert made()["LOOP"].memory == 90_000_000


def test_who_took_fewer_closes_has_a_note() -> None:
    assert {title: row.note for title, row in made().items()} == {
        "FAUST": "from 50,000 closes", "SLOW-LOOP": "", "LOOP": ""}  # fmt: skip


def test_without_the_others_there_are_no_ratios() -> None:
    (row,) = rows({"x": MEASURES["loop"]}, {"x": "X"}, base="faust", loops=("loop",), whole=1)
    assert (row.to_base, row.to_loop) == (None, None)
    assert line(row).split() == ["X", "450,000", "400,000", "500,000", "1.50", "90"]


def test_a_line_has_all_figures() -> None:
    words = line(made()["FAUST"]).split()
    assert words == ["FAUST", "5,000", "2,500", "10,000", "1.00", "0.01", "160.00", "60",
                     "from", "50,000", "closes"]  # fmt: skip
