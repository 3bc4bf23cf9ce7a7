"""``streakwatch config``: check a configuration, print an example or its schema."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from streams.cli.main import Suggesting
from streams.cli.options import config_option, counted, is_given


@click.group("config", cls=Suggesting)
def command() -> None:
    """Check a configuration, print an example or its schema."""


@command.command()
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@config_option
@click.pass_context
def check(ctx: click.Context, *, file: Path | None, config_path: Path) -> None:
    """Check FILE and name every fault with its line, key and cure; exit code 2 with faults.

    Without FILE it is the configuration that all commands take.
    """
    from alerts.pictures.takers import can_draw, wanting
    from config.loading import load
    from streams.tls import context_of

    if file is not None and is_given(ctx, "config_path"):
        raise click.UsageError("give either FILE or --config", ctx)
    file = file or config_path
    settings = load(file, {k: v for k, v in os.environ.items() if k != "STREAKWATCH_CONFIG"})
    if settings.kafka.security.tls is not None:
        context_of(settings.kafka.security.tls)
    pairs = sum(len(w.pairs) for w in settings.watchlists.values())
    found = (
        counted(len(settings.watchlists), "watchlist"),
        counted(pairs, "pair"),
        counted(len(settings.targets), "target"),
    )
    print(f"{file}: fine ({', '.join(found)})")
    blind = sorted(wanting(settings.targets)) if not can_draw() else []
    if blind:
        why = f"messages to {', '.join(blind)} go without pictures: matplotlib is not installed"
        print(f"{why} (pip install 'streakwatch[plot]', or leave out `pictures: auto`)")


@command.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from config.schema import json_schema

    print(json.dumps(json_schema(), indent=2))


@command.command()
def example() -> None:
    """Print a commented example that passes the check."""
    from config.loading import example_text

    print(example_text(), end="")
