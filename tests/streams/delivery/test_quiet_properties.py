"""Whatever routes, silences and hours say, and whenever workers end: no alert vanishes without a
line in the ledger that says why, and what the ledger calls delivered was delivered."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from delivery_desk import NEVER, NO, YES, Desk, FakeTarget, an_alert, until
from hypothesis import given, note, settings
from hypothesis import strategies as st
from virtual_time import run

from alerts.ledger import Outcome
from alerts.matchers import Matcher
from alerts.model import Kind, Milestone
from alerts.silences import Silence
from alerts.stages.decision import Reason
from alerts.targets import Attempt, Message

NIGHT = {"night": {"times": "22:00-23:00"}, "early": {"times": "23:00-24:00"}}
GROUP = {"by": ["period"], "wait": 5, "limit": 3}
ROUTES: list[dict[str, Any]] = [
    {},
    {"group": GROUP},
    {"mute": ["night"]},
    {"mute": ["night"], "digest": True},
    {"only": ["early"], "digest": True, "group": GROUP},
    {"routes": [{"match": {"rule": "threshold"}, "targets": []}]},
    {"group": GROUP, "routes": [
        {"match": {"asset": "A0"}, "targets": ["spare"], "mute": ["night"], "digest": True,
         "continue": True},
        {"match": {"watchlist": "quiet"}, "group": {"by": [], "wait": 0, "limit": 2}},
    ]},
]  # fmt: skip
KINDS = [Milestone(Kind.THRESHOLD, 10), Milestone(Kind.ENDED, 10), Milestone(Kind.CORRECTION, 10)]
DAY = 90_000.0
"""Seconds in which every muting ends, and what was held back is told."""
_NAMES = ("mail", "chat", "spare")
_ANSWERS = st.lists(st.sampled_from([YES, YES, NO, NEVER]), max_size=6)


@dataclass(frozen=True)
class Story:
    """What happens: alerts by asset, watchlist and kind; ``acts`` one after the other."""

    alerts: list[tuple[int, bool, int]]
    routes: dict[str, Any]
    floor: str
    answers: dict[str, list[Attempt]]
    acts: list[tuple[str, float]]
    room: int


stories = st.builds(
    Story,
    alerts=st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 2)), min_size=1, max_size=12
    ),
    routes=st.sampled_from(ROUTES),
    floor=st.sampled_from(["info", "info", "warning"]),
    answers=st.fixed_dictionaries(dict.fromkeys(_NAMES, _ANSWERS)),
    acts=st.lists(
        st.tuples(
            st.sampled_from(["take", "take", "silence", "restart", "save"]),
            st.sampled_from([0.0, 0.7, 6.0, 400.0, 2000.0]),
        ),
        max_size=10,
    ),
    room=st.sampled_from([2, 5, 100]),
)


class Stage:
    """Plays a story."""

    def __init__(self, harness: Any, story: Story) -> None:
        self.harness, self.story = harness, story
        self.left = list(enumerate(story.alerts))
        self.silences: list[Silence] = []
        self.saved: dict[str, Any] | None = None

    async def play(self) -> None:
        story = self.story
        targets = {n: {"url": "console://", "severity": story.floor} for n in _NAMES}
        more = {"routes": story.routes, "timings": NIGHT, "targets": targets}
        self.desk = Desk(self.harness, room=story.room, deadline=600, more=more)
        self.fakes: dict[str, FakeTarget] = {
            "mail": self.desk.mail, "chat": self.desk.chat, "spare": self.desk.spare,
        }  # fmt: skip
        for name, fake in self.fakes.items():
            fake.answers = list(story.answers[name])  # type: ignore[arg-type]
        await self.desk.work.restore(None)
        for act, seconds in story.acts:
            await getattr(self, act)()
            await asyncio.sleep(seconds)
        while self.left:
            await self.take()
        await until(lambda: self.desk.waiting() == 0, DAY)
        self.desk.work.drop()

    async def take(self) -> None:
        batch, self.left = self.left[:3], self.left[3:]
        alerts = [
            an_alert(
                number,
                asset=f"A{asset}",
                watchlist="quiet" if quiet else "us",
                milestone=KINDS[kind],
            )
            for number, (asset, quiet, kind) in batch
        ]
        if alerts:
            await self.desk.take(*alerts)

    async def silence(self) -> None:
        now_ms, number = int(self.desk.clock.now() * 1000), len(self.silences)
        matchers = (Matcher("asset", ("A1",)),)
        ends_ms = now_ms + 1_000_000
        self.silences.append(Silence(f"{number:04x}", matchers, "ann", "quiet", now_ms, ends_ms))
        self.desk.known.silences.put(self.silences[-1], now_ms)

    async def save(self) -> None:
        self.saved = self.desk.work.snapshot() or None

    async def restart(self) -> None:
        await self.desk.restart(self.saved)
        for silence in self.silences:
            self.desk.known.silences.put(silence, int(self.desk.clock.now() * 1000))
        records = self.harness.log.records.get(self.desk.work._desk.place, [])
        begin = (self.saved or {}).get("next", 0)
        if records[begin:]:
            await self.desk.work.take(records[begin:])


def ids_in(message: Message) -> set[str]:
    return set(re.findall(r"^Alert (\w+)", message.body, re.M))


@settings(max_examples=settings.default.max_examples // 6, deadline=None)
@given(stories)
def test_no_alert_vanishes(new_harness: Any, story: Story) -> None:
    stage = Stage(new_harness(), story)
    run(stage.play())
    entries = stage.desk.ledger()
    note("\n".join(map(str, entries)))
    last = {(e.alert, e.target): e for e in entries if e.outcome.is_final}
    router = stage.desk.known.router
    for record in stage.harness.log.records[stage.desk.work._desk.place]:
        alert = stage.desk.work._desk.reader.read(record).alert
        targets = router.targets(alert) or ("",)
        for target in targets:
            entry = last[alert.id, target]
            if entry.outcome is Outcome.SUPPRESSED:
                reason = Reason(entry.detail.partition(":")[0])
                assert reason is not Reason.ROUTED
                assert (reason is Reason.UNROUTED) == (target == "")
            if entry.outcome is Outcome.DELIVERED:
                seen = set().union(*map(ids_in, stage.fakes[target].taken))
                assert alert.id in seen
