"""Envelopes: what machines are told beside the words, for any kind of alert."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest

from alerts import mail, samples
from alerts.envelope import envelope
from alerts.model import Kind, Milestone
from alerts.stages import floor


@pytest.mark.parametrize("kind", samples.KINDS)
def test_it_follows_from_alert_and_target_alone(kind: str) -> None:
    alert = samples.of(kind)
    first = envelope(alert, "mail")
    assert envelope(alert, "mail") == first
    assert first.key == f"{alert.id}/mail"
    others = {envelope(alert, "chat").message, envelope(alert, "mail", "7").message}
    assert first.message not in others
    assert len(others) == 2


@pytest.mark.parametrize("kind", samples.KINDS)
def test_it_follows_what_the_alert_follows(kind: str) -> None:
    alert = replace(samples.of(kind), follows="a1")
    told = envelope(replace(alert, id="a1", follows=""), "mail")
    assert envelope(alert, "mail").follows == envelope(alert, "mail").replies_to == told.message
    assert envelope(replace(alert, follows=""), "mail").follows == ""


@pytest.mark.parametrize("kind", samples.KINDS)
def test_all_that_is_about_one_streak_is_one_thread(kind: str) -> None:
    alert = samples.of(kind)
    first = replace(samples.of("threshold"), watchlist=alert.watchlist)
    of_streak = envelope(first, "mail").thread
    is_of_streak = alert.direction and kind != "year-to-date"
    assert envelope(alert, "mail").thread == (of_streak if is_of_streak else "")
    year = Milestone(Kind.YEAR_TO_DATE, value="0", direction="rising")
    taken_back = replace(samples.of("correction"), also=(year,), watchlist=alert.watchlist)
    assert envelope(taken_back, "mail").thread == ""


def test_the_end_of_a_streak_answers_the_first_message_about_it_that_was_told() -> None:
    first, ended = samples.of("threshold"), samples.of("ended")
    told = envelope(first, "mail")
    answer = envelope(ended, "mail", first=first.id)
    assert (answer.follows, answer.replies_to, answer.thread) == ("", told.message, told.thread)
    assert envelope(ended, "mail").replies_to == ""


def test_a_correction_answers_what_it_corrects_and_what_is_sent_again_itself() -> None:
    correction = samples.of("correction")
    corrected = envelope(replace(correction, id=correction.follows, follows=""), "mail").message
    assert envelope(correction, "mail", first="a1").replies_to == corrected
    again = envelope(correction, "mail", "7", first="a1")
    assert again.replies_to == envelope(correction, "mail").message


@pytest.mark.parametrize("kind", samples.KINDS)
def test_a_message_of_several_is_found_by_whoever_answers_one_of_them(kind: str) -> None:
    first, other = samples.of("record.broken"), replace(samples.of(kind), follows="a1")
    together = envelope(first, "mail", others=[other])
    alone = envelope(other, "mail")
    assert replace(together, beside=()) == envelope(first, "mail")
    assert {alone.message, alone.follows, alone.thread} - {""} == set(together.beside)
    answer = envelope(replace(other, id="a2", follows=other.id), "mail")
    assert answer.replies_to in together.beside


@pytest.mark.parametrize("module", [mail, floor])
def test_the_examples_of_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.failed == 0
    assert result.attempted > 0
