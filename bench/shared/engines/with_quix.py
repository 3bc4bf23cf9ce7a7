"""Quix Streams: SERVERS CLOSES HITS PARTITIONS dict|rocksdb."""

from __future__ import annotations

import sys
from typing import Any

from quixstreams import Application, State
from streaks import BENCHMARK, NOTHING, Streaks, based, hit, moved

SERVERS, CLOSES, HITS, _, VARIANT = sys.argv[1:6]


def take(close: dict[str, Any], state: State) -> dict[str, str] | None:
    """Streaks of ten; the state is that of the record's key, which is the watchlist."""
    symbol = close["symbol"]
    base = state.get(BENCHMARK, NOTHING)
    if symbol == BENCHMARK:
        state.set(BENCHMARK, based(base, close["close"]))
        return None
    moment = moved(state.get(symbol, NOTHING), base, close["close"])
    state.set(symbol, moment)
    return hit(close, moment[1])


app = Application(
    broker_address=SERVERS,
    consumer_group=HITS,
    auto_offset_reset="earliest",
    state_dir="state",
    loglevel="WARNING",
    consumer_extra_config={
        "fetch.queue.backoff.ms": 10,
        "queued.min.messages": 200_000,
        "fetch.wait.max.ms": 10,
    },
)
frame = app.dataframe(app.topic(CLOSES, value_deserializer="json"))
frame = frame.apply(take, stateful=True) if VARIANT == "rocksdb" else frame.apply(Streaks().take)
frame = frame[frame.apply(lambda found: found is not None)]
frame.to_topic(app.topic(HITS, value_serializer="json"))
app.run()
