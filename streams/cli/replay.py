"""``streakwatch replay``: fold closes anew and print the alerts as JSON lines."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams import closes_file
from streams.cli.options import config_option, load_settings, servers_option
from streams.closes_file import Row
from streams.wire import Close

if TYPE_CHECKING:
    from alerts.model import Alert
    from config.settings import Settings
    from streams.replay import Refused


@click.command("replay")
@click.option("--file", type=click.Path(path_type=Path), help="Closes from a CSV file.")
@click.option("--from-topic", is_flag=True, help="Closes from the topic, up to its present end.")
@config_option
@servers_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: Path | None,
    from_topic: bool,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Fold closes anew and print the alerts as JSON lines, through the worker's own folds.

    Nothing is sent, no snapshot is read or written, and no offset of the workers is touched.
    Closes that are refused are counted on standard error; the exit code is then 1.
    """
    if from_topic == (file is not None):
        raise click.UsageError("give either --file or --from-topic", ctx)
    settings = load_settings(config_path, bootstrap_servers)
    refused = Counter[str]()
    if file is not None:
        _from_file(settings, file, refused)
    else:
        _from_topic(settings, refused)
    if refused:
        what = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
        print(f"refused: {what}", file=sys.stderr)
    ctx.exit(1 if refused else 0)


def _from_file(settings: Settings, file: Path, refused: Counter[str]) -> None:
    from streams.replay import Refused, of_closes

    rows = []
    for row in closes_file.read(file):
        if isinstance(row, Row):
            rows.append(row)
        else:
            print(f"{file}:{row.line}: {row.reason}", file=sys.stderr)
            refused["bad-row"] += 1
    rows.sort(key=lambda row: row.period)  # many files have the newest row first
    for found in of_closes(settings, (Close(r.symbol, r.period, r.price) for r in rows)):
        if isinstance(found, Refused):
            print(f"{file}:{rows[found.offset].line}: {found.error.detail}", file=sys.stderr)
            refused[found.error.reason.value] += 1
        else:
            _print(found)


def _from_topic(settings: Settings, refused: Counter[str]) -> None:
    from streams.cli.topics import ask_broker
    from streams.log import KafkaLog
    from streams.replay import of_topic

    async def replay() -> None:
        log = KafkaLog(settings.kafka)
        try:
            await log.start()
            async for found in of_topic(settings, log):
                _tell(found, refused)
        finally:
            await log.stop()

    ask_broker(replay(), settings.kafka.bootstrap_servers)


def _tell(found: Alert | Refused, refused: Counter[str]) -> None:
    from streams.replay import Refused

    if isinstance(found, Refused):
        refused[found.error.reason.value] += 1
        print(f"{found.place} offset {found.offset}: {found.error.detail}", file=sys.stderr)
    else:
        _print(found)


def _print(alert: Alert) -> None:
    print(json.dumps(alert.to_dict(), ensure_ascii=False))
