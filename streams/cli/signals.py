"""SIGTERM as a normal end: what was started is stopped in order."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def terminate_cleanly() -> None:
    """From here on SIGTERM unwinds the stack as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
