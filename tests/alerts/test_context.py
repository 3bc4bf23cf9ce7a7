"""The evidence of pairs, beside an account of the whole history in fractions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.context import evidence
from alerts.evidence import Evidence, Holder, Missed, Rank
from alerts.milestones import milestones
from alerts.model import Kind, Milestone
from alerts.steps import Step
from config.rules import YearToDateRule
from streams.core.aftermath import Followed
from streams.core.baskets import EqualWeight, PriceWeighted
from streams.core.book import Entry
from streams.core.pairs import Nights, Terms, Tracker
from streams.core.prices import SCALE
from streams.core.streaks import Missing, Streak, Ties
from streams.core.subjects import PairKey, walk
from streams.core.watch import Formula, Watch

EPOCH = date(1970, 1, 1)
START = (date(2019, 11, 4) - EPOCH).days
BASKETS: dict[str, Formula] = {
    "PRICES": lambda made: PriceWeighted([made["A"], made["C"]]),
    "EQUAL": lambda made: EqualWeight([made["A"], made["C"]]),
}
MEMBERS = {"A": ("A",), "PRICES": ("A", "C"), "EQUAL": ("A", "C")}


@dataclass(frozen=True)
class Case:
    """A history, and the terms that it is counted by."""

    asset: str
    terms: Terms
    closes: dict[tuple[str, int], int]

    @property
    def sessions(self) -> Sequence[int]:
        return self.terms.sessions


@st.composite
def cases(draw: st.DrawFn) -> Case:
    asset = draw(st.sampled_from(["A", "A", "PRICES", "EQUAL"]))
    size, spacing = draw(st.sampled_from([8, 30, 90])), draw(st.sampled_from([1, 1, 50]))
    most, holes = draw(st.sampled_from([2, 3, 50])), draw(st.sampled_from([0, 0.1, 0.4]))
    drift = draw(st.sampled_from([0, 0, 1]))
    random = Random(draw(st.integers(0, 10**6)))
    sessions = tuple(range(START, START + size * spacing, spacing))
    closes = {
        (symbol, day): random.randint(1, most) + (drift * at if symbol == "A" else 0)
        for at, day in enumerate(sessions)
        for symbol in "ABC"
        if random.random() >= holes
    }
    seeds = tuple(
        (way, Entry(length, first, first + length * spacing, f"book {number}"))
        for number, (way, length, first) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from([1, -1]), st.integers(1, 6),
                        st.integers(START - 300, START + 3),
                    ),
                    max_size=3,
                )
            )
        )
    )  # fmt: skip
    terms = Terms(
        ties=draw(st.sampled_from(list(Ties))),
        steps=draw(st.sampled_from([None, None, 4])),
        seeds=seeds,
        complete_from=draw(st.sampled_from([None, 2])),
        sessions=sessions,
        missing=draw(st.sampled_from(list(Missing))),
        nights=draw(st.sampled_from([None, None, Nights(day=3 * spacing)])),
        min_history=draw(st.sampled_from([0, 5, 40])),
    )
    return Case(asset, terms, closes)


def watched(case: Case) -> Watch:
    watch = Watch({PairKey(case.asset, "B"): case.terms}, derived=BASKETS)
    for (symbol, day), price in case.closes.items():
        if symbol in watch.closes:
            watch.put(symbol, day, price * SCALE)
    return watch


def steps(case: Case) -> Iterator[Step]:
    """Each period, while the series go on beyond it."""
    view = watched(case).view(PairKey(case.asset, "B"))
    for tracker, turn in walk(Tracker(case.terms), view):
        yield Step(tracker, turn, view)  # type: ignore[arg-type]


# --- the account ------------------------------------------------------------------------------


@dataclass
class Run:
    """A streak by its places among the common periods; ``broken`` is the one that ended it."""

    way: int
    base: int
    length: int
    end: int
    broken: int | None = None
    ended_by: str = ""

    @property
    def start(self) -> int:
        return self.base + 1


class Account:
    """All of a history up to its common period ``now``."""

    def __init__(self, case: Case, until: int) -> None:
        self.case, self.terms = case, case.terms
        levels = leg(case, until)
        self.days = [day for day in levels if ("B", day) in case.closes]
        self.asset = [levels[day] for day in self.days]
        self.benchmark = [Fraction(case.closes["B", day]) for day in self.days]
        self.now = len(self.days) - 1
        self.signs = [0, *(self.sign(at) for at in range(1, len(self.days)))]
        self.runs = list(self.streaks())

    def sign(self, at: int) -> int:
        ups = [leg[at] / leg[at - 1] - 1 for leg in (self.asset, self.benchmark)]
        if self.terms.steps is not None:
            ups = [half_away(up * self.terms.steps) for up in ups]
        return (ups[0] > ups[1]) - (ups[0] < ups[1])

    def breaks(self, at: int) -> bool:
        return self.terms.missing is Missing.BREAK and bool(self.holes(at - 1, at))

    def at_night(self, at: int) -> bool:
        nights = self.terms.nights
        return nights is not None and self.days[at - 1] // nights.day != self.days[at] // nights.day

    def counts(self, at: int) -> bool:
        return not self.breaks(at) and not self.at_night(at)

    def holes(self, first: int, last: int) -> list[int]:
        between = range(self.days[first] + 1, self.days[last])
        return [day for day in self.case.sessions if day in between and day not in self.days]

    def streaks(self) -> Iterator[Run]:
        run: Run | None = None
        for at in range(1, len(self.days)):
            sign, ended_by = self.signs[at], ""
            if self.breaks(at):
                ended_by = "missing"
            elif self.at_night(at) or (sign == 0 and self.terms.ties is Ties.SKIP):
                continue
            elif sign == 0:
                ended_by = "tie" if self.terms.ties is Ties.BREAK else ""
            elif run is None or run.way != sign:
                ended_by = "return"
            if run is not None and ended_by:
                run.broken, run.ended_by = at, ended_by
                yield run
                run = None
            elif run is not None:
                run.length, run.end = run.length + 1, at
            if run is None and ended_by == "return":
                run = Run(sign, at - 1, 1, at)
        if run is not None:
            yield run

    def earlier(self, run: Run) -> list[Run]:
        return [r for r in self.runs if r.way == run.way and r.end < run.start]

    def gain(self, leg: list[Fraction], run: Run) -> Fraction:
        growth = Fraction(1)
        for at in range(run.start, run.end + 1):
            growth *= 1 if self.at_night(at) else leg[at] / leg[at - 1]
        return growth - 1

    def returns(self) -> int:
        return sum(self.counts(at) for at in range(1, len(self.days)))


def half_away(value: Fraction) -> Fraction:
    whole = Fraction(int(abs(value) + Fraction(1, 2)))
    return whole if value >= 0 else -whole


def leg(case: Case, until: int) -> dict[int, Fraction]:
    """The asset's levels by day."""
    members = MEMBERS[case.asset]
    own = [d for d in case.sessions if d <= until and all((m, d) in case.closes for m in members)]
    if case.asset != "EQUAL":
        return {day: Fraction(sum(case.closes[m, day] for m in members)) for day in own}
    levels, level = {}, Fraction(100)
    for at, day in enumerate(own):
        if at:
            grown = [Fraction(case.closes[m, day], case.closes[m, own[at - 1]]) for m in members]
            level *= sum(grown) / len(members)
        levels[day] = level
    return levels


