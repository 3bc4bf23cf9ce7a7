"""An event loop whose time jumps: what waits for a minute waits no time at all."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.BaseSelector):
    """Waits by moving the loop's time on."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self._real = selectors.DefaultSelector()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self._loop.passed += timeout
        return self._real.select(0)

    def register(self, *args: Any) -> selectors.SelectorKey:
        return self._real.register(*args)

    def unregister(self, *args: Any) -> selectors.SelectorKey:
        return self._real.unregister(*args)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """``passed`` is how many seconds have gone by."""

    def __init__(self) -> None:
        self.passed = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.passed


class VirtualClock:
    """A wall clock that goes with the running loop's time, from ``start`` in seconds since 1970."""

    def __init__(self, start: float) -> None:
        self.start = start

    def now(self) -> float:
        return self.start + asyncio.get_running_loop().time()


def run(main: Coroutine[Any, Any, T]) -> T:
    """What ``asyncio.run`` does, in no time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
