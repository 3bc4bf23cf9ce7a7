"""How grave each kind of alert is, unless the configuration says otherwise."""

from __future__ import annotations

from typing import Literal

Severity = Literal["info", "warning", "critical"]

LEVELS: tuple[Severity, ...] = ("info", "warning", "critical")
"""From the least to the gravest."""

SEVERITIES: dict[str, Severity] = {
    "record.broken": "critical",
    "record.extended": "warning",
    "record.tied": "critical",
    "together": "warning",
    "level.highest": "warning",
    "level.lowest": "warning",
    "threshold": "warning",
    "level.crossed": "warning",
    "breadth": "warning",
    "year-to-date": "warning",
    "record.approached": "info",
    "ended": "info",
    "provisional": "info",
    "provisional.confirmed": "info",
    "provisional.withdrawn": "warning",
    "correction": "warning",
    "data.missing": "critical",
    "data.arrived": "info",
    "summary": "info",
}
"""By the kind of an alert: for reading along (info), for today (warning), for now (critical)."""


def at_least(severity: Severity) -> tuple[Severity, ...]:
    """A severity and the graver ones.

    >>> at_least("warning")
    ('warning', 'critical')
    """
    return LEVELS[LEVELS.index(severity) :]
