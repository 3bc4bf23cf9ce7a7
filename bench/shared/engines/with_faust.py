"""Plain Faust, one event at a time: SERVERS CLOSES HITS PARTITIONS dict|table."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable
from typing import Any

import faust
from streaks import BENCHMARK, NOTHING, Streaks, based, hit, moved

SERVERS, CLOSES, HITS, PARTITIONS, VARIANT = sys.argv[1:6]

app = faust.App(
    HITS,
    broker=f"kafka://{SERVERS}",
    store="memory://",
    web_enabled=False,
    topic_disable_leader=True,
    topic_partitions=int(PARTITIONS),
    stream_wait_empty=False,
)
closes = app.topic(CLOSES, value_serializer="json")
hits = app.topic(HITS, value_serializer="json")

if VARIANT == "table":
    states = app.Table("states", default=lambda: NOTHING)

    @app.agent(closes)
    async def watch(stream: AsyncIterable[dict[str, Any]]) -> None:
        """Streaks of ten, with the state in a table."""
        async for close in stream:
            watchlist, symbol = close["watchlist"], close["symbol"]
            base = states[f"{watchlist}/{BENCHMARK}"]
            key = f"{watchlist}/{symbol}"
            if symbol == BENCHMARK:
                states[key] = based(base, close["close"])
                continue
            state = states[key] = moved(states[key], base, close["close"])
            found = hit(close, state[1])
            if found:
                await hits.send(key=watchlist, value=found)

else:
    streaks = Streaks()

    @app.agent(closes)
    async def watch(stream: AsyncIterable[dict[str, Any]]) -> None:
        """Streaks of ten, with the state in a dictionary."""
        async for close in stream:
            found = streaks.take(close)
            if found:
                await hits.send(key=close["watchlist"], value=found)


sys.argv[1:] = []
faust.Worker(app, loglevel="WARNING").execute_from_commandline()
