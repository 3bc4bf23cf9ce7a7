"""Inhibit: an alert that is not told, because another one says it already.

An alert is no lasting state, so which fields must agree says how far one reaches: with the period
among them, no further than that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from alerts.facts import Facts
from alerts.matchers import Matcher, failed, matchers_of
from alerts.model import Alert
from alerts.stages.decision import Decision, Reason
from alerts.words.inert import inert
from config.routes import Inhibition

#: How many alerts that say something for others are kept in mind, and how many that were not told.
ROOM = 20_000

_LOOKS = 10
"""How many that would say it are asked whether they are told; if none is, the alert is told."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An inhibition, ready to be tried."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def speaks(self, facts: Facts) -> bool:
        """Whether an alert is one that says it for others."""
        return failed(self.source, facts) is None

    def spares(self, facts: Facts) -> bool:
        """Whether an alert is one that others say."""
        return failed(self.target, facts) is None

    def agreed(self, facts: Facts) -> tuple[str, ...]:
        """What another alert must agree in."""
        return tuple([facts.get(field, "") for field in self.equal])


def rules_of(inhibitions: Sequence[Inhibition]) -> tuple[Rule, ...]:
    """The inhibitions of a configuration."""
    return tuple(
        Rule(matchers_of(one.source), matchers_of(one.target), tuple(one.equal))
        for one in inhibitions
    )


IsTold = Callable[[Facts, str], bool]
"""Whether a target is told of an alert with such facts."""


class _Said(NamedTuple):
    """By an alert with these facts; whether others of the rule say it for that alert in turn."""

    facts: Facts
    is_spared: bool


_Key = tuple[int, str, tuple[str, ...]]
"""The number of a rule, a target, and what both alerts agree in."""


class Sources:
    """The alerts of late that say something for others; the oldest are forgotten.

    Whoever follows the log of alerts lets it :meth:`see` each; so it can be had again from the log.
    A target is only spared what another alert says to itself: who is not told of the one is told
    of the other.
    """

    def __init__(self, rules: Sequence[Rule], room: int = ROOM) -> None:
        self.rules = tuple(rules)
        self._room = room
        self._said: dict[_Key, OrderedDict[str, _Said]] = {}
        self._keys: OrderedDict[str, list[_Key]] = OrderedDict()
        self._withheld: OrderedDict[tuple[str, str], str] = OrderedDict()

    def see(self, alert: Alert, facts: Facts, targets: Iterable[str]) -> None:
        """Take an alert that is for some targets.

        One that takes an earlier one back, takes what that one said with it.
        """
        if alert.revision == "retracted":
            self._forget(alert.follows)
            return
        if alert.late:
            return  # what a correction has brought about speaks of what was told before it
        keys = [
            (number, target, rule.agreed(facts))
            for number, rule in enumerate(self.rules)
            if rule.speaks(facts)
            for target in targets
        ]
        if not keys or alert.id in self._keys:
            return
        self._keys[alert.id] = keys
        for key in keys:
            said = _Said(facts, self.rules[key[0]].spares(facts))
            self._said.setdefault(key, OrderedDict())[alert.id] = said
        if len(self._keys) > self._room:
            self._forget(next(iter(self._keys)))

    def withhold(self, identity: str, target: str, by: str) -> None:
        """Keep in mind that a target was not told of an alert, for what follows it."""
        self._withheld[identity, target] = by
        if len(self._withheld) > self._room:
            self._withheld.popitem(last=False)

    def saying(
        self, alert: Alert, facts: Facts, target: str, is_told: IsTold
    ) -> tuple[str, str] | None:
        """The id and the kind of the alert that tells a target what this one would, or None.

        Of two that a rule has on both sides, neither says it for the other, as in Alertmanager:
        else nobody would be told of either.
        """
        for number, rule in enumerate(self.rules):
            if not rule.spares(facts):
                continue
            speaks = rule.speaks(facts)
            found = self._said.get((number, target, rule.agreed(facts)))
            able = (
                (identity, said)
                for identity, said in ({} if found is None else found).items()
                if identity != alert.id and not (speaks and said.is_spared)
            )
            for identity, said in islice(able, _LOOKS):
                if is_told(said.facts, target):
                    return identity, said.facts["rule"]
        return None

    def withheld_by(self, identity: str, target: str) -> str | None:
        """What said for an alert of which a target was not told; None where none did."""
        return self._withheld.get((identity, target))

    def _forget(self, identity: str) -> None:
        for key in self._keys.pop(identity, ()):
            del self._said[key][identity]
            if not self._said[key]:
                del self._said[key]


def inhibit(
    alert: Alert,
    facts: Facts,
    sources: Sources,
    target: str,
    is_told: IsTold = lambda _facts, _target: True,
) -> Decision | None:
    """Why another alert says it to a target already; None where none does.

    An alert that is itself not told there (``is_told``) says nothing.

    What follows an alert that was not told for that reason is not told either. What a correction
    or a late close has brought about is news, whatever was told of the period before.
    """
    said = None if alert.late else sources.saying(alert, facts, target, is_told)
    if said is not None:
        identity, kind = said
        return Decision(Reason.INHIBITED, identity, f"{kind} {inert(identity)} says it already")
    by = sources.withheld_by(alert.follows, target) if alert.follows else None
    if by is None:
        return None
    words = f"it follows {inert(alert.follows)}, which was not told for {inert(by)}"
    return Decision(Reason.INHIBITED, by, words)
