"""How a benchmark ends: wrong results are told and give the exit status 1; speed never does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine

from config.errors import StreakwatchError
from shared.environments import UnavailableError
from shared.kafka import WrongError


def run(work: Coroutine[None, None, int | None]) -> int:
    """Run a benchmark; its exit status, 0 unless it gives another."""
    try:
        return asyncio.run(work) or 0
    except (WrongError, UnavailableError, StreakwatchError) as error:
        print(f"\nwrong: {error}", file=sys.stderr)
        return 1
