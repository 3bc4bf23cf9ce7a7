"""``streakwatch explain``: where a pair or series stands, and what would be told next."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from config.errors import UsageError
from config.settings import Settings
from config.watchlists import Watchlist
from config.words import suggestion
from streams.cli.options import config_option, interval_option, load_settings, servers_option
from streams.cli.sources import Source, run_replay
from streams.core import periods
from streams.core.subjects import PairKey
from streams.explaining import PairState, SeriesState, explain_pair, explain_series
from streams.replay import Replay
from streams.wire import Close


@click.command("explain")
@click.argument("watchlist")
@click.argument("subject", metavar="PAIR")
@click.option("--at", metavar="PERIOD", help="As it was after this period, instead of the last.")
@click.option("--file", type=click.Path(path_type=Path), help="Closes from a CSV file.")
@interval_option
@click.option("--from-topic", is_flag=True, help="Closes from the topic, up to its present end.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="How it is printed.")  # fmt: skip
@config_option
@servers_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    watchlist: str,
    subject: str,
    at: str | None,
    file: Path | None,
    interval: str,
    from_topic: bool,
    form: str,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Say where PAIR (written ASSET/BENCHMARK), or a series, of WATCHLIST stands.

    Its streak, its record books, and which rules would speak next, and at what close.
    """
    if from_topic == (file is not None):
        raise click.UsageError("give either --file or --from-topic", ctx)
    settings = load_settings(config_path, bootstrap_servers)
    watched = _watchlist(settings, watchlist)
    key = _subject(watched, subject)
    until = _period(at, watched.interval)
    only = settings.model_copy(update={"watchlists": {watchlist: watched}})

    def keep(close: Close) -> bool:
        return until is None or close.period <= until

    replay = Replay(only, keep)
    run_replay(replay, only, Source(file, interval), lambda _: None)
    watch = replay.watch(watchlist)
    state: PairState | SeriesState | None = (
        explain_pair(watch, key, watched) if isinstance(key, PairKey) else
        explain_series(watch, key, watched)
    )  # fmt: skip
    if state is None:
        raise UsageError(f"there are no closes of {subject} yet", "give others, or a later --at")
    if form == "json":
        print(json.dumps(asdict(state), indent=2, ensure_ascii=False))
    else:
        print("\n".join(state.lines()))


def _watchlist(settings: Settings, name: str) -> Watchlist:
    watched = settings.watchlists.get(name)
    if watched is None:
        cure = suggestion(name, settings.watchlists) or f"there is {', '.join(settings.watchlists)}"
        raise UsageError(f"there is no watchlist {name!r}", cure)
    return watched


def _subject(watched: Watchlist, text: str) -> Any:
    pairs = {pair.name: PairKey(pair.asset, pair.benchmark) for pair in watched.pairs}
    known: dict[str, Any] = pairs | {name: name for name in watched.followed()}
    if text not in known:
        cure = suggestion(text, known) or f"there is {', '.join(known)}"
        raise UsageError(f"the watchlist has no pair or level {text!r}", cure)
    return known[text]


def _period(text: str | None, interval: str) -> int | None:
    try:
        return None if text is None else periods.from_text(text, interval)
    except periods.PeriodError as error:
        raise click.UsageError(f"--at: {error}") from None
