"""``streakwatch worker``: the agents, all or some, until SIGTERM or SIGINT."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from streams.cli.options import config_option, load_settings, log_level_option, servers_option

ALL_ROLES = ("bars", "router", "watcher", "delivery")


def _roles(_: click.Context, __: click.Parameter, text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in ALL_ROLES:
            near = get_close_matches(name, ALL_ROLES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"roles: {', '.join(ALL_ROLES)}"
            raise click.BadParameter(f"there is no role {name!r}; {hint}")
    if not names:
        raise click.BadParameter(f"name at least one of {', '.join(ALL_ROLES)}")
    return names


@click.command("worker")
@config_option
@servers_option
@click.option(
    "--roles",
    default=",".join(ALL_ROLES),
    show_default=True,
    callback=_roles,
    metavar="ROLE[,…]",
    help="Which agents, separated by commas.",
)
@click.option(
    "--instance",
    metavar="NAME",
    help="A name unique among the workers and kept over restarts: a restarted worker then gets "
    "its partitions back at once.",
)
@log_level_option
def command(
    config_path: Path,
    bootstrap_servers: str,
    roles: list[str],
    instance: str | None,
    log_level: str,
) -> None:
    """Run the agents, all or some, until SIGTERM or SIGINT.

    Workers with the same kafka.group share the partitions.
    """
    settings = load_settings(config_path, bootstrap_servers)
    from streams.app import run
    from streams.logs import configure

    configure(log_level)
    run(settings, roles, instance)
