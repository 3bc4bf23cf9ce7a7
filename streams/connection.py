"""How every client of ours reaches Kafka: the one place where the configuration becomes options."""

from __future__ import annotations

from typing import Any

from config.settings import Kafka


def client_options(kafka: Kafka) -> dict[str, Any]:
    """The options that all of aiokafka's clients take."""
    return {"bootstrap_servers": kafka.bootstrap_servers}
