"""How long streaks are, beside what independent signs would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Streak


@dataclass(frozen=True, slots=True)
class LengthCount:
    """Streaks of one direction of exactly ``length`` periods: as seen, and as expected."""

    direction: int
    length: int
    observed: int
    expected: float


def expected_runs(n: int, p: float, length: int) -> float:
    """The expected number of runs of exactly ``length`` successes in n independent trials.

    With q = 1 - p: p^k ((n - k - 1) q^2 + 2 q) for k < n, and p^n for k = n; a run at either end
    needs only one failure beside it (Mood, "The distribution theory of runs", 1940).

    Args:
        n: trials.
        p: probability of success, 0 to 1.
        length: k, at least 1.
    """
    if length > n:
        return 0.0
    q = 1 - p
    return p**length * (1.0 if length == n else (n - length - 1) * q * q + 2 * q)


def run_lengths(streaks: Sequence[Streak], wins: int, losses: int) -> list[LengthCount]:
    """How many streaks have each length, up to the longest seen, for both directions.

    Args:
        streaks: all of a history.
        wins: positive active returns of that history.
        losses: negative ones; ties take no part in the expectation.
    """
    seen = Counter((streak.direction, streak.length) for streak in streaks)
    longest = max((streak.length for streak in streaks), default=0)
    n = wins + losses
    share = {OUTPERFORMING: wins / n if n else 0.0, UNDERPERFORMING: losses / n if n else 0.0}
    return [
        LengthCount(way, length, seen[way, length], expected_runs(n, share[way], length))
        for length in range(1, longest + 1)
        for way in (OUTPERFORMING, UNDERPERFORMING)
    ]


def changed(one: Sequence[Streak], other: Sequence[Streak], least: int) -> int:
    """How many streaks of at least ``least`` periods are in one list and not in the other."""
    return len(_facts(one, least) ^ _facts(other, least))


def _facts(streaks: Sequence[Streak], least: int) -> set[tuple[int, int, int, int]]:
    return {(s.direction, s.length, s.start, s.end) for s in streaks if s.length >= least}
