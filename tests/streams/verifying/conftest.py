"""Deployments to verify."""

from __future__ import annotations

from typing import Any

import pytest
from harness import january
from verify_world import World, settings

from streams.records import Topic


@pytest.fixture
def empty(harness: Any) -> World:
    return World(harness.log, settings())


@pytest.fixture
def world(empty: World) -> World:
    """January, routed, watched and delivered; one close was refused."""
    for row in january():
        empty.close(*row)
    empty.add(Topic.CLOSES, 0, b"rubbish", key=b"RUT")
    return empty.work()
