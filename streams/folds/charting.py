"""Which alerts go with the history that their picture shows, and that history as a header."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from alerts.age import is_historic
from alerts.model import Alert
from alerts.pictures.tail import has_picture, tail
from config.settings import Delivery
from streams.core.subjects import PairKey
from streams.core.watch import Watch
from streams.records import CHART, Headers

log = logging.getLogger(__name__)

Charted = Callable[[Alert], bool]


def never(_: Alert) -> bool:
    """No target wants pictures."""
    return False


def news(rules: Delivery, watchlists: Collection[str]) -> Charted:
    """The alerts of watchlists that were no history when they came about, by the times in the log
    alone."""

    def is_news(alert: Alert) -> bool:
        if alert.watchlist not in watchlists:
            return False
        return not is_historic(alert, rules, alert.trigger.arrived_ms)

    return is_news


def chart_of(alert: Alert, watch: Watch) -> Headers:
    """The history of an alert's pair, as the closes are now; nothing where there is no picture."""
    if not has_picture(alert):
        return ()
    try:
        made = tail(alert, watch.view(PairKey(alert.asset, alert.benchmark)))
    except Exception:  # no picture is no reason for no alert
        log.exception("alert %s goes without a picture", alert.id)
        return ()
    return () if made is None else ((CHART, made.encode()),)
