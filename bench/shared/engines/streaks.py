"""The job of one close, as all engines in Python do it."""

from __future__ import annotations

from typing import Any

BENCHMARK, LENGTH = "S0", 10
Pair = tuple[int, int]
NOTHING: Pair = (0, 0)


def micro(close: float) -> int:
    """A close in units of 1e-6, exactly."""
    return round(close * 1_000_000)


def based(base: Pair, close: float) -> Pair:
    """The benchmark's last two closes, after one more."""
    return base[1], micro(close)


def moved(state: Pair, base: Pair, close: float) -> Pair:
    """An asset's last close and its streak (positive where it outperforms), after one more."""
    before, streak = state
    now = micro(close)
    difference = now * base[0] - base[1] * before
    sign = (difference > 0) - (difference < 0)
    return now, streak + sign if streak * sign > 0 else sign


def hit(close: dict[str, Any], streak: int) -> dict[str, str] | None:
    """What is reported of a close, if anything."""
    if streak not in (LENGTH, -LENGTH):
        return None
    direction = "outperforming" if streak > 0 else "underperforming"
    return {
        "watchlist": close["watchlist"],
        "symbol": close["symbol"],
        "period": close["period"],
        "direction": direction,
    }


class Streaks:
    """The state of all watchlists in dictionaries."""

    def __init__(self) -> None:
        self._bases: dict[str, Pair] = {}
        self._assets: dict[tuple[str, str], Pair] = {}

    def take(self, close: dict[str, Any]) -> dict[str, str] | None:
        """Take a close; the hit that it makes."""
        watchlist, symbol = close["watchlist"], close["symbol"]
        if symbol == BENCHMARK:
            self._bases[watchlist] = based(self._bases.get(watchlist, NOTHING), close["close"])
            return None
        key = watchlist, symbol
        base = self._bases.get(watchlist, NOTHING)
        state = self._assets[key] = moved(self._assets.get(key, NOTHING), base, close["close"])
        return hit(close, state[1])
