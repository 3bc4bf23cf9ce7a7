"""How long to wait before the next attempt: exponential, with jitter, between two bounds."""

from __future__ import annotations

from collections.abc import Callable

Jitter = Callable[[], float]
"""The port to chance: a number from 0 to below 1."""

_MOST_DOUBLINGS = 60


def pause(failures: int, jitter: Jitter, backoff: float, ceiling: float) -> float:
    """Seconds after so many failures in a row, from 1 on: at random between two bounds.

    The lower one is ``backoff``; the upper one doubles with each failure, up to ``ceiling``.
    Without chance, workers that failed together would come back together.

    >>> [pause(n, lambda: 0.5, 1, 30) for n in range(1, 7)]
    [1.5, 2.5, 4.5, 8.5, 15.5, 15.5]
    """
    least = min(backoff, ceiling)
    most = min(ceiling, backoff * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return least + jitter() * (most - least)
