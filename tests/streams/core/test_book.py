"""The record book keeps little and answers as the full list of streaks would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.book import Book, Entry
from streams.core.pairs import Terms, Tracker
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Streaks that ended one after the other."""
    entries, end = [], 0
    for length in draw(st.lists(st.integers(1, 9), max_size=25)):
        start = end + draw(st.integers(1, 4))
        end = start + length - 1
        entries.append(Entry(length, start, end))
    return entries


def record(entries: list[Entry], since: int | None) -> Entry | None:
    within = [e for e in entries if since is None or e.end >= since]
    return max(within, key=lambda e: (e.length, e.end), default=None)


def longest_since(entries: list[Entry], length: int) -> Entry | None:
    return max((e for e in entries if e.length >= length), key=lambda e: e.end, default=None)


@given(histories())
def test_the_book_answers_like_the_full_list(entries: list[Entry]) -> None:
    book = Book()
    for i, entry in enumerate(entries):
        book.add(entry)
        full = entries[: i + 1]
        assert book.record() == record(full, None)
        for since in range(-1, full[-1].end + 2):
            assert book.record(since) == record(full, since)
        for length in range(1, 11):
            assert book.longest_since(length) == longest_since(full, length)


@given(histories(), st.randoms())
def test_any_order_makes_the_same_book(entries: list[Entry], random: object) -> None:
    mixed = list(entries)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert Book(mixed).entries == Book(entries).entries


@given(histories())
def test_the_book_is_small(entries: list[Entry]) -> None:
    lengths = [e.length for e in Book(entries).entries]
    assert lengths == sorted(set(lengths), reverse=True)


@given(histories(), histories())
def test_a_copy_goes_on_by_itself(entries: list[Entry], more: list[Entry]) -> None:
    book = Book(entries)
    kept, copy = book.entries, book.copy()
    assert copy.entries == kept
    for entry in more:
        copy.add(entry)
    assert book.entries == kept


def test_an_entry_is_of_no_source_and_whole_unless_it_is_said() -> None:
    assert Entry(3, 1, 4) == Entry(3, 1, 4, source="", begins_known=False)


def test_an_empty_book_knows_nothing() -> None:
    book = Book()
    assert (book.record(), book.record(5), book.longest_since(1), book.entries) == (
        *(None, None, None),
        (),
    )


SEEDS = (
    (OUTPERFORMING, Entry(16, 10, 30, "published")),
    (OUTPERFORMING, Entry(13, 40, 55, "published")),
    (UNDERPERFORMING, Entry(9, 20, 30, "a journal")),
    (OUTPERFORMING, Entry(20, 95, 120, "overlaps the known closes")),
)


@given(histories())
def test_seeds_precede_what_is_known(entries: list[Entry]) -> None:
    tracker = Tracker(Terms(seeds=SEEDS))
    tracker.step(100, 0)
    book = tracker.books[OUTPERFORMING]
    assert [e.length for e in book.entries] == [16, 13]
    known = [Entry(e.length, e.start + 100, e.end + 100) for e in entries]
    for entry in known:
        book.add(entry)
    full = [SEEDS[0][1], SEEDS[1][1], *known]
    for since in (None, 0, 30, 31, 55, 56, 100, 130):
        assert book.record(since) == record(full, since)
    for length in range(1, 18):
        assert book.longest_since(length) == longest_since(full, length)
    assert tracker.books[UNDERPERFORMING].record() == SEEDS[2][1]


def test_a_seed_that_ends_on_the_first_known_period_is_left_out() -> None:
    tracker = Tracker(Terms(seeds=((OUTPERFORMING, Entry(5, 96, 100, "x")),)))
    tracker.step(100, 0)
    assert tracker.books[OUTPERFORMING].entries == ()
