"""Match: the routes that an alert takes through the tree, and whom they tell.

As in Alertmanager: an alert goes as deep as matchers fit; of routes beside each other the first
that fits takes it, and those after it only where it says ``continue``; what a route does not say,
it has from the one above. A route takes what its children do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.facts import Describer, Facts
from alerts.index import Index
from alerts.matchers import Matcher, matchers_of
from alerts.model import Alert
from alerts.stages.decision import Decision, Reason
from alerts.words.inert import inert
from config.routes import Group, Route, RouteOptions, Routes
from config.settings import Settings

ROOT = "routes"


@dataclass(frozen=True, slots=True)
class Way:
    """A route as it stands, with what it has from those above.

    ``path`` is its place in the configuration, such as ``routes.routes[1]``. ``targets`` is None
    for those of the alert's watchlist.
    """

    path: str
    targets: tuple[str, ...] | None = None
    group: Group | None = None
    mute: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    digest: bool = False

    def group_key(self, facts: Facts) -> tuple[str, ...]:
        """What alerts that are told in one message have in common; empty where each is alone."""
        if self.group is None:
            return ()
        return (self.path, *(facts.get(field, "") for field in self.group.by))

    def below(self, path: str, options: RouteOptions) -> Way:
        """What a route is that says so much, below this one."""
        return Way(
            path,
            self.targets if options.targets is None else tuple(options.targets),
            self.group if options.group is None else options.group,
            self.mute if options.mute is None else tuple(options.mute),
            self.only if options.only is None else tuple(options.only),
            self.digest if options.digest is None else options.digest,
        )


class Node:
    """A route with those below it."""

    def __init__(
        self,
        way: Way,
        matchers: Sequence[Matcher],
        routes: Sequence[Route],
        *,
        goes_on: bool = False,
    ) -> None:
        self.way = way
        self.matchers = tuple(matchers)
        self.goes_on = goes_on
        self.children = tuple(_child(way, index, one) for index, one in enumerate(routes))
        self._index = Index[Node]()
        for child in self.children:
            self._index.add(child, child.matchers)

    def taken(self, facts: Facts) -> Iterator[Node]:
        """The routes below that take an alert: the first that fits, or more, as they say."""
        for child in self._index.matching(facts):
            yield child
            if not child.goes_on:
                return

    def ways(self, facts: Facts) -> Iterator[Way]:
        """Where an alert that has come here goes, in the order of the configuration."""
        deeper = False
        for child in self.taken(facts):
            deeper = True
            yield from child.ways(facts)
        if not deeper:
            yield self.way

    def reach(self, facts: Facts) -> Iterator[Way]:
        """Where alerts may go of which no more is known than these facts and all their labels."""
        yield self.way
        for child in self.children:
            known = (one for one in child.matchers if one.field in facts or _is_label(one.field))
            if all(one.matches(facts) for one in known):
                yield from child.reach(facts)


def _is_label(field: str) -> bool:
    return field.startswith("labels.")


def _child(above: Way, index: int, route: Route) -> Node:
    way = above.below(f"{above.path}.routes[{index}]", route)
    return Node(way, matchers_of(route.match), route.routes, goes_on=route.further)


def tree(routes: Routes) -> Node:
    """The routes of a configuration, from the root."""
    return Node(Way(ROOT).below(ROOT, routes), (), routes.routes)


class Router:
    """Routes alerts; one of a watchlist that is not there any more goes nowhere."""

    def __init__(self, settings: Settings) -> None:
        self.describer = Describer(settings)
        self.root = tree(settings.routes)
        self._own = {name: tuple(w.targets) for name, w in settings.watchlists.items()}

    def targets(self, alert: Alert) -> tuple[str, ...]:
        """The targets that an alert is for."""
        return tuple(self.match(self.describer.describe(alert)))

    def match(self, facts: Facts) -> dict[str, tuple[Way, ...]]:
        """The targets that an alert is for, each with the ways that lead there."""
        own = self._own.get(facts["watchlist"])
        if own is None:
            return {}
        found: dict[str, tuple[Way, ...]] = {}
        for way in self.root.ways(facts):
            for target in own if way.targets is None else way.targets:
                found[target] = (*found.get(target, ()), way)
        return found

    def reach(self, watchlist: str) -> frozenset[str]:
        """The targets that alerts of a watchlist may be for, whatever else they are."""
        own = self._own[watchlist]
        facts = {"watchlist": watchlist, **self.describer.of_watchlist(watchlist)}
        ways = self.root.reach(facts)
        return frozenset(t for way in ways for t in (own if way.targets is None else way.targets))

    def nobody(self, facts: Facts) -> Decision:
        """Why an alert is for no target."""
        if facts["watchlist"] not in self._own:
            words = f"the watchlist {inert(facts['watchlist'])} is not in the configuration"
            return Decision(Reason.UNROUTED, "", words)
        paths = ", ".join(way.path for way in self.root.ways(facts))
        return Decision(Reason.UNROUTED, paths, f"{paths} has no targets")
