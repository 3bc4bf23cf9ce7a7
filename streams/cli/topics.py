"""``streakwatch topics``: create the topics, or compare them with the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streams.cli.main import Suggesting
from streams.cli.options import config_option, load_settings, servers_option

if TYPE_CHECKING:
    from config.settings import Kafka
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
    report = ask_broker(topics.create(kafka), kafka)
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
    report = ask_broker(topics.check(kafka), kafka)
    for name in report.existing:
        print(f"exists    {name}")
    for name in report.missing:
        print(f"missing   {name}")
    _tell_differences(report)
    if report.missing:
        ctx.exit(1)


def ask_broker(work: Coroutine[Any, Any, T], kafka: Kafka) -> T:
    """Run something that talks to Kafka.

    Raises:
        StreakwatchError: no broker answers or lets us in, or it stops answering.
    """
    from aiokafka.errors import KafkaError

    from streams.logs import silence
    from streams.reaching import reach
    from streams.refusals import away, of_rights

    async def reach_and_work() -> T:
        with closing(work):  # where Kafka cannot be reached, it never runs
            await reach(kafka)
            return await work

    silence()
    try:
        return asyncio.run(reach_and_work())
    except KafkaError as error:
        raise of_rights(kafka, error) or away(kafka, type(error).__name__) from None


def _tell_differences(report: Report) -> None:
    from streams.topics import TopicsError

    for line in report.differences[:-1]:
        click.echo(f"differs   {line}", err=True)
    if report.differences:
        raise TopicsError(
            report.differences[-1],
            "change the configuration, or change or delete the topic with Kafka's own tools",
        )
