"""``streakwatch up``: an embedded Kafka, the topics and a worker in one go."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.options import config_option, load_settings, log_level_option, servers_option

if TYPE_CHECKING:
    from config.settings import Settings


@click.command("up")
@config_option
@servers_option
@click.option("--port", type=click.IntRange(0, 65535), help="The port of the embedded Kafka.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the embedded Kafka keeps its data.",
)
@log_level_option
def command(
    *,
    config_path: Path,
    bootstrap_servers: str,
    port: int | None,
    data_dir: Path | None,
    log_level: str,
) -> None:
    """Start an embedded Kafka, the topics and a worker in one go, until Ctrl-C.

    The data are kept between runs. With --bootstrap-servers your Kafka is used instead.
    """
    from streams import topics
    from streams.app import run
    from streams.cli.signals import terminate_cleanly
    from streams.cli.topics import ask_broker
    from streams.cli.worker import ALL_ROLES
    from streams.logs import configure

    settings = load_settings(config_path, bootstrap_servers)
    terminate_cleanly()
    with ExitStack() as stack:
        if not bootstrap_servers:
            servers = _start_broker(stack, settings, port, data_dir)
            settings = load_settings(config_path, servers)
        report = ask_broker(topics.create(settings.kafka), settings.kafka)
        say(f"topics: {len(report.created)} created, {len(report.existing)} there before")
        for line in report.differences:
            say(f"differs: {line}")
        say("starting a worker; Ctrl-C stops everything")
        configure(log_level)
        run(settings, ALL_ROLES, instance="up")
        say("worker stopped" if bootstrap_servers else "worker stopped; stopping Kafka")


def _start_broker(
    stack: ExitStack, settings: Settings, port: int | None, data_dir: Path | None
) -> str:
    from streams.embedded import Broker
    from streams.paths import data_dir as user_data

    folder = data_dir or settings.embedded.data_dir or user_data() / "kafka"
    chosen = settings.embedded.port if port is None else port
    broker = Broker(folder, chosen, say=say)
    say(f"starting Kafka, data in {folder}")
    stack.enter_context(broker)
    say(f"Kafka is up at {broker.bootstrap_servers}")
    return broker.bootstrap_servers


def say(line: str) -> None:
    """One line on standard error: standard output belongs to the console target."""
    print(line, file=sys.stderr, flush=True)
