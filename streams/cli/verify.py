"""``streakwatch verify``: whether what was sent is exactly what should have been."""

from __future__ import annotations

import math
from pathlib import Path

import click

from streams.cli.options import config_option, load_settings, servers_option
from streams.cli.tables import as_json, printable
from streams.cli.topic_reading import since_option, with_log
from streams.records import Topic
from streams.verifying import verify

_TOPICS = (
    *(Topic.CLOSES, Topic.WATCH, Topic.ALERTS),
    *(Topic.NOTIFICATIONS, Topic.DEAD_LETTERS),
)


@click.command("verify")
@click.option(
    "--grace",
    type=click.FloatRange(0, 10**9),
    default=60.0,
    show_default=True,
    help="What is missing is pending while its cause is younger, in seconds.",
)
@since_option("Tell no faults of older records, such as from before rules or targets changed")
@click.option("--allow-pending", is_flag=True, help="Exit code 0 even if something is pending.")
@click.option(
    "--allow-unjudged",
    is_flag=True,
    help="Exit code 0 even if of something nothing can be said, such as after retention.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is printed; json has every id.",
)
@config_option
@servers_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    grace: float,
    since_ms: int | None,
    allow_pending: bool,
    allow_unjudged: bool,
    form: str,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Fold everything anew, and compare it with what was routed, told and delivered.

    Closes, copies, alerts, ledger and dead letters are read from the topics; nothing is written,
    and no worker is needed or disturbed. Exit code 0: all is exact. Exit code 1: something is
    missing, extra, wrong or out of order; or pending, or not judged, unless that is allowed.
    """  # fmt: skip
    if math.isnan(grace):
        raise click.UsageError("--grace is not a number of seconds", ctx)
    settings = load_settings(config_path, bootstrap_servers)
    verdict = with_log(
        settings,
        _TOPICS,
        lambda log: verify(settings, log, grace=grace, since_ms=since_ms or 0),
    )
    if form == "json":
        print(as_json(verdict.to_dict(), indent=2))
    else:
        print("\n".join(map(printable, verdict.lines())))
    ctx.exit(0 if verdict.passes(pending=allow_pending, unjudged=allow_unjudged) else 1)
