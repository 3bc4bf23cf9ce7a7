"""``streakwatch send``: closes and ticks to Kafka, each one acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import StreakwatchError
from streams import closes_file
from streams.calendars import by_name
from streams.cli.main import Suggesting
from streams.cli.options import config_option, interval_option, load_settings, servers_option
from streams.closes_file import Refusal, Row
from streams.core import periods, prices
from streams.definitions import signed
from streams.folds.routes import Routes
from streams.wire import Close, RejectedError, decode_close, encode_close

if TYPE_CHECKING:
    from config.settings import Settings

_SHOWN = 20

_file_argument = click.argument("file", type=click.Path(path_type=Path))
_arrow_option = click.option(
    "--arrow", "together", is_flag=True, help="As Arrow streams, thousands of rows in a message."
)
_strict_option = click.option(
    "--strict", is_flag=True, help="Send nothing unless every row can be sent."
)


@click.group("send", cls=Suggesting)
def command() -> None:
    """Send closes or ticks to Kafka, with acknowledgement."""


@command.command()
@click.argument("symbol")
@click.argument("period")
@click.argument("price", metavar="CLOSE")
@interval_option
@click.option("--provisional", is_flag=True, help="The period has not closed yet.")
@click.option("--source", default="", metavar="NAME", help="Where the close comes from.")
@config_option
@servers_option
def close(
    *,
    symbol: str,
    period: str,
    price: str,
    interval: str,
    provisional: bool,
    source: str,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Send one close, for example: RUT 2026-01-26 2670.10.

    With an interval shorter than a day PERIOD is when it begins, such as 2026-01-26T14:30Z.
    """
    settings = load_settings(config_path, bootstrap_servers)
    numbers = signed(settings.instruments)
    to_micros = prices.signed_from_digits if symbol in numbers else prices.from_digits
    try:
        begin = periods.from_text(period, interval)
        micros = to_micros(price)
        what = Close(symbol, begin, micros, interval, source, provisional=provisional)
        _check(what, _routes(settings), numbers)
    except (periods.PeriodError, prices.PriceError, RejectedError) as error:
        raise click.UsageError(str(error), click.get_current_context()) from None
    _send(settings, [what], progress=False)
    print(f"sent {symbol} {periods.to_text(begin, interval)} {prices.to_digits(micros)}")


