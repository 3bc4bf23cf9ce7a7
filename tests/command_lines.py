"""Command lines that are shown to people, parsed as ``streakwatch`` would."""

from __future__ import annotations

import click

from streams.cli.main import streakwatch


def accept(arguments: list[str]) -> None:
    """Parse a command line of ours as far as its command would run; raises click's errors."""
    command: click.Command = streakwatch
    context, rest = click.Context(streakwatch), arguments
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
    command.make_context(command.name, list(rest), parent=context)
