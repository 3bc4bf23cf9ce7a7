"""The configuration as librdkafka takes it; over real connections in contracts/test_security.py."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import StreakwatchError
from config.settings import Kafka
from streams.frames.library import library
from streams.frames.properties import properties


def of(**security: Any) -> dict[str, str]:
    return properties(Kafka.model_validate({"bootstrap_servers": ["a:1", "[::1]:2"]} | security))


def test_the_servers_and_what_is_fetched_ahead() -> None:
    found = of()
    assert found["bootstrap.servers"] == "a:1,[::1]:2"
    assert found["security.protocol"] == "PLAINTEXT"
    assert found["isolation.level"] == "read_committed"
    assert found["enable.auto.commit"] == "false"
    ahead = [properties(Kafka(), n)["queued.max.messages.kbytes"] for n in (1, 12, 100_000)]
    assert ahead == ["65536", "5461", "256"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_user(mechanism: str) -> None:
    sasl = {"mechanism": mechanism, "username": "desk", "password": "S3CR3T"}
    found = of(security={"tls": {}, "sasl": sasl})
    assert found["security.protocol"] == "SASL_SSL"
    assert (found["sasl.mechanism"], found["sasl.username"]) == (mechanism, "desk")
    assert found["sasl.password"] == "S3CR3T"


def test_whose_certificates_the_host_checks() -> None:
    names = [of(security={"tls": {"check_hostname": check}})
             ["ssl.endpoint.identification.algorithm"] for check in ("true", "false")]  # fmt: skip
    assert names == ["https", "none"]


def test_what_librdkafka_does_not_take_is_told_without_its_value() -> None:
    found = library()
    assert found is not None
    with pytest.raises(StreakwatchError, match=r"it does not take security\.protocol") as error:
        found.consumer({"security.protocol": "S3CR3T"})
    assert "S3CR3T" not in str(error.value)
    with pytest.raises(StreakwatchError, match=r"ca\.location"):
        found.consumer({"security.protocol": "ssl", "ssl.ca.location": "/nowhere"})
