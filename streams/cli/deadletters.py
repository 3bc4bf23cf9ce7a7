"""``streakwatch deadletters``: what could not be used; send it again, or put it aside."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.words import suggestion
from streams import deadletters
from streams.cli.letters import letter_lines, letter_row
from streams.cli.main import Suggesting
from streams.cli.options import config_option, load_settings, servers_option
from streams.cli.tables import format_option, limit_option, print_newest
from streams.cli.topic_reading import (
    now_ms,
    record_at,
    records_of,
    sending,
    since_option,
    with_log,
)
from streams.deadletters import Done, Filter, Letter, Letters, Spot
from streams.records import Place, Record, Topic
from streams.wire import Reason

if TYPE_CHECKING:
    from config.settings import Settings
    from streams.cli.topic_reading import Send
    from streams.log import KafkaLog

_TOPICS = (Topic.DEAD_LETTERS,)


class _SpotType(click.ParamType):
    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return value if isinstance(value, Spot) else Spot.parse(value)
        except ValueError as error:
            self.fail(f"{error}, as `streakwatch deadletters list` prints it", param, ctx)


def _reason(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    known = [*(reason.value for reason in Reason), deadletters.NO_LETTER]
    if text is not None and text not in known:
        cure = suggestion(text, known) or "docs/closes.md has them all"
        raise click.BadParameter(f"there is no reason {text!r}; {cure}")
    return text


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--since``, ``--topic`` and ``--reason``."""
    for option in (
        click.option("--reason", callback=_reason, metavar="REASON",
                     help="Only those that were refused for it, such as not-json."),
        click.option("--topic", type=click.Choice([topic.value for topic in deadletters.DOORS]),
                     help="Only those that came from this topic."),
        since_option("Only those since then"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group("deadletters", cls=Suggesting)
def command() -> None:
    """Look at records that could not be used, send them again, or put them aside."""


@command.command("list")
@_filters
@click.option("--all", "everything", is_flag=True, help="Those that were retried or dropped, too.")
@limit_option
@format_option
@config_option
@servers_option
def list_(
    *,
    since_ms: int | None,
    topic: str | None,
    reason: str | None,
    everything: bool,
    limit: int,
    form: str,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """List dead letters, the newest last, by their PLACE in the topic."""
    settings = load_settings(config_path, bootstrap_servers)
    wanted = Filter(since_ms or 0, topic or "", reason or "", everything)
    letters = with_log(settings, _TOPICS, lambda log: _letters(log, settings))
    found = [letter for letter in letters.all() if wanted.wants(letter)]
    columns = ["place", "time", "from", "reason", "bytes", "detail"]
    columns += ["status"] if everything else []
    print_newest(found, limit, letter_row, columns, form)
    if not found:
        click.echo("no dead letters match", err=True)


@command.command()
@click.argument("spot", metavar="PLACE", type=_SpotType())
@click.option("--raw", is_flag=True, help="The original bytes to standard output, and no more.")
@config_option
@servers_option
def show(*, spot: Spot, raw: bool, config_path: Path, bootstrap_servers: str) -> None:
    """Show the dead letter at PLACE, such as 1:42: why it is there, and its bytes."""
    settings = load_settings(config_path, bootstrap_servers)

    async def look(log: KafkaLog) -> tuple[Letter, Record]:
        letter = _at(await _letters(log, settings), spot)
        return letter, await _record(log, letter)

    letter, record = with_log(settings, _TOPICS, look)
    if raw:
        sys.stdout.flush()
        sys.stdout.buffer.write(record.value or b"")
        sys.stdout.buffer.flush()
    else:
        print("\n".join(letter_lines(letter, record)))


@dataclass(frozen=True, slots=True)
class _Choice:
    """The letters that a person means: by place, or by filters."""

    spots: Sequence[Spot]
    wanted: Filter

    def of(self, letters: Letters) -> list[Letter]:
        """In the order of where they came from."""
        if not self.spots:
            found = [letter for letter in letters.all() if self.wanted.wants(letter)]
            return deadletters.in_order(found)
        return [_at(letters, spot) for spot in dict.fromkeys(self.spots)]


def _choice(
    spots: Sequence[Spot], everything: bool, again: bool, filters: Sequence[Any]
) -> _Choice:
    filtered = everything or any(one is not None for one in filters)
    if bool(spots) == filtered:
        ctx = click.get_current_context()
        raise click.UsageError("give either places, or --all or filters", ctx)
    since_ms, topic, reason = filters
    return _Choice(spots, Filter(since_ms or 0, topic or "", reason or "", again))


_places = click.argument("spots", metavar="[PLACE]...", nargs=-1, type=_SpotType())
_all = click.option("--all", "everything", is_flag=True, help="All that were not dealt with yet.")


@command.command()
@_places
@_all
@_filters
@click.option("--again", is_flag=True, help="Even what was retried or dropped before.")
@config_option
@servers_option
@click.pass_context
def retry(
    ctx: click.Context,
    *,
    spots: tuple[Spot, ...],
    everything: bool,
    since_ms: int | None,
    topic: str | None,
    reason: str | None,
    again: bool,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Send the original bytes to the topic that they came from, through the same door.

    Each is marked once it is acknowledged, so that it is not retried by accident; what is refused
    again comes back as a new dead letter.
    """
    choice = _choice(spots, everything, again, (since_ms, topic, reason))
    settings = load_settings(config_path, bootstrap_servers)

    async def work(log: KafkaLog, letter: Letter, send: Send) -> str:
        output = deadletters.again(letter, await _record(log, letter))
        partition, offset = await send(output)
        await send(deadletters.mark(letter, Done.RETRIED, now_ms()))
        return f"retried {letter.spot} as {output.topic}-{partition}@{offset}"

    ctx.exit(_deal_with(settings, choice, work, again=again, retried=True))


@command.command()
@_places
@_all
@_filters
@config_option
@servers_option
@click.pass_context
def drop(
    ctx: click.Context,
    *,
    spots: tuple[Spot, ...],
    everything: bool,
    since_ms: int | None,
    topic: str | None,
    reason: str | None,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Mark dead letters as dealt with; their bytes stay until retention removes them."""
    choice = _choice(spots, everything, False, (since_ms, topic, reason))
    settings = load_settings(config_path, bootstrap_servers)

    async def work(_: KafkaLog, letter: Letter, send: Send) -> str:
        await send(deadletters.mark(letter, Done.DROPPED, now_ms()))
        return f"dropped {letter.spot}"

    ctx.exit(_deal_with(settings, choice, work, again=False, retried=False))


def _deal_with(
    settings: Settings, choice: _Choice, work: Callable[..., Any], *, again: bool, retried: bool
) -> int:
    """Do something with each letter; nothing unless all of them can be dealt with."""

    partitions = settings.kafka.partitions

    async def run(log: KafkaLog) -> int:
        letters = choice.of(await _letters(log, settings))
        if not choice.spots and retried:
            letters = [letter for letter in letters if deadletters.is_retriable(letter, partitions)]
        for letter in letters:
            _check(letter, again=again, retried=retried)
            if retried and not deadletters.is_retriable(letter, partitions):
                what = f"{letter.spot} is no dead letter of a topic and partition that take records"
                raise UsageError(what, "`streakwatch deadletters show` says what it is")
        if not letters:
            click.echo("no dead letters match: nothing was done", err=True)
            return 1
        async with sending(settings) as send:
            for letter in letters:
                print(await work(log, letter, send), flush=True)
        return 0

    return with_log(settings, (*_TOPICS, *deadletters.DOORS), run)


def _check(letter: Letter, *, again: bool, retried: bool) -> None:
    """Refuse what was dealt with before."""
    if letter.marks and not again:
        cure = "--again retries it nevertheless" if retried else "there is nothing left to do"
        raise UsageError(f"{letter.spot} was {letter.status} before", cure)


def _at(letters: Letters, spot: Spot) -> Letter:
    letter = letters.get(spot)
    if letter is None:
        raise UsageError(f"there is no dead letter at {spot}",
                         "`streakwatch deadletters list --all` shows them")  # fmt: skip
    return letter


async def _record(log: KafkaLog, letter: Letter) -> Record:
    place = Place(Topic.DEAD_LETTERS, letter.spot.partition)
    record = await record_at(log, place, letter.spot.offset)
    if record is None:
        raise UsageError(f"the dead letter at {letter.spot} is gone", "retention has removed it")
    return record


async def _letters(log: KafkaLog, settings: Settings) -> Letters:
    letters = Letters()
    async for partition, record in records_of(log, Topic.DEAD_LETTERS, settings.kafka.partitions):
        letters.take(partition, record)
    return letters
