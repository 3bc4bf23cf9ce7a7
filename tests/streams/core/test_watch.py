"""However the closes come, the pairs end up as a batch over the final closes has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.book import Book, Entry
from streams.core.levels import LevelTerms, LevelTracker
from streams.core.pairs import Terms, Tracker
from streams.core.returns import Signs, active_signs
from streams.core.series import Closes, common, dump, load
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Ties, find
from streams.core.subjects import Moved, PairKey, Rewritten, walk
from streams.core.views import History, PairView
from streams.core.watch import Watch

SYMBOLS = ("A", "B", "C")
PAIRS = {
    PairKey("A", "B"): Terms(),
    PairKey("B", "A"): Terms(ties=Ties.SKIP),
    PairKey("A", "C"): Terms(ties=Ties.EXTEND, seeds=((OUTPERFORMING, Entry(4, -9, -5, "x")),)),
    PairKey("C", "B"): Terms(steps=10),
}
CLOSES = st.tuples(st.sampled_from(SYMBOLS), st.integers(0, 15), st.integers(1, 4))


@pytest.fixture(autouse=True, scope="module")
def marks_everywhere() -> Iterator[None]:
    """States are kept so often that late closes start from all kinds of them, and signs are found
    one by one as well as in blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.core.subjects.MARK_EVERY", 1)
        patch.setattr("streams.core.subjects.MOST_MARKS", 4)
        patch.setattr("streams.core.views._FEW", 3)
        patch.setattr("streams.core.views._BLOCK", 2)
        yield


def replayed(watch: Watch, pair: PairKey) -> Tracker:
    tracker = Tracker(watch.tracker(pair).terms)
    for row in watch.view(pair).rows_after(None):
        tracker.step(*row)
    return tracker


def state(tracker: Tracker) -> dict[str, object]:
    return tracker.dump()


def signs_of(terms: Terms, history: History) -> Signs:
    asset, benchmark = (leg.astype(np.int64) for leg in (history.asset, history.benchmark))
    return active_signs(asset, benchmark, terms.steps)


def batch(terms: Terms, history: History) -> tuple[object, dict[int, tuple[Entry, ...]]]:
    """The running streak and the books, from the whole history at once."""
    streaks, runs_on = find(history.periods, signs_of(terms, history), terms.ties)
    first = int(history.periods[0]) if len(history.periods) else None
    running = streaks.pop() if runs_on else None
    books = {
        way: Book(
            [e for d, e in terms.seeds if d == way and first is not None and e.end < first]
            + [
                Entry(s.length, s.start, s.end, begins_known=s.base == first)
                for s in streaks
                if s.direction == way
            ]
        ).entries
        for way in (OUTPERFORMING, UNDERPERFORMING)
    }
    return running, books


@given(st.lists(CLOSES, max_size=70))
def test_any_order_ends_in_the_batch_state(closes: list[tuple[str, int, int]]) -> None:
    watch, final = Watch(PAIRS), {}
    for symbol, period, price in closes:
        watch.put(symbol, period, price)
        final[symbol, period] = price
    for pair, terms in PAIRS.items():
        periods = sorted(p for (s, p) in final if s == pair.asset and (pair.benchmark, p) in final)
        history = watch.history(pair)
        assert history.periods.tolist() == periods
        assert history.asset.tolist() == [final[pair.asset, p] for p in periods]
        assert history.benchmark.tolist() == [final[pair.benchmark, p] for p in periods]
        tracker = watch.tracker(pair)
        assert state(tracker) == state(replayed(watch, pair))
        assert watch.view(pair).signs(history).tolist() == signs_of(terms, history).tolist()
        running, books = batch(terms, history)
        assert tracker.running == running
        assert {way: book.entries for way, book in tracker.books.items()} == books
        assert tracker.returns == max(0, len(periods) - 1)
        assert (tracker.first, tracker.last) == (
            (periods[0], periods[-1]) if periods else (None, None)
        )


def rows(view: PairView) -> list[tuple[int, int]]:
    return list(view.rows_after(None))


