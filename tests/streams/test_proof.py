"""The proof by comparison: streaming fold = vectorised batch = brute force.

Random closes of three symbols (repeated, late, out of order, corrected, with holes and ties) go
through the fold in random frames, with takeovers from snapshots. What stands in the end (streaks,
books, and everything told less what was taken back) must be what thirty lines of plain Python
with fractions find in the final closes. PROOF_EXAMPLES sets how many examples there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from alerts.model import Alert
from config.watchlists import Watchlist
from streams.batches import Single
from streams.core.book import Book, Entry
from streams.core.kernel import running_lengths
from streams.core.streaks import Missing, Streak, Ties, runs
from streams.core.subjects import PairKey
from streams.core.watch import Watch
from streams.folds.watcher import WatcherFold
from streams.records import Place, Topic
from streams.wire import Close, Routed, decode_alert, encode_routed

EXAMPLES = int(os.environ.get("PROOF_EXAMPLES", "2000"))
FIRST = 20_000  # 2024-10-04
MEMBERS = ("A", "C")
PAIRS = (("A", "B"), ("C", "B"), ("EQUAL", "B"), ("B", "SUM"), ("FIXED", "C"))

Final = dict[tuple[str, int], int]
Row = tuple[int, int]  # period and sign


# --- brute force ----------------------------------------------------------------------------


def own_periods(final: Final, symbols: tuple[str, ...]) -> list[int]:
    days = sorted({day for _, day in final})
    return [day for day in days if all((symbol, day) in final for symbol in symbols)]


def members(leg: str) -> tuple[str, ...]:
    return (leg,) if len(leg) == 1 else MEMBERS


def level(final: Final, leg: str, day: int) -> Fraction:
    """The worth of a leg, up to a constant factor."""
    prices = [Fraction(final[symbol, day]) for symbol in members(leg)]
    own = own_periods(final, members(leg))
    if leg == "EQUAL":
        worth = Fraction(1)
        for p0, p1 in pairwise(p for p in own if p <= day):
            worth *= sum(Fraction(final[m, p1], final[m, p0]) for m in MEMBERS) / len(MEMBERS)
        return worth
    if leg == "FIXED":
        bought = [Fraction(final[symbol, own[0]]) for symbol in MEMBERS]
        return 3 * prices[0] / bought[0] + prices[1] / bought[1]
    return sum(prices, start=Fraction(0))


def rounded(value: Fraction, steps: int | None) -> Fraction:
    if steps is None:
        return value
    whole = (abs(value) * steps + Fraction(1, 2)) // 1
    return Fraction(whole if value >= 0 else -whole)


def rows_of(final: Final, pair: tuple[str, str], steps: int | None) -> list[Row]:
    days = own_periods(final, (*members(pair[0]), *members(pair[1])))
    rows = [(day, 0) for day in days[:1]]
    for p0, p1 in pairwise(days):
        asset, benchmark = (
            rounded(level(final, leg, p1) / level(final, leg, p0) - 1, steps) for leg in pair
        )
        rows.append((p1, (asset > benchmark) - (asset < benchmark)))
    return rows


def streaks_of(rows: list[Row], ties: str, missing: str) -> list[list[Any]]:
    """[direction, length, base, start, end, goes on] of every streak: the ten lines."""
    found: list[list[Any]] = []
    for (p0, _), (p1, sign) in pairwise(rows):
        going = bool(found) and found[-1][5]
        if (missing == "break" and p1 > p0 + 1) or (sign == 0 and ties == "break"):
            found[-1:] = [[*found[-1][:5], False]] if found else []
        elif going and (sign == found[-1][0] or (sign == 0 and ties == "extend")):
            found[-1][1], found[-1][4] = found[-1][1] + 1, p1
        elif sign != 0:
            found[-1:] = [[*found[-1][:5], False]] if found else []
            found.append([sign, 1, p0, p1, p1, True])
    return found


def milestones_of(rows: list[Row], ties: str, missing: str) -> Iterator[tuple[Any, ...]]:
    """Thresholds at 2 and 3, records tied and broken, ends: by what each period changed."""
    for at in range(1, len(rows)):
        before, now = (streaks_of(rows[:end], ties, missing) for end in (at, at + 1))
        period = rows[at][0]
        last = now[-1] if now else None
        if last and last[5] and last[4] == period and last not in before:
            yield from grown_of(last, now[:-1], period)
        if before and before[-1][5] and (len(now) > len(before) or not now[-1][5]):
            ended = before[-1]
            yield ("ended", ended[1], ended[0], ended[3], period, None)


def grown_of(streak: list[Any], past: list[list[Any]], period: int) -> Iterator[tuple[Any, ...]]:
    lengths = [(other[1], other[4]) for other in past if other[0] == streak[0]]
    record = max(lengths, default=None)
    kinds = []
    if record is not None and streak[1] - record[0] in (0, 1):
        kinds.append(("record.tied", "record.broken")[streak[1] - record[0]])
    if streak[1] in (2, 3):
        kinds.append("threshold")
    if kinds:
        held = record if kinds[0].startswith("record") else None
        yield (kinds[0], streak[1], streak[0], streak[3], period, held)


# --- what is compared -----------------------------------------------------------------------

SERIES = {
    "EQUAL": {"kind": "basket", "members": list(MEMBERS)},
    "SUM": {"kind": "basket", "weighting": "price", "members": list(MEMBERS)},
    "FIXED": {
        "kind": "basket",
        "weighting": "fixed",
        "weights": {"A": 0.75, "C": 0.25},
        "as_of": "1990-01-01",
    },
}


def watchlist(ties: str, missing: str, steps: int | None) -> Watchlist:
    return Watchlist.model_validate(
        {
            "calendar": "24/7",
            "series": SERIES,
            "pairs": [{"asset": a, "benchmark": b} for a, b in PAIRS],
            "rules": [
                {"kind": "threshold", "at": [2, 3]},
                {"kind": "record", "min_length": 1},
                {"kind": "ended", "min_length": 1},
            ],
            "targets": ["t"],
            "ties": ties,
            "missing": missing,
            "round_returns_to": None if steps is None else f"{1 / steps}",
            "min_history": 0,
        }
    )


def fold(watched: Watchlist, records: list[Single], cuts: list[tuple[int, bool]]) -> Any:
    """The alerts, and the fold's last state; at some cuts a new fold takes over."""
    place, outputs, at = Place(Topic.WATCH, 0), [], 0
    running = WatcherFold(place, {"w": watched})
    for cut, handed_over in [*sorted(cuts), (len(records), False)]:
        outputs += running.apply(records[at:cut])
        at = max(at, cut)
        if handed_over:
            state = msgpack.decode(msgpack.encode(running.snapshot()))
            running = WatcherFold(place, {"w": watched})
            running.restore(state)
    alerts = [decode_alert(o.value) for o in outputs if o.topic is Topic.ALERTS]
    return alerts, running._states["w"].watch if "w" in running._states else None


