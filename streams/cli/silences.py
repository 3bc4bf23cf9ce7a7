"""``streakwatch silences``: hear nothing of some alerts for a while."""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts.moments import moment
from alerts.silences import LONGEST_TEXT, Silence, Silences
from config.errors import UsageError
from streams import moments
from streams.cli.main import Suggesting
from streams.cli.matching import match_option, matchers
from streams.cli.options import config_option, counted, load_settings, servers_option
from streams.cli.tables import format_option, print_rows, printable
from streams.cli.topic_reading import now_ms, sending, with_log
from streams.clock import SystemClock
from streams.records import Topic
from streams.silences import SilenceBook, forgotten, new_id, written

if TYPE_CHECKING:
    from streams.log import KafkaLog

_TOPICS = (Topic.SILENCES,)
_ID = re.compile(r"[0-9a-f]{4,20}", re.ASCII)
_SPAN = re.compile(r"[0-9]{1,6}[smhdw]", re.ASCII)


@click.group("silences", cls=Suggesting)
def command() -> None:
    """Hear nothing of some alerts for a while; it counts on all workers within a second or two."""


def _span(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is not None and not _SPAN.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no span such as 30m, 2h or 3d")
    return text


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else moments.ahead(text, now_ms())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "nobody"


def _short(_: click.Context, __: click.Parameter, text: str) -> str:
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise click.BadParameter(f"write a text of 1 to {LONGEST_TEXT} characters")
    return text


@command.command()
@match_option
@click.option("--for", "span", callback=_span, metavar="SPAN",
              help="How long: 30m, 2h, 3d.")  # fmt: skip
@click.option("--until", "until_ms", callback=_moment, metavar="DATE",
              help="Until when, instead: 2026-01-23T14:30Z, or a date.")  # fmt: skip
@click.option("--from", "starts_ms", callback=_moment, metavar="DATE|SPAN",
              help="From then on, or so long from now; by default at once.")  # fmt: skip
@click.option("--comment", required=True, callback=_short, help="Why, for the others.")
@click.option("--by", "creator", default=_user, callback=_short, metavar="NAME",
              help="Who wants it; by default the user of this machine.")  # fmt: skip
@config_option
@servers_option
@click.pass_context
def add(
    ctx: click.Context,
    *,
    texts: Sequence[str],
    span: str | None,
    until_ms: int | None,
    starts_ms: int | None,
    comment: str,
    creator: str,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Silence alerts that fit all --match; prints the id of the silence."""
    if (span is None) == (until_ms is None):
        raise click.UsageError("give either --for or --until", ctx)
    if not texts:
        raise click.UsageError("say with --match what is meant; watchlist=* is everything", ctx)
    settings = load_settings(config_path, bootstrap_servers)
    about = matchers(texts, settings)
    now = now_ms()
    begin = now if starts_ms is None else starts_ms
    try:
        end = until_ms if until_ms is not None else moments.ahead(span or "", begin)
    except ValueError as error:
        raise click.UsageError(f"--for: {error}", ctx) from None
    if end <= begin:
        raise click.UsageError("it ends before it begins", ctx)

    async def run(log: KafkaLog) -> Silence:
        known = await known_silences(log)
        silence = Silence(new_id(known), about, creator, comment, begin, end)
        async with sending(settings) as send:
            await send(written(silence))
            for output in forgotten(known, now):
                await send(output)
        return silence

    silence = with_log(settings, _TOPICS, run)
    print(f"silence {silence.id} until {moment(end)}: {_about(silence)}")


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that ended in the last month, too.")
@format_option
@config_option
@servers_option
def list_(*, everything: bool, form: str, config_path: Path, bootstrap_servers: str) -> None:
    """List the silences that are active or are to come, those that end first at the top."""
    settings = load_settings(config_path, bootstrap_servers)
    known, now = with_log(settings, _TOPICS, known_silences), now_ms()
    found = [one for one in known if everything or one.state(now) != "expired"]
    rows = [_row(one, now) for one in sorted(found, key=lambda one: (one.ends_ms, one.id))]
    print_rows(rows, ("id", "state", "matchers", "by", "from", "until", "comment"), form)
    if not found:
        click.echo("no silences", err=True)


@command.command()
@click.argument("identities", metavar="ID...", nargs=-1, required=True)
@config_option
@servers_option
def expire(*, identities: Sequence[str], config_path: Path, bootstrap_servers: str) -> None:
    """End silences now, each by its ID or the beginning of one."""
    settings = load_settings(config_path, bootstrap_servers)

    async def run(log: KafkaLog) -> list[Silence]:
        known, now = await known_silences(log), now_ms()
        chosen = {one.id: one for one in (_one(known, text, now) for text in identities)}
        async with sending(settings) as send:
            for one in chosen.values():
                await send(written(one.expired(now)))
        return list(chosen.values())

    for one in with_log(settings, _TOPICS, run):
        print(f"silence {one.id} has ended: {_about(one)}")


async def known_silences(log: KafkaLog) -> Silences:
    """The silences as the topic has them now."""
    book = SilenceBook(log, SystemClock())
    await book.refresh()
    return book.silences


def _one(known: Silences, prefix: str, now: int) -> Silence:
    """The silence, not ended, that an id or the beginning of one means."""
    if not _ID.fullmatch(prefix.lower()):
        raise UsageError(f"{prefix!r} is not the beginning of an id", "write 4 hex digits or more")
    found = [one for one in known if one.id.startswith(prefix.lower())]
    going = [one for one in found if one.state(now) != "expired"]
    if len(going) > 1:
        some = ", ".join(one.id for one in going[:3])
        what = f"{counted(len(going), 'silence')} have an id that begins with {prefix}"
        raise UsageError(what, f"it is one of {some}")
    if not going:
        what = f"the silence {prefix} has ended" if found else f"no silence has the id {prefix}"
        raise UsageError(what, "`streakwatch silences list` shows those that there are")
    return going[0]


def _about(silence: Silence) -> str:
    return printable("; ".join(map(str, silence.matchers)))


def _row(silence: Silence, now: int) -> dict[str, Any]:
    return {
        "id": silence.id,
        "state": silence.state(now),
        "matchers": "; ".join(map(str, silence.matchers)),
        "by": silence.creator,
        "from": moment(silence.starts_ms),
        "until": moment(silence.ends_ms),
        "comment": silence.comment,
    }