@given(st.lists(CLOSES, max_size=30))
def test_changes_say_what_changed(closes: list[tuple[str, int, int]]) -> None:
    watch = Watch(PAIRS)
    for symbol, period, price in closes:
        before = {pair: (state(watch.tracker(pair)), rows(watch.view(pair))) for pair in PAIRS}
        known = watch.closes[symbol].get(period)
        changes = watch.put(symbol, period, price)
        changed = {change.key: change for change in changes}
        assert len(changed) == len(changes)
        if known == price:
            assert not changes
        for pair in PAIRS:
            was, past = before[pair]
            match changed.get(pair):
                case Moved(_, tracker, turn, _):
                    assert tracker.last == period
                    assert not past or period > past[-1][0]
                    assert (turn is None) == (not past)
                case Rewritten(_, start, _, earlier, later):
                    assert start.last is None or start.last < period
                    assert rows(earlier) == past
                    assert rows(later) == rows(watch.view(pair))
                    assert period in dict(rows(later))
                case None:
                    assert state(watch.tracker(pair)) == was


@given(st.lists(CLOSES, max_size=25))
def test_the_same_close_twice_changes_nothing(closes: list[tuple[str, int, int]]) -> None:
    watch = Watch(PAIRS)
    for close in closes:
        watch.put(*close)
        assert watch.put(*close) == []


@given(st.lists(CLOSES, min_size=1, max_size=30))
def test_dump_and_load(closes: list[tuple[str, int, int]]) -> None:
    watch = Watch(PAIRS)
    for close in closes:
        watch.put(*close)
    for pair, terms in PAIRS.items():
        tracker = watch.tracker(pair)
        loaded = Tracker.load(terms, json.loads(json.dumps(tracker.dump())))
        assert loaded.dump() == tracker.dump()
        assert loaded.running == tracker.running
        assert {w: b.entries for w, b in loaded.books.items()} == {
            w: b.entries for w, b in tracker.books.items()
        }
        ahead = (100, -1)
        assert loaded.step(*ahead) == tracker.step(*ahead)
        assert loaded.dump() == tracker.dump()


@given(st.lists(st.tuples(st.integers(-5, 20), st.integers(1, 10**15)), max_size=30))
def test_closes_are_a_sorted_map(puts: list[tuple[int, int]]) -> None:
    closes, expected = Closes(), {}
    for period, price in puts:
        closes.put(period, price)
        expected[period] = price
    periods, prices = closes.columns()
    assert len(closes) == len(expected)
    assert dict(zip(periods.tolist(), prices.tolist(), strict=True)) == expected
    assert periods.tolist() == sorted(expected)
    again = Closes()
    load([again], dump([closes]))
    for period in range(-6, 22):
        assert closes.get(period) == again.get(period) == expected.get(period)


ROWS = st.dictionaries(st.integers(0, 3), st.integers(1, 9), max_size=4)


@given(st.lists(ROWS, max_size=5))
def test_the_closes_of_many_symbols_are_kept_together(rows: list[dict[int, int]]) -> None:
    """Some have the same periods; what was loaded goes on by itself."""
    each, again = ([Closes() for _ in rows] for _ in range(2))
    for closes, puts in zip(each, rows, strict=True):
        for period, price in puts.items():
            closes.put(period, price)
    load(again, dump(each))
    for closes in again:
        closes.put(7, 7)
    found = [dict(zip(*(c.tolist() for c in one.columns()), strict=True)) for one in again]
    assert found == [puts | {7: 7} for puts in rows]


def test_a_close_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="7"):
        Closes()[7]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=20))
def test_walk_goes_through_the_states_of_live_work(rows: list[tuple[int, int]]) -> None:
    pair, terms = PairKey("A", "B"), Terms(ties=Ties.EXTEND)
    watch, live = Watch({pair: terms}), []
    for period, (a, b) in enumerate(rows):
        for change in (*watch.put("A", period, a), *watch.put("B", period, b)):
            assert isinstance(change, Moved)
            if change.turn is not None:
                live.append((state(watch.tracker(pair)), change.turn))
    walked = walk(Tracker(terms), watch.view(pair))
    assert [(state(t), turn) for t, turn in walked] == live


def test_a_history_finds_its_levels() -> None:
    history = History(np.array([2, 5, 9]), np.array([1.0, 2, 3]), np.array([4.0, 5, 6]))
    assert [history.index(p) for p in (2, 5, 9)] == [0, 1, 2]


def test_common_periods() -> None:
    a, b = Closes(), Closes()
    for period in (1, 2, 4):
        a.put(period, 10 + period)
    for period in (2, 3, 4):
        b.put(period, 20 + period)
    assert [column.tolist() for column in common(a, b, 0, 9)] == [[2, 4], [12, 14], [22, 24]]
    assert [column.tolist() for column in common(a, b, 3, 4)] == [[4], [14], [24]]


