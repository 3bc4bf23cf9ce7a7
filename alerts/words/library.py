"""The templates: those of the package, and before them a folder of the user's.

Sandboxed, strict about unknown names. What a template of ``plain``, ``markdown``, ``slack``,
``html`` or ``push`` shows is escaped for its family; those of ``words`` make plain lines, which are
escaped where they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from alerts.words.channels import Family
from alerts.words.escapes import ESCAPES
from alerts.words.faults import fault, place_of
from alerts.words.inert import inert
from alerts.words.locales import style
from alerts.words.phrases import filters

OURS: Final = Path(__file__).parents[1] / "templates"


class Library:
    """Templates in the style of a locale; ``folder`` is the user's, if there is one."""

    def __init__(self, locale: str, folder: Path | None = None) -> None:
        self._folders = [OURS] if folder is None else [folder, OURS]
        self._style = style(locale)
        self._words = self._environment(autoescape=False, finalize=_shown)
        self._families = {
            family: self._environment(autoescape=True, finalize=_Escaping(family))
            for family in Family
        }

    def _environment(self, **options: Any) -> ImmutableSandboxedEnvironment:
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in self._folders]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            **options,
        )
        environment.filters |= filters(self._style)
        return environment

    def words(self, name: str, values: Mapping[str, Any]) -> str:
        """What a template of ``words`` says, as plain text; TemplateFaultError as ``message``."""
        with self._told(f"words/{name}.j2"):
            return self._words.get_template(f"words/{name}.j2").render(values)

    def message(self, family: Family, kind: str, values: Mapping[str, Any]) -> str:
        """A message as its family writes it, by the template of its kind or the family's own.

        Raises:
            TemplateFaultError: the template cannot be used; with its file and line.
        """
        names = [f"{family}/{kind}.j2", f"{family}/message.j2"]
        with self._told(names[1]):
            template: Template = self._families[family].select_template(names)
            return template.render(values)

    def compile(self, name: str) -> None:
        """Read one template, of any family; TemplateFaultError where it is none."""
        with self._told(name):
            self._words.get_template(name)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Errors of templates as faults, which name the file and the line.

        Within a template of the user's each error is one; an error of ours stays what it is.
        """
        try:
            yield
        except Exception as error:
            place = place_of(error, name, self._folders)
            is_theirs = self._folders[0] is not OURS and place.startswith(str(self._folders[0]))
            if isinstance(error, TemplateError) or is_theirs:
                raise fault(error, place, self._words.filters) from error
            raise


class _Escaping:
    """What each value goes through on its way into a message of a family."""

    def __init__(self, family: Family) -> None:
        self._escape = ESCAPES[family]

    def __call__(self, value: object) -> object:
        if isinstance(value, Markup):
            return value  # a macro of the template's own
        return Markup(self._escape(str(_shown(value))))  # noqa: S704


def _shown(value: object) -> object:
    """No value brings line breaks or control characters: lines are the template's alone."""
    return inert(value, 100_000) if isinstance(value, str) else value


@lru_cache(64)
def library(locale: str, folder: Path | None = None) -> Library:
    """The templates of a locale, read once."""
    return Library(locale, folder)


def tidy(text: str) -> str:
    """At most one empty line in a row, and no spaces at the ends of lines."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip()
