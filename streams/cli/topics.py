"""``streakwatch topics``: create the topics, or compare them with the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from config.errors import StreakwatchError
from streams.cli.main import Suggesting
from streams.cli.options import config_option, load_settings, servers_option

if TYPE_CHECKING:
    from streams.topics import Report

T = TypeVar("T")


@click.group("topics", cls=Suggesting)
def command() -> None:
    """Create the topics, or compare them with the configuration."""


@command.command()
@config_option
@servers_option
def create(config_path: Path, bootstrap_servers: str) -> None:
    """Create the topics that are missing; what exists is compared and left alone."""
    from streams import topics

    kafka = load_settings(config_path, bootstrap_servers).kafka
    report = ask_broker(topics.create(kafka), kafka.bootstrap_servers)
    for name in report.created:
        print(f"created   {name}")
    for name in report.existing:
        print(f"exists    {name}")
    _tell_differences(report)


@command.command()
@config_option
@servers_option
@click.pass_context
def check(ctx: click.Context, config_path: Path, bootstrap_servers: str) -> None:
    """Compare the topics with the configuration, and change nothing."""
    from streams import topics

    kafka = load_settings(config_path, bootstrap_servers).kafka
    report = ask_broker(topics.check(kafka), kafka.bootstrap_servers)
    for name in report.existing:
        print(f"exists    {name}")
    for name in report.missing:
        print(f"missing   {name}")
    _tell_differences(report)
    if report.missing:
        ctx.exit(1)


def ask_broker(work: Coroutine[Any, Any, T], servers: list[str]) -> T:
    """Run something that talks to Kafka.

    Raises:
        StreakwatchError: no broker answers.
    """
    from aiokafka.errors import KafkaError

    from streams.logs import silence

    silence()
    try:
        return asyncio.run(work)
    except KafkaError as error:
        raise StreakwatchError(
            f"Kafka at {', '.join(servers)} does not answer ({type(error).__name__})",
            "start it (`streakwatch up` starts one), or give --bootstrap-servers",
        ) from None


def _tell_differences(report: Report) -> None:
    from streams.topics import TopicsError

    for line in report.differences[:-1]:
        click.echo(f"differs   {line}", err=True)
    if report.differences:
        raise TopicsError(
            report.differences[-1],
            "change the configuration, or change or delete the topic with Kafka's own tools",
        )
