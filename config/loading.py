"""Loads the configuration: one YAML file and the environment, with all faults told at once."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.checks import missing_targets, refused_urls, unfit_fallbacks
from config.documents import Document
from config.environment import Overrides, fill, overlay, overrides
from config.errors import ConfigError, Fault
from config.explaining import explain, one_each
from config.oddities import oddities
from config.reading import parse, read
from config.references import unfit_names
from config.route_names import unfit_routes
from config.schema import shared_schema
from config.settings import Settings
from config.words import Complaint, key_of


def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a YAML file, with overrides and secrets of the environment.

    ``${NAME}`` in a target's URL is taken from the environment, ``${file:PATH}`` from a file;
    ``STREAKWATCH_SECTION__KEY`` overrides a value. Relative paths are relative to the file's
    folder. Raises ConfigError with all faults that there are.
    """
    with _uncollected():
        return _loaded(path, os.environ if environ is None else environ)


def _loaded(path: Path, environ: Mapping[str, str]) -> Settings:
    root = parse(read(path), str(path))
    document = Document(root)
    data = document.data()
    chosen = overrides(environ, data)
    overlay(data, chosen.by_path)
    complaints = [*oddities(root), *fill(data, environ, chosen.by_path, path.parent)]
    settings, errors = _validated(data, path)
    complaints += (explain(error, data, shared_schema()) for error in errors)
    complaints += (*missing_targets(data), *unfit_fallbacks(data))
    complaints += (*refused_urls(data), *unfit_names(data), *unfit_routes(data))
    faults = [*_located(one_each(complaints), str(path), document, chosen), *chosen.faults]
    if faults or settings is None:
        raise ConfigError(tuple(sorted(faults, key=_order)))
    return settings


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles while objects by the hundred thousand come into being: it takes longer
    than all the rest."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def example_text() -> str:
    """The commented example of a configuration file."""
    return (resources.files("config") / "examples" / "streakwatch.yaml").read_text("utf-8")


def _validated(data: Any, path: Path) -> tuple[Settings | None, list[ErrorDetails]]:
    try:
        return Settings.model_validate(data, context={"folder": path.parent.absolute()}), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _located(
    complaints: Iterable[Complaint], file: str, document: Document, chosen: Overrides
) -> Iterator[Fault]:
    for complaint in complaints:
        variable = chosen.variable(complaint.path)
        line = None if variable else document.line(complaint.path)
        key = key_of(_public(complaint.path))
        yield Fault(variable or file, line, key, complaint.what, complaint.cure)


def _public(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A target's path without what may be part of its URL, written in the wrong place."""
    return path[:3] if path[:1] == ("targets",) else path


def _order(fault: Fault) -> float:
    return math.inf if fault.line is None else fault.line
