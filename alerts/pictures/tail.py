"""The end of a pair's history, as long as a picture of an alert needs it, in a few kilobytes.

It goes along with the alert's record as a header. Whoever draws has no need of the closes then, and
the picture shows what was known when the alert was told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerts.evidence import Evidence, Holder
from alerts.model import Alert, Kind
from streams.core import periods
from streams.core.views import PairView

#: The most periods of a tail, and how many it has at least where there are as many: a year's.
MOST, YEAR = 800, 252
#: How much of what was before a streak is seen with it, in lengths of the streak.
_BEFORE = 3
_VERSION = b"1"
_PERIOD, _RATIO = np.dtype("<i4"), np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The ratio asset / benchmark at the last common periods, ascending: two arrays, shape (n,).

    Periods are those of :mod:`streams.core.periods`; n is from 1 to :data:`MOST`.
    """

    periods: npt.NDArray[np.int64]
    ratio: npt.NDArray[np.float64]

    def encode(self) -> bytes:
        """A version, the periods as int32, the ratios as float32; eight bytes a period."""
        return (
            _VERSION + self.periods.astype(_PERIOD).tobytes() + self.ratio.astype(_RATIO).tobytes()
        )


def decode(data: bytes) -> Tail:
    """The inverse of :meth:`Tail.encode`.

    Raises:
        ValueError: the bytes are not those of a tail.
    """
    count, rest = divmod(len(data) - 1, _PERIOD.itemsize + _RATIO.itemsize)
    if data[:1] != _VERSION or rest or not 1 <= count <= MOST:
        raise ValueError("not the tail of a history")
    days = np.frombuffer(data, _PERIOD, count, 1).astype(np.int64)
    ratio = np.frombuffer(data, _RATIO, count, 1 + count * _PERIOD.itemsize).astype(np.float64)
    first, end = periods.bounds("1d")[0], periods.bounds("1m")[1]
    is_ascending = (np.diff(days) > 0).all() and first * 1440 <= days[0] and days[-1] < end
    if not is_ascending or not np.isfinite(ratio).all() or (ratio <= 0).any():
        raise ValueError("the tail of a history has periods or ratios that cannot be")
    return Tail(days, ratio)


def has_picture(alert: Alert) -> bool:
    """Whether there is something to see: a pair, and a streak that the closes bear out."""
    is_borne_out = alert.revision != "retracted" and alert.milestone.kind not in (
        Kind.PROVISIONAL,
        Kind.WITHDRAWN,
    )
    return isinstance(alert.evidence, Evidence) and is_borne_out


def tail(alert: Alert, view: PairView) -> Tail | None:
    """What a picture of an alert shows: a year, and more for a long streak or the record before.

    None where there is nothing to see.

    Args:
        view: the pair of the alert, which may have gone on since.
    """
    if not has_picture(alert):
        return None
    period, start = (
        periods.from_text(text, alert.interval) for text in (alert.period, alert.start)
    )
    history = view.history(period)
    days = history.periods
    if len(days) < 2 or days[-1] != period:
        return None
    ratio = history.asset / history.benchmark  # up to one factor, where a basket is among them
    first = _first(days, start, _record(alert))
    ratio = ratio[first:] * (view.ratio(period) / ratio[-1])
    return Tail(days[first:], ratio)


def _first(days: npt.NDArray[np.int64], start: int, record: int | None) -> int:
    """Where a tail begins in a history."""
    count = len(days)
    length = count - int(days.searchsorted(start))
    wanted = max(YEAR, length * _BEFORE)
    if record is not None and days[0] <= record:
        held = count - int(days.searchsorted(record)) + YEAR // 12
        wanted = max(wanted, held) if held <= MOST else wanted
    return max(0, count - min(wanted, MOST))


def record_of(alert: Alert) -> Holder | None:
    """The earlier streak that a picture marks: the record that is told, else the longest known."""
    if alert.milestone.kind is Kind.YEAR_TO_DATE or not isinstance(alert.evidence, Evidence):
        return None
    told = (one.holder for one in (alert.milestone, *alert.also) if one.holder is not None)
    return next(told, alert.evidence.record)


def _record(alert: Alert) -> int | None:
    """Where the record begins that an alert is measured by."""
    held = record_of(alert)
    return None if held is None else periods.from_text(held.start, alert.interval)
