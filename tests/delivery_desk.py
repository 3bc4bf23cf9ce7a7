"""A work of delivery on a log in memory, with two targets or more, in virtual time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from virtual_time import VirtualClock

from alerts import samples
from alerts.ledger import Entry
from alerts.model import Alert, Trigger
from alerts.stages.path import Known
from alerts.targets import Attempt, Message
from config.errors import StreakwatchError
from config.settings import Settings
from streams.calendars import hours_of
from streams.delivering import DeliveryWork
from streams.delivery.targets import Targets
from streams.pictures import Pictures
from streams.records import Place, Record, Topic
from streams.wire import encode_alert

PLACE = Place(Topic.ALERTS, 1)
LEDGER = Place(Topic.NOTIFICATIONS, 1)
PERIOD = "2026-01-15"
NOW = datetime(2026, 1, 15, 22, tzinfo=UTC).timestamp()

AN_ALERT = replace(
    samples.of("threshold"),
    id="a1",
    watchlist="us",
    trigger=Trigger("closes", 0, 5, int((NOW - 2) * 1000)),
)
YES = Attempt(True)
NO = Attempt(False, "HTTP 503")
NEVER = Attempt(False, "HTTP 404", permanent=True)

Answer = Attempt | Exception


def an_alert(number: int, **fields: Any) -> Alert:
    """An alert of its own id, a1, a2, …; by default all of one pair."""
    return replace(AN_ALERT, id=f"a{number}", **fields)


def several(count: int, first: int = 1) -> list[Alert]:
    """Alerts of as many pairs."""
    return [an_alert(at, asset=f"A{at}") for at in range(first, first + count)]


class FakeTarget:
    """Answers as told, then ``always``, after ``seconds``; ``hold`` keeps it from answering."""

    def __init__(self, always: Answer | Callable[[str], Answer] = YES) -> None:
        self.answers: list[Answer] = []
        self.always = always
        self.taken: list[Message] = []
        self.times: list[float] = []
        self.asked: list[str] = []
        self.hold: asyncio.Event | None = None
        self.seconds = 0.0

    @property
    def attempts(self) -> int:
        return len(self.times)

    @property
    def ids(self) -> list[str]:
        """The ids of what was taken."""
        return [id_of(message) for message in self.taken]

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        self.times.append(asyncio.get_running_loop().time())
        self.asked.append(id_of(message))
        if self.hold is not None:
            await self.hold.wait()
        await asyncio.sleep(self.seconds)
        answer = self.answers.pop(0) if self.answers else self.always
        if callable(answer):
            answer = answer(id_of(message))
        if isinstance(answer, Exception):
            raise answer
        if answer.delivered:
            self.taken.append(message)
        return answer


def id_of(message: Message) -> str:
    """The id in a message's last line."""
    found = re.search(r"^(?:- )?Alert (\w+)", message.body, re.M)
    assert found is not None
    return found[1]