def test_an_unknown_symbol() -> None:
    with pytest.raises(KeyError):
        Watch(PAIRS).put("Z", 1, 1)


def test_a_hole_is_held_and_filled() -> None:
    """A period without one leg: the next common close is compared with the last common one."""
    pair = PairKey("A", "B")
    watch = Watch({pair: Terms()})
    for period, a, b in [(1, 100, 100), (2, 101, 100), (4, 103, 100)]:
        watch.put("A", period, a)
        watch.put("B", period, b)
    watch.put("A", 3, 90)
    assert watch.tracker(pair).running.length == 2
    (change,) = watch.put("B", 3, 100)
    assert isinstance(change, Rewritten)
    assert watch.tracker(pair).running.length == 1
    assert watch.tracker(pair).returns == 3


@pytest.mark.parametrize(
    ("seed", "kept"),
    [
        (Entry(9, -5, 2, "x"), Entry(9, -5, 2, "x")),  # it goes on over the log's edge
        (Entry(9, -5, 0, "x"), Entry(9, -5, 0, "x")),
        (Entry(9, -9, -5, "x"), Entry(2, 1, 2, begins_known=True)),
        (Entry(9, 3, 12, "x"), Entry(2, 1, 2, begins_known=True)),
    ],
)
def test_a_streak_cut_off_by_the_logs_edge(seed: Entry, kept: Entry) -> None:
    """It is kept as it was published, or as one that may have been longer."""
    tracker = Tracker(Terms(seeds=((OUTPERFORMING, seed),)))
    for period, sign in enumerate((0, 1, 1, -1)):
        tracker.step(period, sign)
    assert tracker.books[OUTPERFORMING].entries[-1] == kept


@given(
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 79), st.integers(1, 9)), max_size=8),
    st.integers(0, 79),
)
def test_a_rewritten_past_joins_the_present_again(
    random: Random, corrections: list[tuple[str, int, int]], hole: int
) -> None:
    """Where a longer streak came later, only a stretch is derived again; the end is the same."""
    pair = PairKey("A", "B")
    watch = Watch({pair: Terms(min_history=20)})
    final = {(s, p): random.randint(1, 9) for p in range(80) for s in "AB"}
    for (symbol, period), price in final.items():
        if (symbol, period) != ("A", hole):
            watch.put(symbol, period, price)
    for symbol, period, price in [("A", hole, final["A", hole]), *corrections]:
        before = rows(watch.view(pair))
        for change in watch.put(symbol, period, price):
            assert isinstance(change, Rewritten) or period == 79
            if isinstance(change, Rewritten) and change.until is not None:
                told = [dict(rows(view)) for view in (change.before, change.after)]
                assert told[0] == dict(before)
                later = [p for p in told[1] if p > change.until]
                assert [told[0][p] for p in later] == [told[1][p] for p in later]
        assert state(watch.tracker(pair)) == state(replayed(watch, pair))


@given(
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.integers(0, 39), st.integers(1, 9)), max_size=5),
    st.integers(0, 39),
)
def test_a_rewritten_level_ends_as_one_that_was_never_wrong(
    random: Random, corrections: list[tuple[int, int]], hole: int
) -> None:
    """Where nothing differs any more, only a stretch is derived again."""
    watch = Watch({}, levels={"A": LevelTerms()})
    prices = {period: random.randint(1, 9) for period in range(40)}
    for period, price in prices.items():
        if period != hole:
            watch.put("A", period, price)
    for period, price in [(hole, prices[hole]), *corrections]:
        before = dict(watch.view("A").rows_after(None))
        for change in watch.put("A", period, price):
            if not isinstance(change, Rewritten):
                assert period == 39
                continue
            assert dict(change.before.rows_after(None)) == before
            if change.until is not None:
                ends = [
                    [tracker.dump() for tracker, _ in walk(change.start, view, change.until)][-1]
                    for view in (change.before, change.after)
                ]
                assert ends[0] == ends[1]
        clean = LevelTracker(LevelTerms())
        for row in watch.view("A").rows_after(None):
            clean.step(*row)
        assert watch.tracker("A").dump() == clean.dump()
        marks = watch.marks("A")
        assert [mark.last for mark in marks] == sorted({mark.last for mark in marks})
