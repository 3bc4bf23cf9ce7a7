"""How streaks are counted in a file, and their statistics, for ``streakwatch streaks``."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from streams.core.pairs import Nights, Terms
from streams.core.returns import Signs
from streams.core.statistics import changed, run_lengths
from streams.core.streaks import DIRECTION_NAMES, Missing, Streak, Ties, find
from streams.core.views import History, PairView

_LONG = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides how streaks are counted."""

    ties: Ties
    missing: Missing
    steps: int | None

    def __str__(self) -> str:
        rounding = "not rounded" if self.steps is None else f"rounded to 1/{self.steps}"
        return f"ties {self.ties}, missing {self.missing}, returns {rounding}"


@dataclass(frozen=True, slots=True)
class Counted:
    """A pair of a file: its legs, its history, and the calendar's periods, if there is one.

    ``nights`` is set where the returns from one trading day to the next are not counted.
    """

    view: PairView
    history: History
    sessions: Sequence[int]
    nights: Nights | None = None
    interval: str = "1d"

    def streaks(self, policy: Policy) -> tuple[list[Streak], bool]:
        """All streaks under a policy, and whether the last of them still runs."""
        terms = Terms(sessions=self.sessions, missing=policy.missing, nights=self.nights)
        masks = terms.masks(self.history.periods)
        return find(self.history.periods, self.signs(policy), policy.ties, *masks)

    def signs(self, policy: Policy) -> Signs:
        """The signs of all active returns under a policy."""
        return replace(self.view, steps=policy.steps).signs(self.history)


def print_stats(pair: Counted, policy: Policy, form: str) -> None:
    """How long streaks are, beside independent signs, and what other policies would change."""
    streaks, _ = pair.streaks(policy)
    signs = pair.signs(policy)
    counts = run_lengths(streaks, int((signs > 0).sum()), int((signs < 0).sum()))
    others = {
        str(other): changed(streaks, pair.streaks(other)[0], _LONG)
        for other in _other_policies(policy, bool(len(pair.sessions)))
    }
    rows = [
        {
            "direction": DIRECTION_NAMES[count.direction],
            "length": count.length,
            "observed": count.observed,
            "expected": round(count.expected, 2),
        }
        for count in counts
    ]
    if form == "json":
        print(json.dumps({"policy": str(policy), "lengths": rows, "changed": others}, indent=2))
    elif form == "csv":
        print_csv(rows, tuple(rows[0]) if rows else ())
    else:
        _stats_table(rows, policy, others)


def _other_policies(policy: Policy, has_calendar: bool) -> list[Policy]:
    """Each policy that differs from this one in one thing."""
    others = [replace(policy, ties=ties) for ties in Ties if ties is not policy.ties]
    if has_calendar:
        others += [replace(policy, missing=m) for m in Missing if m is not policy.missing]
    return others + [replace(policy, steps=s) for s in (None, 10_000) if s != policy.steps]


def _stats_table(rows: list[dict[str, Any]], policy: Policy, others: dict[str, int]) -> None:
    head = ("outperforming", "underperforming")
    print(f"{'length':>6}  {head[0]:>13} {'expected':>9}  {head[1]:>15} {'expected':>9}")
    for up, down in zip(rows[::2], rows[1::2], strict=True):
        print(
            f"{up['length']:>6}  {up['observed']:>13} {up['expected']:>9.2f}"
            f"  {down['observed']:>15} {down['expected']:>9.2f}"
        )
    print("expected: of independent signs with the observed share of each")
    print(f"\nStreaks of at least {_LONG} that change, against {policy}:")
    for other, count in others.items():
        print(f"{count:>6}  {other}")


def print_csv(rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    """A header and the rows; true and false in small letters."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: str(v).lower() if v is True or v is False else v for k, v in row.items()}
                     for row in rows)  # fmt: skip
    sys.stdout.write(text.getvalue())