class Desk:
    """The watchlist ``us`` has the targets mail and chat, ``quiet`` mail alone; spare has none."""

    def __init__(
        self,
        harness: Any,
        *,
        fallbacks: Mapping[str, str] | None = None,
        rates: Mapping[str, str] | None = None,
        room: int = 1000,
        jitter: Callable[[], float] = lambda: 1.0,
        pictures: Pictures | None = None,
        more: Mapping[str, Any] | None = None,
        **delivery: Any,
    ) -> None:
        """``more`` are further parts of the configuration."""
        self.harness = harness
        self.clock = VirtualClock(NOW - asyncio.get_running_loop().time())
        self.mail, self.chat, self.spare = FakeTarget(), FakeTarget(), FakeTarget()
        self.room = room
        self.jitter = jitter
        self.pictures = pictures
        self.open = True
        self.fatal: list[StreakwatchError] = []
        us = {
            "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
            "rules": [{"kind": "threshold", "at": 10}],
        }
        names = ("mail", "chat", "spare")
        self.settings = Settings.model_validate(
            {
                "watchlists": {
                    "us": us | {"targets": ["mail", "chat"]},
                    "quiet": us | {"targets": ["mail"]},
                },
                "targets": {
                    name: {
                        "url": "console://",
                        "fallback": (fallbacks or {}).get(name),
                        "rate": (rates or {}).get(name),
                    }
                    for name in names
                },
                "instruments": {"RUT": {"name": "Russell 2000"}},
                "delivery": {"backoff": 1, "backoff_ceiling": 30, "timeout": 5} | delivery,
            }
            | dict(more or {})
        )
        self.work = self.new_work()

    def new_work(self, **targets: FakeTarget) -> DeliveryWork:
        """What another worker would have; ``targets`` replace the usual ones."""
        usual = {"mail": self.mail, "chat": self.chat, "spare": self.spare} | targets
        notifiers = {name: usual[name] for name in self.settings.targets}
        metrics = type(self.harness.metrics)()
        self.metrics = metrics
        self.known = Known.of(self.settings, hours_of)
        return DeliveryWork(
            PLACE,
            self.settings,
            Targets(self.settings, notifiers, metrics, self.jitter, self.pictures),
            log=self.harness.log,
            outbox=self.harness.outbox,
            metrics=metrics,
            clock=self.clock,
            fail=self.fail,
            may_send=lambda: self.open,
            room=self.room,
            known=self.known,
        )

    async def fail(self, error: StreakwatchError) -> None:
        """What ends a worker."""
        self.fatal.append(error)

    async def restart(self, state: dict[str, Any] | None = None) -> None:
        """End this worker without a word, and begin another from a snapshot."""
        self.work.drop()
        await asyncio.sleep(0)
        self.work = self.new_work()
        await self.work.restore(state)

    def append(
        self,
        *alerts: Alert | bytes,
        headers: Sequence[tuple[str, bytes]] = (),
        ago: float = 0,
    ) -> list[Record]:
        """Records of alerts in the log, written ``ago`` seconds before now."""
        values = [a if isinstance(a, bytes) else encode_alert(a) for a in alerts]
        stored = self.harness.log.append(PLACE, *values, headers=headers)
        timestamp = int((self.clock.now() - ago) * 1000)
        timed = [replace(record, timestamp=timestamp) for record in stored]
        self.harness.log.records[PLACE][-len(timed) :] = timed
        return timed

    async def take(self, *alerts: Alert | bytes, **how: Any) -> None:
        """Append records and hand them over."""
        await self.work.take(self.append(*alerts, **how))

    async def deliver(self, *alerts: Alert | bytes, **how: Any) -> None:
        """Take records, and wait until nothing waits any more."""
        await self.take(*alerts, **how)
        await self.idle()

    async def deliver_to(self, target: str, *alerts: Alert | bytes, **how: Any) -> None:
        """Take records, and wait until nothing waits for one target."""
        await self.take(*alerts, **how)
        await until(lambda: self.waiting(target) == 0)

    async def idle(self) -> None:
        """Wait until every alert is settled; what is held back may wait for the next day."""
        await until(lambda: self.waiting() == 0, 2 * 86_400, 60.0)

    def waiting(self, target: str | None = None) -> float:
        names = [target] if target else ["mail", "chat", "spare"]
        return sum(self.metric("streakwatch_deliveries_waiting", target=name) for name in names)

    def ledger(self, target: str | None = None) -> list[Entry]:
        """All entries, in their order; of one target, or of all."""
        entries = [Entry.decode(v) for v in self.harness.log.values(Topic.NOTIFICATIONS)]
        return [e for e in entries if target in (None, e.target)]

    def outcomes(self) -> set[tuple[str, str, str]]:
        """The final ones."""
        return {(e.alert, e.target, e.outcome.value) for e in self.ledger() if e.outcome.is_final}

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


async def until(
    condition: Callable[[], object], seconds: float = 10_000, longest: float = 1.0
) -> None:
    """Let virtual time pass until a condition holds, in steps of some seconds at most."""
    loop = asyncio.get_running_loop()
    end, step = loop.time() + seconds, 0.01
    while not condition():
        assert loop.time() < end, "it never happened"
        await asyncio.sleep(step)
        step = min(longest, step * 1.2)


def details(desk: Desk) -> dict[str, str]:
    """What the ledger says of the ends of alerts at the target ``mail``, by id."""
    return {e.alert: e.detail for e in desk.ledger("mail") if e.outcome.is_final}
