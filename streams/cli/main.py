"""The command line: its commands, and how errors are told (one line, no traceback)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module

import click

from config.errors import StreakwatchError

#: Each command's module is imported only when it is called: `streaks` must not load Faust.
COMMANDS = {
    "demo": "January 2026 through a real Kafka, from the closes to the messages.",
    "up": "Start an embedded Kafka, the topics and a worker in one go.",
    "worker": "Run the agents, all or some.",
    "send": "Send closes to Kafka, with acknowledgement.",
    "streaks": "List every streak in a file of prices, without Kafka.",
    "explain": "Say where a pair stands, and what would be told next.",
    "replay": "Fold closes anew and print the alerts; sends nothing.",
    "alerts": "Say what was told and what became of it; send it again.",
    "routes": "Draw who is told of what; try whom an alert would reach, and why.",
    "silences": "Hear nothing of some alerts for a while.",
    "targets": "Say which targets there are; send each a test.",
    "deadletters": "Look at what could not be used; send it again, or put it aside.",
    "verify": "Say whether what was sent is exactly what should have been.",
    "templates": "See messages before they are sent, and check templates.",
    "topics": "Create the topics, or compare them with the configuration.",
    "config": "Check a configuration, print an example or its schema.",
}


class Suggesting(click.Group):
    """A group that suggests a command for a misspelt one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but with a suggestion."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            near = get_close_matches(args[0], known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"commands: {', '.join(known)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


class Lazy(Suggesting):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"streams.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="streakwatch", message="%(prog)s %(version)s")
def streakwatch() -> None:
    """Live alerts on relative-return streaks, with their evidence."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 1 (trouble) or 2 (misuse)."""
    code = run(sys.argv[1:] if arguments is None else arguments)
    if threading.active_count() > 1:  # a target that hangs holds a thread: nobody waits for it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; its exit code."""
    try:
        result = streakwatch.main(list(arguments), "streakwatch", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.UsageError as error:
        who = error.ctx.command_path if error.ctx else "streakwatch"
        return _tell(who, _words(error), 2)
    except (click.ClickException, StreakwatchError) as error:
        return _tell("streakwatch", str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:  # click takes a closed pipe itself
        return _tell("streakwatch", f"cannot write the output: {error.strerror}", 1)
    return result if isinstance(result, int) else 0


def _tell(who: str, what: str, code: int) -> int:
    print(f"{who}: {what}", file=sys.stderr)
    return code


_EXTRA: Mapping[type[click.UsageError], str] = {
    click.NoSuchOption: "see --help",
    click.MissingParameter: "see --help",
}


def _words(error: click.UsageError) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    hint = _EXTRA.get(type(error), "")
    message = message.replace(" Did you mean", "; did you mean")
    if message[1:2].islower():  # a sentence of click's, and not a symbol such as RUT
        message = message[:1].lower() + message[1:]
    return f"{message}; {hint}" if hint and "?" not in message else message
