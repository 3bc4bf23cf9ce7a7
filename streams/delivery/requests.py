"""What a record of the topic alerts asks for: an alert, to these targets."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.facts import Facts
from alerts.model import Alert
from alerts.stages.match import Router, Way
from streams.records import Record, requested
from streams.wire import Reason, RejectedError, decode_alert


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one ``key`` go out in one message.

    The first waits for others, ``wait`` seconds; ``limit`` is how many one message has at most.
    """

    key: Hashable
    wait: float
    limit: int

    @classmethod
    def of(cls, way: Way, facts: Facts) -> Group | None:
        """The alerts that are told in one message with one on its way; None: it is told alone."""
        if way.group is None:
            return None
        return cls(way.group_key(facts), way.group.wait, way.group.limit)


@dataclass(frozen=True, slots=True)
class Request:
    """An alert for its targets; ``asked`` where a person wants it sent, whatever was before.

    ``facts`` are those of the alert; ``ways`` are its routes, by target.
    """

    record: Record
    alert: Alert
    targets: Sequence[str]
    asked: bool = False
    facts: Facts = field(default_factory=dict)
    ways: Mapping[str, Sequence[Way]] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        """Its place in the log."""
        return self.record.offset

    @property
    def pair(self) -> tuple[str, str, str]:
        """What is told in order: a pair or series of a watchlist."""
        return (self.alert.watchlist, self.alert.asset, self.alert.benchmark)


class Reader:
    """Reads records with the routes and targets of the configuration."""

    def __init__(self, router: Router, targets: Collection[str]) -> None:
        """``targets`` are all that there are."""
        self._router = router
        self._targets = targets

    def read(self, record: Record) -> Request:
        """What a record asks for; of a watchlist that is not there any more, nothing.

        Raises:
            RejectedError: the record is not an alert, or names a target that is not there.
        """
        alert = decode_alert(record.value)
        facts = self._router.describer.describe(alert)
        ways = self._router.match(facts)
        own, names = tuple(ways), requested(record)
        if names is None:
            return Request(record, alert, own, facts=facts, ways=ways)
        return Request(record, alert, self._named(names, own), asked=True, facts=facts)

    def again(self, record: Record) -> Request | None:
        """The same of a record that was read before; None of one that is in the dead letters."""
        try:
            return self.read(record)
        except RejectedError:
            return None

    def _named(self, names: bytes, own: Sequence[str]) -> Sequence[str]:
        text = names.decode("utf-8", "replace")
        wanted = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
        if wanted == ("*",):
            return own
        unknown = [name for name in wanted if name not in self._targets]
        if unknown:
            detail = f"resend names {unknown[0][:80]!r}, which is no target"
            raise RejectedError(Reason.UNKNOWN_TARGET, detail)
        return wanted
