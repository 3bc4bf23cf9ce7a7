"""One series, period by period: what its level crosses, and since when it stands highest.

The extremes are a stack for each side: only a value that no later one reaches can be the last
that was as high. Values are exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from streams.core.periods import between
from streams.core.streaks import Missing

HIGHEST: Literal[1] = 1
LOWEST: Literal[-1] = -1


@dataclass(frozen=True, slots=True)
class Peak:
    """A value that stood highest (or lowest): when, and as which value of the series."""

    value: Fraction
    period: int
    number: int


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the newest value stands: ``peaks`` are the earlier ones that no later one reached,
    oldest first, so that the highest come first; ``number`` is that of the newest value."""

    peaks: tuple[Peak, ...]
    since: Peak | None
    """The last earlier value that was as high; None if none was."""
    number: int

    def before(self, period: int) -> Peak | None:
        """The highest of the earlier values on or after ``period``, the latest of equals."""
        at = bisect_left(self.peaks, period, key=lambda peak: peak.period)
        return self.peaks[at] if at < len(self.peaks) else None

    def within(self, count: int) -> Peak | None:
        """The highest of the ``count`` values before the newest."""
        at = bisect_left(self.peaks, self.number - count, key=lambda peak: peak.number)
        return self.peaks[at] if at < len(self.peaks) else None


@dataclass(frozen=True, slots=True)
class LevelTurn:
    """What one period did: the value before it (None at the beginning, and after a gap that
    breaks), its own, and where it stands among all, highest and lowest."""

    previous: Fraction | None
    value: Fraction
    highest: Stand
    lowest: Stand


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """What decides what is told of a level; see :class:`streams.core.pairs.Terms`."""

    sessions: Sequence[int] = ()
    missing: Missing = Missing.HOLD
    min_history: int = 0


@dataclass(slots=True)
class LevelTracker:
    """The state of one series after its last period; ``count`` is the number of its values."""

    terms: LevelTerms
    first: int | None = None
    last: int | None = None
    count: int = 0
    value: Fraction | None = None
    peaks: dict[int, list[Peak]] = field(default_factory=lambda: {HIGHEST: [], LOWEST: []})

    def step(self, period: int, value: Fraction) -> LevelTurn:
        """Go on to the next period of the series."""
        gone = self.last is None or (
            self.terms.missing is Missing.BREAK
            and bool(between(self.terms.sessions, self.last, period))
        )
        previous = None if gone else self.value
        stands = [self._stand(side, period, value) for side in (HIGHEST, LOWEST)]
        if self.first is None:
            self.first = period
        self.last, self.value, self.count = period, value, self.count + 1
        return LevelTurn(previous, value, *stands)

    def _stand(self, side: int, period: int, value: Fraction) -> Stand:
        peaks = self.peaks[side]
        earlier = tuple(peaks)
        while peaks and side * peaks[-1].value < side * value:
            peaks.pop()
        since = peaks[-1] if peaks else None
        if since is not None and since.value == value:
            peaks.pop()  # of equals the latest is kept
        peaks.append(Peak(value, period, self.count))
        return Stand(earlier, since, self.count)

    def alike(self, other: LevelTracker) -> bool:
        """See :meth:`streams.core.pairs.Tracker.alike`."""
        return (self.first, self.count, self.value, self.peaks) == (
            other.first,
            other.count,
            other.value,
            other.peaks,
        )

    def counts_from(self, period: int) -> bool:
        """Whether nothing that is still told of rests on the closes of a period."""
        return True

    def counted(self, more: int) -> None:
        """Nothing: two states are alike only where they have counted the same."""

    @property
    def returns(self) -> int:
        """The number of steps from one value to the next."""
        return max(0, self.count - 1)

    def copy(self) -> LevelTracker:
        """A tracker in the same state that goes on by itself."""
        return replace(self, peaks={side: peaks.copy() for side, peaks in self.peaks.items()})

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        value = None if self.value is None else _digits(self.value)
        return {
            "at": [self.first, self.last, self.count, value],
            "peaks": {
                str(side): [[_digits(p.value), p.period, p.number] for p in peaks]
                for side, peaks in self.peaks.items()
            },
        }

    @classmethod
    def load(cls, terms: LevelTerms, state: dict[str, Any]) -> LevelTracker:
        """The inverse of :meth:`dump`."""
        first, last, count, value = state["at"]
        peaks = {
            int(side): [Peak(_exact(v), period, number) for v, period, number in rows]
            for side, rows in state["peaks"].items()
        }
        return cls(terms, first, last, count, None if value is None else _exact(value), peaks)


def _digits(value: Fraction) -> str:
    """A fraction of any size as hexadecimal digits; decimal ones are limited to 4,300."""
    return f"{value.numerator:x}/{value.denominator:x}"


def _exact(digits: str) -> Fraction:
    numerator, denominator = digits.split("/")
    return Fraction(int(numerator, 16), int(denominator, 16))
