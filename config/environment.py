"""What the environment adds to the file: secrets, and overrides of single values.

This is an explicit merge before validation, not pydantic-settings: that one merges silently,
cannot say which variable a refused value came from, and ignores a misspelt variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from config.errors import Fault
from config.secret_files import UnfitFileError, secret_of
from config.settings import Settings
from config.words import Complaint, KeyPath, closest, shown

PREFIX = "STREAKWATCH_"
SECTIONS = ("kafka", "bars", "metrics", "delivery", "state", "embedded")
CREDENTIALS: tuple[KeyPath, ...] = (
    ("kafka", "security", "tls", "key_password"),
    ("kafka", "security", "sasl", "username"),
    ("kafka", "security", "sasl", "password"),
)
"""What may be written as ${NAME}, beside the targets' URLs."""

_REFERENCE = re.compile(r"(\$\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}|(\$\{)")
FILE = "file:"
"""What begins the path of a file that holds a secret: as all of a URL, or as ${file:PATH}."""
_SERVICE = re.compile(r"_SERVICE_(HOST|PORT\w*)$|_PORT(_[0-9]+_(TCP|UDP)\w*)?$")


@dataclass(frozen=True)
class Override:
    """A value of the environment, and the variable that it is from."""

    variable: str
    value: str | list[str]


@dataclass
class Overrides:
    """The overrides by path, and the variables that override nothing."""

    by_path: dict[KeyPath, Override] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def variable(self, path: KeyPath) -> str | None:
        """The variable that the value at ``path``, or one of its parents, came from."""
        starts = (path[:length] for length in range(1, len(path) + 1))
        return next((self.by_path[path].variable for path in starts if path in self.by_path), None)


def variable(path: KeyPath) -> str:
    """The name of the variable that overrides a value.

    >>> variable(("targets", "desk-1", "url"))
    'STREAKWATCH_TARGETS__DESK_1__URL'
    """
    return PREFIX + "__".join(re.sub(r"[-.]", "_", str(part)).upper() for part in path)


def overridable(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, bool]]:
    """The paths that the environment can override, and whether each takes a list."""
    for section in SECTIONS:
        yield from _leaves(Settings.model_fields[section].annotation, (section,))
    targets = data.get("targets")
    if isinstance(targets, dict):
        yield from ((("targets", name, "url"), False) for name in targets)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, which may be optional; None for a single value."""
    kinds = (annotation, *get_args(annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _leaves(annotation: Any, path: KeyPath) -> Iterator[tuple[KeyPath, bool]]:
    model = section_of(annotation)
    if model is None:
        yield path, getattr(annotation, "__origin__", None) is list
    else:
        for name, info in model.model_fields.items():
            yield from _leaves(info.annotation, (*path, name))


def overrides(environ: Mapping[str, str], data: Mapping[str, Any]) -> Overrides:
    """The overrides that the environment holds for the file's data."""
    known: dict[str, list[tuple[KeyPath, bool]]] = {}
    for path, is_list in overridable(data):
        known.setdefault(variable(path), []).append((path, is_list))
    result = Overrides()
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) and not _of_a_service(name, environ[name]):
            _add(result, name, environ[name], known)
    return result


def _of_a_service(name: str, value: str) -> bool:
    """Kubernetes sets such variables in every pod beside a service that is called streakwatch."""
    found = None if "__" in name else _SERVICE.search(name)
    if found is None:
        return False
    return found[0] != "_PORT" or value.startswith(("tcp://", "udp://"))


def _add(
    result: Overrides, name: str, text: str, known: Mapping[str, list[tuple[KeyPath, bool]]]
) -> None:
    paths = known.get(name.upper(), [])
    if not paths:
        keys = [key.removeprefix(PREFIX) for key in known]
        close = closest(name[len(PREFIX) :], keys)
        cure = (
            f"did you mean {PREFIX}{shown(close)}?"
            if close
            else f"remove it, or write {PREFIX}SECTION__KEY"
        )
        result.faults.append(_fault(name, "overrides nothing", cure))
    elif len(paths) > 1:
        names = " and ".join(shown(str(path[1])) for path, _ in paths)
        result.faults.append(_fault(name, f"could mean {names}", "rename one of these targets"))
    elif paths[0][0] in result.by_path:
        result.faults.append(_fault(name, "is set twice, in other letters", "remove one"))
    else:
        path, is_list = paths[0]
        result.by_path[path] = Override(name, _items(text) if is_list else _clean(text))


def _fault(name: str, what: str, cure: str) -> Fault:
    return Fault(shown(name), None, "", what, cure)


def _items(text: str) -> list[str]:
    return [item.strip() for item in _clean(text).split(",") if item.strip()]


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def overlay(data: dict[str, Any], chosen: Mapping[KeyPath, Override]) -> None:
    """Puts the overrides into ``data``; a section that is no mapping stays as it is."""
    for path, override in chosen.items():
        section: Any = data
        for part in path[:-1]:
            if section.get(part) is None or (part == "tls" and section[part] in ("true", "false")):
                section[part] = {}
            section = section[part]
            if not isinstance(section, dict):
                break
        else:
            section[path[-1]] = override.value


def fill(
    data: Mapping[str, Any],
    environ: Mapping[str, str],
    chosen: Mapping[KeyPath, Override],
    folder: Path,
) -> Iterator[Complaint]:
    """Replaces each ${NAME} and ${file:PATH} in URLs and credentials, and URLs that are file:PATH.

    What the environment says, ``chosen``, is as it is meant, but for a URL that is file:PATH.
    Relative paths begin at ``folder``. Complains about what is not there.
    """
    targets = data.get("targets")
    urls = [("targets", name, "url") for name in targets] if isinstance(targets, dict) else []
    for path in (*urls, *CREDENTIALS):
        holder: Any = data
        for part in path[:-1]:
            holder = holder.get(part) if isinstance(holder, dict) else None
        text = holder.get(path[-1]) if isinstance(holder, dict) else None
        if not isinstance(text, str):
            continue
        found = _Found(environ, folder)
        if text.startswith(FILE) and path in urls:
            holder[path[-1]] = found.file(text)
        elif path not in chosen:
            holder[path[-1]] = _REFERENCE.sub(found.value, text)
        yield from (Complaint(path, what, cure) for what, cure in found.troubles)


@dataclass
class _Found:
    """What references stand for, and what is wrong with those that stand for nothing."""

    environ: Mapping[str, str]
    folder: Path
    troubles: list[tuple[str, str]] = field(default_factory=list)

    def value(self, match: re.Match[str]) -> str:
        """What takes the place of a reference."""
        escaped, name, broken = match.groups()
        if escaped:
            return "${"
        if broken:
            self.troubles.append(("a ${ that names no variable", "write ${NAME}, or $${ for a ${"))
            return match[0]
        return self.file(name) if name.startswith(FILE) else self._variable(name)

    def file(self, name: str) -> str:
        """What is in the file of ``file:PATH``."""
        try:
            return secret_of(name.removeprefix(FILE).strip(), self.folder)
        except UnfitFileError as error:
            self.troubles.append((error.what, error.cure))
            return ""

    def _variable(self, name: str) -> str:
        if name not in self.environ:
            cure = f"set {name}, or write $${{{name}}} if the text itself is meant"
            self.troubles.append((f"the variable {name} is not set", cure))
        return _clean(self.environ.get(name, ""))
