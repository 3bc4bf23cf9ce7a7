"""What the demo does and says, step by step."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

from config.errors import StreakwatchError
from config.loading import load
from config.settings import Settings
from streams import closes_file, topics
from streams.cli.topic_reading import records_of
from streams.closes_file import Row
from streams.core import periods, prices
from streams.core.returns import simple_return
from streams.demo.receivers import HttpReceiver, Received, SmtpReceiver
from streams.demo.worker import Worker
from streams.embedded import Broker
from streams.embedded.ports import free_port
from streams.log import KafkaLog
from streams.producing import send_closes
from streams.records import Topic
from streams.wire import Close


@dataclass(slots=True)
class Stage:
    """Everything that the demo has started."""

    folder: Path
    config: Path
    settings: Settings
    broker: Broker
    worker: Worker
    mail: SmtpReceiver
    webhook: HttpReceiver


def run(*, keep: bool = False) -> None:
    """Run the demo to its end; with ``keep``, until Ctrl-C.

    Raises:
        StreakwatchError: something could not be started, or an alert did not arrive everywhere.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        stage = _set_up(stack)
        _say(f"ready after {time.monotonic() - began:.1f} s\n")
        alerts = _tell_january(stage)
        _sum_up(stage, alerts, time.monotonic() - began)
        if keep:
            _keep(stage)
        _say("stopping the worker and Kafka")


