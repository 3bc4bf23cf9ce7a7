"""A deployment in memory, worked and verified as a real one is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from alerts.ledger import Entry, Outcome
from config.settings import Settings
from streams.calendars import by_name
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.judges.scope import Scope
from streams.records import Output, Place, Topic
from streams.verdict import FAULTS, Finding, Verdict
from streams.verifying import verify
from streams.wire import decode_alert

BEGAN_MS = 1_769_400_000_000
NOW_MS = BEGAN_MS + 3_600_000
PAIR = {"asset": "RUT", "benchmark": "SPX"}
RULES = [{"kind": "threshold", "at": [3, 10]}, {"kind": "ended", "min_length": 10}]


def settings(**changes: Any) -> Settings:
    us = {"calendar": "XNYS", "pairs": [PAIR], "rules": RULES, "targets": ["mail", "hook"]}
    data: dict[str, Any] = {
        "kafka": {"partitions": 2},
        "watchlists": {"us": us, "desk": us | {"targets": ["mail"]}},
        "targets": {name: {"url": "console://"} for name in ("mail", "hook", "sre")},
    }
    return Settings.model_validate(data | changes)


class FixedClock:
    def now(self) -> float:
        return NOW_MS / 1000


class World:
    """A deployment in memory; its workers are the folds themselves."""

    def __init__(self, log: Any, configured: Settings) -> None:
        self.log = log
        self.settings = configured
        self.scope = Scope(2, NOW_MS)

    def add(
        self,
        topic: Topic,
        partition: int,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        at_ms: int = BEGAN_MS,
    ) -> Any:
        place = Place(topic, partition)
        self.log.append(place, value, key=key, headers=headers)
        self.log.records[place][-1] = replace(self.log.records[place][-1], timestamp=at_ms)
        return self.log.records[place][-1]

    def close(self, symbol: str, period: str, price: str, at_ms: int = BEGAN_MS) -> None:
        value = json.dumps({"symbol": symbol, "period": period, "close": price}).encode()
        self.add(Topic.CLOSES, symbol == "SPX", value, key=symbol.encode(), at_ms=at_ms)

    def send(self, outputs: Sequence[Output], at_ms: int = BEGAN_MS) -> None:
        for output in outputs:
            partition = output.partition
            if partition is None:
                partition = self.scope.home(output.key or b"")
            self.add(output.topic, partition, output.value,
                     key=output.key, headers=output.headers, at_ms=at_ms)  # fmt: skip

    def work(self) -> World:
        """Route, watch and deliver all that lies in the topics."""
        watchlists = self.settings.watchlists
        sessions = by_name((w.calendar, w.interval) for w in watchlists.values())
        closes = [(Place(Topic.CLOSES, p), r) for p in (0, 1) for r in self.of(Topic.CLOSES, p)]
        closes.sort(key=lambda one: json.loads(one[1].value).get("period", "")
                    if one[1].value[:1] == b"{" else "")  # fmt: skip
        for place, record in closes:
            self.send(RouterFold(place, watchlists, sessions).apply([record]), record.timestamp)
        for partition in (0, 1):
            fold = WatcherFold(Place(Topic.WATCH, partition), watchlists, {})
            for record in self.of(Topic.WATCH, partition):
                self.send(fold.apply([record]), record.timestamp)
        for partition in (0, 1):
            for record in self.of(Topic.ALERTS, partition):
                alert = decode_alert(record.value)
                for target in watchlists[alert.watchlist].targets:
                    self.entry(partition, Entry(alert.id, target, Outcome.DELIVERED, BEGAN_MS, 1,
                                                offset=record.offset))  # fmt: skip
        return self

    def entry(self, partition: int, entry: Entry) -> None:
        self.add(Topic.NOTIFICATIONS, partition, entry.encode(), key=entry.key)

    def of(self, topic: Topic, partition: int) -> list[Any]:
        return list(self.log.records.get(Place(topic, partition), []))

    def edit(self, topic: Topic, change: Callable[[list[Any]], Any], name: str = "us") -> Any:
        """Change the records of a watchlist's partition of a topic."""
        return change(self.log.records[Place(topic, self.scope.home(name.encode()))])

    def verify(self, **options: Any) -> Verdict:
        return asyncio.run(verify(self.settings, self.log, clock=FixedClock(), **options))


def faults(verdict: Verdict) -> dict[str, list[Finding]]:
    """All that is told to be wrong or pending, by part and kind."""
    return {
        f"{name}.{kind}": findings
        for name in ("routed", "alerts", "ledger", "dead_letters")
        for kind in (*FAULTS, "pending")
        if (findings := getattr(getattr(verdict, name), kind))
    }


def only(verdict: Verdict, where: str) -> Finding:
    """The one finding that there is."""
    assert list(faults(verdict)) == [where], faults(verdict)
    (finding,) = faults(verdict)[where]
    assert not verdict.is_exact
    return finding


def last_entry(world: World, **changes: Any) -> Entry:
    """Another one in the place of the last."""
    home = world.scope.home(b"us")
    entry = replace(Entry.decode(world.of(Topic.NOTIFICATIONS, home)[-1].value), **changes)
    world.log.records[Place(Topic.NOTIFICATIONS, home)].pop()
    world.entry(home, entry)
    return entry


def alerts_of(world: World) -> set[str]:
    return {decode_alert(r.value).id for p in (0, 1) for r in world.of(Topic.ALERTS, p)}
