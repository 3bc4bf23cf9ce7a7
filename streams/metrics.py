"""Every metric, on one registry; the comment of each is its help text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from alerts.ledger import Outcome
from alerts.model import Alert
from config.settings import Target
from streams.records import Output, Place
from streams.wire import RejectedError, StreakNow

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody reads


class Metrics:
    """The metrics of one worker."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.records = Counter(
            "streakwatch_records_folded",
            "Records folded: ticks, one or many (bars), closes as they arrive (router), closes "
            "folded into streaks (watcher), alerts (delivery).",
            ["fold"],
            registry=self.registry,
        )
        self.lag = Gauge(
            "streakwatch_lag_records",
            "Records between a fold's cursor and the end of its partition.",
            ["fold", "topic", "partition"],
            registry=self.registry,
        )
        self.ticks = Counter(
            "streakwatch_ticks",
            "Ticks by what became of them: taken, late (for a close already told), stale, future, "
            "out-of-session, unreadable, unwatched (of symbols that nobody watches).",
            ["outcome"],
            registry=self.registry,
        )
        self.bars = Gauge(
            "streakwatch_bars_open",
            "Periods of symbols that have ticks and are not closed yet.",
            registry=self.registry,
        )
        self.streak_length = Gauge(
            "streakwatch_streak_length_periods",
            "Length of a pair's running streak, in periods; 0 without one.",
            ["watchlist", "asset", "benchmark"],
            registry=self.registry,
        )
        self.streak_direction = Gauge(
            "streakwatch_streak_direction",
            "Direction of a pair's running streak: 1 outperforming, -1 underperforming, 0 none.",
            ["watchlist", "asset", "benchmark"],
            registry=self.registry,
        )
        self.alerts = Counter(
            "streakwatch_alerts",
            "Alerts raised, by watchlist and rule (the kind of the strongest milestone).",
            ["watchlist", "rule"],
            registry=self.registry,
        )
        self.suppressed = Counter(
            "streakwatch_suppressed",
            "Alerts that a target was not told, by the reason: historic, inhibited, silenced, "
            "muted, below, unrouted (no route names a target).",
            ["target", "reason"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "streakwatch_deliveries",
            "Outcomes of alerts at targets: delivered, suppressed, failed (refused for good), "
            "given-up (not taken before the deadline).",
            ["target", "outcome"],
            registry=self.registry,
        )
        self.attempts = Counter(
            "streakwatch_delivery_attempts_failed",
            "Attempts at a target that failed and were tried again or given up.",
            ["target"],
            registry=self.registry,
        )
        self.waiting = Gauge(
            "streakwatch_deliveries_waiting",
            "Alerts that wait for a target, those included that are tried again.",
            ["target"],
            registry=self.registry,
        )
        self.oldest = Gauge(
            "streakwatch_delivery_oldest_seconds",
            "Seconds that the oldest alert has waited for a target; 0 when none waits.",
            ["target"],
            registry=self.registry,
        )
        self.fallbacks = Counter(
            "streakwatch_deliveries_fallback",
            "Alerts that a target did not take, and that went to its fallback.",
            ["target", "fallback"],
            registry=self.registry,
        )
        self.delivery_seconds = Histogram(
            "streakwatch_delivery_seconds",
            "Seconds from a close's arrival in Kafka to its alert's delivery, by target.",
            ["target"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "streakwatch_dead_letters",
            "Records sent to the dead letters, by the topic that they came from and reason.",
            ["topic", "reason"],
            registry=self.registry,
        )
        self.snapshots = Counter(
            "streakwatch_snapshots_written",
            "Snapshots written, by fold.",
            ["fold"],
            registry=self.registry,
        )
        self.recoveries = Counter(
            "streakwatch_fold_recoveries",
            "Times that a fold was restored after an unexpected error.",
            ["fold"],
            registry=self.registry,
        )
        self.ready = Gauge(
            "streakwatch_ready",
            "1 when partitions are assigned and every fold has caught up with its log.",
            registry=self.registry,
        )

    def expect(self, targets: Mapping[str, Target]) -> None:
        """Begin the series of targets at 0, so that their first event is seen as an increase."""
        for name, target in targets.items():
            for outcome in Outcome:
                if outcome.is_final:
                    self.deliveries.labels(name, outcome.value)
            self.attempts.labels(name)
            self.delivery_seconds.labels(name)
            if target.fallback is not None:
                self.fallbacks.labels(name, target.fallback)

    def watch_target(
        self, name: str, waiting: Callable[[], float], oldest: Callable[[], float]
    ) -> None:
        """Ask for what waits for a target whenever the metrics are read."""
        self.waiting.labels(name).set_function(waiting)
        self.oldest.labels(name).set_function(oldest)

    def count_ticks(self, counts: Mapping[str, int]) -> None:
        """Count ticks by what became of them."""
        for outcome, count in counts.items():
            self.ticks.labels(outcome).inc(count)

    def watch_bars(self, open_bars: Callable[[], float]) -> None:
        """Ask for the bars that are open whenever the metrics are read."""
        self.bars.set_function(open_bars)

    def observe(self, outputs: Iterable[Output]) -> None:
        """Count what has been sent."""
        for output in outputs:
            match output.about:
                case Alert() as alert:
                    self.alerts.labels(alert.watchlist, alert.rule).inc()
                case StreakNow() as streak:
                    self._set_streak(streak)
                case (Place() as place, RejectedError() as error):
                    self.dead_letters.labels(place.topic.value, error.reason.value).inc()

    def forget(self, outputs: Iterable[Output]) -> None:
        """Speak no more of streaks that another worker keeps now."""
        for output in outputs:
            if isinstance(output.about, StreakNow):
                labels = (output.about.watchlist, output.about.asset, output.about.benchmark)
                self.streak_length.remove(*labels)
                self.streak_direction.remove(*labels)

    def _set_streak(self, streak: StreakNow) -> None:
        labels = (streak.watchlist, streak.asset, streak.benchmark)
        sign = {"outperforming": 1, "underperforming": -1}.get(streak.direction, 0)
        self.streak_length.labels(*labels).set(streak.length)
        self.streak_direction.labels(*labels).set(sign)
