"""Overrides and secrets from the environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.environment import overridable, variable
from config.loading import load
from config.settings import Settings

FaultsOf = Callable[..., list[str]]


def loaded(file: Path, text: str, **environ: str) -> Settings:
    file.write_text(text)
    return load(file, environ)


OVERRIDES: dict[str, tuple[str, str, object]] = {
    "text": ("STREAKWATCH_KAFKA__GROUP", "desk", ("kafka", "group", "desk")),
    "number": ("STREAKWATCH_METRICS__PORT", "0", ("metrics", "port", 0)),
    "list": (
        "STREAKWATCH_KAFKA__BOOTSTRAP_SERVERS",
        "a:9092, b:9093,",
        ("kafka", "bootstrap_servers", ["a:9092", "b:9093"]),
    ),
    "any case": ("streakwatch_State__Sweep_Every", "0.5", ("state", "sweep_every", 0.5)),
    "union": ("STREAKWATCH_DELIVERY__MAX_AGE", "none", ("delivery", "max_age", "none")),
    "path": ("STREAKWATCH_EMBEDDED__DATA_DIR", "/data", ("embedded", "data_dir", Path("/data"))),
}


@pytest.mark.parametrize(("name", "value", "expected"), OVERRIDES.values(), ids=OVERRIDES)
def test_a_variable_overrides_a_value(
    name: str, value: str, expected: tuple[str, str, object], base: str, file: Path
) -> None:
    section, key, wanted = expected
    settings = loaded(file, base + "kafka: {group: file}\n", **{name: value})
    assert getattr(getattr(settings, section), key) == wanted


def test_a_variable_overrides_a_value_below_a_section_of_a_section(base: str, file: Path) -> None:
    name = "STREAKWATCH_KAFKA__RETENTION__DEAD_LETTERS"
    text = base + "kafka: {partitions: 8, retention: {closes: 9}}"
    kafka = loaded(file, text, **{name: "7"}).kafka
    wanted = (8, 9, 7)
    assert (kafka.partitions, kafka.retention.closes, kafka.retention.dead_letters) == wanted


@pytest.mark.parametrize("target", ["desk:", "desk: {url: console://}", "desk: {}"])
def test_a_variable_gives_a_targets_url_as_it_is(target: str, base: str, file: Path) -> None:
    text = base.replace("desk:\n    url: console://", target)
    url = "console://${NOT_REPLACED}"
    settings = loaded(file, text, STREAKWATCH_TARGETS__DESK__URL=url)
    assert settings.targets["desk"].url.get_secret_value() == url


def test_dots_and_hyphens_of_a_target_are_underscores_in_its_variable() -> None:
    assert variable(("targets", "a-b.c", "url")) == "STREAKWATCH_TARGETS__A_B_C__URL"


def test_all_scalars_of_the_sections_can_be_overridden() -> None:
    sections = {name: Settings.model_fields[name].annotation for name in Settings.model_fields}
    paths = {path for path, _ in overridable({"targets": {"desk": None}})}
    assert ("targets", "desk", "url") in paths
    for name in ("bars", "metrics", "state", "delivery", "embedded"):
        assert {(name, key) for key in sections[name].model_fields} <= paths
    assert ("kafka", "retention", "watch") in paths
    assert [path for path, is_list in overridable({}) if is_list] == [
        ("kafka", "bootstrap_servers"),
        ("bars", "symbols"),
    ]


WRONG: dict[str, tuple[str, str, str]] = {
    "refused value": (
        "STREAKWATCH_KAFKA__PARTITIONS",
        "many",
        ": kafka.partitions: found 'many'; write a whole number from 1 to 10000",
    ),
    "refused item": (
        "STREAKWATCH_KAFKA__BOOTSTRAP_SERVERS",
        "a:1,b",
        ": kafka.bootstrap_servers[1]: found 'b'; write HOST:PORT, such as 127.0.0.1:9092",
    ),
    "refused url": (
        "STREAKWATCH_TARGETS__DESK__URL",
        "slak://hidden",
        ": targets.desk.url: unknown scheme slak://; did you mean 'slack'?",
    ),
    "misspelt key": (
        "STREAKWATCH_KAFKA__PARTITION",
        "1",
        ": overrides nothing; did you mean STREAKWATCH_KAFKA__PARTITIONS?",
    ),
    "single underscore": (
        "STREAKWATCH_METRICS_PORT",
        "1",
        ": overrides nothing; did you mean STREAKWATCH_METRICS__PORT?",
    ),
    "misspelt target": (
        "STREAKWATCH_TARGETS__DESC__URL",
        "hidden://hidden",
        ": overrides nothing; did you mean STREAKWATCH_TARGETS__DESK__URL?",
    ),
    "unlike all others": (
        "STREAKWATCH_Q",
        "1",
        ": overrides nothing; remove it, or write STREAKWATCH_SECTION__KEY",
    ),
}


@pytest.mark.parametrize(("name", "value", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_variable_is_told_by_its_name(
    name: str, value: str, expected: str, base: str, faults_of: FaultsOf
) -> None:
    assert faults_of(base, {name: value}) == [name + expected]


def test_a_variable_that_could_mean_two_targets_is_a_fault(base: str, faults_of: FaultsOf) -> None:
    text = base + "  a-b: {url: console://}\n  a.b: {url: console://}\n"
    name = "STREAKWATCH_TARGETS__A_B__URL"
    (fault,) = faults_of(text, {name: "console://"})
    assert fault == f"{name}: could mean a-b and a.b; rename one of these targets"


def test_a_variable_that_is_set_in_two_ways_is_a_fault(base: str, faults_of: FaultsOf) -> None:
    names = ("STREAKWATCH_KAFKA__GROUP", "streakwatch_kafka__group")
    (fault,) = faults_of(base, dict.fromkeys(names, "a"))
    assert fault == f"{names[1]}: is set twice, in other letters; remove one"


def test_a_section_that_is_no_mapping_is_told_beside_its_override(
    base: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(base + "kafka: 5", {"STREAKWATCH_KAFKA__GROUP": "a"})
    assert fault.startswith("streakwatch.yaml:11: kafka: found '5'; write below it: bootstrap_")


def test_the_variables_of_kubernetes_services_are_left_alone(base: str, file: Path) -> None:
    kubernetes = {
        "STREAKWATCH_SERVICE_HOST": "10.0.0.1",
        "STREAKWATCH_SERVICE_PORT": "9464",
        "STREAKWATCH_METRICS_SERVICE_PORT_HTTP": "9464",
        "STREAKWATCH_PORT": "tcp://10.0.0.1:9464",
        "STREAKWATCH_METRICS_PORT": "tcp://10.0.0.1:9464",
        "STREAKWATCH_PORT_9464_TCP": "tcp://10.0.0.1:9464",
        "STREAKWATCH_PORT_9464_TCP_ADDR": "10.0.0.1",
    }
    assert loaded(file, base, **kubernetes) == loaded(file, base)


REFERENCES = {
    "whole": ("${URL}", "json://host/a"),
    "part": ("json://${HOST}/${TOKEN}", "json://host/tok"),
    "escaped": ("json://host/$${TOKEN}", "json://host/${TOKEN}"),
    "not nested": ("json://host/${NESTED}", "json://host/${TOKEN}"),
    "lone dollar": ("json://host/$TOKEN$", "json://host/$TOKEN$"),
}


@pytest.mark.parametrize(("url", "expected"), REFERENCES.values(), ids=REFERENCES)
def test_variables_are_filled_into_urls(url: str, expected: str, base: str, file: Path) -> None:
    environ = {"URL": "json://host/a", "HOST": "host", "TOKEN": "tok", "NESTED": "${TOKEN}"}
    settings = loaded(file, base.replace("console://", url), **environ)
    assert settings.targets["desk"].url.get_secret_value() == expected


def test_the_variables_of_the_process_are_the_default(
    base: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAKWATCH_KAFKA__GROUP", "process")
    file.write_text(base)
    assert load(file).kafka.group == "process"


def test_bytes_that_are_no_text_in_a_variable_are_no_traceback(
    base: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(base, {"STREAKWATCH_KAFKA__GROUP": "a\udcff"})
    assert fault.startswith("STREAKWATCH_KAFKA__GROUP: kafka.group: found 'a?'; write a name")
