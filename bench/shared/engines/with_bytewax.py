"""Bytewax with recovery on: SERVERS CLOSES HITS PARTITIONS recovery."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from streaks import Streaks

SERVERS, CLOSES, HITS = sys.argv[1:4]
Close = dict[str, Any]
Hit = dict[str, str]


class WatchlistLogic(StatefulBatchLogic[Close, Hit, Streaks]):
    """Streaks of ten of one watchlist."""

    def __init__(self, state: Streaks | None) -> None:
        self._streaks = state or Streaks()

    def on_batch(self, batch: list[Close]) -> tuple[list[Hit], bool]:
        """The hits of some closes; the state is kept."""
        take = self._streaks.take
        return [found for close in batch if (found := take(close))], StatefulBatchLogic.RETAIN

    def snapshot(self) -> Streaks:
        """What is pickled when an epoch ends."""
        return self._streaks


def parsed(batch: list[KafkaSourceMessage]) -> list[tuple[str, Close]]:
    """Closes by watchlist."""
    closes = [orjson.loads(message.value) for message in batch]
    return [(close["watchlist"], close) for close in closes]


def message(keyed: tuple[str, Hit]) -> KafkaSinkMessage:
    """A hit as it goes out."""
    return KafkaSinkMessage(keyed[0].encode(), orjson.dumps(keyed[1]))


fetching = {
    "fetch.queue.backoff.ms": "10",
    "queued.min.messages": "200000",
    "fetch.wait.max.ms": "10",
}
flow = Dataflow("streaks")
source = KafkaSource([SERVERS], [CLOSES], add_config=fetching, batch_size=10_000)
closes = op.flat_map_batch("parse", op.input("closes", flow, source), parsed)
hits = op.stateful_batch("streaks", closes, WatchlistLogic)
op.output("hits", op.map("encode", hits, message), KafkaSink([SERVERS], HITS))

recovery = Path("recovery")
recovery.mkdir()
init_db_dir(recovery, 1)
cli_main(flow, epoch_interval=timedelta(seconds=10), recovery_config=RecoveryConfig(recovery))
