"""A target as all lanes of a worker see it: whether it fails, and how long it is left alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alerts.backoff import Jitter, pause
from config.rates import Rate
from config.settings import Delivery


class Gate:
    """Opens to everyone while the target answers; while it fails, to one at a time, with pauses.

    With a ``rate`` it is shut while as many attempts as that allows have begun in its time: what
    comes then waits, and no alert is lost. All times are on the event loop's clock.
    """

    def __init__(self, rules: Delivery, jitter: Jitter, rate: Rate | None = None) -> None:
        self._rules = rules
        self._jitter = jitter
        self._rate = rate
        self._begun: deque[float] = deque(maxlen=None if rate is None else rate.count)
        self._failures = 0
        self._victims: set[str] = set()
        self._busy = 0
        self._waiters: set[Callable[[], None]] = set()
        self._asked_until = float("-inf")
        """Until when the target itself, or its rate, has asked to leave it alone; an answer does
        not lift that."""
        self.opens = float("-inf")
        """No attempt before."""

    @property
    def failing(self) -> bool:
        """Whether the last attempt at the target failed."""
        return self._failures > 0

    @property
    def down(self) -> bool:
        """Whether it is the target that fails: two alerts met it, so neither is to blame."""
        return len(self._victims) > 1

    def is_open(self, now: float) -> bool:
        """Whether an attempt may begin."""
        return now >= self.opens and not (self.failing and self._busy)

    @contextmanager
    def attempt(self, now: float) -> Iterator[None]:
        """While an attempt lasts, which begins now."""
        self._count(now)
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if self.failing:
                self._wake()

    def _count(self, now: float) -> None:
        """The last attempt that its rate allows shuts the gate until it allows one more."""
        if self._rate is not None:
            self._begun.append(now)
            if len(self._begun) == self._rate.count:
                self._ask(self._begun[0] + self._rate.seconds)

    def _ask(self, until: float) -> None:
        self._asked_until = max(self._asked_until, until)
        self.leave_alone(until)

    def answered(self) -> None:
        """It took an alert, or refused it for good: it is there."""
        if self.failing:
            self._wake()
        self._failures, self.opens = 0, self._asked_until
        self._victims.clear()

    def failed(self, now: float, alert: str, attempts: int, retry_after: float | None) -> float:
        """It failed once more; when the alert, tried so many times, may be tried again.

        What the target asks for with Retry-After is kept by all, as far as the deadline allows.
        """
        self._failures += 1
        if not self.down:
            self._victims.add(alert)
        asked = min(retry_after or 0.0, self._rules.deadline)
        if retry_after is not None:
            self._ask(now + asked)
        self.leave_alone(now + max(asked, self._pause(self._failures)))
        return now + max(asked, self._pause(attempts))

    def leave_alone(self, until: float) -> None:
        """No attempt before."""
        self.opens = max(self.opens, until)

    def _wake(self) -> None:
        for wake in self._waiters:
            wake()

    def _pause(self, failures: int) -> float:
        return pause(failures, self._jitter, self._rules.backoff, self._rules.backoff_ceiling)

    def join(self, wake: Callable[[], None]) -> None:
        """Be told when an attempt has ended."""
        self._waiters.add(wake)

    def leave(self, wake: Callable[[], None]) -> None:
        """The inverse of :meth:`join`."""
        self._waiters.discard(wake)
