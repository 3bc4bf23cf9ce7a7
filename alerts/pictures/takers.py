"""Which targets get pictures, and in which locale."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.util import find_spec

import apprise

from alerts.console import register_console
from alerts.stages.match import Router
from alerts.webhook import register_webhook
from config.settings import Settings, Target


def can_draw() -> bool:
    """Whether matplotlib is installed (the extra ``plot``); without it no target gets pictures."""
    return find_spec("matplotlib") is not None


def wanting(targets: Mapping[str, Target]) -> frozenset[str]:
    """The targets that would get pictures: those whose channel takes attachments, but for those
    that are never to."""
    register_console()
    register_webhook()
    return frozenset(
        name
        for name, target in targets.items()
        if target.pictures == "auto" and _takes_attachments(target.url.get_secret_value())
    )


def takers(settings: Settings) -> dict[str, str]:
    """The targets that get pictures, each with the locale that its messages are written in."""
    names = wanting(settings.targets) if can_draw() else ()
    return {name: settings.targets[name].locale or settings.locale for name in names}


def pictured(settings: Settings) -> frozenset[str]:
    """The watchlists of whose alerts a target may get a picture, by its routes or as a fallback."""
    getting, router = takers(settings).keys(), Router(settings)
    if not getting:
        return frozenset()
    return frozenset(
        name
        for name in settings.watchlists
        if getting & _with_fallbacks(router.reach(name), settings.targets)
    )


def _with_fallbacks(names: Collection[str], targets: Mapping[str, Target]) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        fallback = targets[name].fallback
        if fallback is not None and fallback not in found:
            left.append(fallback)
        found.add(name)
    return found


def _takes_attachments(url: str) -> bool:
    service = apprise.Apprise.instantiate(url)
    return service is not None and bool(service.attachment_support)
