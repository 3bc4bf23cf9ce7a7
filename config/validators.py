"""What the models check beyond their types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

from config.words import found, shown, suggestion

T = TypeVar("T")


def refusal(what: str, cure: str, *below: str | int) -> PydanticCustomError:
    """What a validator raises; ``below`` are the keys and indexes that lead to what it is about."""
    context = {"what": what, "cure": cure, "below": below}
    return PydanticCustomError("refused", "{what}; {cure}", context)


def as_list(value: Any) -> Any:
    """One value alone stands for a list of it."""
    return value if isinstance(value, list) else [value]


class _Alone:
    """Lets one value alone stand for a list of it, in the schema, too."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        many, one = handler(source), handler.generate_schema(get_args(source)[0])
        either = core_schema.union_schema([one, many])
        return core_schema.no_info_before_validator_function(
            as_list, many, json_schema_input_schema=either
        )


def distinct(items: Sequence[T]) -> Sequence[T]:
    """Refuses an item that is there twice."""
    seen: set[T] = set()
    for index, item in enumerate(items):
        if item in seen:
            raise refusal(f"'{shown(str(item))}' is listed twice", "keep one of the two", index)
        seen.add(item)
    return items


OneOrMore = Annotated[list[T], AfterValidator(distinct), _Alone()]
"""Several, each once; or one alone."""


def day(value: Any) -> Any:
    """A date is YYYY-MM-DD, and nothing else."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise refusal(f"found {found(value)}", "write a date as YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise refusal(f"there is no day {value}", "write a date as YYYY-MM-DD") from None


def rounding_step(value: Decimal) -> Decimal:
    """A step divides 1 exactly, so that the rounded returns are whole numbers of it."""
    if Decimal("1e-12") <= value <= Decimal("0.01") and 1 % value == 0:
        return value
    cure = "write a step that divides 1, at most 0.01, such as 0.0001 (0.01%)"
    raise refusal(f"found '{value}'", cure)


def plain_number(value: Decimal) -> Decimal:
    """A number within 1e9 has at most six decimals, as closes have.

    It is given back in its shortest form, so that 0.050 and 5e-2 are told as 0.05.
    """
    if value != round(value, 6):
        raise refusal(f"found '{shown(str(value))}'", "write at most six decimals")
    return Decimal(f"{value.normalize() + 0:f}")


def plain_weight(value: Decimal) -> Decimal:
    """A weight within 1e9 has at most twelve decimals."""
    if value == round(value, 12):
        return value
    raise refusal(f"found '{shown(str(value))}'", "write at most twelve decimals")


def host_port(value: str) -> str:
    """A broker's address: HOST:PORT, or [ADDRESS]:PORT for IPv6."""
    host, _, port = value.rpartition(":")
    if _is_host(host) and re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536:
        return value
    raise refusal(f"found {found(value)}", "write HOST:PORT, such as 127.0.0.1:9092")


def _is_host(host: str) -> bool:
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\]", host)
    if not bracketed:
        return re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?", host) is not None
    try:
        return bool(IPv6Address(bracketed[1]))
    except ValueError:
        return False


def known_calendar(value: str) -> str:
    """'none', or a name that exchange_calendars knows."""
    if value == "none":
        return value
    from exchange_calendars import get_calendar_names  # it costs half a second

    names = get_calendar_names(include_aliases=True)
    if value in names:
        return value
    cure = "write an exchange's MIC, such as XNYS, or 'none'"
    cure = f"{suggestion(value, [*names, 'none'])} {cure}".strip()
    raise refusal(f"unknown calendar {found(value)}", cure)


def known_locale(value: str) -> str:
    """A locale that Babel knows, such as de_DE."""
    from babel import Locale, UnknownLocaleError
    from babel.localedata import locale_identifiers

    try:
        Locale.parse(value)
    except (UnknownLocaleError, ValueError):
        near = suggestion(value, locale_identifiers())
        cure = f"{near} write a locale such as en_GB, en_US, de_DE or fr_FR".strip()
        raise refusal(f"unknown locale {found(value)}", cure) from None
    return value


def below_folder(value: Path, info: ValidationInfo) -> Path:
    """A relative path is relative to ``folder`` of the context, if there is one; ~ is home."""
    kind = "file" if str(info.field_name).endswith("_file") else "folder"
    if "\0" in str(value):
        raise refusal("a path with a NUL in it", f"write the path of a {kind}")
    try:
        path = value.expanduser()
    except RuntimeError:
        raise refusal(f"no home folder for {found(str(value))}", "write it out") from None
    return info.context["folder"] / path if info.context else path


def existing_folder(value: Path) -> Path:
    """A folder that is there."""
    cure = "make it, or check the path, which begins at the folder of this file"
    try:
        is_there = value.is_dir()
    except OSError as error:  # such as a name that is too long, or a folder that is not ours
        raise refusal(f"no folder to be read: {error.strerror}", cure) from None
    if not is_there:
        raise refusal("there is no such folder", cure)
    return value
