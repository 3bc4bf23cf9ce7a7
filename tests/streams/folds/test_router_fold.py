"""closes → watch: copies for whoever needs a close, dead letters for what nobody can use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.watchlists import Watchlist
from streams.calendars import by_name, sessions
from streams.core.periods import from_text
from streams.folds.router import RouterFold
from streams.records import Output, Place, Topic
from streams.replay import Replayed
from streams.wire import (
    Close,
    Reason,
    RejectedError,
    Routed,
    decode_close,
    decode_routed,
    encode_close,
)

PLACE = Place(Topic.CLOSES, 3)


def watchlist(*pairs: tuple[str, str], **more: object) -> Watchlist:
    return Watchlist(
        pairs=[{"asset": a, "benchmark": b} for a, b in pairs],
        rules=[{"kind": "threshold", "at": 10}],
        targets=["desk"],
        **more,
    )


WATCHLISTS = {
    "us": watchlist(("RUT", "SPX"), ("NDX", "SPX"), calendar="XNYS"),
    "any-day": watchlist(("RUT", "DAX")),
    "crypto": watchlist(("BTC", "SPX"), calendar="24/7"),
}


@pytest.fixture(scope="module")
def router() -> RouterFold:
    return RouterFold(PLACE, WATCHLISTS, by_name(w.calendar for w in WATCHLISTS.values()))


def record(value: bytes | None, offset: int = 7) -> Replayed:
    return Replayed(offset, 1_769_510_800_123, b"a key", value)


def a_close(symbol: str, day: str, price: int = 2_000_000) -> bytes:
    return encode_close(Close(symbol, from_text(day), price, source="feed"))


def copies(outputs: Sequence[Output]) -> list[Routed]:
    return [decode_routed(o.value) for o in outputs if o.topic is Topic.WATCH]


def letters(outputs: Sequence[Output]) -> list[dict[str, str]]:
    return [
        {name: value.decode() for name, value in o.headers}
        for o in outputs
        if o.topic is Topic.DEAD_LETTERS
    ]


def test_a_close_goes_to_each_watchlist_that_needs_it(router: RouterFold) -> None:
    outputs = router.apply([record(a_close("RUT", "2026-01-20"))])
    assert [(o.topic, o.key, o.partition) for o in outputs] == [
        (Topic.WATCH, b"us", None),
        (Topic.WATCH, b"any-day", None),
    ]
    close = Close("RUT", from_text("2026-01-20"), 2_000_000, source="feed")
    assert copies(outputs) == [
        Routed(name, close, 3, 7, 1_769_510_800_123) for name in ("us", "any-day")
    ]


def test_an_unknown_symbol_is_a_dead_letter(router: RouterFold) -> None:
    value = a_close("ZZZ", "2026-01-20")
    (output,) = router.apply([record(value)])
    assert (output.key, output.value, output.partition) == (b"a key", value, None)
    assert letters([output]) == [
        {
            "topic": "closes",
            "partition": "3",
            "offset": "7",
            "timestamp": "1769510800123",
            "reason": "unknown-symbol",
            "detail": "no watchlist has the symbol 'ZZZ'",
        }
    ]


def test_no_session_on_martin_luther_king_day(router: RouterFold) -> None:
    """XNYS is closed on 2026-01-19; a watchlist without a calendar takes the close all the same."""
    outputs = router.apply([record(a_close("RUT", "2026-01-19"))])
    assert [routed.watchlist for routed in copies(outputs)] == ["any-day"]
    (letter,) = letters(outputs)
    assert letter["reason"] == "closed-day"
    assert letter["detail"] == "RUT: 2026-01-19 is no session of XNYS (watchlist us)"


def test_calendars_differ(router: RouterFold) -> None:
    """A Saturday: no session for XNYS, one for a market that never closes."""
    outputs = router.apply([record(a_close("SPX", "2026-01-17"))])
    assert [routed.watchlist for routed in copies(outputs)] == ["crypto"]
    assert [letter["reason"] for letter in letters(outputs)] == ["closed-day"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.EMPTY),
        (b"\xff\x00\xfe", Reason.NOT_UTF8),
        (b"nonsense", Reason.NOT_JSON),
        (b'{"symbol":"RUT","period":"2026-01-20","close":-1}', Reason.BAD_PRICE),
    ],
)
def test_dead_letters_carry_the_original(
    router: RouterFold, value: bytes | None, reason: Reason
) -> None:
    (output,) = router.apply([record(value, offset=12)])
    assert (output.topic, output.key, output.value) == (Topic.DEAD_LETTERS, b"a key", value)
    assert letters([output])[0].items() >= {"offset": "12", "reason": reason.value}.items()
    place, error = output.about
    assert (place, error.reason) == (PLACE, reason)
    assert isinstance(error, RejectedError)


def test_neighbours_of_a_dead_letter_are_routed(router: RouterFold) -> None:
    frame = [
        record(a_close("NDX", "2026-01-20"), 1),
        record(b"?", 2),
        record(a_close("NDX", "2026-01-21"), 3),
    ]
    outputs = router.apply(frame)
    assert [o.topic for o in outputs] == [Topic.WATCH, Topic.DEAD_LETTERS, Topic.WATCH]
    assert [routed.offset for routed in copies(outputs)] == [1, 3]


@given(st.lists(st.binary(max_size=60) | st.none(), max_size=5))
def test_whatever_comes_is_routed_or_a_dead_letter(
    router: RouterFold, values: list[bytes | None]
) -> None:
    outputs = router.apply([record(value, i) for i, value in enumerate(values)])
    assert [o.value for o in outputs] == values
    assert {o.topic for o in outputs} <= {Topic.DEAD_LETTERS}


def test_the_state_is_empty(router: RouterFold) -> None:
    assert router.snapshot() == {}
    router.restore({})


def test_the_definition_is_what_is_routed_where() -> None:
    def definition(**watchlists: Watchlist) -> str:
        return RouterFold(PLACE, watchlists, {}).definition

    us = WATCHLISTS["us"]
    told = us.model_copy(update={"targets": ["mail"], "ties": "skip", "min_history": 5})
    assert definition(us=us) == definition(us=told)
    assert definition(us=us) != definition(us=us.model_copy(update={"calendar": "none"}))
    assert definition(us=us) != definition(us=watchlist(("RUT", "SPX"), calendar="XNYS"))
    assert definition(us=us) != definition(other=us)


@pytest.mark.parametrize(
    ("day", "is_session"),
    [
        ("2026-01-16", True),
        ("2026-01-17", False),
        ("2026-01-19", False),
        ("2026-01-20", True),
        ("1996-04-16", True),
        ("2001-09-11", False),
        ("1987-10-19", True),
    ],
)
def test_sessions_of_new_york(day: str, is_session: bool) -> None:
    assert (from_text(day) in sessions("XNYS")) == is_session


def test_a_routed_close_is_a_close(router: RouterFold) -> None:
    (output,) = router.apply([record(a_close("BTC", "2026-01-17"))])
    assert decode_close(output.value).symbol == "BTC"


@pytest.mark.parametrize(
    ("arrived", "reason"),
    [
        ("2026-01-20T09:59:59Z", "future-period"),
        ("2026-01-20T10:00:00Z", None),  # the day begins on the islands that are first
        ("2026-01-21T21:00:00Z", None),
        ("2036-01-21T21:00:00Z", None),
    ],
)
def test_a_period_that_has_not_begun(arrived: str, reason: str | None) -> None:
    """A wrong year would make of each coming session a correction of the past."""
    fold = RouterFold(PLACE, {"us": watchlist(("RUT", "SPX"))}, {})
    now = int(datetime.fromisoformat(arrived).timestamp() * 1000)
    value = b'{"symbol": "RUT", "period": "2026-01-21", "close": 2698.17}'
    (output,) = fold.apply([Replayed(3, now, b"RUT", value)])
    found = dict(output.headers).get("reason")
    assert found == (reason and reason.encode())
