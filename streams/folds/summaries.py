"""Which streaks of a watchlist run, and which are near a record, when its summaries are due.

A summary is no record of a feed. So its time comes as one, a :class:`streams.wire.Due`, and what it
tells is the state of the fold where that stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nsmallest
from typing import Any

import numpy as np

from alerts.evidence import Overview, Running
from alerts.milestones import enough_history, holder
from alerts.model import Alert, Kind, Milestone, Trigger, alert_id
from alerts.steps import Step
from config.summaries import SummaryRule
from config.watchlists import Watchlist
from streams.core import periods
from streams.core.periods import NEVER
from streams.core.streaks import carried
from streams.core.subjects import PairKey
from streams.core.watch import Watch
from streams.definitions import Instruments, summary_rules
from streams.folds.happenings import Origin
from streams.wire import Due


class Summaries:
    """The rules on summaries of a watchlist, and for when each was asked for last."""

    def __init__(
        self, name: str, watchlist: Watchlist, watch: Watch, instruments: Instruments
    ) -> None:
        self._rules = summary_rules(watchlist, instruments)
        self._name, self._interval, self._watch = name, watchlist.interval, watch
        self._last: dict[str, int] = {}

    def ask(self, due: Due, trigger: Trigger) -> Iterator[Alert]:
        """The summary that is due; nothing for a repeat, nor for a rule that is gone."""
        rule, last = self._rules.get(due.rule), self.last(due.rule)
        if rule is None or due.interval != self._interval:
            return
        if last is not None and due.period <= last:
            return
        self._last[due.rule] = due.period
        period = periods.to_text(due.period, self._interval)
        origin = Origin(self._name, self._interval, due.rule, self._name)
        yield origin.alert(
            identity=alert_id(self._name, Kind.SUMMARY.value, period, due.rule),
            period=period,
            told=(Milestone(Kind.SUMMARY),),
            evidence=self._overview(rule, due),
            trigger=trigger,
        )

    def last(self, rule: str) -> int | None:
        """The last period that a rule has been asked for; None for one that is none of these."""
        return self._last.get(rule)

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        return dict(self._last)

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._last = dict(state)

    def _overview(self, rule: SummaryRule, due: Due) -> Overview:
        pairs, (length, record, last) = self._watch.pairs, self._watch.standings()
        until = int(last.max(initial=NEVER))
        wanted = np.abs(length) >= rule.min_length
        if rule.direction != "any":
            wanted &= (length > 0) == (rule.direction == "outperforming")
        may_be_near = wanted & (record > 0) & (record - np.abs(length) <= rule.near)
        near = [self._running(pairs[at]) for at in np.flatnonzero(may_be_near).tolist()]
        others = [(-abs(length.item(at)), pairs[at])
                  for at in np.flatnonzero(wanted & ~may_be_near).tolist()]  # fmt: skip
        found = near + [self._running(pair) for _, pair in nsmallest(rule.most, others)]
        found.sort(key=lambda one: _order(rule, one))
        return Overview(
            due=periods.to_text(due.ended_ms // 60_000, "1m"),
            until="" if until == NEVER else periods.to_text(until, self._interval),
            pairs=len(pairs),
            running=int(np.count_nonzero(wanted)),
            near=sum(_is_near(rule, one) for one in found),
            min_length=rule.min_length,
            within=rule.near,
            streaks=tuple(found[: rule.most]),
        )

    def _running(self, pair: PairKey) -> Running:
        tracker, view, interval = self._watch.tracker(pair), self._watch.view(pair), self._interval
        streak = tracker.running
        step = Step(tracker, carried(streak), view, interval)
        record = tracker.books[streak.direction].record()
        if record is not None and not enough_history(tracker, streak):
            record = None
        return Running(
            asset=pair.asset,
            benchmark=pair.benchmark,
            direction=streak.direction_name,
            length=streak.length,
            start=periods.to_text(streak.start, interval),
            period=periods.to_text(tracker.last, interval),
            asset_return=step.gain(view.asset, streak),
            benchmark_return=step.gain(view.benchmark, streak),
            record=None if record is None else holder(record, interval),
            begins_known=streak.base == tracker.first,
        )


def _is_near(rule: SummaryRule, one: Running) -> bool:
    return one.record is not None and one.record.length - one.length <= rule.near


def _order(rule: SummaryRule, one: Running) -> tuple[bool, int, int, str, str]:
    """Those near their record first, the nearest of them before the others; then by length."""
    short = one.record.length - one.length if one.record and _is_near(rule, one) else 0
    return not _is_near(rule, one), short, -one.length, one.asset, one.benchmark
