"""Which targets get pictures."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import apprise

from alerts.console import register_console
from config.settings import Target


def can_draw() -> bool:
    """Whether matplotlib is installed (the extra ``plot``); without it no target gets pictures."""
    return find_spec("matplotlib") is not None


def wanting(targets: Mapping[str, Target]) -> frozenset[str]:
    """The targets that would get pictures: those whose channel takes attachments, but for those
    that are never to."""
    register_console()
    return frozenset(
        name
        for name, target in targets.items()
        if target.pictures == "auto" and _takes_attachments(target.url.get_secret_value())
    )


def takers(targets: Mapping[str, Target]) -> frozenset[str]:
    """The targets that get pictures."""
    return wanting(targets) if can_draw() else frozenset()


def _takes_attachments(url: str) -> bool:
    service = apprise.Apprise.instantiate(url)
    return service is not None and bool(service.attachment_support)
