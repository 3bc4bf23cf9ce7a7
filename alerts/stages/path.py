"""The way of an alert through the stages: match, floor, inhibit, silence, mute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.facts import Facts
from alerts.model import Alert
from alerts.silences import Silences
from alerts.stages.decision import Decision, Reason
from alerts.stages.floor import floor
from alerts.stages.inhibit import Sources, inhibit, rules_of
from alerts.stages.match import Router, Way
from alerts.stages.mute import Timings, mute
from alerts.stages.silence import silence
from alerts.timings import HoursOf, timings_of
from config.settings import Settings
from config.severities import Severity


@dataclass(frozen=True, slots=True)
class Told:
    """What is decided for one target, and on which way; no way where nobody is told.

    The ``target`` is empty where no route names one.
    """

    target: str
    decision: Decision
    way: Way | None = None

    @property
    def told_later(self) -> int | None:
        """When the target is told in a digest, in milliseconds since 1970; None where it is not."""
        is_muted = self.decision.reason is Reason.MUTED
        return self.decision.until_ms if is_muted and self.way and self.way.digest else None


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
    floors: Mapping[str, Severity] = field(default_factory=dict)
    silences: Silences = field(default_factory=Silences)

    @classmethod
    def of(cls, settings: Settings, hours_of: HoursOf) -> Known:
        """What a configuration says; ``hours_of`` gives the sessions of a calendar."""
        return cls(
            Router(settings),
            Timings(timings_of(settings.timings, hours_of)),
            Sources(rules_of(settings.inhibit)),
            {name: target.severity for name, target in settings.targets.items()},
        )


def decide(alert: Alert, known: Known, now_ms: int) -> Judgement:
    """What becomes of an alert at each of its targets; at least one decision.

    It changes nothing: who acts on it says so with :func:`remember`.
    """
    facts = known.router.describer.describe(alert)

    def is_told(source: Facts, target: str) -> bool:
        told = (one for one in judge(source, known, now_ms).told if one.target == target)
        return any(one.decision.is_told or one.told_later is not None for one in told)

    def inhibited(target: str) -> Decision | None:
        return inhibit(alert, facts, known.sources, target, is_told)

    return judge(facts, known, now_ms, inhibited)


def judge(
    facts: Facts,
    known: Known,
    now_ms: int,
    inhibited: Callable[[str], Decision | None] = lambda _: None,
) -> Judgement:
    """What becomes of an alert with such facts.

    ``inhibited`` says of a target why another alert says it already.
    """
    targets = known.router.match(facts)
    if not targets:
        return Judgement(facts, (Told("", known.router.nobody(facts)),))
    silenced = silence(facts, known.silences, now_ms)
    muted: dict[str, Decision | None] = {}
    told = []
    for target, ways in targets.items():
        withheld = floor(facts, target, known.floors) or inhibited(target) or silenced
        told.append(
            _by_time(target, ways, known.timings, now_ms, muted)
            if withheld is None
            else Told(target, withheld, ways[0])
        )
    return Judgement(facts, tuple(told))


def remember(alert: Alert, judgement: Judgement, known: Known) -> None:
    """Keep in mind what an alert says for others, and whether another said it."""
    known.sources.see(alert, judgement.facts, [one.target for one in judgement.told])
    for one in judgement.told:
        if one.decision.reason is Reason.INHIBITED:
            known.sources.withhold(alert.id, one.target, one.decision.by)


def _by_time(
    target: str,
    ways: Sequence[Way],
    timings: Timings,
    now_ms: int,
    muted: dict[str, Decision | None],
) -> Told:
    """What is decided by the way that tells a target; ``muted`` are the ways seen so far."""

    def muting(way: Way) -> Decision | None:
        if way.path not in muted:
            muted[way.path] = mute(way, timings, now_ms)
        return muted[way.path]

    way = telling(ways, muting)
    routed = Decision(Reason.ROUTED, way.path, f"to {target} by {way.path}")
    return Told(target, muting(way) or routed, way)


def telling(ways: Sequence[Way], muting: Callable[[Way], Decision | None]) -> Way:
    """Of the ways to a target the first that is not muted, or else that has a digest."""
    told = (way for way in ways if muting(way) is None)
    held = (way for way in ways if way.digest)
    return next(told, None) or next(held, ways[0])
