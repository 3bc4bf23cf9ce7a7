"""The configuration of a deployment: one YAML file, with secrets from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from config.watchlists import Model, Name, Symbol, Watchlist

Seconds = Annotated[float, Field(gt=0, description="Seconds.")]
Days = Annotated[float, Field(gt=0, description="Days.")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Retention(Model):
    """How long each topic keeps its records, in days, or 'forever'.

    A changed definition folds its history anew from the log, so `closes` and `watch` are kept
    forever unless told otherwise; what is gone cannot be claimed.
    """

    closes: Days | Literal["forever"] = "forever"
    watch: Days | Literal["forever"] = "forever"
    alerts: Days | Literal["forever"] = "forever"
    notifications: Days | Literal["forever"] = "forever"
    dead_letters: Days | Literal["forever"] = 30.0


class Kafka(Model):
    """Where Kafka is, and how the topics are made."""

    bootstrap_servers: Annotated[list[str], Field(min_length=1)] = ["127.0.0.1:9092"]
    """HOST:PORT of one broker or more."""
    group: Name = "streakwatch"
    """The consumer group that the workers share."""
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    """Put before each topic's name, so that several deployments can share a cluster."""
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Partitions of each topic: the most workers that can share the work."""
    replication: Annotated[int, Field(ge=1, le=32)] = 1
    """Replicas of each partition; 3 on a cluster that must survive a broker's loss."""
    session_timeout: Seconds = 10
    """A worker that was not heard of for so long is taken to be dead."""
    retention: Retention = Retention()


class Metrics(Model):
    """Where /metrics, /health and /ready are served."""

    host: str = "127.0.0.1"
    """The address to listen on; loopback unless told otherwise."""
    port: Annotated[int, Field(ge=0, le=65535)] = 9464
    """The port to listen on; 0 picks a free one."""


class State(Model):
    """How the folds keep their state."""

    snapshot_every: Seconds = 5
    """How often a fold that has moved writes a snapshot."""
    sweep_every: Seconds = 2
    """How often a partition that is idle is compared with the end of its log."""


class Delivery(Model):
    """How alerts are handed to their targets."""

    max_age: Days | Literal["none"] = 5.0
    """Alerts about periods that ended longer ago are recorded as historic, not delivered."""
    timeout: Seconds = 15
    """How long one attempt at a target may take."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 5
    """Attempts at a target before an alert is given up, and the ledger says so."""
    backoff: Seconds = 0.5
    """The pause after the first failed attempt; it doubles with each further one."""
    backoff_ceiling: Seconds = 30
    """The longest pause between two attempts."""


class Target(Model):
    """Where alerts are delivered: one apprise URL."""

    url: SecretStr
    """An apprise URL, or console:// ; ${NAME} is taken from the environment."""


class Instrument(Model):
    """How an instrument is called in messages."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """The name that people know, for example Russell 2000."""


class Embedded(Model):
    """The embedded Kafka broker of `streakwatch up`."""

    port: Port = 9092
    """The port for clients on 127.0.0.1; the next one above is the controller's."""
    data_dir: Path | None = None
    """Where its log is kept; by default below the user's data folder."""


class Settings(Model):
    """The whole configuration."""

    watchlists: dict[Name, Watchlist] = Field(min_length=1)
    """What is watched, by name."""
    targets: dict[Name, Target] = Field(min_length=1)
    """Where alerts go, by name."""
    instruments: dict[Symbol, Instrument] = {}
    """What symbols are called in messages."""
    kafka: Kafka = Kafka()
    metrics: Metrics = Metrics()
    state: State = State()
    delivery: Delivery = Delivery()
    embedded: Embedded = Embedded()
