"""``streakwatch routes``: the tree drawn, and whom an alert would reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from delivery_desk import AN_ALERT

from streams.cli.main import run

CONFIG = str(Path(__file__).parent / "alerts/stages/configs/desk.yaml")
BROKEN = ["--watchlist", "us", "--rule", "record.broken", "--asset", "RUT", "--benchmark", "SPX"]
TRADING, EVENING = ("--at", "2026-01-22T20:00Z"), ("--at", "2026-01-22T21:30Z")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["routes", *arguments, "-c", CONFIG]) == code
    return capsys.readouterr().out


def test_the_tree_has_a_line_for_each_route(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "show") == (
        "routes: the watchlist's targets\n"
        "├─ [0] severity: critical → pager; continue\n"
        "├─ [1] rule: provisional* → nobody\n"
        "├─ [2] rule: record.*, not record.extended; labels.desk: us → the watchlist's targets; "
        "not during trading; a digest afterwards\n"
        "│  └─ [0] asset: MDY → the watchlist's targets; not muted\n"
        "└─ [3] watchlist: us → the watchlist's targets; not during nights; "
        "only during after-close\n"
    )


def test_who_would_be_told_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "test", "--offline", *BROKEN, *TRADING) == (
        "RUT/SPX record.broken of us, critical, 1d, labels.desk=us\n"
        "Told:\n"
        "  pager  by routes.routes[0]\n"
        "Not told:\n"
        "  chat  muted: trading on routes.routes[2] until 2026-01-22 21:00:00Z, then in a digest\n"
        "  mail  muted: trading on routes.routes[2] until 2026-01-22 21:00:00Z, then in a digest\n"
        "Routes:\n"
        "  routes: yes (every alert)\n"
        "    routes.routes[0]: yes (severity: critical)\n"
        "    routes.routes[1]: no, it wants rule: provisional*, and has record.broken\n"
        "    routes.routes[2]: yes (rule: record.*, not record.extended; labels.desk: us)\n"
        "      routes.routes[2].routes[0]: no, it wants asset: MDY, and has RUT\n"
        "    routes.routes[3]: fits, but one before it has taken the alert\n"
    )


def test_an_alert_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "alert.json"
    for text in (AN_ALERT.to_dict(), {"alert": AN_ALERT.to_dict(), "title": "as `alerts show`"}):
        file.write_text(json.dumps(text))
        told = shown(capsys, "test", "--offline", "--alert", str(file), *EVENING)
        assert told.startswith("RUT/SPX threshold of us, warning, outperforming, 1d")
        assert "  chat  by routes.routes[3]\n  mail  by routes.routes[3]\n" in told
        assert "Not told where another alert has said it (1 rule):\n  rule: record.tied, " in told


@pytest.mark.parametrize(
    ("expected", "at", "code"),
    [
        ("pager", TRADING, 0),
        ("mail, chat,pager", EVENING, 0),
        ("", EVENING, 1),
        ("chat", TRADING, 1),
    ],
)
def test_a_rollout_can_be_checked(
    capsys: pytest.CaptureFixture[str], expected: str, at: tuple[str, str], code: int
) -> None:
    shown(capsys, "test", "--offline", *BROKEN, *at, "--expect", expected, code=code)


def test_nobody_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(capsys, "test", "--offline", "--watchlist", "us", "--rule", "provisional",
                 "--expect", "")  # fmt: skip
    assert "Told: nobody\nNot told:\n    unrouted: routes.routes[1] has no targets\n" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--asset", "RUTT"],
            "there is no asset 'RUTT' in the watchlist us: did you mean 'RUT'?",
        ),
        (["--benchmark", "MDY"], "--benchmark: there is no benchmark 'MDY'"),
        (["--asset", "SXXP"], "--asset: there is no asset 'SXXP' in the watchlist us: write 'RUT'"),
        (["--expect", "chatt"], "there is no target 'chatt': did you mean 'chat'?"),
        (["--alert", "x.json"], "give either --alert, or --watchlist and --rule"),
    ],
)
def test_what_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    about = ["--watchlist", "us", "--rule", "threshold", *arguments]
    assert run(["routes", "test", "--offline", *about, "-c", CONFIG]) == 2
    assert words in capsys.readouterr().err


def test_missing_closes_are_about_their_watchlist(capsys: pytest.CaptureFixture[str]) -> None:
    about = ["--watchlist", "us", "--rule", "data.missing", "--missing", "some"]
    assert shown(capsys, "test", "--offline", *about).startswith("us data.missing of us, critical")
    about = ["--watchlist", "us", "--rule", "summary"]
    assert shown(capsys, "test", "--offline", *about).startswith("us summary of us, info")


@pytest.mark.parametrize(
    ("arguments", "pair"),
    [
        (["us", "--rule", "threshold", "--asset", "RUT"], "RUT/SPX"),
        (["us", "--rule", "threshold"], ""),
        (["europe", "--rule", "record.tied"], "SXXP/SXXE"),
        (["europe", "--rule", "together"], ""),
    ],
)
def test_the_pair_that_must_be_meant_need_not_be_named(
    capsys: pytest.CaptureFixture[str], arguments: list[str], pair: str
) -> None:
    told = shown(capsys, "test", "--offline", "--watchlist", *arguments)
    assert told.startswith(f"{pair} {arguments[2]} of ".lstrip())


def test_of_several_pairs_one_must_be_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "two.yaml"
    rows = "[{asset: RUT, benchmark: SPX}, {asset: RUT, benchmark: NDX}]"
    rules = "[{kind: threshold, at: 3}]"
    watchlist = f"{{pairs: {rows}, rules: {rules}, targets: [c]}}"
    file.write_text(f'watchlists: {{us: {watchlist}}}\ntargets: {{c: {{url: "console://"}}}}\n')
    about = ["--watchlist", "us", "--rule", "threshold", "--asset", "RUT"]
    assert run(["routes", "test", "--offline", *about, "-c", str(file)]) == 2
    told = capsys.readouterr().err
    assert "RUT is measured against 'SPX' or 'NDX': say which with --benchmark" in told


def test_nothing_of_an_alert_moves_a_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "alert.json"
    file.write_text(json.dumps(AN_ALERT.to_dict() | {"asset": "\x1b[31m\u202eRUT\n<!channel>"}))
    told = shown(capsys, "test", "--offline", "--alert", str(file))
    assert all(line.isprintable() for line in told.splitlines())


def test_without_kafka_it_says_so_and_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAKWATCH_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(["routes", "test", *BROKEN, "-c", CONFIG]) == 0
    told = capsys.readouterr()
    assert told.err.startswith("without silences: ")
    assert "(--offline leaves them out)" in told.err
    assert told.out.startswith("RUT/SPX record.broken of us")