def text(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def held(entry: Entry | None) -> Holder | None:
    if entry is None:
        return None
    start, end = text(entry.start), text(entry.end)
    return Holder(entry.length, start, end, entry.source, entry.begins_known)


def entries(account: Account, run: Run) -> tuple[list[Entry], list[Entry]]:
    """What was published before the first close, and what is known since."""
    first, own = account.days[0], [e for way, e in account.terms.seeds if way == run.way]
    known = []
    for one in account.earlier(run):
        start, end = account.days[one.start], account.days[one.end]
        entry = Entry(one.length, start, end, begins_known=one.base == 0)
        across = [e for e in own if e.start <= first <= e.end]
        known.append(across[0] if one.base == 0 and across else entry)
    published = sorted((e for e in own if e.end < first), key=lambda e: e.end)
    return published, known


def longest_since(account: Account, run: Run) -> Entry | None:
    published, known = entries(account, run)
    lengths = [e.length for way, e in account.terms.seeds if way == run.way]
    least = account.terms.complete_from if account.terms.complete_from else min(lengths, default=0)
    vouched = bool(published) and run.length >= least
    as_long = [e for e in (*published, *known) if e.length >= run.length]
    if not as_long or not (vouched or account.returns() >= account.terms.min_history):
        return None
    return as_long[-1] if vouched or as_long[-1] not in published else None


def records(account: Account, run: Run) -> tuple[Entry | None, Entry | None]:
    published, known = entries(account, run)
    if account.returns() < account.terms.min_history and not published:
        return None, None
    found = longest([*published, *known])
    before = [e for e in (*published, *known) if found is not None and e.end < found.start]
    return found, longest(before)


def longest(found: list[Entry]) -> Entry | None:
    most = max((e.length for e in found), default=0)
    return max((e for e in found if e.length == most), key=lambda e: e.end, default=None)


def rank(account: Account, run: Run) -> Rank:
    lengths = [one.length for one in account.earlier(run)]
    signs = [account.signs[at] for at in range(1, len(account.days)) if account.counts(at)]
    decided = [sign for sign in signs if sign]
    share = Fraction(decided.count(run.way), len(decided))
    return Rank(
        1 + sum(length > run.length for length in lengths),
        1 + len(lengths),
        lengths.count(run.length),
        1 + sum(length >= run.length for length in lengths),
        float(share ** (run.length - 1)),
    )


def check_followed(account: Account, run: Run, found: tuple[Followed, ...]) -> None:
    begins = [r.broken for r in account.earlier(run) if r.length >= run.length]
    for horizon in (5, 21, 63):
        whole = [at for at in begins if at is not None and at + horizon <= account.now]
        told = [one for one in found if one.horizon_periods == horizon]
        assert [one.count for one in told] == [len(whole)] * bool(whole)
        for one in told:
            overlapping = [b for a, b in pairwise(whole) if b - a < horizon]
            assert one.overlapping == len(overlapping)
            legs = [[leg[at + horizon] / leg[at] - 1 for at in whole]
                    for leg in (account.asset, account.benchmark)]  # fmt: skip
            both = [a - b for a, b in zip(*legs, strict=True)]
            for outcome, returns in zip(
                (one.asset, one.benchmark, one.active), (*legs, both), strict=True
            ):
                assert outcome is not None
                assert outcome.median == pytest.approx(float(median(returns)), rel=1e-9, abs=1e-9)
                if account.case.asset == "A":  # closes are float64 exactly
                    positive = Fraction(sum(value > 0 for value in returns), len(returns))
                    assert outcome.share_positive == pytest.approx(float(positive))


def year_base(account: Account) -> int | None:
    year = (EPOCH + timedelta(days=account.days[-1])).year
    of_year = [at for at, day in enumerate(account.days)
               if (EPOCH + timedelta(days=day)).year == year - 1]  # fmt: skip
    return of_year[-1] if of_year else None


def rsi(ratios: list[Fraction]) -> float | None:
    """Wilder's averages one by one, in fractions."""
    changes = [b - a for a, b in pairwise(ratios)]
    if len(changes) < 14:
        return None
    up, down = (sum(max(way * c, 0) for c in changes[:14]) / Fraction(14) for way in (1, -1))
    for change in changes[14:]:
        up, down = ((average * 13 + max(way * change, 0)) / 14
                    for average, way in ((up, 1), (down, -1)))  # fmt: skip
    return 50.0 if up == down else float(100 * up / (up + down))


def check(account: Account, run: Run, found: Evidence, kind: Kind) -> None:
    terms, days = account.terms, account.days
    legs = (account.asset, account.benchmark)
    gains = [account.gain(leg, run) for leg in legs]
    assert [found.asset_return, found.benchmark_return] == pytest.approx(gains, rel=1e-9, abs=1e-12)
    base = year_base(account)
    years = [None if base is None else leg[-1] / leg[base] - 1 for leg in legs]
    told = (found.asset_year_return, found.benchmark_year_return)
    for year, one in zip(years, told, strict=True):
        assert (one is None) == (year is None)
        assert year is None or one == pytest.approx(float(year), rel=1e-9, abs=1e-12)
    assert (found.known_from, found.known_returns) == (text(days[0]), account.returns())
    assert found.begins_known == (run.base == 0)
    assert found.seeds == tuple(e.source for way, e in terms.seeds
                                if way == run.way and e.end < days[0])  # fmt: skip
    symbols = sorted({*MEMBERS[account.case.asset], "B"})
    holes = account.holes(run.base, run.end)
    assert found.missed == tuple(
        Missed(text(day), tuple(s for s in symbols if (s, day) not in account.case.closes))
        for day in holes[:20]
    )
    assert found.missed_more == max(0, len(holes) - 20)
    assert found.missing_periods == len(account.holes(0, account.now))
    check_ratio(account, run, found)
    if kind is Kind.YEAR_TO_DATE:
        assert (found.rank, found.record, found.longest_since, found.followed) == (
            *(None, None, None), ())  # fmt: skip
        return
    expected = rank(account, run)
    assert found.rank is not None
    assert found.rank.reached_expected == pytest.approx(expected.reached_expected)
    assert (found.rank.rank, found.rank.of, found.rank.shared, found.rank.reached) == (
        expected.rank, expected.of, expected.shared, expected.reached)  # fmt: skip
    record, before = records(account, run)
    assert (found.record, found.record_before) == (held(record), held(before))
    assert found.longest_since == held(longest_since(account, run))
    check_followed(account, run, found.followed)


def check_ratio(account: Account, run: Run, found: Evidence) -> None:
    ratios = [a / b for a, b in zip(account.asset, account.benchmark, strict=True)]
    assert found.ratio == pytest.approx(float(ratios[-1]), rel=1e-9)
    as_far = [day for day, ratio in zip(account.days, ratios[:-1], strict=False)
              if (ratio - ratios[-1]) * run.way >= 0]  # fmt: skip
    if account.case.asset != "EQUAL":  # its level is held in float64
        assert found.ratio_since == (text(as_far[-1]) if as_far else None)
    expected = rsi(ratios)
    assert (found.rsi_14 is None) == (expected is None)
    if expected is not None and account.case.asset != "EQUAL":
        assert found.rsi_14 == pytest.approx(expected, abs=1e-6)


@given(cases())
def test_the_evidence_of_streaks(case: Case) -> None:
    seen = 0
    for number, step in enumerate(steps(case)):
        running, ended = step.tracker.running, step.turn.ended
        chosen = number % max(1, len(case.sessions) // 6) == 0 or ended is not None
        if not chosen or seen > 12:
            continue
        seen += 1
        account = Account(case, step.period)
        last = account.runs[-1] if account.runs else None
        if running is not None:
            assert last is not None
            check(account, same(account, running, last), told(step, running), Kind.THRESHOLD)
            assert told(step, running).ended_by == ""
        if ended is not None:
            (over,) = [run for run in account.runs if run.broken == account.now]
            found = told(step, ended, Kind.ENDED)
            check(account, same(account, ended, over), found, Kind.ENDED)
            assert found.ended_by == over.ended_by


def same(account: Account, streak: Streak, run: Run) -> Run:
    days = account.days
    assert streak == Streak(run.way, run.length, days[run.base], days[run.start], days[run.end])
    return run


def told(step: Step, streak: Streak, kind: Kind = Kind.THRESHOLD) -> Evidence:
    found = evidence(step, streak, kind, ("this", "that"))
    terms = step.tracker.terms
    assert (found.ties, found.missing) == (terms.ties.value, terms.missing.value)
    assert found.round_returns_to == ("" if terms.steps is None else "1/4")
    assert found.overnight == ("include" if terms.nights is None else "exclude")
    assert (found.asset_closes, found.benchmark_closes) == ("this", "that")
    return found


# --- the year to date -------------------------------------------------------------------------


@given(cases(), st.sampled_from(["rising", "falling", "any"]))
def test_the_year_to_date(case: Case, direction: str) -> None:
    """From nothing at the year's beginning; what is crossed, and the return that is told."""
    crosses = ["-0.5", "-0.05", "0", "0.25", "1"]
    rule = YearToDateRule.model_validate(
        {"kind": "year-to-date", "crosses": crosses, "direction": direction}
    )
    for number, step in enumerate(steps(case)):
        if number > 40:
            break
        account = Account(case, step.period)
        base = year_base(account)
        expected = [] if base is None else crossings(account, base, crosses, direction)
        found = milestones([rule], step)
        assert [milestone for _, milestone in found] == expected
        for streak, _ in found:
            assert base is not None
            run = Run(streak.direction, base, account.now - base, account.now)
            kind = Kind.YEAR_TO_DATE
            if account.terms.nights is None:
                check(account, same(account, streak, run), told(step, streak, kind), kind)


def crossings(account: Account, base: int, crosses: list[str], direction: str) -> list[Milestone]:
    def active(at: int) -> Fraction:
        asset, benchmark = account.asset, account.benchmark
        return asset[at] / asset[base] - benchmark[at] / benchmark[base]

    before = active(account.now - 1) if account.now > base + 1 else Fraction(0)
    now, found = active(account.now), []
    for value in crosses:
        limit = Fraction(value)
        way = "rising" if before < limit <= now else "falling" if before > limit >= now else ""
        if way and direction in (way, "any"):
            found.append(Milestone(Kind.YEAR_TO_DATE, value=value, direction=way))
    return found


def test_a_year_that_was_missed_is_no_base() -> None:
    """The last closes before 2026 are of 2024: there is no return of the year."""
    days = [(date(2024, 12, 30) - EPOCH).days, (date(2026, 1, 5) - EPOCH).days]
    closes = {(symbol, day): 1 + (symbol == "A") * at for at, day in enumerate(days)
              for symbol in "AB"}  # fmt: skip
    (step,) = steps(Case("A", Terms(sessions=days), closes))
    rule = YearToDateRule.model_validate({"kind": "year-to-date", "crosses": 0.1})
    assert milestones([rule], step) == []
    assert step.grown is not None
    assert told(step, step.grown).asset_year_return is None


def up_and_down(*signs: int, **terms: Any) -> list[Step]:
    """A against a B that stands still, day by day."""
    price, closes = 50, {("A", START): 50, ("B", START): 1}
    for day, sign in enumerate(signs, START + 1):
        price += sign
        closes |= {("A", day): price, ("B", day): 1}
    sessions = range(START, START + len(signs) + 1)
    return list(steps(Case("A", Terms(sessions=tuple(sessions), **terms), closes)))


def test_what_followed_begins_at_the_close_that_broke_the_streak() -> None:
    """Ties are passed over: the streak of two is known to be over after the fall alone."""
    ups = (1, 1, 0, 0, -1, -1, -1, -1, -1, -1, 1, 1)
    (step,) = up_and_down(*ups, ties=Ties.SKIP)[-1:]
    assert step.grown is not None
    (five,) = told(step, step.grown).followed
    assert five.asset is not None
    assert (five.horizon_periods, five.count) == (5, 1)
    assert five.asset.median == pytest.approx(46 / 51 - 1)
