"""The metrics, by Prometheus itself: its checker of the format, and a server that scrapes them."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Deployment, close_json, eventually, january

from streams.embedded.ports import free_port

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        shutil.which("promtool") is None or shutil.which("prometheus") is None,
        reason="needs Prometheus (prometheus and promtool) on PATH",
    ),
]

RULES = Path(__file__).parents[2] / "config/prometheus/alerts.yml"


@pytest.fixture
def worked(deployment: Deployment) -> Deployment:
    deployment.create_topics().start().ready()
    for symbol, period, close in january():
        deployment.send(close_json(symbol, period, close), key=symbol.encode())
    deployment.send(b"rubbish")
    worker = deployment.workers[0]
    eventually(lambda: len(deployment.ledger()) == 12, "the alerts of January")
    eventually(lambda: worker.total("streakwatch_dead_letters_total") == 1, "a dead letter")
    return deployment


def test_the_format_is_what_prometheus_takes(worked: Deployment) -> None:
    text = worked.workers[0].get("/metrics")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, check=False)  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout


@pytest.fixture
def prometheus(worked: Deployment) -> Iterator[str]:
    port, folder = free_port(), worked.folder
    config = folder / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{RULES}]\n"
        "scrape_configs: [{job_name: streakwatch, static_configs: "
        f'[{{targets: ["127.0.0.1:{worked.workers[0].port}"]}}]}}]\n'
    )
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def ask(url: str, path: str, **query: str) -> list[dict[str, object]]:
    try:
        address = f"{url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            data = json.load(answer)["data"]
    except OSError:
        return []
    return data.get("result") or data.get("groups") or []


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ('sum(streakwatch_records_folded_total{fold="router"})', "33"),
        ('sum(streakwatch_deliveries_total{outcome="delivered"})', "12"),
        ('streakwatch_streak_direction{asset="RUT"}', "-1"),
        ('streakwatch_dead_letters_total{reason="not-json"}', "1"),
        ("sum(streakwatch_lag_records)", "0"),
        ("streakwatch_ready", "1"),
    ],
)
def test_prometheus_scrapes_what_happened(prometheus: str, query: str, value: str) -> None:
    def answered() -> bool:
        result = ask(prometheus, "query", query=query)
        return [row["value"][1] for row in result] == [value]  # type: ignore[index]

    eventually(answered, f"{query} is {value}")


def test_prometheus_evaluates_our_rules(prometheus: str) -> None:
    def healthy() -> bool:
        groups = ask(prometheus, "rules")
        rules = [rule for group in groups for rule in group["rules"]]  # type: ignore[attr-defined]
        return bool(rules) and {rule["health"] for rule in rules} == {"ok"}

    eventually(healthy, "every rule evaluated")
