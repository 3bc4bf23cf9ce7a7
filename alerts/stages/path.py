"""The way of an alert through the stages: match, inhibit, silence, mute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.facts import Facts
from alerts.model import Alert
from alerts.silences import Silences
from alerts.stages.decision import Decision, Reason
from alerts.stages.inhibit import Sources, inhibit, rules_of
from alerts.stages.match import Router, Way
from alerts.stages.mute import Timings, mute
from alerts.stages.silence import silence
from alerts.timings import HoursOf, timings_of
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Told:
    """What is decided for one target, and on which way; no way where nobody is told.

    The ``target`` is empty where no route names one.
    """

    target: str
    decision: Decision
    way: Way | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is decided of an alert, for each target; its facts are what groups agree in."""

    facts: Facts
    told: tuple[Told, ...]


@dataclass(slots=True)
class Known:
    """What the stages know: of the configuration, and what changes by the hour."""

    router: Router
    timings: Timings
    sources: Sources
    silences: Silences = field(default_factory=Silences)

    @classmethod
    def of(cls, settings: Settings, hours_of: HoursOf) -> Known:
        """What a configuration says; ``hours_of`` gives the sessions of a calendar."""
        return cls(
            Router(settings),
            timings_of(settings.timings, hours_of),
            Sources(rules_of(settings.inhibit)),
        )


def decide(alert: Alert, known: Known, now_ms: int) -> Judgement:
    """What becomes of an alert at each of its targets; at least one decision.

    It changes nothing: who acts on it says so with :func:`remember`.
    """
    facts = known.router.describer.describe(alert)
    return judge(facts, known, now_ms, inhibit(alert, facts, known.sources))


def judge(facts: Facts, known: Known, now_ms: int, inhibited: Decision | None = None) -> Judgement:
    """What becomes of an alert with such facts; ``inhibited`` where another one says it already."""
    targets = known.router.match(facts)
    if not targets:
        return Judgement(facts, (Told("", known.router.nobody(facts)),))
    withheld = inhibited or silence(facts, known.silences, now_ms)
    if withheld is None:
        return Judgement(facts, _by_time(targets, known.timings, now_ms))
    return Judgement(
        facts, tuple(Told(target, withheld, ways[0]) for target, ways in targets.items())
    )


def remember(alert: Alert, judgement: Judgement, known: Known) -> None:
    """Keep in mind what an alert says for others, and whether another said it."""
    known.sources.see(alert, judgement.facts)
    first = judgement.told[0].decision
    if first.reason is Reason.INHIBITED:
        known.sources.withhold(alert.id, first.by)


def _by_time(
    targets: Mapping[str, tuple[Way, ...]], timings: Timings, now_ms: int
) -> tuple[Told, ...]:
    """Each target by the first of its ways that is not muted."""
    muted: dict[str, Decision | None] = {}
    found = []
    for target, ways in targets.items():
        for way in ways:
            if way.path not in muted:
                muted[way.path] = mute(way, timings, now_ms)
        open_way = next((way for way in ways if muted[way.path] is None), None)
        if open_way is None:
            way = ways[0]
            found.append(Told(target, _reason(muted[way.path]), way))
        else:
            words = f"to {target} by {open_way.path}"
            found.append(Told(target, Decision(Reason.ROUTED, open_way.path, words), open_way))
    return tuple(found)


def _reason(decision: Decision | None) -> Decision:
    assert decision is not None
    return decision
