"""What matchers see of an alert: its facts, as texts by field."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.evidence import Absence
from alerts.model import Alert
from config.settings import Settings
from config.severities import SEVERITIES, Severity

Facts = Mapping[str, str]
"""A text for each field, empty where the alert has none; labels are ``labels.NAME``."""

SEVERITY = "severity"


class Describer:
    """Describes alerts with what the configuration says of their watchlists and kinds."""

    def __init__(self, settings: Settings) -> None:
        self._severities: dict[str, Severity] = {**SEVERITIES, **settings.severities}
        self._watchlists = {
            name: {
                "calendar": watchlist.calendar,
                **{f"labels.{label}": text for label, text in watchlist.labels.items()},
            }
            for name, watchlist in settings.watchlists.items()
        }

    def severity(self, kind: str) -> Severity:
        """How grave alerts of a kind are; of one that is not known ``warning``."""
        return self._severities.get(kind, "warning")

    def of_watchlist(self, name: str) -> Facts:
        """What the configuration says of a watchlist: its calendar and labels."""
        return self._watchlists.get(name, {})

    def describe(self, alert: Alert) -> dict[str, str]:
        """The facts of an alert.

        ``pair`` is ASSET/BENCHMARK, or what the alert is about where there is no benchmark;
        ``direction`` that of the streak, or of what was crossed; ``missing`` is ``all`` or ``some``
        for alerts about missing closes.
        """
        kind = alert.milestone.kind.value
        return {
            "watchlist": alert.watchlist,
            "asset": alert.asset,
            "benchmark": alert.benchmark,
            "pair": f"{alert.asset}/{alert.benchmark}" if alert.benchmark else alert.asset,
            "rule": kind,
            SEVERITY: self.severity(kind),
            "direction": alert.direction or alert.milestone.direction,
            "interval": alert.interval,
            "period": alert.period,
            "missing": _missing(alert),
            **self._watchlists.get(alert.watchlist, {}),
        }


def _missing(alert: Alert) -> str:
    evidence = alert.evidence
    if not isinstance(evidence, Absence):
        return ""
    return "all" if len(evidence.symbols) + evidence.more >= evidence.of else "some"
