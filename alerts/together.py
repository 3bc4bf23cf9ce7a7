"""A rule on several conditions: in which periods all, or any, of them hold."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from alerts.model import Milestone, milestone_from
from config.rules import AllRule, AnyRule

Held = dict[int, dict[str, Milestone]]
"""By the number of the condition, and the subject that it holds for: what it says there."""

#: How many of the conditions and subjects that hold are listed.
MOST_LISTED = 20


class Together:
    """The conditions of one rule, period by period, as far as their subjects have gone.

    The rule is told in the first of consecutive periods in which it holds. Whatever order the
    subjects go in, and however often a past is rewritten, the end is the same.
    """

    def __init__(self, rule: AllRule | AnyRule) -> None:
        self.rule = rule
        self._least = len(rule.of) if isinstance(rule, AllRule) else 1
        self._seen = array("q")
        self._held: dict[int, Held] = {}

    def put(self, period: int, subject: str, found: Mapping[int, Milestone]) -> None:
        """What the conditions say of a subject in a period, instead of what they said before."""
        at = bisect_left(self._seen, period)
        if at == len(self._seen) or self._seen[at] != period:
            self._seen.insert(at, period)
        held = self._held.setdefault(period, {})
        for number in held.keys() - found.keys():
            held[number].pop(subject, None)
        for number, milestone in found.items():
            held.setdefault(number, {})[subject] = milestone
        self._held[period] = {number: said for number, said in held.items() if said}
        if not self._held[period]:
            del self._held[period]

    def touched(self, period: int) -> list[int]:
        """The periods in which a change in one can change what is told: it, and the next."""
        at = bisect_left(self._seen, period)
        if at < len(self._seen) and self._seen[at] == period:
            return self._seen[at : at + 2].tolist()
        return [period, *self._seen[at : at + 1]]

    def told(self, period: int) -> tuple[Milestone, ...]:
        """What holds in a period, in the order of the conditions, at most ``MOST_LISTED`` of it;
        nothing where it is not told."""
        at = bisect_left(self._seen, period)
        if not self._holds(period) or (at and self._holds(self._seen[at - 1])):
            return ()
        listed: list[Milestone] = []
        for _, said in sorted(self._held[period].items()):
            first = sorted(islice(said.items(), MOST_LISTED - len(listed)), key=_subject)
            listed += (milestone for _, milestone in first)
        return tuple(listed)

    def holding(self, period: int) -> int:
        """How many conditions and subjects hold in a period, listed or not."""
        return sum(map(len, self._held.get(period, {}).values()))

    def _holds(self, period: int) -> bool:
        return len(self._held.get(period, ())) >= self._least

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        held = [
            [period, number, subject, asdict(milestone)]
            for period, found in self._held.items()
            for number, said in found.items()
            for subject, milestone in said.items()
        ]
        return {"seen": self._seen.tolist(), "held": held}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._seen, self._held = array("q", state["seen"]), {}
        for period, number, subject, milestone in state["held"]:
            held = self._held.setdefault(period, {}).setdefault(number, {})
            held[subject] = milestone_from(milestone)


def _subject(item: tuple[str, Milestone]) -> str:
    return item[0]
