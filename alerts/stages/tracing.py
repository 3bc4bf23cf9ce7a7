"""Why an alert takes the routes that it takes: each route that was looked at, and what it met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from alerts.facts import Facts
from alerts.matchers import Matcher, failed
from alerts.stages.match import Node


class Met(StrEnum):
    """What became of an alert at a route."""

    TAKEN = "taken"
    REFUSED = "refused"
    """A matcher does not fit."""
    PASSED = "passed"
    """Its matchers fit, but a route before it has taken the alert."""


@dataclass(frozen=True, slots=True)
class Step:
    """A route that was looked at; ``depth`` 0 is the root, ``refused_by`` what does not fit."""

    node: Node
    depth: int
    met: Met
    refused_by: Matcher | None = None


def trace(root: Node, facts: Facts, depth: int = 0) -> Iterator[Step]:
    """The routes from the root on, in the order of the configuration, below those taken."""
    yield Step(root, depth, Met.TAKEN)
    is_gone = False
    for child in root.children:
        refused_by = failed(child.matchers, facts)
        if refused_by is not None:
            yield Step(child, depth + 1, Met.REFUSED, refused_by)
        elif is_gone:
            yield Step(child, depth + 1, Met.PASSED)
        else:
            yield from trace(child, facts, depth + 1)
            is_gone = not child.goes_on
