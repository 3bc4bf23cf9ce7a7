"""``streakwatch replay``: fold closes anew and print the alerts as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts.model import Alert
from streams.cli.options import config_option, interval_option, load_settings, servers_option
from streams.cli.sources import Source, run_replay
from streams.replay import Replay


@click.command("replay")
@click.option("--file", type=click.Path(path_type=Path), help="Closes from a CSV file.")
@interval_option
@click.option("--from-topic", is_flag=True, help="Closes from the topic, up to its present end.")
@config_option
@servers_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: Path | None,
    interval: str,
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
    refused = run_replay(Replay(settings), settings, Source(file, interval), _print)
    ctx.exit(1 if refused else 0)


def _print(alert: Alert) -> None:
    print(json.dumps(alert.to_dict(), ensure_ascii=False))
