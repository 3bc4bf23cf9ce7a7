"""The alert that a person means: the one of a file, or a sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from config.words import suggestion
from streams.cli.options import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.model import Alert

_CURE = "take one line of `streakwatch replay`, or what `alerts show ID --format json` prints"


def sample_option(words: str, default: str | None = None) -> Callable[[Command], Command]:
    """``--sample KIND``: a kind that there is a sample alert of; ``words`` are its help."""
    return click.option(
        "--sample",
        metavar="KIND",
        default=default,
        show_default=default is not None,
        callback=_kind,
        help=words,
    )


def _kind(_: click.Context, __: click.Parameter, kind: str | None) -> str | None:
    from alerts.samples import KINDS

    if kind is not None and kind not in KINDS:
        hint = suggestion(kind, KINDS) or f"there is {', '.join(KINDS)}"
        raise click.BadParameter(f"no sample {kind!r}; {hint}")
    return kind


def alert_of(file: Path) -> Alert:
    """The one alert of a file, or of standard input (``-``).

    It is as `replay` prints it, or as `alerts show --format json` does, with more beside it.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """
    from alerts.model import Alert

    name = "standard input" if str(file) == "-" else f"{file}"
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            data = json.load(stream)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}", "check the path") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8", "save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not one alert as JSON ({error})", _CURE) from None
    alert = data.get("alert", data) if isinstance(data, dict) else data
    if not isinstance(alert, dict):
        raise UsageError(f"{name} is not one alert: it holds no JSON object", _CURE)
    try:
        return Alert.from_dict(alert)
    except KeyError as error:
        raise UsageError(f"{name} is not one alert: it has no {error}", _CURE) from None
    except (TypeError, ValueError, AttributeError, AssertionError) as error:
        raise UsageError(f"{name} is not one alert ({error})", _CURE) from None
