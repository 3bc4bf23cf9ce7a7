"""Configurations of the stages' tests, by the name of their files."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from alerts.stages.path import Known
from config.loading import load
from config.settings import Settings
from streams.calendars import hours_of

CONFIGS = Path(__file__).parent / "configs"

KnownOf = Callable[[str], Known]


@pytest.fixture(scope="session")
def settings_of() -> Callable[[str], Settings]:
    return cache(lambda name: load(CONFIGS / f"{name}.yaml", {}))


@pytest.fixture(scope="session")
def known_of(settings_of: Callable[[str], Settings]) -> KnownOf:
    """What the stages know by a configuration."""
    return lambda name: Known.of(settings_of(name), hours_of)
