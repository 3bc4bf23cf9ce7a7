"""Says for people what pydantic found: what is there, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import ErrorDetails

from config.places import PATTERNS, Place, Schema, alternatives, choices, expected, find, known
from config.words import Complaint, any_of, found, suggestion


def explain(error: ErrorDetails, data: Any, root: Schema) -> Complaint:
    """The complaint about one error of pydantic; ``root`` is the schema of the whole file."""
    wording = WORDINGS.get(error["type"], _unfit)
    return wording(error, find(root, data, error["loc"]), find(root, data, error["loc"][:-1]))


def _unfit(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    if place.path[:1] == ("targets",) or _secret(place.schema):
        what = "found a text" if isinstance(place.value, str) else f"found {found(place.value)}"
    else:
        what = f"found {found(place.value)}"
    return Complaint(place.path, what, _cure(place.value, place.schema))


def _secret(schema: Schema) -> bool:
    """Whether a password belongs here or right below, so that what is here may be one."""
    near = (*alternatives(schema), *schema.get("properties", {}).values())
    return any(item.get("format") == "password" for item in near)


def _pattern(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    if error["loc"][-1] != "[key]":
        return _unfit(error, place, parent)
    cure = f"call it by {PATTERNS[error['ctx']['pattern']]}"
    return Complaint(place.path, "a name that cannot be used", cure)


def _cure(value: Any, schema: Schema) -> str:
    hint = suggestion(value, known(schema))
    return f"{hint} write {expected(schema)}".strip()


def _missing(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    return Complaint(place.path, "missing", f"add it: {_described(place.schema)}")


def _described(schema: Schema) -> str:
    text = str(schema.get("description") or expected(schema)).rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _unknown_key(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    keys = parent.schema["properties"]
    hint = suggestion(place.path[-1], keys)
    return Complaint(place.path, "unknown key", hint or f"allowed here: {', '.join(keys)}")


def _no_kind(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    cure = f"write one of {any_of(choices(place.schema))}"
    return Complaint((*place.path, "kind"), "missing", cure)


def _wrong_kind(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    kind = place.value["kind"]
    path = (*place.path, "kind")
    cure = f"{suggestion(kind, choices(place.schema))} write {any_of(choices(place.schema))}"
    return Complaint(path, f"found {found(kind)}", cure.strip())


def _refused(error: ErrorDetails, place: Place, parent: Place) -> Complaint:
    context = error["ctx"]
    return Complaint((*place.path, *context["below"]), context["what"], context["cure"])


Wording = Callable[[ErrorDetails, Place, Place], Complaint]

WORDINGS: dict[str, Wording] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "union_tag_not_found": _no_kind,
    "union_tag_invalid": _wrong_kind,
    "refused": _refused,
    "string_pattern_mismatch": _pattern,
}
"""By the type of pydantic's error; any other is a value that does not fit its place."""


def one_each(complaints: Iterable[Complaint]) -> list[Complaint]:
    """The first complaint about each path: the members of a union complain in turn."""
    first: dict[Any, Complaint] = {}
    for complaint in complaints:
        first.setdefault(complaint.path, complaint)
    return list(first.values())
