"""What ``streakwatch verify`` finds: figures and findings, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

FAULTS = ("missing", "extra", "wrong", "misordered")
EARLIER = "from before --since"
"""Faults, and what is not there, of records older than was asked for: counted, not told."""
_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: its id or place, and what to look at."""

    about: str
    detail: str

    def __str__(self) -> str:
        return f"{self.about}: {self.detail}"


@dataclass(slots=True)
class Part:
    """One step of the way: what it should have brought about, and what is there.

    ``found`` are there as they should be, once or more often; ``repeated`` counts their further
    copies, which are allowed, and ``requested`` those that a person asked for. ``unjudged`` says of
    what nothing could be said, and why; ``notes`` is worth knowing, and no fault.
    """

    name: str
    expected: int = 0
    found: int = 0
    repeated: int = 0
    requested: int = 0
    missing: list[Finding] = field(default_factory=list)
    """It should be there, and is not."""
    extra: list[Finding] = field(default_factory=list)
    """It is there, and nothing has brought it about."""
    wrong: list[Finding] = field(default_factory=list)
    """It is there with another content, or in another place."""
    misordered: list[Finding] = field(default_factory=list)
    """It came for the first time after what follows it."""
    pending: list[Finding] = field(default_factory=list)
    """It is not there yet."""
    unjudged: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        """How many things are not as they should be."""
        return sum(len(getattr(self, kind)) for kind in FAULTS)

    def add(self, other: Part) -> None:
        """Take in what was found of the same step elsewhere."""
        for one in fields(self):
            if one.name != "name":
                total = getattr(self, one.name) + getattr(other, one.name)
                setattr(self, one.name, total)

    def lines(self) -> Iterator[str]:
        """One line a figure, and examples of each fault."""
        yield f"{self.name}: {self.expected:,} expected, {self.found:,} found"
        more = {"repeated": self.repeated, "requested by people": self.requested}
        for what, count in more.items():
            if count:
                yield f"  {count:,} {what}"
        for what, count in sorted(self.notes.items()):
            yield f"  {count:,} {what}"
        for what, count in sorted(self.unjudged.items()):
            yield f"  {count:,} not judged: {what}"
        for kind in (*FAULTS, "pending"):
            findings: Sequence[Finding] = getattr(self, kind)
            if findings:
                yield f"  {len(findings):,} {kind}"
                yield from (f"    {finding}" for finding in findings[:_EXAMPLES])
            if len(findings) > _EXAMPLES:
                yield f"    … and {len(findings) - _EXAMPLES:,} more (--format json has all)"


@dataclass(slots=True)
class Verdict:
    """Whether what was sent is exactly what should have been.

    ``gaps`` says which logs no longer begin at their beginning; ``outcomes`` counts the final and
    present outcomes of alerts at targets, ``suppressed`` why some were not sent, and ``reasons``
    the dead letters.
    """

    routed: Part = field(default_factory=lambda: Part("closes → watch"))
    alerts: Part = field(default_factory=lambda: Part("watch → alerts"))
    ledger: Part = field(default_factory=lambda: Part("alerts → ledger"))
    dead_letters: Part = field(default_factory=lambda: Part("dead letters"))
    outcomes: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    gaps: list[str] = field(default_factory=list)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The steps, in the order in which the data take them."""
        return self.routed, self.alerts, self.ledger, self.dead_letters

    @property
    def faults(self) -> int:
        """How many things are not as they should be."""
        return sum(part.faults for part in self.parts)

    @property
    def pending(self) -> int:
        """How many things are not there yet."""
        return sum(len(part.pending) for part in self.parts)

    @property
    def unjudged(self) -> int:
        """Of how many things nothing can be said."""
        return sum(part.unjudged.total() for part in self.parts) + len(self.gaps)

    @property
    def untold(self) -> int:
        """How many faults are older than what was asked for."""
        return sum(part.notes[EARLIER] for part in self.parts)

    @property
    def is_exact(self) -> bool:
        """Everything was judged, is as it should be, and is there already."""
        return self.untold == 0 and self.passes(pending=False, unjudged=False)

    def passes(self, *, pending: bool, unjudged: bool) -> bool:
        """There is no fault; something ``pending`` or ``unjudged`` only where that is allowed."""
        is_there = pending or self.pending == 0
        return self.faults == 0 and is_there and (unjudged or self.unjudged == 0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        sums = {
            "exact": self.is_exact,
            "untold": self.untold,
            "faults": self.faults,
            "pending": self.pending,
            "unjudged": self.unjudged,
        }
        return sums | {one.name: _plain(getattr(self, one.name)) for one in fields(self)}

    def lines(self) -> Iterator[str]:
        """The report for people; its last line is the verdict."""
        yield from self.routed.lines()
        yield from self.alerts.lines()
        yield from self.ledger.lines()
        yield from _counts("outcomes", self.outcomes)
        yield from _counts("suppressed", self.suppressed)
        yield from self.dead_letters.lines()
        yield from _counts("reasons", self.reasons)
        yield from (f"not judged: {gap}" for gap in self.gaps)
        yield self.summary

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if self.is_exact:
            return "exact: what was sent is exactly what should have been"
        if self.untold and self.passes(pending=False, unjudged=False):
            return f"nothing wrong since then, but {self.untold:,} {EARLIER}: see the lines above"
        counts = {kind: sum(len(getattr(p, kind)) for p in self.parts) for kind in FAULTS}
        counts |= {"pending": self.pending, "not judged": self.unjudged}
        told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
        return f"{'NOT exact' if self.faults else 'nothing wrong in what was judged'}: {told}"


def _plain(value: Any) -> Any:
    """Like ``asdict``, which before Python 3.12 makes no good copy of a Counter."""
    match value:
        case Counter():
            return dict(value)
        case list():
            return [_plain(one) for one in value]
        case Part() | Finding():
            return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value


def _counts(name: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield f"  {name}: {', '.join(f'{n:,} {what}' for what, n in sorted(counts.items()))}"
