"""The tests of this folder run in virtual time: a pause of fifteen minutes takes none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest_asyncio
from delivery_desk import Desk
from virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], VirtualTimeLoop]]:
    """The one kind of event loop here."""
    return {"virtual": VirtualTimeLoop}


@pytest_asyncio.fixture
async def new_desk(harness: Any) -> AsyncIterator[Callable[..., Any]]:
    """Makes works that begin with the log."""
    made: list[Desk] = []

    async def make(**options: Any) -> Desk:
        made.append(Desk(harness, **options))
        await made[-1].work.restore(None)
        return made[-1]

    yield make
    for desk in made:
        desk.work.drop()


@pytest_asyncio.fixture
async def desk(new_desk: Callable[..., Any]) -> Desk:
    """A work that has begun, with the usual options."""
    made: Desk = await new_desk()
    return made
