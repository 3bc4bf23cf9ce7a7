"""One target's alerts of one partition: tried, tried again, and settled, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from aiokafka.errors import KafkaError

from alerts.ledger import Entry, Outcome
from alerts.targets import Attempt, Message, Notifier
from config.errors import StreakwatchError
from streams.delivery.desk import Desk
from streams.delivery.entries import Entries
from streams.delivery.gate import Gate
from streams.delivery.holding import Holding
from streams.delivery.inbox import Inbox, historic
from streams.delivery.queue import Item

log = logging.getLogger(__name__)

#: Seconds until a look at whether attempts are allowed again, and until a lane gets over an error.
_CLOSED, _TROUBLE = 0.2, 1.0
#: Heads that are looked at when one of them is not told.
_MANY = 200


class DeliveryLane:
    """Delivers what comes into its inbox, from :meth:`start` until :meth:`close`."""

    def __init__(
        self,
        target: str,
        desk: Desk,
        inbox: Inbox,
        *,
        notifier: Notifier,
        gate: Gate,
        lanes: Mapping[str, DeliveryLane],
    ) -> None:
        """``lanes`` are those of all targets: what is not taken may go to another."""
        self.inbox = inbox
        self._target = target
        self._holding = Holding(target, desk, inbox.queue)
        self._entries = Entries(target, desk)
        self._desk = desk
        self._notifier = notifier
        self._gate = gate
        self._lanes = lanes
        self._news = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._gate.join(self.wake)
        self._task = asyncio.create_task(self._run(), name=f"lane {self._target}")

    def wake(self) -> None:
        """Something has changed: look again."""
        self._news.set()

    async def close(self, grace: float) -> None:
        """Begin no attempt; end the one that runs within ``grace`` seconds, with its entry."""
        self._closing = True
        self.wake()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=grace)
            self.cancel()
            await asyncio.wait({self._task})

    def cancel(self) -> None:
        """End at once; what had no answer yet is as if it had not been tried."""
        self._gate.leave(self.wake)
        if self._task is not None:
            self._task.cancel()

    def age(self) -> float:
        """Seconds that an alert here has waited for the target at most; 0 where none waits."""
        now = self._desk.clock.now()
        since = min((item.since_ms / 1000 for item in self.inbox.queue.heads()), default=now)
        return max(0.0, now - since)

    async def _run(self) -> None:
        while not self._closing:
            self._news.clear()
            try:
                await self._turn()
            except StreakwatchError as error:
                await self._desk.fail(error)
                return
            except (KafkaError, TimeoutError) as error:
                log.warning("target %s: the broker is in trouble (%r)", self._target, error)
                await self._sleep(_TROUBLE)
            except Exception:
                log.exception("target %s: an unexpected error", self._target)
                await self._sleep(_TROUBLE)

    async def _turn(self) -> None:
        more = await self.inbox.fill()
        if not self._desk.may_send():
            await self._sleep(_CLOSED)
            return
        if await self._settle_quietly():
            return
        now = asyncio.get_running_loop().time()
        items = self.inbox.queue.ready(now) if self._gate.is_open(now) else []
        if not items:
            await self._sleep(0 if more else self._pause(now))
        elif not await self._withhold(items, now) and not self._closing:
            await self._try(items)

    async def _sleep(self, seconds: float | None) -> None:
        """Until there is news, at most ``seconds``; None: however long it takes."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def _pause(self, now: float) -> float | None:
        """Seconds until something can be done for a head of the queue; None without one."""
        opens, wall = self._gate.opens, self._desk.clock.now()
        heads = list(self.inbox.queue.heads())
        times = [max(item.due, opens) - now for item in heads]
        times = [seconds for seconds in times if seconds > 0]  # else another lane is at it: wait
        times += [max(0.0, item.until - wall) for item in heads if self._is_hopeless(item)]
        return min(times, default=None)

    async def _settle_quietly(self) -> bool:
        """Settle the heads that need no attempt, all at once; whether there were any."""
        ends: dict[Item, list[Entry]] = {}
        for item in self.inbox.queue.heads():
            entries = self._end_of(item)
            if entries is not None:
                ends[item] = entries
        if ends:
            await self._settle(ends)
        return bool(ends)

    async def _withhold(self, items: Sequence[Item], now: float) -> bool:
        """Settle what is not told now, or hold it back; whether there was any.

        Where there was, there may be many: the other heads are looked at too.
        """
        ends: dict[Item, list[Entry]] = {}
        held: dict[Item, Entry] = {}
        self._look_at(items, ends, held)
        if not (ends or held):
            return False
        others = islice(self.inbox.queue.due(now), _MANY)
        self._look_at([i for i in others if i not in ends and i not in held], ends, held)
        await self._settle(ends, list(held.values()))
        return True

    def _look_at(
        self, items: Iterable[Item], ends: dict[Item, list[Entry]], held: dict[Item, Entry]
    ) -> None:
        for item in items:
            end = self._end_of(item)
            if end is not None:
                ends[item] = end
                continue
            entry = self._holding.withhold(item)
            if entry is not None and entry.outcome is Outcome.RETRYING:
                held[item] = entry
            elif entry is not None:
                ends[item] = [entry]

    def _end_of(self, item: Item) -> list[Entry] | None:
        """The entries of an item that has come to its end without an attempt, else None."""
        desk, request = self._desk, item.request
        if desk.is_settled(request, self._target):
            return []  # the same alert, at another place in the log
        if self._is_hopeless(item) and desk.clock.now() >= item.until:
            return self._entries.not_taken(
                item, Outcome.GIVEN_UP, item.detail or "the target fails"
            )
        follows = request.alert.follows
        may_be_old = follows and item.is_fresh and item.held is None
        if not may_be_old or not desk.is_historic(request.alert):
            return None
        if desk.ledger.outcome(follows, self._target) is Outcome.DELIVERED:
            return None  # who was told is told of the correction, however old
        return [historic(desk, request, self._target)]

    def _is_hopeless(self, item: Item) -> bool:
        """Whether an attempt now is no better than none."""
        return self._gate.failing if item.attempts else self._gate.down

    async def _try(self, items: Sequence[Item]) -> None:
        """One attempt at one message, with as many of these as it has room for."""
        written = await self._written(items)
        if written is None:
            return
        message, items = written
        with self._gate.attempt(asyncio.get_running_loop().time()):
            picture = await self._desk.picture(items, self._target)
            if self._closing or not self._desk.may_send():
                return  # the picture took its time
            attempt = await self._ask(replace(message, picture=picture))
            self._tell_gate(items, attempt)
        await self._judge(items, attempt)

    async def _written(self, items: Sequence[Item]) -> tuple[Message, Sequence[Item]] | None:
        """The message, and whom it tells; what cannot be written is settled, the others go on."""
        try:
            return self._desk.words(items, self._target)
        except Exception as error:
            if len(items) == 1:
                await self._cannot_be_written(items[0], error)
                return None
        fine = []
        for item in items:
            try:
                self._desk.words([item], self._target)
                fine.append(item)
            except Exception as error:
                await self._cannot_be_written(item, error)
        together = fine if len(fine) < len(items) else fine[:1]
        return self._desk.words(together, self._target) if together else None

    async def _cannot_be_written(self, item: Item, error: Exception) -> None:
        log.error("alert %s cannot be rendered", item.request.alert.id, exc_info=error)
        await self._desk.put_aside(item.request, error)
        detail = f"internal error: {type(error).__name__}"
        await self._settle({item: [self._entries.of(item, Outcome.FAILED, detail)]})

    async def _ask(self, message: Message) -> Attempt:
        timeout = self._desk.rules.timeout
        try:
            async with asyncio.timeout(timeout + 1):
                return await self._notifier.notify(message, timeout)
        except TimeoutError:
            return Attempt(False, f"no answer within {timeout:g} s")
        except Exception as error:  # the other targets are not to suffer for it
            log.exception("target %s: an unexpected error", self._target)
            return Attempt(False, type(error).__name__)

    def _tell_gate(self, items: Sequence[Item], attempt: Attempt) -> None:
        """Note the attempt; when there is to be another, at the same message."""
        due = 0.0
        attempts = max(item.attempts for item in items) + 1
        if attempt.delivered or attempt.permanent:
            self._gate.answered()
        else:
            now = asyncio.get_running_loop().time()
            alert = items[0].request.alert.id
            due = self._gate.failed(now, alert, attempts, attempt.retry_after)
        for item in items:
            item.attempts, item.due = attempts, due
            item.beside = items

    async def _judge(self, items: Sequence[Item], attempt: Attempt) -> None:
        for item in items:
            item.detail = attempt.detail
        if attempt.delivered:
            beside = f"in one message of {len(items)}" if len(items) > 1 else ""
            await self._settle({i: [self._entries.of(i, Outcome.DELIVERED, beside)] for i in items})
            for item in items:
                self._observe(item)
            return
        self._desk.metrics.attempts.labels(self._target).inc()
        log.warning("alert %s to %s: attempt %d failed (%s)", _named(items), self._target,
                    items[0].attempts, attempt.detail)  # fmt: skip
        if not self._desk.may_send():
            return  # it may be another worker's by now: who has it says what becomes of it
        if attempt.permanent and len(items) > 1 and not attempt.in_part:
            await self._settle({}, [self._alone(item, len(items)) for item in items])
            return
        ends, again = {}, []
        for item in items:
            if attempt.permanent:
                ends[item] = self._entries.not_taken(item, Outcome.FAILED, attempt.detail)
            elif self._desk.clock.now() >= item.until:
                ends[item] = self._entries.not_taken(item, Outcome.GIVEN_UP, attempt.detail)
            else:
                again.append(self._entries.retrying(item))
        await self._settle(ends, again)

    def _observe(self, item: Item) -> None:
        if not item.request.asked and item.held is None:
            seconds = self._desk.clock.now() - item.request.alert.trigger.arrived_ms / 1000
            self._desk.metrics.delivery_seconds.labels(self._target).observe(max(0.0, seconds))

    def _alone(self, item: Item, count: int) -> Entry:
        """Have what was refused for good among others tried by itself: one of them may be to blame.

        That is once for each; who refuses it again has refused this alert.
        """
        item.beside = (item,)
        item.detail = f"{item.detail}, in one message of {count}"
        return self._entries.retrying(item)

    async def _settle(self, ends: Mapping[Item, list[Entry]], again: Sequence[Entry] = ()) -> None:
        """Write what became of items, and let go of them; ``again`` is of others."""
        await self._write([*(entry for entries in ends.values() for entry in entries), *again])
        for item, entries in ends.items():
            self.inbox.queue.remove(item)
            for entry in entries:
                if entry.outcome is Outcome.RETRYING:
                    self._hand_over(item, entry)

    async def _write(self, entries: list[Entry]) -> None:
        """Write entries, however long it takes: what has its answer must not be asked again.

        Raises:
            StreakwatchError: this worker cannot go on.
        """
        while True:
            try:
                await self._desk.write(entries)
            except StreakwatchError:
                raise
            except Exception:
                log.exception("target %s: the ledger was not written; again", self._target)
                await asyncio.sleep(_TROUBLE)
            else:
                return

    def _hand_over(self, item: Item, entry: Entry) -> None:
        self._desk.metrics.fallbacks.labels(self._target, entry.target).inc()
        lane = self._lanes[entry.target]
        lane.inbox.owe(entry, item.request)
        lane.wake()


def _named(items: Sequence[Item]) -> str:
    """The first by its id, and how many more."""
    more = f" and {len(items) - 1} more" if len(items) > 1 else ""
    return f"{items[0].request.alert.id}{more}"
