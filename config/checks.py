"""Checks of what no single value shows: names that must exist, and URLs that apprise must take.

They look at the plain data, so that their complaints come together with those of the models.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from config.hooks import SCHEMES, HookError, hook_of
from config.words import Complaint, KeyPath, any_of, found, scheme_of, shown, suggestion

OWN_SCHEMES = ("console", *SCHEMES)
"""Those that are ours and not apprise's."""


def missing_targets(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """The names in the watchlists' `targets` that are not among the file's `targets`."""
    targets = data.get("targets")
    if not isinstance(targets, dict) or not targets:
        return
    for path, name in _used_targets(data):
        if name not in targets:
            hint = suggestion(name, targets)
            cure = hint or f"add it to targets, or write {any_of(list(targets)[:10])}"
            yield Complaint(path, f"there is no target {found(name)}", cure)


def _used_targets(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    watchlists = data.get("watchlists")
    for name, watchlist in watchlists.items() if isinstance(watchlists, dict) else ():
        used = watchlist.get("targets") if isinstance(watchlist, dict) else None
        for index, target in enumerate(used) if isinstance(used, list) else ():
            if isinstance(target, str):
                yield ("watchlists", name, "targets", index), target


def unfit_fallbacks(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """The targets' fallbacks that are no target, or lead back to where they began."""
    targets = data.get("targets")
    if not isinstance(targets, dict):
        return
    fallbacks = _fallbacks(targets)
    for name, fallback in fallbacks.items():
        path, chain = ("targets", name, "fallback"), _chain(name, fallbacks)
        if fallback not in targets:
            others = [other for other in targets if other != name][:10]
            cure = suggestion(fallback, targets) or (f"write {any_of(others)}" if others else "")
            yield Complaint(path, f"there is no target {found(fallback)}", cure or "remove it")
        elif name in chain:
            way = " → ".join(shown(str(one)) for one in (name, *chain))
            yield Complaint(path, f"leads back to itself: {way}", "let the last one have none")


def _fallbacks(targets: Mapping[str, Any]) -> dict[str, str]:
    named = {n: t.get("fallback") for n, t in targets.items() if isinstance(t, dict)}
    return {name: fallback for name, fallback in named.items() if isinstance(fallback, str)}


def _chain(name: str, fallbacks: Mapping[str, str]) -> list[str]:
    """Who gets what ``name`` does not take, one after the other; each once."""
    chain: list[str] = []
    following = fallbacks.get(name)
    while following is not None and following not in chain:
        chain.append(following)
        following = fallbacks.get(following)
    return chain


def refused_urls(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """The targets' URLs that apprise refuses. Of a URL, only the scheme is told."""
    targets = data.get("targets")
    for name, target in targets.items() if isinstance(targets, dict) else ():
        url = target.get("url") if isinstance(target, dict) else None
        if isinstance(url, str):
            trouble = _trouble(url)
            if trouble:
                yield Complaint(("targets", name, "url"), *trouble)


def _trouble(url: str) -> tuple[str, str] | None:
    scheme = scheme_of(url)
    if scheme is None:
        return "found no URL", "write SCHEME://…, such as console:// or mailto://…"
    if scheme in OWN_SCHEMES:
        return None if scheme == "console" else _hook_trouble(url)
    from apprise.manager_plugins import NotificationManager  # it costs half a second

    known: Any = NotificationManager()  # type: ignore[no-untyped-call]
    if scheme.lower() not in known:
        hint = suggestion(scheme, [*OWN_SCHEMES, *known.schemas(include_disabled=True)])
        schemes = "write one of the schemes of https://appriseit.com/services/, or console://"
        return f"unknown scheme {shown(scheme)}://", hint or schemes
    if not _accepted(url):
        return f"apprise cannot use this {scheme}:// URL", _form(known[scheme.lower()])
    return None


def _hook_trouble(url: str) -> tuple[str, str] | None:
    try:
        hook_of(url)
    except HookError as error:
        return f"this URL {error.what}", error.cure
    return None


def _form(plugin: Any) -> str:
    if not plugin.enabled:
        return "it needs a library that is not installed"
    return f"see its form at {plugin.setup_url}"


def _accepted(url: str) -> bool:
    """Whether apprise takes a URL, for one service; a mail must be for somebody."""
    import apprise
    from apprise.plugins.email import NotifyEmail

    with _silenced("apprise"):
        try:
            services = apprise.Apprise()
            is_one = services.add(url) and len(services) == 1
            return is_one and not (isinstance(services[0], NotifyEmail) and not services[0].targets)
        except Exception:  # whatever a plugin raises, and its text may hold the secret
            return False


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
