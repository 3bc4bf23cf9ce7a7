"""What followed earlier streaks: returns over the periods after each of them ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.intp]

HORIZONS = (5, 21, 63)
"""A week, a month and a quarter, in sessions."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How returns came out; both are fractions (0.01 is one percent, or one return in 100)."""

    median: float
    share_positive: float
    """The share of returns strictly above zero: a return of exactly zero is not positive."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The returns over ``horizon_periods`` after each streak; no outcomes where none counts."""

    horizon_periods: int
    count: int
    """How many streaks have the whole horizon behind them."""
    overlapping: int
    """How many of the counted windows begin before the counted one before them has ended:
    they share periods, and so tell less than as many separate windows would."""
    asset: Outcome | None
    benchmark: Outcome | None
    active: Outcome | None


def followed(asset: Values, benchmark: Values, breaks: Indexes, horizon: int) -> Followed:
    """What followed streaks, measured from the close that broke each of them.

    That close is the first at which the end of the streak is known, so nothing is measured that
    could not have been had. For a break at i the simple returns run from close i to close
    i + horizon; the active return is the asset's less the benchmark's. A break whose window
    goes beyond the last close is not counted.

    Args:
        asset: closes in any unit, positive, shape (n,).
        benchmark: the same periods' closes, shape (n,).
        breaks: indexes into both, strictly ascending, not negative, shape (k,): the first period
            after each streak.
        horizon: periods, at least 1.

    Raises:
        ValueError: the horizon is less than 1.
    """
    if horizon < 1:
        raise ValueError(f"a horizon of {horizon} periods: it must be at least 1")
    begins = breaks[breaks + horizon < len(asset)]
    overlapping = int(np.count_nonzero(begins[1:] - begins[:-1] < horizon))
    if len(begins) == 0:
        return Followed(horizon, 0, overlapping, None, None, None)
    of_asset, of_benchmark = (_returns(c, begins, horizon) for c in (asset, benchmark))
    outcomes = _outcomes(np.array([of_asset, of_benchmark, of_asset - of_benchmark]))
    return Followed(horizon, len(begins), overlapping, *outcomes)


def _returns(closes: Values, begins: Indexes, horizon: int) -> Values:
    return closes[begins + horizon] / closes[begins] - 1


def _outcomes(returns: Values) -> list[Outcome]:
    """Of each row of returns, shape (rows, k)."""
    k = returns.shape[1]
    positive = np.count_nonzero(returns > 0, axis=1).tolist()
    returns.sort(axis=1)
    lower, upper = returns[:, (k - 1) // 2].tolist(), returns[:, k // 2].tolist()
    return [
        Outcome((low + up) / 2, count / k)
        for low, up, count in zip(lower, upper, positive, strict=True)
    ]
