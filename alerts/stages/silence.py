"""Silence: an alert that a person wants to hear nothing of."""

from __future__ import annotations

from alerts.facts import Facts
from alerts.moments import moment
from alerts.silences import Silences
from alerts.stages.decision import Decision, Reason
from alerts.words.inert import inert


def silence(facts: Facts, silences: Silences, now_ms: int) -> Decision | None:
    """The silence that an alert meets now, of several the one that lasts longest; None: none."""
    found = max(silences.active(facts, now_ms), key=lambda one: one.ends_ms, default=None)
    if found is None:
        return None
    until = moment(found.ends_ms, "for ever")
    words = f"{found.id} by {inert(found.creator) or 'nobody'} until {until}"
    return Decision(Reason.SILENCED, found.id, words, found.ends_ms)