def standing(alerts: list[Alert]) -> list[Alert]:
    """What was told, less what was taken back; nothing is told twice."""
    kept: dict[str, Alert] = {}
    seen = set()
    for alert in alerts:
        assert alert.id not in seen
        seen.add(alert.id)
        if alert.revision in ("retracted", "amended"):
            del kept[alert.follows]
        if alert.revision != "retracted":
            kept[alert.id] = alert
    return list(kept.values())


def told(alert: Alert) -> tuple[Any, ...]:
    m = alert.milestone
    held = m.holder and (m.holder.length, m.holder.end)
    return (m.kind.value, m.level, alert.direction, alert.start, alert.period, held)


def as_told(one: tuple[Any, ...]) -> tuple[Any, ...]:
    kind, level_, direction, start, period, held = one
    name = "outperforming" if direction == 1 else "underperforming"
    held = held and (held[0], text(held[1]))
    return (kind, level_, name, text(start), text(period), held)


def text(day: int) -> str:
    return str(np.datetime64(day, "D"))


def check_state(watch: Watch, pair: PairKey, streaks: list[list[Any]], first: int) -> None:
    """The running streak and the books of the fold are those of the list."""
    tracker = watch.tracker(pair)
    running = streaks[-1] if streaks and streaks[-1][5] else None
    assert tracker.running == (running and Streak(*running[:5]))
    for way in (1, -1):
        book = Book(Entry(s[1], s[3], s[4], begins_known=s[2] == first)
                    for s in streaks if s[0] == way and not s[5])  # fmt: skip
        assert tracker.books[way].entries == book.entries


def check_batch(
    watch: Watch, pair: PairKey, streaks: list[list[Any]], policy: tuple[str, str, int | None]
) -> None:
    """The vectorised batch finds the same streaks."""
    view, history = watch.view(pair), watch.history(pair)
    found = runs(
        view.signs(history), Ties(policy[0]), *watch.tracker(pair).terms.masks(history.periods)
    )
    assert found.streaks(history.periods) == [Streak(*s[:5]) for s in streaks]
    assert found.runs_on == bool(streaks and streaks[-1][5])


def check_kernel(
    final: Final, pair: tuple[str, str], streaks: list[list[Any]], policy: tuple[str, str, Any]
) -> None:
    """The kernel's last row is the streak that runs; only symbols have closes for it."""
    if len(pair[0]) > 1 or len(pair[1]) > 1:
        return
    days = range(min(d for _, d in final), max(d for _, d in final) + 1)
    legs = [np.array([[final.get((leg, day), 0)] for day in days], np.int64) for leg in pair]
    lengths = running_lengths(
        *legs, ties=Ties(policy[0]), missing=Missing(policy[1]), steps=policy[2]
    )
    running = streaks[-1] if streaks and streaks[-1][5] else None
    assert lengths[-1, 0] == (running[0] * running[1] if running else 0)


CLOSES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(FIRST, FIRST + 9), st.integers(1, 4)),
    max_size=45,
)
POLICIES = st.tuples(
    st.sampled_from(("break", "extend", "skip")),
    st.sampled_from(("hold", "break")),
    st.sampled_from((None, 100)),
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(CLOSES, POLICIES, st.lists(st.tuples(st.integers(0, 45), st.booleans()), max_size=4))
def test_streaming_is_batch_is_brute_force(
    closes: list[tuple[str, int, int]],
    policy: tuple[str, str, int | None],
    cuts: list[tuple[int, bool]],
) -> None:
    records = [
        Single(i, 0, b"w", encode_routed(Routed("w", Close(s, day, price * 10**6), 0, i, i)))
        for i, (s, day, price) in enumerate(closes)
    ]
    alerts, watch = fold(watchlist(*policy), records, cuts)
    final: Final = {(s, day): price * 10**6 for s, day, price in closes}
    kept = standing(alerts)
    for pair in PAIRS:
        rows = rows_of(final, pair, policy[2])
        expected = sorted(as_told(one) for one in milestones_of(rows, policy[0], policy[1]))
        own = [alert for alert in kept if (alert.asset, alert.benchmark) == pair]
        assert sorted(map(told, own)) == expected
        if watch is None:
            continue
        streaks = streaks_of(rows, policy[0], policy[1])
        key = PairKey(*pair)
        check_state(watch, key, streaks, rows[0][0] if rows else -1)
        check_batch(watch, key, streaks, policy)
        check_kernel(final, pair, streaks, policy)
