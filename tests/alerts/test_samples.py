"""The samples: one of each kind, and what the engine makes of January 2026 where it can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alerts import samples
from alerts.model import Alert, Kind
from config.loading import load
from streams.batches import Single
from streams.closes_file import Row, read
from streams.replay import Replay
from streams.wire import Close, encode_close

EXAMPLES = Path(__file__).parents[2] / "config/examples"


@pytest.mark.parametrize("kind", samples.KINDS)
def test_each_kind_has_a_sample(kind: str) -> None:
    alert = samples.of(kind)
    assert alert.rule == kind
    assert samples.of(kind) == alert
    assert Alert.from_dict(json.loads(json.dumps(alert.to_dict()))) == alert


def test_all_kinds_are_there_and_no_other() -> None:
    assert tuple(kind.value for kind in Kind) == samples.KINDS
    with pytest.raises(KeyError, match="no such"):
        samples.of("no such")


def test_the_ids_are_all_different() -> None:
    assert len({samples.of(kind).id for kind in samples.KINDS}) == len(samples.KINDS)


def test_what_follows_another_follows_a_sample() -> None:
    ids = {samples.of(kind).id for kind in samples.KINDS}
    follows = {samples.of(kind).follows for kind in samples.KINDS} - {""}
    assert follows
    assert follows < ids


def test_january_is_what_the_engine_makes_of_it() -> None:
    """Of the example's rules: a threshold, a tied and a broken record, and the end."""
    replay = Replay(load(EXAMPLES / "streakwatch.yaml", {}))
    rows = [row for row in read(EXAMPLES / "january-2026.csv") if isinstance(row, Row)]
    records = [
        Single(at, 0, b"", encode_close(Close(row.symbol, row.period, row.price)))
        for at, row in enumerate(rows)
    ]
    found = {told.rule: told for told in replay.take(0, records) if isinstance(told, Alert)}
    assert set(found) == {"threshold", "record.tied", "record.broken", "ended"}
    for kind, alert in found.items():
        assert samples.of(kind) == alert
    assert samples.of("record.broken").id == "928eb7a2538eb03a2cce"
