"""The Compose file, the Dockerfile and the rules for Prometheus agree with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from command_lines import accept

from config.environment import overridable, variable
from config.loading import load
from streams import topics
from streams.embedded.node import LARGEST_MESSAGE, properties
from streams.metrics import Metrics
from streams.wire import Reason

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("topics", "worker")
LASTING = sorted(SERVICES.keys() - {"topics"})
PROMETHEUS = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text())
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "config/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
OF_PROMETHEUS = {"job", "instance", "le"}


def filled(text: str) -> str:
    """Text with the defaults of its variables put in, as Compose does with none set."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text)


def series() -> dict[str, set[str]]:
    """Every series that a worker can show, with its labels."""
    found = {}
    for name, collector in vars(Metrics()).items():
        if name == "registry":
            continue
        labels = set(collector._labelnames)
        for family in collector.describe():
            ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
            for end in ends.get(family.type, [""]):
                found[family.name + end] = labels
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_published_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert isinstance(port, str)
        assert port.startswith("127.0.0.1:")
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", filled(port))
    assert "network_mode" not in SERVICES[name]


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(/[a-z]+)?:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_our_image_has_our_version() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'^version = "(.+)"$', pyproject, re.M)
    assert version is not None
    assert {SERVICES[name]["image"] for name in OURS} == {f"streakwatch:{version[1]}"}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_restarted_and_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", SERVICES)
def test_everything_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert service["mem_limit"]
    assert service.get("read_only", False) is (name != "kafka")


def test_the_worker_waits_for_the_topics_and_the_topics_for_kafka() -> None:
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert SERVICES["topics"]["restart"] == "no"
    condition = {"condition": "service_completed_successfully"}
    assert SERVICES["worker"]["depends_on"] == {"topics": condition}


@pytest.mark.parametrize("name", OURS)
def test_our_command_lines_are_accepted(name: str) -> None:
    accept(SERVICES[name]["command"])


def test_a_wrong_command_line_would_not_be_accepted() -> None:
    for wrong in (["worke"], ["worker", "--instances", "a"], ["topics", "creat"]):
        with pytest.raises(click.UsageError):
            accept(wrong)


@pytest.mark.parametrize("name", OURS)
def test_the_configuration_is_mounted_where_the_environment_says(name: str) -> None:
    (mount,) = SERVICES[name]["volumes"]
    assert mount["target"] == SERVICES[name]["environment"]["STREAKWATCH_CONFIG"]
    assert mount["read_only"] is True
    assert (ROOT / filled(mount["source"])).is_file()


@pytest.mark.parametrize("name", OURS)
def test_our_variables_override_something(name: str) -> None:
    environ = dict(SERVICES[name]["environment"])
    del environ["STREAKWATCH_CONFIG"]
    settings = load(ROOT / "config/examples/streakwatch.yaml", environ)
    assert settings.kafka.bootstrap_servers == ["kafka:19092"]
    assert set(environ) <= {variable(path) for path, _ in overridable({})}


def test_the_metrics_are_where_the_check_the_port_and_prometheus_look() -> None:
    worker = SERVICES["worker"]
    assert worker["environment"]["STREAKWATCH_METRICS__HOST"] == "0.0.0.0"
    port = worker["environment"]["STREAKWATCH_METRICS__PORT"]
    assert f"http://127.0.0.1:{port}/health" in worker["healthcheck"]["test"][-1]
    assert [p.rpartition(":")[2] for p in worker["ports"]] == [port]
    (job,) = PROMETHEUS["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"worker:{port}"]}]


def test_kafka_takes_what_we_send() -> None:
    environment = SERVICES["kafka"]["environment"]
    assert int(environment["KAFKA_MESSAGE_MAX_BYTES"]) == LARGEST_MESSAGE > topics.LARGEST_REQUEST
    embedded = dict(line.split("=", 1) for line in properties(1, 2, {}).splitlines())
    sizes = [name for name in embedded if name.endswith(".max.bytes")]
    assert len(sizes) == 5
    assert {name: environment[_variable(name)] for name in sizes} == {
        name: embedded[name] for name in sizes
    }


def _variable(name: str) -> str:
    return "KAFKA_" + name.replace(".", "_").upper()


def test_kafka_is_reached_by_its_name_inside_and_by_loopback_outside() -> None:
    environment = SERVICES["kafka"]["environment"]
    advertised = filled(environment["KAFKA_ADVERTISED_LISTENERS"]).split(",")
    assert advertised == ["INSIDE://kafka:19092", "HOST://127.0.0.1:9092"]
    assert SERVICES["kafka"]["ports"][0].endswith(":9092")
    assert (
        "/opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:19092"
        in (SERVICES["kafka"]["healthcheck"]["test"][-1])
    )


def test_every_named_volume_is_declared() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if isinstance(volume, str) and not volume.startswith(".")
    }
    assert used == COMPOSE["volumes"].keys()


def test_the_image_is_built_from_what_there_is() -> None:
    text = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M)
    sources = [source for line in copied for source in line.split()]
    assert "requirements/worker.txt" in sources
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in kept


def test_the_image_runs_the_worker_without_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", text, re.M)
    assert "--require-hashes" in text
    assert re.search(r"^HEALTHCHECK ", text, re.M)
    assert 'ENTRYPOINT ["streakwatch"]\nCMD ["worker"]\n' in text


def test_the_rules_lie_beside_prometheus_yml() -> None:
    assert PROMETHEUS["rule_files"] == ["alerts.yml"]
    assert any(v == "./config/prometheus:/etc/prometheus:ro"
               for v in SERVICES["prometheus"]["volumes"])  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_a_rule_speaks_of_metrics_that_there_are_and_says_what_to_do(rule: dict[str, Any]) -> None:
    known = series()
    names = set(re.findall(r"\bstreakwatch_\w+", rule["expr"]))
    assert names or rule["expr"] == 'up{job="streakwatch"} == 0'
    assert names <= known.keys()
    labels = OF_PROMETHEUS.union(*(known[name] for name in names))
    in_braces = " ".join(re.findall(r"\{([^}]*)\}", rule["expr"]))
    used = set(re.findall(r"(\w+)(?:=|!=|=~)\"", in_braces))
    used |= {label for by in re.findall(r"by \(([^)]*)\)", rule["expr"])
             for label in by.split(", ")}  # fmt: skip
    texts = " ".join(rule["annotations"].values())
    used |= set(re.findall(r"\$labels\.(\w+)", texts))
    assert used <= labels
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "action"}
    assert set(re.findall(r"\bstreakwatch_\w+", texts)) <= known.keys()
    assert set(re.findall(r"Streakwatch[A-Z]\w+", texts)) <= {rule["alert"] for rule in RULES}


def test_the_reasons_in_the_rules_exist() -> None:
    used = {r for rule in RULES for r in re.findall(r'reason!?="([^"]+)"', rule["expr"])}
    assert used == {Reason.INTERNAL.value}


def test_the_jobs_in_the_rules_exist() -> None:
    used = {job for rule in RULES for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert used == {job["job_name"] for job in PROMETHEUS["scrape_configs"]}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_docker_compose_takes_the_file() -> None:
    if shutil.which("docker") is None or run("docker", "compose", "version").returncode:
        pytest.skip("needs docker compose")
    done = run("docker", "compose", "config", "-q")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("what", "file"), [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_promtool_takes_the_files(what: str, file: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool")
    done = run("promtool", "check", what, f"config/prometheus/{file}")
    assert done.returncode == 0, done.stdout + done.stderr
