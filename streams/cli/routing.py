"""Routes, and what they decide, as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alerts.facts import SEVERITY, Facts
from alerts.matchers import Matcher, failed
from alerts.stages.match import ROOT, Node, Way
from alerts.stages.path import Judgement, Known, Told
from alerts.stages.tracing import Met, Step, trace
from streams.cli.options import counted
from streams.cli.tables import printable


def drawn(root: Node) -> Iterator[str]:
    """The tree of the routes, one line each: matchers, targets, and what it says anew."""
    yield f"{ROOT}: {_way(root.way, Way(ROOT))}"
    yield from _below(root, "")


def _below(node: Node, margin: str) -> Iterator[str]:
    for child in node.children:
        is_last = child is node.children[-1]
        number = child.way.path.removeprefix(f"{node.way.path}.{ROOT}")
        said = _way(child.way, node.way) + ("; continue" if child.goes_on else "")
        branch = "└─" if is_last else "├─"
        yield f"{margin}{branch} {number} {_matchers(child.matchers)} → {said}"
        yield from _below(child, margin + ("   " if is_last else "│  "))


def _matchers(matchers: Iterable[Matcher]) -> str:
    return "; ".join(map(str, matchers)) or "every alert"


def _way(way: Way, above: Way) -> str:
    """The targets of a route, and what it says otherwise than the one above."""
    own = "the watchlist's targets" if way.targets is None else ", ".join(way.targets)
    parts = [own or "nobody"]
    if way.group is not None and way.group != above.group:
        by = ", ".join(way.group.by) or "all"
        parts.append(f"grouped by {by} (wait {way.group.wait:g} s, limit {way.group.limit})")
    if way.mute != above.mute:
        parts.append(f"not during {', '.join(way.mute)}" if way.mute else "not muted")
    if way.only != above.only:
        parts.append(f"only during {', '.join(way.only)}" if way.only else "at any time")
    if way.digest != above.digest:
        parts.append("a digest afterwards" if way.digest else "no digest afterwards")
    return "; ".join(parts)


def judged(judgement: Judgement, known: Known) -> Iterator[str]:
    """Who is told of an alert, and why: targets, routes, and rules that it falls under."""
    yield printable(_title(judgement.facts))
    told = [one for one in judgement.told if one.decision.is_told]
    yield "Told:" if told else "Told: nobody"
    yield from _targets(told)
    rest = [one for one in judgement.told if not one.decision.is_told]
    if rest:
        yield "Not told:"
        yield from _targets(rest)
    yield "Routes:"
    for step in trace(known.router.root, judgement.facts):
        yield printable(_step(step, judgement.facts))
    yield from _inhibitions(judgement.facts, known)


def _title(facts: Facts) -> str:
    shown = [facts[name] for name in ("direction", "interval") if facts.get(name)]
    labels = [f"{name}={text}" for name, text in facts.items() if name.startswith("labels.")]
    about = f"{facts['pair']} {facts['rule']}".strip()
    return ", ".join([f"{about} of {facts['watchlist']}", facts[SEVERITY], *shown, *labels])


def _targets(told: Sequence[Told]) -> Iterator[str]:
    width = max((len(one.target) for one in told), default=0)
    for one in told:
        words = f"by {one.decision.by}" if one.decision.is_told else str(one.decision)
        words += "" if one.told_later is None else ", then in a digest"
        yield printable(f"  {one.target.ljust(width)}  {words}".rstrip())


def _step(step: Step, facts: Facts) -> str:
    indent = "  " * (step.depth + 1)
    path = step.node.way.path
    if step.met is Met.PASSED:
        return f"{indent}{path}: fits, but one before it has taken the alert"
    if step.refused_by is not None:
        has = facts.get(step.refused_by.field) or "nothing"
        return f"{indent}{path}: no, it wants {step.refused_by}, and has {has}"
    return f"{indent}{path}: yes ({_matchers(step.node.matchers)})"


def _inhibitions(facts: Facts, known: Known) -> Iterator[str]:
    found = [rule for rule in known.sources.rules if failed(rule.target, facts) is None]
    if found:
        yield f"Not told where another alert has said it ({counted(len(found), 'rule')}):"
    for rule in found:
        yield f"  {_matchers(rule.source)}, of the same {', '.join(rule.equal)}"
