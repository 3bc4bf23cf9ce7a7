"""Every sample through every template, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from alerts import samples
from alerts.words.channels import USUAL, Channel, Family
from alerts.words.faults import TemplateFaultError
from alerts.words.library import OURS, Library
from alerts.words.locales import DEFAULT
from alerts.words.summary import GROUP, Part, summary
from alerts.words.writing import words
from config.words import shown, suggestion


def check_templates(templates: Library, folder: Path | None = None) -> tuple[list[str], int]:
    """The faults, each once, and how many messages were rendered.

    ``folder`` is the user's: a file in it that is no template of a known name is a fault, too.
    """
    faults = dict.fromkeys(_of_files(templates, folder))
    rendered = 0
    for write in _messages(templates):
        try:
            write()
            rendered += 1
        except TemplateFaultError as error:
            faults[str(error)] = None
    return list(faults), rendered


def _messages(templates: Library) -> Iterator[Callable[[], object]]:
    """Each sample, and all of them in one message, for each family."""
    parts = [Part(samples.of(k), samples.NAMES, first=samples.first_of(k)) for k in samples.KINDS]
    for family in Family:
        channel = Channel(family, USUAL[family])
        for part in parts:
            yield partial(
                words, part.alert, part.names, channel, templates=templates, first=part.first
            )
        yield partial(summary, parts, channel, locale=DEFAULT, templates=templates)


def _of_files(templates: Library, folder: Path | None) -> Iterator[str]:
    if folder is None:
        return
    known = {file.relative_to(OURS).as_posix() for file in OURS.rglob("*.j2")}
    kinds = [*samples.KINDS, GROUP]
    known |= {f"{family}/{kind}.j2" for family in Family for kind in kinds}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_dir() or name.startswith("."):
            continue
        if not name.endswith(".j2"):
            yield f"{file}: not a template; name it {shown(name)}.j2, or take it out"
            continue
        if name not in known and file.parent.name != "parts":
            cure = suggestion(name, known) or "put what your templates share into a folder parts"
            yield f"{file}: no message is written by this template; {cure}"
        try:
            templates.compile(name)
        except TemplateFaultError as error:
            yield str(error)