def _mapping(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    for text in texts:
        if not all(text.partition("=")):
            raise click.BadParameter(f"{text!r} is not of the form COLUMN=SYMBOL")
    return dict(text.split("=", 1) for text in texts)


@command.command()
@_file_argument
@click.option("--map", "rename", multiple=True, callback=_mapping, metavar="COLUMN=SYMBOL",
              help="What the file calls COLUMN is sent as SYMBOL; may be repeated.")  # fmt: skip
@interval_option
@click.option("--source", default="", metavar="NAME", help="Where the closes come from.")
@_arrow_option
@_strict_option
@config_option
@servers_option
@click.pass_context
def closes(
    ctx: click.Context,
    *,
    file: Path,
    rename: dict[str, str],
    interval: str,
    source: str,
    together: bool,
    strict: bool,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Send the closes of FILE, the oldest first.

    FILE is a CSV with the columns period and one for each symbol, or symbol,period,close. Rows
    that are no closes are refused, with line and reason; the exit code is then 1.
    """
    settings = load_settings(config_path, bootstrap_servers)
    numbers = signed(settings.instruments)
    rows = closes_file.read(file, rename, interval, numbers)
    check = partial(_check, routes=_routes(settings), numbers=numbers)
    good, refused = _sort_out(rows, interval, source, check)
    _tell(ctx, file, refused, strict=strict)
    _send(settings, good, progress=True, together=together)
    print(f"sent {len(good)}, refused {len(refused)}")
    ctx.exit(1 if refused else 0)


@command.command()
@_file_argument
@_arrow_option
@_strict_option
@config_option
@servers_option
@click.pass_context
def ticks(
    ctx: click.Context,
    *,
    file: Path,
    together: bool,
    strict: bool,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Send the ticks of FILE, the oldest first.

    FILE is a CSV with the columns symbol, time and price, or JSON lines (.jsonl). Rows that are no
    ticks are refused, with line and reason; the exit code is then 1. Ticks of symbols that nobody
    watches are counted and not sent.
    """
    from streams import ticks_file
    from streams.plans import bars_plan
    from streams.producing import send_ticks

    settings = load_settings(config_path, bootstrap_servers)
    plan = bars_plan(settings)
    found = ticks_file.read(file, plan, int(time.time() * 1000))
    _tell(ctx, file, found.refused, strict=strict)
    count = len(found.ticks.symbols)
    send = partial(send_ticks, settings.kafka, plan.symbols, found.ticks, together=together)
    _run(settings, send, count, "ticks", progress=True)
    unwatched = f", {found.unwatched} of symbols that nobody watches" if found.unwatched else ""
    print(f"sent {count}, refused {len(found.refused)}{unwatched}")
    ctx.exit(1 if found.refused else 0)


def _tell(ctx: click.Context, file: Path, refused: Sequence[Refusal], *, strict: bool) -> None:
    """Tell of the rows that cannot be sent; where there are any, ``strict`` ends the command."""
    for refusal in refused[:_SHOWN]:
        click.echo(f"{file}:{refusal.line}: refused: {refusal.reason}", err=True)
    if len(refused) > _SHOWN:
        click.echo(f"… and {len(refused) - _SHOWN} more", err=True)
    if strict and refused:
        print(f"sent 0, refused {len(refused)}; nothing was sent (--strict)")
        ctx.exit(1)


def _sort_out(
    rows: Iterable[Row | Refusal], interval: str, source: str, check: Callable[[Close], None]
) -> tuple[list[Close], list[Refusal]]:
    good: list[Close] = []
    refused: list[Refusal] = []
    for row in rows:
        if isinstance(row, Refusal):
            refused.append(row)
            continue
        what = Close(row.symbol, row.period, row.price, interval, source)
        try:
            check(what)
        except RejectedError as error:
            refused.append(Refusal(row.line, error.detail))
        else:
            good.append(what)
    good.sort(key=lambda close: close.period)  # many files have the newest row first
    return good, refused


def _routes(settings: Settings) -> Routes:
    calendars = by_name((w.calendar, w.interval) for w in settings.watchlists.values())
    return Routes(settings.watchlists, calendars)


def _check(what: Close, routes: Routes, numbers: frozenset[str]) -> None:
    """Refuse here what the worker would send to the dead letters."""
    decode_close(encode_close(what), numbers)
    _, closed = routes.sort_out(what, int(time.time() * 1000))
    if closed is not None:
        raise closed


def _send(
    settings: Settings, what: Sequence[Close], *, progress: bool, together: bool = False
) -> None:
    from streams.producing import send_closes

    send = partial(send_closes, settings.kafka, what, together=together)
    _run(settings, send, len(what), "closes", progress=progress)


def _run(
    settings: Settings,
    send: Callable[[Callable[[int], None]], Coroutine[Any, Any, None]],
    count: int,
    what: str,
    *,
    progress: bool,
) -> None:
    """Send, and wait until the broker has everything.

    Raises:
        StreakwatchError: no broker answers, or it stops answering; how many it has is said.
    """
    from streams.logs import silence
    from streams.producing import Unacknowledged

    silence()
    quiet = not progress or count < 1000
    with click.progressbar(length=count, label="sending", hidden=quiet) as bar:
        try:
            asyncio.run(send(bar.update))
        except Unacknowledged as error:
            raise StreakwatchError(
                f"Kafka at {', '.join(settings.kafka.bootstrap_servers)} acknowledged "
                f"{error.acknowledged} of {count} {what} ({error})",
                error.cure,
            ) from None
