"""The table of the peers: medians of the rounds, and how many times as fast as two others."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.measuring import Measure

HEADER = (
    f"{'closes a second':>60} {'times as fast as':>22} {'for a million':>16} {'peak':>8}\n"
    f"{'':40}{'median':>10}{'least':>10}{'most':>10}"
    f"{'Faust':>11}{'best loop':>11}{'CPU s':>14}{'MB':>10}"
)


@dataclass(frozen=True, slots=True)
class Row:
    """An engine's rounds in figures; the ratios are None where the other did not run."""

    title: str
    median: float
    least: float
    most: float
    to_base: float | None
    to_loop: float | None
    processor: float
    memory: int
    note: str = ""


def rows(
    measures: Mapping[str, Sequence[Measure]],
    titles: Mapping[str, str],
    *,
    base: str,
    loops: Iterable[str],
    whole: int,
) -> list[Row]:
    """A row for each engine.

    Args:
        measures: the rounds of each engine, by its name.
        base: the engine of the first ratio; ``loops``: those whose best is that of the second.
        whole: the closes of the job; whoever took fewer gets a note.
    """
    medians = {name: median(rounds) for name, rounds in measures.items()}
    best = max((medians[loop] for loop in loops if loop in medians), default=None)
    return [
        Row(
            titles[name],
            medians[name],
            min(one.rate for one in rounds),
            max(one.rate for one in rounds),
            ratio(medians[name], medians.get(base)),
            ratio(medians[name], best),
            statistics.median(one.processor_for_million for one in rounds),
            max(one.memory for one in rounds),
            "" if rounds[0].closes >= whole else f"from {rounds[0].closes:,} closes",
        )
        for name, rounds in measures.items()
    ]


def median(rounds: Sequence[Measure]) -> float:
    """The median rate of some rounds."""
    return statistics.median(one.rate for one in rounds)


def ratio(rate: float, other: float | None) -> float | None:
    """How many times as fast as another, if that ran."""
    return None if other is None else rate / other


def line(row: Row) -> str:
    """A row of the table as text."""
    ratios = "".join(
        f"{'' if one is None else f'{one:.2f}':>11}" for one in (row.to_base, row.to_loop)
    )
    rates = "".join(f"{rate:>10,.0f}" for rate in (row.median, row.least, row.most))
    text = f"{row.title:<40}{rates}{ratios}{row.processor:>14.2f}{row.memory / 1e6:>10,.0f}"
    return f"{text}  {row.note}".rstrip()
