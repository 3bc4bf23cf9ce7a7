"""Which recipients of a target have a message already, when others have not.

A mail to two is two mails: where one of them is refused, the next attempt is for that one alone.
Plugins of apprise that have several recipients ask for this; apprise itself remembers it for its
own attempts within one call only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from apprise.plugins.base import _delivery_tracker

#: Messages that are remembered; what was given up is forgotten in the end.
_MOST = 1000


class Parts:
    """Remembers the parts of the last messages; each attempt at one runs within :meth:`of`."""

    def __init__(self) -> None:
        self._taken: OrderedDict[Hashable, set[Any]] = OrderedDict()

    @contextmanager
    def of(self, message: Hashable) -> Iterator[Collection[Any]]:
        """What is taken meanwhile is part of this message; gives all that was taken of it."""
        taken = self._taken.setdefault(message, set())
        if len(self._taken) > _MOST:
            self._taken.popitem(last=False)
        token = _delivery_tracker.set(taken)
        try:
            yield taken
        finally:
            _delivery_tracker.reset(token)

    def forget(self, message: Hashable) -> None:
        """All have it."""
        self._taken.pop(message, None)
