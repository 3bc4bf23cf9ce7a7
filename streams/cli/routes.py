"""``streakwatch routes``: who is told of what; and whom an alert would reach, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts.facts import SEVERITY
from alerts.silences import Silences
from alerts.stages.match import tree
from alerts.stages.path import Known, judge
from config.errors import StreakwatchError, UsageError
from config.matching import DIRECTIONS
from config.route_names import unfit_match
from config.severities import LEVELS, SEVERITIES
from config.words import any_of, suggestion
from streams import moments
from streams.calendars import hours_of
from streams.cli.chosen_alerts import alert_of
from streams.cli.main import Suggesting
from streams.cli.matching import plain
from streams.cli.options import config_option, load_settings, servers_option
from streams.cli.routing import drawn, judged
from streams.cli.topic_reading import now_ms, with_log
from streams.core.periods import INTERVALS
from streams.records import Topic

if TYPE_CHECKING:
    from config.settings import Settings
    from config.watchlists import Watchlist

#: How the kinds begin that are about a series, or several conditions.
_OF_SERIES = ("level.", "breadth", "together")


@click.group("routes", cls=Suggesting)
def command() -> None:
    """Draw who is told of what; try whom an alert would reach, and why."""


@command.command()
@config_option
def show(*, config_path: Path) -> None:
    """Draw the tree of the routes, with what each has from those above."""
    settings = load_settings(config_path)
    print("\n".join(drawn(tree(settings.routes))))


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else moments.at(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@command.command()
@click.option("--alert", "file", type=click.Path(path_type=Path),
              help="A file with an alert as JSON; - for standard input.")  # fmt: skip
@click.option("--watchlist", metavar="NAME", help="Instead: an alert of this watchlist,")
@click.option("--rule", metavar="KIND", help="of this kind, such as record.tied,")
@click.option("--asset", default="", metavar="SYMBOL", help="about this asset or series,")
@click.option("--benchmark", default="", metavar="SYMBOL", help="against this benchmark,")
@click.option("--severity", type=click.Choice(LEVELS), help="as grave as this,")
@click.option("--direction", type=click.Choice(DIRECTIONS), help="of this direction,")
@click.option("--missing", type=click.Choice(["all", "some"]),
              help="with so many closes missing, for data.missing,")  # fmt: skip
@click.option("--interval", type=click.Choice(list(INTERVALS)), help="of this interval.")
@click.option("--at", "at_ms", callback=_moment, metavar="DATE",
              help="As if it were then, such as 2026-01-22T21:05Z; by default now.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Leave out the silences, which are in Kafka.")
@click.option("--expect", metavar="NAME[,…]",
              help="Exit with 1 unless these are told and no others; empty for none.")  # fmt: skip
@config_option
@servers_option
@click.pass_context
def test(
    ctx: click.Context,
    /,
    *,
    file: Path | None,
    watchlist: str | None,
    rule: str | None,
    at_ms: int | None,
    offline: bool,
    expect: str | None,
    config_path: Path,
    bootstrap_servers: str,
    **given: str | None,
) -> None:
    """Say who would be told of an alert, on which route, and why not the others.

    What other alerts inhibit is not known here: the rules that it would fall under are listed.
    """
    settings = load_settings(config_path, bootstrap_servers)
    wanted = None if expect is None else _expected(expect, settings)
    known = Known.of(settings, hours_of)
    named = [watchlist, rule, *given.values()]
    if any(named) if file is not None else watchlist is None or rule is None:
        raise click.UsageError("give either --alert, or --watchlist and --rule", ctx)
    if file is not None:
        facts = known.router.describer.describe(alert_of(file))
    else:
        facts = _facts(known, settings, watchlist or "", rule or "", given)
    if not offline:
        known.silences = _silences(settings)
    judgement = judge(facts, known, now_ms() if at_ms is None else at_ms)
    print("\n".join(judged(judgement, known)))
    told = {one.target for one in judgement.told if one.decision.is_told}
    if wanted is not None and told != wanted:
        click.echo(f"expected {_named(wanted)}, and {_named(told)} would be told", err=True)
        ctx.exit(1)


def _expected(text: str, settings: Settings) -> set[str]:
    """The targets that a person names, all of which there are."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    for name in sorted(names - settings.targets.keys()):
        raise _unknown("target", name, settings.targets)
    return names


def _named(targets: set[str]) -> str:
    return ", ".join(sorted(targets)) or "nobody"


def _facts(
    known: Known, settings: Settings, watchlist: str, rule: str, given: dict[str, str | None]
) -> dict[str, str]:
    """The facts of an alert that a person describes."""
    watched = settings.watchlists.get(watchlist)
    if watched is None:
        raise _unknown("watchlist", watchlist, settings.watchlists)
    if rule not in SEVERITIES:
        raise _unknown("kind of alert", rule, SEVERITIES)
    asset, benchmark = given["asset"] or "", given["benchmark"] or ""
    if rule.startswith("data.") or rule == "summary":
        asset = asset or watchlist
    elif not rule.startswith(_OF_SERIES):
        asset, benchmark = _legs(watched, asset, benchmark)
    about = {"asset": [asset] if asset else [], "benchmark": [benchmark] if benchmark else []}
    for complaint in unfit_match(about, plain(settings, watchlist)):
        what = f"--{complaint.path[0]}: {complaint.what} in the watchlist {watchlist}"
        raise UsageError(what, complaint.cure)
    severity = given["severity"] or known.router.describer.severity(rule)
    return {
        "watchlist": watchlist,
        "asset": asset,
        "benchmark": benchmark,
        "pair": f"{asset}/{benchmark}" if benchmark else asset,
        "rule": rule,
        SEVERITY: severity,
        "direction": given["direction"] or "",
        "interval": given["interval"] or watched.interval,
        "missing": given["missing"] or "",
        **known.router.describer.of_watchlist(watchlist),
    }


def _legs(watchlist: Watchlist, asset: str, benchmark: str) -> tuple[str, str]:
    """The legs of the pair that is meant; what is left out, where only one would do, is that one.

    Raises:
        UsageError: of the asset there are several pairs.
    """
    found = [
        pair
        for pair in watchlist.pairs
        if asset in ("", pair.asset) and benchmark in ("", pair.benchmark)
    ]
    if len(found) == 1:
        return found[0].asset, found[0].benchmark
    if asset and not benchmark and found:
        what = f"{asset} is measured against {any_of([pair.benchmark for pair in found][:10])}"
        raise UsageError(what, "say which with --benchmark")
    return asset, benchmark


def _unknown(what: str, name: str, known: Any) -> UsageError:
    cure = suggestion(name, known) or f"there is {', '.join(known)}"
    return UsageError(f"there is no {what} {name!r}", cure)


def _silences(settings: Settings) -> Silences:
    from streams.cli.silences import known_silences

    try:
        return with_log(settings, (Topic.SILENCES,), known_silences)
    except StreakwatchError as error:
        click.echo(f"without silences: {error.what} (--offline leaves them out)", err=True)
        return Silences()