def _set_up(stack: ExitStack) -> Stage:
    folder = Path(tempfile.mkdtemp(prefix="streakwatch-demo-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    mail = stack.enter_context(SmtpReceiver())
    webhook = stack.enter_context(HttpReceiver())
    _say(f"SMTP server on 127.0.0.1:{mail.port}, HTTP receiver on 127.0.0.1:{webhook.port}")
    _say("starting Kafka")
    broker = stack.enter_context(Broker(folder / "kafka", 0, say=_say))
    metrics_port = free_port()
    config = _configuration(folder, broker, metrics_port, mail.port, webhook.port)
    settings = load(config, {})
    report = asyncio.run(topics.create(settings.kafka))
    _say(f"Kafka is up at {broker.bootstrap_servers}; {len(report.created)} topics created")
    worker = stack.enter_context(Worker(config, metrics_port, folder / "worker.log"))
    _say("starting a worker")
    worker.wait_until_ready()
    return Stage(folder, config, settings, broker, worker, mail, webhook)


def _configuration(
    folder: Path, broker: Broker, metrics_port: int, smtp_port: int, http_port: int
) -> Path:
    text = _example("demo.yaml").read_text(encoding="utf-8")
    filled = Template(text).substitute(
        BOOTSTRAP=broker.bootstrap_servers,
        METRICS_PORT=metrics_port,
        SMTP_PORT=smtp_port,
        HTTP_PORT=http_port,
    )
    path = folder / "demo.yaml"
    path.write_text(filled, encoding="utf-8")
    return path


def _example(name: str) -> Path:
    return Path(str(resources.files("config") / "examples" / name))


def _tell_january(stage: Stage) -> int:
    """Send the closes session by session; the number of alerts that came of them."""
    sent = alerts = 0
    last: dict[str, int] = {}
    for period, rows in _sessions():
        closes = [Close(r.symbol, r.period, r.price, source="example file") for r in rows]
        for close in closes:
            asyncio.run(send_closes(stage.settings.kafka, [close]))
        sent += len(closes)
        _wait_folded(stage.worker, "watcher", sent)
        _say(_line(_streak(stage, period), period, rows, last))
        last = {row.symbol: row.price for row in rows}
        raised = int(stage.worker.total("streakwatch_alerts_total"))
        if raised > alerts:
            _wait_settled(stage, raised)
            _show_received(stage)
        alerts = raised
    return alerts


def _sessions() -> Iterator[tuple[int, list[Row]]]:
    rows = closes_file.read(_example("january-2026.csv"))
    good = (row for row in rows if isinstance(row, Row))
    for period, group in groupby(good, key=lambda row: row.period):
        yield period, list(group)


def _wait_folded(worker: Worker, fold: str, count: int) -> None:
    """A record counts as folded once all that came of it is acknowledged."""
    worker.wait_for(
        lambda: worker.total("streakwatch_records_folded_total", fold=fold) >= count,
        f"through with {count} records ({fold})",
    )


def _streak(stage: Stage, period: int) -> dict[str, Any]:
    """What the topic ``streaks`` says of a session, once it does."""
    told: list[dict[str, Any]] = []

    def is_there() -> bool:
        rows = asyncio.run(_streaks(stage.settings))
        told[:] = [row for row in rows if row["period"] == periods.to_text(period)]
        return bool(told)

    stage.worker.wait_for(is_there, f"telling the streak of {periods.to_text(period)}")
    return told[-1]


async def _streaks(settings: Settings) -> list[dict[str, Any]]:
    log, rows = KafkaLog(settings.kafka), []
    await log.start()
    try:
        async for _, record in records_of(log, Topic.STREAKS, settings.kafka.partitions):
            rows.append(json.loads(record.value or b"{}"))
    finally:
        await log.stop()
    return rows


def _wait_settled(stage: Stage, alerts: int) -> None:
    """Until the ledger says what became of each alert at each target."""
    ends = alerts * len(stage.settings.targets)
    stage.worker.wait_for(
        lambda: stage.worker.total("streakwatch_deliveries_total") >= ends,
        f"through with {alerts} alerts (delivery)",
    )


def _line(streak: dict[str, Any], period: int, rows: list[Row], last: dict[str, int]) -> str:
    parts = [periods.to_text(period)]
    for row in rows:
        change = simple_return(last[row.symbol], row.price) if row.symbol in last else None
        shown = "        " if change is None else f"{change * 100:+7.2f}%"
        parts.append(f"{row.symbol} {prices.to_digits(row.price):>8} {shown}")
    runs = f"{streak['direction']} {streak['length']}" if streak["length"] else "no streak"
    parts.append(runs if last else "first closes")
    return "  ".join(parts)


def _show_received(stage: Stage) -> None:
    _say(stage.worker.console())
    for name, inbox in (("e-mail", stage.mail.inbox), ("webhook", stage.webhook.inbox)):
        message = inbox.messages[-1] if inbox.messages else Received("nothing", "", 0)
        _say(f"  {name} received {message.size:,} bytes: {message.title}")
    _say("")


def _sum_up(stage: Stage, alerts: int, seconds: float) -> None:
    received = {"e-mail": stage.mail.inbox.messages, "webhook": stage.webhook.inbox.messages}
    counts = {name: len(messages) for name, messages in received.items()}
    total = "streakwatch_deliveries_total"
    counts["console"] = int(stage.worker.total(total, target="console", outcome="delivered"))
    _say(f"\n{alerts} alerts from 32 closes, in {seconds:.1f} s with the start of Kafka")
    for name, count in sorted(counts.items()):
        _say(f"  {name}: {count} of {alerts} delivered")
    if set(counts.values()) != {alerts} or not alerts:
        raise StreakwatchError("not every alert arrived everywhere", "see the lines above")


def _keep(stage: Stage) -> None:
    streakwatch = sys.argv[0]
    _say(f"""
Everything is still running. Try, in another terminal:
  {streakwatch} send close RUT 2026-01-26 2670.10 -c {stage.config}
  {streakwatch} send close SPX 2026-01-26 6950.23 -c {stage.config}
  {streakwatch} alerts list --since 2026-01-01 -c {stage.config}
  {streakwatch} verify -c {stage.config}
  curl {stage.worker.url}/metrics
  tail -f {stage.folder}/worker.log
Ctrl-C stops everything.""")
    try:
        while told := stage.worker.console(wait=True):
            _say(told)
    except KeyboardInterrupt:
        _say("")


def _say(line: str) -> None:
    print(line, flush=True)
