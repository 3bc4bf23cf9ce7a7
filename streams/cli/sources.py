"""Where a command takes its closes from: a file, or the topic."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alerts.model import Alert
from config.settings import Settings
from streams import closes_file
from streams.closes_file import Row
from streams.definitions import signed
from streams.replay import Refused, Replay, of_closes, of_topic
from streams.wire import Close


@dataclass(frozen=True, slots=True)
class Source:
    """A CSV file of closes of an interval, or, without one, the topic up to its present end."""

    file: Path | None
    interval: str = "1d"


def run_replay(
    replay: Replay, settings: Settings, source: Source, tell: Callable[[Alert], None]
) -> Counter[str]:
    """Fold the closes of a source; what was refused is told on standard error, and counted."""
    refused = Counter[str]()
    if source.file is None:
        _from_topic(replay, settings, tell, refused)
    else:
        for found in _of_file(replay, settings, source.file, source.interval):
            _take(found, tell, refused)
    if refused:
        what = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
        print(f"refused: {what}", file=sys.stderr)
    return refused


Found = tuple[str, Alert | Refused | str]
"""Where it stands, and an alert, what was refused, or why a row is no close."""


def _of_file(replay: Replay, settings: Settings, file: Path, interval: str) -> Iterator[Found]:
    rows = []
    for row in closes_file.read(file, interval=interval, signed=signed(settings.instruments)):
        if isinstance(row, Row):
            rows.append(row)
        else:
            yield f"{file}:{row.line}", row.reason
    rows.sort(key=lambda row: row.period)  # many files have the newest row first
    closes = (Close(row.symbol, row.period, row.price, interval) for row in rows)
    for found in of_closes(settings, closes, replay):
        line = rows[found.offset].line if isinstance(found, Refused) else 0
        yield f"{file}:{line}", found


def _from_topic(
    replay: Replay, settings: Settings, tell: Callable[[Alert], None], refused: Counter[str]
) -> None:
    from streams.cli.topics import ask_broker
    from streams.log import KafkaLog

    async def read() -> None:
        log = KafkaLog(settings.kafka)
        try:
            await log.start()
            async for found in of_topic(settings, log, replay):
                place = f"{found.place} offset {found.offset}" if isinstance(found, Refused) else ""
                _take((place, found), tell, refused)
        finally:
            await log.stop()

    ask_broker(read(), settings.kafka)


def _take(found: Found, tell: Callable[[Alert], None], refused: Counter[str]) -> None:
    place, what = found
    if isinstance(what, Alert):
        tell(what)
        return
    reason, detail = (
        ("bad-row", what) if isinstance(what, str) else (what.error.reason.value, what.error.detail)
    )
    refused[reason] += 1
    print(f"{place}: {detail}", file=sys.stderr)
