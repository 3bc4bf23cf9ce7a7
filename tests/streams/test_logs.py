"""A line that repeats is held back, and counted when it is let through again."""

from __future__ import annotations

import logging

import pytest

from config.errors import StreakwatchError
from streams.logs import RateLimit, configure


class Listener:
    """A filter with a clock of its own, and what it lets through."""

    def __init__(self) -> None:
        self.time = 100.0
        self.filter = RateLimit(every=10, clock=lambda: self.time)
        self.lines: list[str] = []

    def log(self, message: str, *args: object, name: str = "faust", after: float = 0) -> bool:
        self.time += after
        record = logging.LogRecord(name, logging.WARNING, "", 0, message, args, None)
        passed = self.filter.filter(record)
        if passed:
            self.lines.append(record.getMessage())
        return passed


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_a_repeated_line_is_held_back_and_counted(listener: Listener) -> None:
    passed = [listener.log("again", after=after) for after in (0, 0, 3, 6.9, 0.1, 5, 15)]
    assert passed == [True, False, False, False, True, False, True]
    assert listener.lines == [
        "again",
        "again (and 3 more like it)",
        "again (and 1 more like it)",
    ]


def test_the_pause_doubles_while_a_line_goes_on_up_to_five_minutes(listener: Listener) -> None:
    passed = [second for second in range(1201) if listener.log("again", after=second > 0)]
    assert passed == [0, 10, 30, 70, 150, 310, 610, 910]
    assert listener.log("again", after=300), "what came once is not held back"
    assert listener.log("again", after=300)
    assert listener.log("again", after=10)


def test_an_error_of_ours_is_not_told_again_by_a_library(listener: Listener) -> None:
    error = StreakwatchError("no topic", "make one")
    assert not listener.log("Crashed reason=%r", error, name="streams.frames.transport")
    assert listener.log("Crashed reason=%r", ValueError("x"), name="streams.frames.transport")
    assert listener.log("%s", error, name="streams.runtime")


def test_what_was_not_held_back_is_not_counted(listener: Listener) -> None:
    for _ in range(3):
        listener.log("now and then", after=10)
    assert listener.lines == ["now and then"] * 3


def test_lines_are_alike_by_their_template(listener: Listener) -> None:
    listener.log("offset %d of %s", 1, "a")
    listener.log("offset %d of %s", 2, "b")
    listener.log("offset %d of %s", 3, "100% of c", after=10)
    assert listener.lines == ["offset 1 of a", "offset 3 of 100% of c (and 1 more like it)"]


def test_loggers_are_apart(listener: Listener) -> None:
    assert listener.log("same", name="faust.app")
    assert listener.log("same", name="aiokafka")
    assert not listener.log("same", name="faust.app")


def test_what_is_expected_on_a_new_broker_is_not_shown(listener: Listener) -> None:
    assert not listener.log("Group Coordinator Request failed: %s",
                            "GroupCoordinatorNotAvailableError")  # fmt: skip
    assert listener.lines == []


def test_messages_that_are_no_strings(listener: Listener) -> None:
    error = ValueError("100%")
    record = logging.LogRecord("a", logging.ERROR, "", 0, error, (), None)
    assert listener.filter.filter(record)
    assert record.getMessage() == "100%"


def test_configure(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    levels = {
        name: logging.getLogger(name).level
        for name in ("faust", "apprise", "streams", "alerts", "config", "")
    }
    try:
        configure("debug")
        assert logging.getLogger("streams").level == logging.DEBUG
        assert root.level == logging.WARNING  # the details of others hold URLs
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)
        assert logging.getLogger("faust").level == logging.WARNING
        for name in ("apprise", "urllib3.connection", "requests"):  # whole URLs in warnings
            assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
        (handler,) = root.handlers
        assert [type(f) for f in handler.filters] == [RateLimit]
        configure("error")
        assert logging.getLogger("faust").level == logging.ERROR
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_our_own_lines_always_pass() -> None:
    """Each tells of another thing, though they have one template."""
    listener = Listener()
    assert all(listener.log("alert %s is given up", n, name="streams.delivering") for n in "ab")
