"""When a route tells nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from alerts.stages.match import Way
from alerts.stages.mute import Timings, mute
from alerts.stages.path import Known
from alerts.timings import Timing
from config.timings import Span
from streams.calendars import hours_of

KnownOf = Callable[[str], Known]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NIGHTS = Way("routes.routes[0]", mute=("nights",))
BOTH = Way("routes.routes[0]", mute=("trading", "nights"))
AFTER = Way("routes.routes[3]", only=("after-close",))
LATE = Way("routes.routes[3]", mute=("nights",), only=("after-close",))

CASES = {
    "never muted": (Way("routes"), "2026-01-22 05:00", None),
    "at night": (
        NIGHTS, "2026-01-22 05:00",
        "muted: nights on routes.routes[0] until 2026-01-22 12:00:00Z",
    ),
    "by day": (NIGHTS, "2026-01-22 12:00", None),
    "until the last of two ends": (
        BOTH, "2026-01-22 20:59",
        "muted: trading on routes.routes[0] until 2026-01-22 21:00:00Z",
    ),
    "before the only time": (
        AFTER, "2026-01-22 20:00",
        "muted: not after-close on routes.routes[3] until 2026-01-22 21:00:00Z",
    ),
    "at the only time": (AFTER, "2026-01-22 21:00", None),
    "over a weekend with a holiday": (
        AFTER, "2026-01-16 23:00",
        "muted: not after-close on routes.routes[3] until 2026-01-20 21:00:00Z",
    ),
    "muted and out of time": (
        LATE, "2026-01-22 04:00",
        "muted: nights on routes.routes[3] until 2026-01-22 21:00:00Z",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("way", "at", "words"), CASES.values(), ids=CASES)
def test_what_is_muted(way: Way, at: str, words: str | None, known_of: KnownOf) -> None:
    decision = mute(way, known_of("desk").timings, ms(at))
    assert (None if decision is None else str(decision)) == words
    if decision is not None:
        assert decision.until_ms is not None
        assert mute(way, known_of("desk").timings, decision.until_ms) is None
        assert mute(way, known_of("desk").timings, decision.until_ms - 1) is not None


def test_a_name_says_what_mutes_and_what_is_waited_for(known_of: KnownOf) -> None:
    timings, night = known_of("desk").timings, datetime(2026, 1, 22, 5, tzinfo=UTC)
    assert (timings.muting(NIGHTS, night), timings.muting(AFTER, night)) == (
        "nights", "not after-close",
    )  # fmt: skip
    assert timings.next_change(Way("routes"), night) is None


class Counting(Timing):
    """A timing that counts how often its next change is looked for."""

    looks = 0

    def next_change(self, at: datetime) -> datetime | None:
        self.looks += 1
        return super().next_change(at)


@pytest.mark.parametrize("spans", [
    [{"times": "22:00-07:00"}],
    [{"times": "22:00-07:00"}, {"times": "07:00-22:00"}],
    [{"dates": "2099-01-01 to 2099-12-31"}, {"times": "00:00-24:00"}],
])  # fmt: skip
def test_a_change_is_looked_for_once_and_not_for_each_alert(spans: list[dict[str, str]]) -> None:
    made = {str(n): Counting([Span.model_validate(span)], hours_of) for n, span in enumerate(spans)}
    timings, way = Timings(made), Way("routes", mute=tuple(made))
    first = mute(way, timings, ms("2026-01-22 05:00"))
    looks = [one.looks for one in made.values()]
    later = [mute(way, timings, ms(f"2026-01-22 05:{minute:02}")) for minute in range(1, 60)]
    assert {str(one) for one in later} == {str(first)}
    assert [one.looks for one in made.values()] == looks
