"""Malformed closes: each to the dead letters, byte for byte; the closes around them processed."""

from __future__ import annotations

import json

import pytest
from harness import Deployment, close_json, eventually, january

pytestmark = pytest.mark.kafka

GOOD = {"symbol": "RUT", "period": "2026-01-08", "close": "2603.91"}


def bad(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


BAD: list[tuple[str, bytes | None]] = [
    ("empty", None),
    ("empty", b""),
    ("not-json", b"rubbish"),
    ("not-json", b'{"symbol": "RUT", "period": "2026-01-08", "close": 26'),
    ("not-json", b'{"symbol": "RUT", "period": "2026-01-08", "close": NaN}'),
    ("not-json", b'{"symbol": "RUT", "period": "2026-01-08", "close": Infinity}'),
    ("not-json", b'{"symbol": "RUT", "symbol": "SPX", "period": "2026-01-08", "close": 1}'),
    ("not-utf8", b'{"symbol": "RUT\xff", "period": "2026-01-08", "close": 1}'),
    ("too-deep", b"[" * 10_000 + b"]" * 10_000),
    ("too-deep", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    ("too-large", b'{"symbol": "' + b"A" * 10_000_000 + b'"}'),
    ("not-an-object", b'["RUT", "2026-01-08", 2603.91]'),
    ("not-an-object", b"2603.91"),
    ("missing-field", b'{"period": "2026-01-08", "close": 2603.91}'),
    ("missing-field", b'{"symbol": "RUT", "close": 2603.91}'),
    ("missing-field", b'{"symbol": "RUT", "period": "2026-01-08"}'),
    ("wrong-type", bad(symbol=7)),
    ("wrong-type", bad(close=True)),
    ("wrong-type", bad(close=[2603.91])),
    ("wrong-type", bad(period=20260108)),
    ("bad-price", bad(close=-2603.91)),
    ("bad-price", bad(close=0)),
    ("bad-price", bad(close="2,603.91")),
    ("bad-price", bad(close="2603.9100001")),
    ("bad-price", b'{"symbol": "RUT", "period": "2026-01-08", "close": 2603.9100000000001}'),
    ("bad-price", bad(close="1" + "0" * 12)),
    ("bad-price", bad(close=1e300)),
    ("bad-period", bad(period="2026-02-30")),
    ("bad-period", bad(period="2026-01-08T16:00:00Z")),
    ("bad-period", bad(period="tomorrow")),
    ("bad-interval", bad(interval="7w")),
    ("bad-symbol", bad(symbol="<b>RUT</b>")),
    ("bad-text", bad(source="line\nbreak")),
    ("unknown-symbol", bad(symbol="RUX")),
    ("closed-day", bad(period="2026-01-19")),
    ("closed-day", bad(period="2026-01-10")),
]


def test_bad_closes_go_to_the_dead_letters_and_the_good_ones_through(
    deployment: Deployment,
) -> None:
    worker = deployment.create_topics().start().ready()
    closes = [close_json(*close) for close in january()]
    mixed: list[bytes | None] = []
    for number, (_, value) in enumerate(BAD):
        mixed += closes[number : number + 1]
        mixed.append(value)
    deployment.send(*mixed, *closes[len(BAD) :], key=b"RUT")
    eventually(lambda: len(deployment.ledger()) == 12, "the alerts of January")
    eventually(
        lambda: worker.total("streakwatch_dead_letters_total") == len(BAD), "all dead letters"
    )

    written = {(r.partition, r.offset): r.value for r in deployment.read("closes")}
    dead = sorted(deployment.read("dead-letters"), key=lambda r: int(header(r, "offset")))
    assert [(header(r, "reason"), r.value) for r in dead] == BAD
    for record in dead:
        place = (int(header(record, "partition")), int(header(record, "offset")))
        assert header(record, "topic") == "closes"
        assert written[place] == record.value
        assert header(record, "detail")
    assert "Traceback" not in worker.stderr.read_text()


def header(record: object, name: str) -> str:
    return dict(record.headers)[name].decode()  # type: ignore[attr-defined]


def test_rubbish_in_the_topics_between_the_agents(deployment: Deployment) -> None:
    worker = deployment.create_topics().start().ready()
    rubbish = [b"rubbish", b"{}", None, b'{"watchlist": "us", "origin": "x"}']
    deployment.send(*rubbish, topic="watch", key=b"us")
    deployment.send(*rubbish, topic="alerts", key=b"us")
    deployment.send(*rubbish, topic="notifications", key=b"us")
    for symbol, period, close in january():
        deployment.send(close_json(symbol, period, close), key=symbol.encode())
    eventually(lambda: worker.total("streakwatch_dead_letters_total") == 8, "all dead letters")
    eventually(
        lambda: worker.total("streakwatch_deliveries_total", outcome="delivered") == 12,
        "the alerts of January",
    )
    topics = [header(record, "topic") for record in deployment.read("dead-letters")]
    assert sorted(topics) == ["alerts"] * 4 + ["watch"] * 4
