"""Misuse of each command: one clear line, exit code 2, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.cli.main import COMMANDS, run

GOOD = "period,RUT,SPX\n2026-01-02,2508.22,6858.47\n2026-01-05,2547.92,6902.05\n"
CONFIG = """
watchlists:
  us:
    pairs: [{asset: RUT, benchmark: SPX}]
    rules: [{kind: threshold, at: 10}]
    targets: [console]
targets: {console: {url: "console://"}}
"""
FILES = {
    "good.csv": GOOD,
    "good.yaml": CONFIG,
    "empty.csv": "",
    "header.csv": "price,RUT\n1,2\n",
    "twice.csv": "period,RUT,RUT\n",
    "bad.csv": "period,RUT,SPX\n2026-01-02,abc,6858.47\n",
    "sunday.csv": "period,RUT,SPX\n2026-01-18,1,2\n2026-01-20,2,2\n",
    "day.csv": "period,RUT,SPX\n2026-02-30,1,2\n",
    "clash.csv": "period,RUT,SPX\n2026-01-02,1,2\n2026-01-02,2,2\n",
    "empty.yaml": "",
    "list.yaml": "- 1\n",
    "typo.yaml": CONFIG.replace("pairs:", "pears:"),
    "kind.yaml": CONFIG.replace("kind: threshold", "kind: treshold"),
    "target.yaml": CONFIG.replace("targets: [console]", "targets: [consol]"),
    "url.yaml": CONFIG.replace('"console://"', '"slak://x"'),
    "syntax.yaml": "watchlists: [\n",
    "tab.yaml": "watchlists:\n\tus: 1\n",
    "same.yaml": CONFIG.replace("benchmark: SPX", "benchmark: RUT"),
    "servers.yaml": CONFIG + "kafka: {bootstrap_servers: [nowhere]}\n",
}

STREAKS = "streaks good.csv --asset RUT --benchmark SPX"
CASES = {
    "": ["nonsense", "--nonsense", "worke", "Config", "send-close", "-x", "--config", "replays",
         "topic", "--versions"],
    "config": ["chek", "check", "check nowhere.yaml", "check .", "check empty.yaml",
               "check list.yaml", "check syntax.yaml", "check tab.yaml", "check kind.yaml",
               "check good.yaml extra", "check --strict good.yaml", "check -c nowhere.yaml",
               "check good.yaml -c good.yaml", "schema x"],
    "topics": ["creat", "create --config nowhere.yaml", "create -c empty.yaml", "create extra",
               "create -c list.yaml", "check --partitions 3", "create --bootstrap-servers",
               "create -c good.yaml --bootstrap-servers nowhere", "check -c same.yaml",
               "create -c servers.yaml"],
    "targets": ["lst", "list extra", "list -c nowhere.yaml", "list -c url.yaml",
                "list --format xml", "test -c good.yaml", "test consol -c good.yaml",
                "test --tag desk -c good.yaml",
                "test --all --sample record.tide -c good.yaml", "test --all -c target.yaml",
                "test --every -c good.yaml", "schema x"],
    "worker": ["--role x", "--roles routr", "--roles ,", "--roles", "extra", "--log-level loud",
               "-c nowhere.yaml", "-c url.yaml", "-c target.yaml", "--instance"],
    "up": ["--port x", "--port 70000", "--port", "--ports 1", "extra", "-c nowhere.yaml",
           "-c kind.yaml", "--data-dir good.csv", "--log-level 3", "--bootstrap-server x"],
    "send": ["close", "close RUT", "close RUT 2026-01-02", "close RUT 2026-02-30 1 -c good.yaml",
             "close RUT 2026-01-02 -5 -c good.yaml", "close RUT 2026-01-02 abc -c good.yaml",
             "close RUX 2026-01-02 5 -c good.yaml", "closes", "closes nowhere.csv -c good.yaml",
             "closes empty.csv -c good.yaml", "closes header.csv -c good.yaml",
             "closes good.csv --map RUT -c good.yaml", "closes good.csv --map X=Y -c good.yaml",
             "closes good.csv -c nowhere.yaml", "clos good.csv", "closes twice.csv -c good.yaml"],
    "streaks": ["", "good.csv", "good.csv --asset RUT", "good.csv --asset RUT --benchmark RUT",
                "good.csv --asset RUX --benchmark SPX", "nowhere.csv --asset RUT --benchmark SPX",
                "bad.csv --asset RUT --benchmark SPX", "day.csv --asset RUT --benchmark SPX",
                "clash.csv --asset RUT --benchmark SPX", "good.csv --assets RUT",
                f"{STREAKS[8:]} --ties maybe", f"{STREAKS[8:]} --min-length 0",
                f"{STREAKS[8:]} --round-returns-to 0.3", f"{STREAKS[8:]} --round-returns-to x",
                f"{STREAKS[8:]} --missing break", f"{STREAKS[8:]} --calendar XNY",
                f"{STREAKS[8:]} --since yesterday", f"{STREAKS[8:]} --top 0",
                "sunday.csv --asset RUT --benchmark SPX --calendar XNYS",
                f"{STREAKS[8:]} --format xml", f"{STREAKS[8:]} --direction up",
                f"{STREAKS[8:]} --interval 5min", f"{STREAKS[8:]} --overnight exclude",
                f"{STREAKS[8:]} --plot streaks.gif", f"{STREAKS[8:]} --plot nowhere/streaks.png",
                f"{STREAKS[8:]} --basket M", f"{STREAKS[8:]} --basket M=equl:RUT",
                f"{STREAKS[8:]} --basket M=equal:RUT,RUT", f"{STREAKS[8:]} --basket M=fixed:RUT=1",
                f"{STREAKS[8:]} --basket M=fixed@2026-02-30:RUT=1",
                f"{STREAKS[8:]} --basket M=fixed@2026-01-02:RUT=x",
                "good.csv --asset M --benchmark SPX --basket M=equal:RUT,RUX"],
    "explain": ["", "us", "us RUT/SPX -c good.yaml", "us RUT/SPX --file good.csv --from-topic",
                "uss RUT/SPX --file good.csv -c good.yaml",
                "us RUT/SPY --file good.csv -c good.yaml",
                "us RUT --file good.csv -c good.yaml", "us RUT/SPX --file nowhere.csv -c good.yaml",
                "us RUT/SPX --file good.csv --at yesterday -c good.yaml",
                "us RUT/SPX --file good.csv --at 1999-01-04 -c good.yaml",
                "us RUT/SPX --file good.csv --format xml -c good.yaml",
                "us RUT/SPX --file good.csv --interval 5min -c good.yaml"],
    "replay": ["", "--file good.csv --from-topic", "--file", "--file nowhere.csv -c good.yaml",
               "--file empty.csv -c good.yaml", "--file good.csv -c nowhere.yaml",
               "--file header.csv -c good.yaml", "--from-topics", "good.csv",
               "--file good.csv -c kind.yaml"],
    "alerts": ["lst", "list extra", "list --since yesterday", "list --since 2026-02-30",
               "list --status lost", "list --limit 0", "list --format xml", "list --watchlist",
               "list -c nowhere.yaml", "show", "show 928", "show RUT", "show 928eb7a2538eb03a2ccef",
               "show 928e -c kind.yaml", "show 928e --format csv", "resend", "resend 928e --target",
               "resend xyz1", "resend 928e --target consol -c good.yaml",
               "resend 928e --targets console", "picture --out x.png", "picture 928e",
               "picture 928e --sample ended --out x.png -c good.yaml",
               "picture --sample record.tide --out x.png -c good.yaml",
               "picture --sample summary --out x.png -c good.yaml",
               "picture --sample ended --out nowhere/x.png -c good.yaml"],
    "routes": ["shw", "show extra", "show -c nowhere.yaml", "show -c kind.yaml", "test",
               "test -c good.yaml", "test --watchlist us -c good.yaml",
               "test --watchlist uss --rule ended --offline -c good.yaml",
               "test --watchlist us --rule end --offline -c good.yaml",
               "test --watchlist us --rule ended --severity grave",
               "test --alert nowhere.json -c good.yaml", "test --alert good.csv -c good.yaml",
               "test --alert good.csv --watchlist us --rule ended",
               "test --watchlist us --rule ended --at yesterday",
               "test --watchlist us --rule ended --at 2h",
               "test --watchlist us --rule ended --at 0001-01-01",
               "test --watchlist us --rule ended --expect consol --offline -c good.yaml"],
    "silences": ["ad", "add", "add --match asset=RUT --comment x", "add --comment x --for 2h",
                 "add --match asset=RUT --for 2h",
                 "add --match asset=RUT --for 2h --until 2099-01-01 --comment x",
                 "add --match asset=RUT --for 2y --comment x",
                 "add --match asset=RUT --until 1999-01-01 --comment x",
                 "add --match asset=RUX --for 2h --comment x -c good.yaml",
                 "add --match asset --for 2h --comment x -c good.yaml",
                 "add --match aset=RUT --for 2h --comment x -c good.yaml",
                 "add --match severity>=grave --for 2h --comment x -c good.yaml",
                 "add --match asset=RUT --match asset=MDY --for 2h --comment x -c good.yaml",
                 "add --match labels.desk=us --for 2h --comment x -c good.yaml",
                 "add --match asset=RUT --from 9h --until 2026-01-01 --comment x -c good.yaml",
                 "add --match asset=RUT --from 2099-02-01 --until 2099-01-01 --comment x",
                 "list extra", "list --format xml", "list -c nowhere.yaml", "expire"],
    "deadletters": ["lst", "list extra", "list --topic close", "list --reason not-jsn",
                    "list --since 3y", "list --limit x", "list -c nowhere.yaml", "show",
                    "show 1", "show 1:2:3", "show dead-letters-1", "show 1:2 --raw=1",
                    "show -1:2", "retry", "retry 1:42 --all", "retry 1:42 --reason empty",
                    "retry --again", "retry 1-42", "drop", "drop 1:42 --topic closes",
                    "drop --again 1:42", "drop all", "retry --all -c kind.yaml"],
    "templates": ["lst", "preview extra", "preview --channel mail", "preview --sample record.tyed",
                  "preview --alert good.csv --sample ended", "preview --alert", "preview --colour",
                  "preview --locale xx", "preview -c nowhere.yaml", "check extra",
                  "check --locale de_XX_YY", "check -c kind.yaml"],
    "verify": ["extra", "--grace x", "--grace -1", "--grace", "--since tomorrow", "--format xml",
               "--format csv", "--allow", "-c nowhere.yaml", "-c kind.yaml", "--allow-pending=1",
               "--from-topic"],
    "demo": ["--kep", "extra", "--keep=1", "--keep extra", "-k", "--port 1", "--config x",
             "--quick", "keep", "1"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "line", [f"{command} {case}".strip() for command, cases in CASES.items() for case in cases]
)
def test_misuse_is_told_in_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(line.split())
    told = capsys.readouterr()
    assert code == 2, told
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert len(lines[0]) < 300
    assert "Traceback" not in told.err


def test_every_command_has_ten_examples_of_misuse() -> None:
    assert set(COMMANDS) == set(CASES) - {""}
    assert all(len(cases) >= 10 for cases in CASES.values())


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("worke", "did you mean 'worker'?"),
        ("targets test consol -c good.yaml", "did you mean 'console'?"),
        ("streaks good.csv --asset RUX --benchmark SPX", "did you mean 'RUT'?"),
        ("worker --roles routr", "did you mean 'router'?"),
        ("config check typo.yaml", "did you mean 'pairs'?"),
        ("config check kind.yaml", "did you mean 'threshold'?"),
        ("worker -c target.yaml", "did you mean 'console'?"),
        ("send close RUX 2026-01-02 5 -c good.yaml", "did you mean 'RUT'?"),
        ("streaks good.csv --assets RUT", "--asset"),
        ("alerts resent 928e", "did you mean 'resend'?"),
        ("alerts resend 928e --target consol -c good.yaml", "did you mean 'console'?"),
        ("deadletters retri --all", "did you mean 'retry'?"),
        ("silences add --match aset=RUT --for 2h --comment x -c good.yaml", "did you mean 'asset'"),
        ("silences add --match rule=record.tide --for 2h --comment x -c good.yaml", "record.tied"),
        ("routes test --offline --watchlist uss --rule ended -c good.yaml", "did you mean 'us'?"),
        ("verfy", "did you mean 'verify'?"),
        ("explain uss RUT/SPX --file good.csv -c good.yaml", "did you mean 'us'?"),
        ("explain us RUT/SPY --file good.csv -c good.yaml", "did you mean 'RUT/SPX'?"),
        ("streaks good.csv --asset M --benchmark SPX --basket M=equal:RUT,RUX", "'RUT'?"),
    ],
)
def test_what_is_misspelt_gets_a_suggestion(
    line: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 2
    assert hint in capsys.readouterr().err


def test_no_arguments_give_the_help_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    told = capsys.readouterr().out
    assert all(command in told for command in COMMANDS)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    assert "Usage: streakwatch" in capsys.readouterr().out
