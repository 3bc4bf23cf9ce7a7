"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from streams.core.periods import INTERVALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings

Command = TypeVar("Command", bound="Callable[..., Any]")

config_option = click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("streakwatch.yaml"),
    envvar="STREAKWATCH_CONFIG",
    show_default=True,
    help="The configuration, a YAML file.",
)
servers_option = click.option(
    "--bootstrap-servers",
    default="",
    metavar="HOST:PORT[,…]",
    help="Kafka, instead of the configuration's.",
)
interval_option = click.option(
    "--interval",
    type=click.Choice(list(INTERVALS)),
    default="1d",
    show_default=True,
    help="The length of a period.",
)
log_level_option = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much is logged to standard error.",
)


def counted(number: int, noun: str) -> str:
    """``1 pair``, ``2 pairs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def is_given(ctx: click.Context, name: str) -> bool:
    """Whether a person has written an option, and it is not the environment's or the default."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def load_settings(path: Path, bootstrap_servers: str = "") -> Settings:
    """The configuration, with the command line's servers put in.

    Raises:
        config.loading.ConfigError: every fault of the file at once.
    """
    from config.loading import load

    environ = {k: v for k, v in os.environ.items() if k != "STREAKWATCH_CONFIG"}
    if bootstrap_servers:
        environ["STREAKWATCH_KAFKA__BOOTSTRAP_SERVERS"] = bootstrap_servers
    return load(path, environ)
