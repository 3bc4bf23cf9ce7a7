"""The pictures of samples."""

from __future__ import annotations

import pytest

from alerts import samples
from alerts.pictures import wording
from alerts.pictures.samples import sample_chart
from alerts.pictures.tail import has_picture


@pytest.mark.parametrize("kind", samples.KINDS)
def test_the_samples_with_a_picture_are_those_whose_alerts_have_one(kind: str) -> None:
    shown = sample_chart(kind)
    assert (shown is not None) == has_picture(samples.of(kind))


def test_it_shows_the_closes_of_the_example_up_to_the_period_of_the_sample() -> None:
    shown = sample_chart("record.tied", "de_DE")
    assert shown is not None
    assert (len(shown.periods), shown.streak.length) == (15 - 1, 13)
    assert shown.ratio[-1] == pytest.approx(2698.17 / 6875.62)
    assert "31.12.2025 to 21.01.2026" in wording.alternative(shown)
