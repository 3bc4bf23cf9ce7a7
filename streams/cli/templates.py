"""``streakwatch templates``: see messages before they are sent, and check templates."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import click

from streams.cli.chosen_alerts import alert_of, sample_option
from streams.cli.main import Suggesting
from streams.cli.options import counted

if TYPE_CHECKING:
    from alerts.model import Alert
    from alerts.words.library import Library
    from config.settings import Settings

_FAMILIES = ("plain", "markdown", "slack", "html", "push")

_config_option = click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="STREAKWATCH_CONFIG",
    help="A configuration, for its templates, locale and names; by default streakwatch.yaml, if "
    "there is one.",
)
_locale_option = click.option("--locale", help="Such as de_DE; by default the configuration's.")


@click.group("templates", cls=Suggesting)
def command() -> None:
    """See messages before they are sent, and check templates."""


@command.command()
@click.option("--channel", "family", type=click.Choice(_FAMILIES), default="plain",
              show_default=True, help="How it is written.")  # fmt: skip
@click.option("--alert", "file", type=click.Path(path_type=Path),
              help="An alert as JSON, as `replay` and `alerts show --format json` print it; - for "
              "standard input.")  # fmt: skip
@sample_option("A sample alert, by default record.broken.")
@click.option("--open", "opened", is_flag=True, help="Write it to a file and open that.")
@_locale_option
@_config_option
@click.pass_context
def preview(
    ctx: click.Context,
    *,
    family: str,
    file: Path | None,
    sample: str | None,
    opened: bool,
    locale: str | None,
    config_path: Path | None,
) -> None:
    """Print a message as a channel would get it; nothing is sent."""
    from alerts import samples
    from alerts.words.channels import USUAL, Channel, Family
    from alerts.words.writing import words

    if file is not None and sample is not None:
        raise click.UsageError("give either --alert or --sample", ctx)
    settings = _settings(config_path)
    kind = sample or "record.broken"
    alert = alert_of(file) if file is not None else samples.of(kind)
    chosen = Family(family)
    told = words(
        alert,
        _names(alert, settings, is_sample=file is None),
        Channel(chosen, USUAL[chosen]),
        templates=_library(settings, locale, ctx),
        first="" if file is not None else samples.first_of(kind),
    )
    if opened:
        _open(family, told.title, told.body, told.headed)
        return
    click.echo(told.body if told.headed else f"{told.title}\n\n{told.body}")


@command.command()
@_locale_option
@_config_option
@click.pass_context
def check(ctx: click.Context, *, locale: str | None, config_path: Path | None) -> None:
    """Render every sample through every template; exit code 1 with faults."""
    from alerts.words.checking import check_templates

    settings = _settings(config_path)
    folder = None if settings is None else settings.templates
    faults, rendered = check_templates(_library(settings, locale, ctx), folder)
    for fault in faults:
        click.echo(fault, err=True)
    where = f" and those in {folder}" if folder else ""
    if faults:
        click.echo(f"templates: {counted(len(faults), 'fault')}", err=True)
    else:
        click.echo(f"templates of Streakwatch{where}: fine ({counted(rendered, 'message')})")
    ctx.exit(1 if faults else 0)


def _settings(path: Path | None) -> Settings | None:
    from streams.cli.options import load_settings

    usual = Path("streakwatch.yaml")
    if path is None and not usual.exists():
        return None
    return load_settings(path or usual)


def _library(settings: Settings | None, locale: str | None, ctx: click.Context) -> Library:
    from alerts.words.library import library
    from alerts.words.locales import DEFAULT

    chosen = locale or (DEFAULT if settings is None else settings.locale)
    try:
        return library(chosen, None if settings is None else settings.templates)
    except ValueError:
        what = f"unknown locale {chosen!r}; write one such as en_GB, en_US, de_DE or fr_FR"
        raise click.UsageError(what, ctx) from None


def _names(alert: Alert, settings: Settings | None, *, is_sample: bool) -> dict[str, str]:
    from alerts import samples
    from streams.definitions import names

    if is_sample:
        return dict(samples.NAMES)
    own = None if settings is None else settings.watchlists.get(alert.watchlist)
    if settings is None or own is None:
        return {}
    return names({alert.watchlist: own}, settings.instruments).get(alert.watchlist, {})


def _open(family: str, title: str, body: str, headed: bool) -> None:
    suffix = "html" if family == "html" else "txt"
    file = Path(mkdtemp(prefix="streakwatch-")) / f"message.{suffix}"
    text = body if headed or family == "html" else f"{title}\n\n{body}"
    file.write_text(text + "\n", "utf-8")
    click.echo(str(file))
    webbrowser.open(file.as_uri())
