"""How much is broken, and by which seed: as the environment says."""

from __future__ import annotations

import os
import random

import pytest

LONG = os.environ.get("CHAOS") == "long"
"""Whether everything is broken as often as the guarantees ask for; see `make chaos`."""

alone = pytest.mark.skipif(not LONG, reason="each kind of trouble by itself: make chaos")


def sizes(short: int, long: int) -> int:
    """How often something is broken: in every run of the tests, or in the long ones."""
    return long if LONG else short


def seed() -> int:
    """CHAOS_SEED, or one that no other run has."""
    given = os.environ.get("CHAOS_SEED")
    return int(given) if given else random.SystemRandom().randrange(10**9)
