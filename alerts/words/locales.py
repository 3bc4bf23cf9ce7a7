"""Numbers and dates as a locale writes them; the words stay English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_date_format

DEFAULT = "en_GB"


@dataclass(frozen=True, slots=True)
class Style:
    """How a locale writes numbers: the marks that stand for ``,`` ``.`` and ``%``."""

    locale: str
    group: str
    point: str
    percent: str

    def number(self, text: str) -> str:
        """Digits written as in English, such as ``+1,204.5%``, as the locale writes them."""
        return text.translate({ord(","): self.group, ord("."): self.point, ord("%"): self.percent})

    def date(self, period: str) -> str:
        """``2026-01-22`` as 22 Jan 2026; ``2026-01-22T14:30Z`` with the time, in UTC.

        What is neither is given back as it is.
        """
        return _date(period, self.locale)

    def day(self, period: str) -> str:
        """``2026-01-22`` as 22 Jan, where the locale writes the year last; else as ``date`` does.

        It is the first of two days, of which the second says the year.
        """
        return _date(period, self.locale, _without_year(self.locale))

    @property
    def months(self) -> tuple[str, ...]:
        """The abbreviated names of the twelve months."""
        return _months(self.locale)


@cache
def style(locale: str = DEFAULT) -> Style:
    """The style of a locale such as ``de_DE``; ValueError for one that is not known."""
    try:
        known = Locale.parse(locale)
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise ValueError(f"unknown locale {locale!r}") from error
    symbols = known.number_symbols.get("latn") or known.number_symbols
    percent = known.percent_formats[None].pattern.split(";")[0].lstrip("#,0.")
    marks = (_visible(text) for text in (symbols["group"], symbols["decimal"], percent))
    return Style(locale, *marks)


def _visible(text: str) -> str:
    """Plain spaces, such as every terminal and telephone has, and no marks of direction."""
    return "".join(" " if c.isspace() else c for c in text if c.isprintable() or c.isspace())


_PERIOD = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}:[0-9]{2})Z)?", re.ASCII)


@lru_cache(4096)
def _date(period: str, locale: str, form: str = "medium") -> str:
    found = _PERIOD.fullmatch(period)
    if not found:
        return period
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return period
    text = _visible(format_date(day, form, locale=locale))
    return f"{text}, {found[4]} UTC" if found[4] else text


# A pattern of CLDR, in which quotes hold letters that are text: day and month, then the year.
_YEAR_LAST = re.compile(r"((?:'[^']*'|[^'])*[dM]\.?)(?:'[^']*'|[^'dM])*y")


@cache
def _without_year(locale: str) -> str:
    pattern = str(get_date_format("medium", locale).pattern)
    found = _YEAR_LAST.fullmatch(pattern)
    return found[1] if found else pattern


@cache
def _months(locale: str) -> tuple[str, ...]:
    days = (date(2000, month, 1) for month in range(1, 13))
    return tuple(_visible(format_date(day, "MMM", locale=locale)) for day in days)


def is_known(locale: str) -> bool:
    """Whether there is such a locale."""
    try:
        style(locale)
    except ValueError:
        return False
    return True
