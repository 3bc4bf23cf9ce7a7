"""The running streaks of many pairs at once, as vector operations.

:func:`running_lengths` takes a whole history and gives what :func:`streams.core.streaks.turn` gives
pair by pair; :mod:`streams.core.board` goes on by stretches of it. A length is signed (+k
outperforming, -k underperforming, 0 none), and its rule is

    length = (the length before, if the direction stays, else 0) + what the period counts

where the direction is the sign of the active return, the direction before where a period is passed
over, and 0 where a streak ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.core.returns import Prices, Signs, active_signs
from streams.core.streaks import Missing, Ties

Lengths = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Days = npt.NDArray[np.int64]

# A history is cut into blocks of so many cells and pairs, for the scratch arrays to stay in the
# cache of a core; rounded returns need more of them. Found by measuring.
_CELLS, _CELLS_ROUNDED, _PAIRS = 1 << 17, 1 << 14, 8192
# With fewer pairs than this a scan along time is cheaper than a call for each period.
_WIDE = 192

# The close of a pair that has had none: any number that can be divided by and is no price.
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class _Policy:
    ties: Ties
    missing: Missing
    steps: int | None


def running_lengths(
    a: Prices,
    b: Prices,
    *,
    ties: Ties = Ties.BREAK,
    missing: Missing = Missing.HOLD,
    steps: int | None = None,
) -> Lengths:
    """The signed lengths of the streaks that run after each period.

    Args:
        a: the assets' closes in micro-units, shape (periods, pairs); 0 where there is none.
        b: the benchmarks', same shape.
        ties: what an active return of zero does.
        missing: what a period does for which either leg has no close. The length is carried through
            it; with ``break`` it is 0 at the next common close, which is only a new base.
        steps: as in :func:`streams.core.returns.active_sign`.

    Returns:
        int32 of the same shape. Row 0 is 0.

    Raises:
        ValueError: the two shapes differ, or are not (periods, pairs).
    """
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"closes must share one shape (periods, pairs): {a.shape}, {b.shape}")
    lengths = np.zeros(a.shape, np.int32)
    policy = _Policy(ties, missing, steps)
    for first in range(0, a.shape[1], _PAIRS):
        pairs = np.s_[:, first : first + _PAIRS]
        _fold(a[pairs], b[pairs], policy, lengths[pairs])
    return lengths


def _fold(a: Prices, b: Prices, policy: _Policy, lengths: Lengths) -> None:
    """One block of periods after the other; row 0 of a block is the last of the one before it."""
    cells = _CELLS if policy.steps is None else _CELLS_ROUNDED
    rows = max(1, cells // a.shape[1])
    absent = _holes(a[:1], b[:1])
    before = np.where(absent, _UNKNOWN, a[:1]), np.where(absent, _UNKNOWN, b[:1])
    for first in range(0, len(a) - 1, rows):
        block = slice(first, first + rows + 1)
        asset, benchmark, holes = _filled(_laid(a[block]), _laid(b[block]), before)
        _advance(asset, benchmark, holes, policy, lengths[block])
        before = asset[-1:], benchmark[-1:]


def _filled(
    a: Prices, b: Prices, before: tuple[Prices, Prices]
) -> tuple[Prices, Prices, Mask | None]:
    """The closes with each pair's last common ones in the holes, and the holes, if there are any.

    ``before`` are the rows 0 of the two, shape (1, pairs).
    """
    if not _any_holes(a, b):
        return a, b, None
    holes = _holes(a, b)
    asset, benchmark = a.copy("K"), b.copy("K")
    for rows, first in ((asset, before[0]), (benchmark, before[1])):
        rows[:1] = first
        fill(rows, holes[1:])
    return asset, benchmark, holes


def _advance(
    a: Prices, b: Prices, holes: Mask | None, policy: _Policy, lengths: Lengths
) -> tuple[Signs, Signs, Mask | None]:
    """Fill the lengths of a block from row 1 on.

    Args:
        a: closes without holes, shape (n + 1, pairs); row 0 belongs to the period before.
        b: the same.
        holes: where they were filled, same shape; None: nowhere.
        lengths: row 0 is known.

    Returns:
        The directions after each period, (n + 1, pairs); what each period counts, -1, 0 or 1,
        (n, pairs); and where a period is only a new base, (n, pairs), None: nowhere.
    """
    signs = active_signs(a, b, policy.steps)  # 0 in a hole: the filled closes repeat
    gaps = None
    if holes is not None:
        gaps = ~holes[1:] & (holes[:-1] if policy.missing is Missing.BREAK else a[:-1] < 0)
        signs *= ~gaps
    ways = np.empty_like(a, np.int8)
    ways[0] = np.sign(lengths[0])
    ways[1:] = signs
    passed = _passed(signs, holes, gaps, policy.ties)
    if passed is not None:
        fill(ways, passed)
    counted = signs
    if policy.ties is Ties.EXTEND:
        counted = ways[1:] if holes is None else ways[1:] * ~holes[1:]
    count(ways, counted, lengths)
    return ways, counted, gaps


def _passed(signs: Signs, holes: Mask | None, gaps: Mask | None, ties: Ties) -> Mask | None:
    """Where the direction stays whatever it is: in holes, and in ties that break nothing."""
    if ties is Ties.BREAK:
        return None if holes is None else holes[1:]
    if np.count_nonzero(signs) == signs.size:
        return None
    zero: Mask = signs == 0
    return zero if gaps is None else zero & ~gaps


def count(ways: Signs, counted: Signs, lengths: Lengths) -> None:
    """Fill lengths from row 1 on: the rule at the top of this file, row by row."""
    if not _by_rows(ways):
        _count_along_time(ways, counted, lengths)
        return
    stays = (ways[1:] == ways[:-1]).astype(np.int32)
    lengths[1:] = counted
    for before, stay, length in zip(lengths, stays, lengths[1:], strict=False):
        np.multiply(before, stay, out=stay)
        np.add(length, stay, out=length)


def _count_along_time(ways: Signs, counted: Signs, lengths: Lengths) -> None:
    """A length is how many periods have counted so far, less how many had at the last turn."""
    number = np.empty_like(ways, np.int32)
    number[0] = np.abs(lengths[0])
    number[1:] = counted != 0
    np.add.accumulate(number, axis=0, out=number)
    at_turn = number[:-1] * (ways[1:] != ways[:-1])
    np.maximum.accumulate(at_turn, axis=0, out=at_turn)
    np.subtract(number[1:], at_turn, out=at_turn)
    np.multiply(at_turn, ways[1:], out=lengths[1:])


def fill(rows: npt.NDArray[np.int64] | Signs, where: Mask) -> None:
    """Let row t + 1 repeat row t, itself filled, where ``where[t]``."""
    if _by_rows(rows):
        for before, row, mask in zip(rows[:-1], rows[1:], where, strict=True):
            np.copyto(row, before, where=mask)
        return
    source = np.empty_like(rows, np.intp)
    source[0] = 0
    np.multiply(np.arange(1, len(rows))[:, None], ~where, out=source[1:])
    np.maximum.accumulate(source, axis=0, out=source)
    rows[:] = np.take_along_axis(rows, source, axis=0)


def _by_rows(rows: npt.NDArray[np.generic]) -> bool:
    """Whether a few calls for each row are cheaper than scans along time."""
    return len(rows) <= 8 or rows.shape[1] >= _WIDE


def _laid(block: Prices) -> Prices:
    """The block with time contiguous where it is scanned along time."""
    return block if _by_rows(block) else np.asfortranarray(block)


def _any_holes(a: Prices, b: Prices) -> bool:
    return bool(a.min(initial=1) == 0 or b.min(initial=1) == 0)


def _holes(a: Prices, b: Prices) -> Mask:
    holes: Mask = (a == 0) | (b == 0)
    return holes
