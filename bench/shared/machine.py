"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from streams.embedded.jars import KAFKA_VERSION


def machine(*packages: str) -> str:
    """Cores, processor, load, and versions: Python's, Kafka's, and those of packages here."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = {line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")}
    versions = [f"Python {platform.python_version()}", f"Kafka {KAFKA_VERSION}"]
    versions += (f"{package} {version(package)}" for package in packages)
    return (
        f"{os.cpu_count()} cores, {', '.join(models) or platform.processor()}; "
        f"load {os.getloadavg()[0]:.1f}; {', '.join(versions)}"
    )
