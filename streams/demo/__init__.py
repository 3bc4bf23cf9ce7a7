"""The demo: January 2026 through a real Kafka, from the closes to the messages."""

from streams.demo.story import run

__all__ = ["run"]
