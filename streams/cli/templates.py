"""``streakwatch templates``: see messages before they are sent, and check templates."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import click

from config.errors import StreakwatchError
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
              help="An alert as JSON, a line of `replay`; - for standard input.")  # fmt: skip
@click.option("--sample", "kind", metavar="KIND", help="A sample alert, by default record.broken.")
@click.option("--open", "opened", is_flag=True, help="Write it to a file and open that.")
@_locale_option
@_config_option
@click.pass_context
def preview(
    ctx: click.Context,
    *,
    family: str,
    file: Path | None,
    kind: str | None,
    opened: bool,
    locale: str | None,
    config_path: Path | None,
) -> None:
    """Print a message as a channel would get it; nothing is sent."""
    from alerts import samples
    from alerts.words.channels import USUAL, Channel, Family
    from alerts.words.writing import words

    if file is not None and kind is not None:
        raise click.UsageError("give either --alert or --sample", ctx)
    settings = _settings(config_path)
    kind = kind or "record.broken"
    alert = _alert_of(file) if file is not None else _sample_of(kind, ctx)
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


def _sample_of(kind: str, ctx: click.Context) -> Alert:
    from alerts import samples
    from config.words import suggestion

    if kind in samples.KINDS:
        return samples.of(kind)
    hint = suggestion(kind, samples.KINDS) or f"kinds: {', '.join(samples.KINDS)}"
    raise click.UsageError(f"no sample {kind!r}; {hint}", ctx)


def _alert_of(file: Path) -> Alert:
    """The alert of a file: one JSON object, such as a line of ``replay``."""
    from alerts.model import Alert

    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            return Alert.from_dict(json.load(stream))
    except OSError as error:
        raise StreakwatchError(f"cannot read {file}: {error.strerror}", "check the path") from None
    except UnicodeDecodeError:
        raise StreakwatchError(f"{file} is not UTF-8", "save it as UTF-8") from None
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        what = f"{file} is not one alert as JSON ({type(error).__name__}: {error})"
        raise StreakwatchError(what, "take one line of `streakwatch replay`") from None


def _open(family: str, title: str, body: str, headed: bool) -> None:
    suffix = "html" if family == "html" else "txt"
    file = Path(mkdtemp(prefix="streakwatch-")) / f"message.{suffix}"
    text = body if headed or family == "html" else f"{title}\n\n{body}"
    file.write_text(text + "\n", "utf-8")
    click.echo(str(file))
    webbrowser.open(file.as_uri())
