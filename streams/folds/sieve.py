"""Which pairs may have something to tell before the close: all rules of all pairs in columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from streams.core.cohort import Cohort
from streams.core.live import Preview
from streams.core.periods import NEVER
from streams.core.streaks import DIRECTION_NAMES
from streams.core.subjects import PairKey
from streams.folds.pair_subject import PairSubject

#: Two growths g and h are rounded once each, and so is their difference: it is right to within
#: 2**-52 (g + h), and more is left to be decided exactly.
_UNSURE = 2.0**-50


class Sieve:
    """Lets through the pairs of a cohort that a rule may want to tell of, and that have not rung.

    What is let through is to be looked at exactly; what is kept back has nothing to tell.
    """

    def __init__(self, cohort: Cohort, pairs: Mapping[PairKey, PairSubject]) -> None:
        self.numbers = {key: number for number, key in enumerate(cohort.keys)}
        """The pairs of the cohort, with their numbers."""
        rows = [
            (number, way, rule.min_length, float(rule.margin) or -np.inf)
            for key, number in self.numbers.items()
            for rule in pairs[key].before_close
            for way, name in DIRECTION_NAMES.items()
            if rule.direction in ("any", name)
        ]
        table = np.array(rows, np.float64).reshape(-1, 4)
        self._pair, self._way, self._least = table[:, :3].T.astype(np.int64)
        self._margin = table[:, 3]
        self._rung = np.full((2, len(cohort)), NEVER, np.int64)

    def rang(self, pair: PairKey, way: int, period: int) -> None:
        """A pair was told of for a period, as out- or underperforming."""
        self._rung[(way + 1) // 2, self.numbers[pair]] = period

    def passed(self, preview: Preview) -> list[PairKey]:
        """The pairs that may have something to tell."""
        keys = list(self.numbers)
        place = np.full(len(keys), -1)
        place[preview.pairs] = np.arange(len(preview.pairs))
        here = place[self._pair] >= 0
        pair, way, least, margin = (
            column[here] for column in (self._pair, self._way, self._least, self._margin)
        )
        at = place[pair]
        asset, benchmark = preview.asset[at], preview.benchmark[at]
        told = preview.lengths[at] * way >= least
        told &= (asset - benchmark) * way + (asset + benchmark) * _UNSURE >= margin
        told &= self._rung[(way + 1) // 2, pair] != preview.period[at]
        return [keys[number] for number in np.unique(pair[told]).tolist()]
