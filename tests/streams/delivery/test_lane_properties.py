"""Whatever targets answer, and whenever workers end: at least once, in order, and no more often
than it must be."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from delivery_desk import NEVER, NO, YES, Desk, FakeTarget, an_alert, id_of
from hypothesis import given, note, settings
from hypothesis import strategies as st
from virtual_time import run

from alerts.ledger import Outcome
from alerts.targets import Attempt, Message
from streams.records import Topic

TARGETS = ("mail", "chat", "spare")
RETRY_LATER = Attempt(False, "HTTP 429", retry_after=20.0)
HANG = Attempt(False, "never said")


@dataclass(frozen=True)
class Story:
    """What happens: ``answers`` and seconds until each, by target; ``acts`` one after the other."""

    pairs: list[int]
    answers: dict[str, list[tuple[Attempt, float]]]
    always: dict[str, Attempt]
    acts: list[tuple[str, float]]
    room: int
    fallbacks: dict[str, str]
    latency: float


answers = st.tuples(
    st.sampled_from([YES, NO, NO, NEVER, NEVER, RETRY_LATER, HANG]),
    st.sampled_from([0.0, 0.5, 4.0]),
)
stories = st.builds(
    Story,
    pairs=st.lists(st.integers(0, 2), min_size=3, max_size=12),
    answers=st.fixed_dictionaries(
        {name: st.lists(answers, min_size=1, max_size=9) for name in TARGETS}
    ),
    always=st.fixed_dictionaries({n: st.sampled_from([YES, YES, YES, NO]) for n in TARGETS}),
    acts=st.lists(
        st.tuples(
            st.sampled_from(
                ["take", "take", "save", "die", "save_and_die", "end", "restore", "again"]
            ),
            st.sampled_from([0.0, 0.01, 0.7, 3.0, 20.0, 400.0]),
        ),
        min_size=3,
        max_size=14,
    ),
    room=st.sampled_from([1, 2, 5, 100]),
    fallbacks=st.sampled_from(
        [{}, {"mail": "spare"}, {"mail": "chat"}, {"mail": "spare", "spare": "chat"}]
    ),
    latency=st.sampled_from([0.0, 0.0, 0.3]),
)


class ScriptedTarget(FakeTarget):
    """Answers a list, each after so many seconds, then always the same."""

    def __init__(self, script: list[tuple[Attempt, float]], always: Attempt) -> None:
        super().__init__(always)
        self.script = list(script)

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        answer, seconds = self.script.pop(0) if self.script else (self.always, 0.1)
        assert isinstance(answer, Attempt)
        await asyncio.sleep(1e6 if answer is HANG else seconds)
        if answer.delivered:
            self.taken.append(message)
        return answer


@dataclass
class Stage:
    """Plays a story; ``excused`` are the repeats that must be expected."""

    harness: Any
    story: Story
    excused: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def play(self) -> None:
        story = self.story
        self.desk = desk = Desk(
            self.harness, fallbacks=story.fallbacks, room=story.room, deadline=600
        )
        desk.mail, desk.chat, desk.spare = (
            ScriptedTarget(story.answers[name], story.always[name]) for name in TARGETS
        )
        desk.work = desk.new_work()
        await desk.work.restore(None)
        self.saved: dict[str, Any] | None = None
        self.left = list(enumerate(story.pairs))
        self.harness.outbox.before = self._late
        for act, seconds in story.acts:
            await getattr(self, act)()
            await asyncio.sleep(seconds)
        while self.left:
            await self.take()
        await desk.idle()
        desk.work.drop()

    async def _late(self, _: object) -> None:
        await asyncio.sleep(self.story.latency)

    async def take(self) -> None:
        batch, self.left = self.left[:3], self.left[3:]
        if batch:
            await self.desk.take(*(an_alert(i, asset=f"A{pair}") for i, pair in batch))

    async def save(self) -> None:
        self.saved = self.desk.work.snapshot() or None

    async def die(self) -> None:
        self.desk.work.drop()
        self._excuse()
        await self._begin()

    async def save_and_die(self) -> None:
        await self.save()
        await self.die()

    async def end(self) -> None:
        await self.desk.work.close(1.0)
        await self.save()
        self.desk.work.drop()
        self._excuse()
        await self._begin()

    async def restore(self) -> None:
        """What the runner does after trouble: the same work, from the last snapshot."""
        await self.desk.work.restore(self.saved)
        self._excuse()
        await self._hand_again()

    async def again(self) -> None:
        """Records that it has seen already."""
        await self.desk.work.take(self.harness.log.records.get(self.desk.work._desk.place, [])[-4:])

    async def _begin(self) -> None:
        await self.desk.restart(self.saved)
        await self._hand_again()

    async def _hand_again(self) -> None:
        records = self.harness.log.records.get(self.desk.work._desk.place, [])
        begin = (self.saved or {}).get("next", 0)
        if records[begin:]:
            await self.desk.work.take(records[begin:])

    def _excuse(self) -> None:
        """What was taken without its entry in the ledger will be taken once more."""
        written = Counter((e.alert, e.target) for e in self.entries()
                          if e.outcome is Outcome.DELIVERED)  # fmt: skip
        for name, taken in self.taken().items():
            for alert, times in Counter(taken).items():
                if times > written[alert, name] + self.excused[alert, name]:
                    self.excused[alert, name] = times - written[alert, name]

    def taken(self) -> dict[str, list[str]]:
        targets = {"mail": self.desk.mail, "chat": self.desk.chat, "spare": self.desk.spare}
        return {name: [id_of(m) for m in target.taken] for name, target in targets.items()}

    def entries(self) -> list[Any]:
        return self.desk.ledger()


@settings(max_examples=settings.default.max_examples // 3)
@given(stories)
def test_at_least_once_in_order_and_settled(new_harness: Any, story: Story) -> None:
    stage = Stage(new_harness(), story)
    run(stage.play())
    entries, taken = stage.entries(), stage.taken()
    note("\n".join(map(str, entries)))
    last = {(e.alert, e.target): e for e in entries}
    for number, _ in enumerate(story.pairs):
        for target in ("mail", "chat"):
            entry = last[f"a{number}", target]
            assert entry.outcome.is_final
            if entry.outcome is Outcome.DELIVERED:
                assert f"a{number}" in taken[target]
    _check_order(story, taken)
    _check_repeats(stage, entries, taken)
    _check_fallbacks(story, last)
    assert not stage.harness.outbox.to(Topic.DEAD_LETTERS)


def _check_order(story: Story, taken: dict[str, list[str]]) -> None:
    """By when each was taken first."""
    for target in ("mail", "chat"):
        if target in story.fallbacks.values():
            continue  # what came as a fallback came when its turn was over
        first = list(dict.fromkeys(taken[target]))
        for pair in set(story.pairs):
            ours = [f"a{i}" for i, p in enumerate(story.pairs) if p == pair]
            here = [alert for alert in first if alert in ours]
            assert here == [alert for alert in ours if alert in here]


def _check_repeats(stage: Stage, entries: list[Any], taken: dict[str, list[str]]) -> None:
    for target, alerts in taken.items():
        for alert, times in Counter(alerts).items():
            assert times <= 1 + stage.excused[alert, target], (alert, target)
    ends = Counter((e.alert, e.target, e.outcome) for e in entries if e.outcome.is_final)
    assert set(ends.values()) <= {1, 2}


def _check_fallbacks(story: Story, last: dict[tuple[str, str], Any]) -> None:
    """Whoever did not take it has told its fallback."""
    for (alert, target), entry in last.items():
        fallback = story.fallbacks.get(target)
        if fallback and entry.outcome in (Outcome.FAILED, Outcome.GIVEN_UP):
            assert last[alert, fallback].outcome.is_final
        assert not entry.instead_of or story.fallbacks[entry.instead_of] == target
