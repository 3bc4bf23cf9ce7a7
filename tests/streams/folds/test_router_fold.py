"""closes → watch: copies for whoever needs a close, dead letters for what nobody can use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.watchlists import Watchlist
from streams.batches import Single
from streams.calendars import by_name, sessions
from streams.core.periods import from_text
from streams.folds.router import RouterFold
from streams.records import Output, Place, Topic
from streams.wire import (
    Close,
    Reason,
    RejectedError,
    Routed,
    decode_close,
    decode_watch,
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
    "us-5m": watchlist(("RUT", "SPX"), calendar="XNYS", interval="5m"),
    "us-1h": watchlist(("RUT", "SPX"), calendar="XNYS", interval="1h"),
    "asia-5m": watchlist(("HSI", "SPX"), calendar="XHKG", interval="5m"),
    "any-5m": watchlist(("RUT", "DAX"), interval="5m"),
}
CALENDARS = by_name((w.calendar, w.interval) for w in WATCHLISTS.values())


@pytest.fixture(scope="module")
def router() -> RouterFold:
    return RouterFold(PLACE, WATCHLISTS, CALENDARS)


def record(value: bytes | None, offset: int = 7) -> Single:
    return Single(offset, 1_769_510_800_123, b"a key", value)


def a_close(symbol: str, day: str, price: int = 2_000_000) -> bytes:
    return encode_close(Close(symbol, from_text(day), price, source="feed"))


def part_of_day(symbol: str, time: str, interval: str = "5m") -> bytes:
    return encode_close(Close(symbol, from_text(time, interval), 2_000_000, interval))


def copies(outputs: Sequence[Output]) -> list[Routed]:
    return [decode_watch(o.value) for o in outputs if o.topic is Topic.WATCH]


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
    assert definition(us=us) != definition(us=us.model_copy(update={"interval": "5m"}))
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
    (output,) = fold.apply([Single(3, now, b"RUT", value)])
    found = dict(output.headers).get("reason")
    assert found == (reason and reason.encode())


def routed(router: RouterFold, value: bytes) -> tuple[list[str], list[tuple[str, str]]]:
    """The watchlists that get a close, and the reasons and details of its dead letters."""
    outputs = router.apply([record(value)])
    told = [(letter["reason"], letter["detail"]) for letter in letters(outputs)]
    return [copy.watchlist for copy in copies(outputs)], told


def test_a_close_goes_to_the_watchlists_of_its_interval(router: RouterFold) -> None:
    time = "2026-01-20T14:30Z"
    assert routed(router, part_of_day("RUT", time)) == (["us-5m", "any-5m"], [])
    assert routed(router, part_of_day("RUT", time, "1h")) == (["us-1h"], [])
    assert routed(router, a_close("RUT", "2026-01-20")) == (["us", "any-day"], [])


@pytest.mark.parametrize(
    ("symbol", "interval", "detail"),
    [
        ("RUT", "15m", "RUT is watched with the interval 5m, 1h, 1d, not 15m"),
        ("NDX", "5m", "NDX is watched with the interval 1d, not 5m"),
        ("HSI", "1h", "HSI is watched with the interval 5m, not 1h"),
    ],
)
def test_an_interval_that_no_watchlist_has(
    router: RouterFold, symbol: str, interval: str, detail: str
) -> None:
    value = part_of_day(symbol, "2026-01-20T14:30Z", interval)
    assert routed(router, value) == ([], [("bad-interval", detail)])


def test_a_symbol_that_no_watchlist_has_with_any_interval(router: RouterFold) -> None:
    ((reason, detail),) = routed(router, part_of_day("RUX", "2026-01-20T14:30Z"))[1]
    assert reason == "unknown-symbol"
    assert detail == "no watchlist has the symbol 'RUX'; did you mean 'RUT'?"


@pytest.mark.parametrize(
    ("symbol", "time", "taking", "told"),
    [
        (
            "RUT",
            "2026-01-19T15:00Z",  # Martin Luther King Day
            ["any-5m"],
            [("closed-day", "2026-01-19T15:00Z is no 5m interval of XNYS (watchlist us-5m)")],
        ),
        (
            "RUT",
            "2025-11-28T18:00Z",  # an early close
            ["any-5m"],
            [("closed-day", "2025-11-28T18:00Z is no 5m interval of XNYS (watchlist us-5m)")],
        ),
        (
            "RUT",
            "2026-01-20T14:31Z",
            [],
            [
                (
                    "closed-day",
                    "2026-01-20T14:31Z is no 5m interval of XNYS, the UTC day "
                    "(watchlist any-5m, us-5m)",
                )
            ],
        ),
        (
            "DAX",
            "2026-01-20T14:31Z",
            [],
            [("bad-period", "2026-01-20T14:31Z is no 5m interval of the UTC day "
              "(watchlist any-5m)")],
        ),
        (
            "SPX",
            "2026-01-20T15:00Z",
            ["us-5m"],
            [("closed-day", "2026-01-20T15:00Z is no 5m interval of XHKG (watchlist asia-5m)")],
        ),
        (
            "HSI",
            "2026-01-20T04:00Z",  # lunch
            [],
            [("closed-day", "2026-01-20T04:00Z is no 5m interval of XHKG (watchlist asia-5m)")],
        ),
        ("HSI", "2026-01-20T05:00Z", ["asia-5m"], []),
    ],
)  # fmt: skip
def test_what_is_no_interval(
    router: RouterFold, symbol: str, time: str, taking: list[str], told: list[tuple[str, str]]
) -> None:
    expected = [(reason, f"{symbol}: {detail}") for reason, detail in told]
    assert routed(router, part_of_day(symbol, time)) == (taking, expected)


@pytest.mark.parametrize(
    ("arrived", "reason"),
    [("2026-01-20T14:29:59Z", "future-period"), ("2026-01-20T14:30:00Z", None)],
)
def test_an_interval_that_has_not_begun(
    router: RouterFold, arrived: str, reason: str | None
) -> None:
    now = int(datetime.fromisoformat(arrived).timestamp() * 1000)
    value = part_of_day("RUT", "2026-01-20T09:30:00-05:00")
    (first, *_) = router.apply([Single(3, now, b"RUT", value)])
    headers = {name: text.decode() for name, text in first.headers}
    assert headers.get("reason") == reason
    if reason:
        assert headers["detail"] == "RUT: the period 2026-01-20T14:30Z has not begun"


def test_published_numbers_are_those_of_the_symbols_named() -> None:
    watchlists = {"rates": watchlist(("US10Y", "SPX"))}
    fold = RouterFold(PLACE, watchlists, {}, signed=frozenset({"US10Y"}))
    assert fold.definition != RouterFold(PLACE, watchlists, {}).definition
    value = a_close("US10Y", "2026-01-20", -250_000)
    (output,) = fold.apply([record(value)])
    assert decode_watch(output.value, {"US10Y"}).close.price == -250_000
    assert routed(fold, a_close("SPX", "2026-01-20", -250_000))[1][0][0] == "bad-price"


def test_a_provisional_close_is_routed_as_one(router: RouterFold) -> None:
    close = Close("NDX", from_text("2026-01-20"), 2_000_000, provisional=True)
    (copy,) = copies(router.apply([record(encode_close(close))]))
    assert copy.close == close
