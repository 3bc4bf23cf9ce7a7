"""The configuration of a deployment: one YAML file, with secrets from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from config.models import Model, Name, Symbol
from config.rates import RATE_PATTERN, Rate, rate_of
from config.routes import Inhibition, Routes, inhibitions
from config.security import Security
from config.severities import Severity
from config.timings import Span
from config.validators import (
    as_list,
    below_folder,
    distinct,
    existing_folder,
    host_port,
    known_locale,
    refusal,
)
from config.watchlists import Watchlist
from config.words import shown, suggestion

PREFIX_PATTERN = r"^[A-Za-z0-9._-]{0,100}$"

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535)]
HostPort = Annotated[str, AfterValidator(host_port)]
Folder = Annotated[Path, AfterValidator(below_folder)]
TemplatesFolder = Annotated[Folder, AfterValidator(existing_folder)]
Format = Literal["plain", "markdown", "slack", "html", "push"]
LocaleName = Annotated[str, AfterValidator(known_locale)]
Fetch = Literal["auto", "gather", "librdkafka", "aiokafka"]
Timing = Annotated[
    list[Span],
    Field(min_length=1),
    BeforeValidator(
        as_list, json_schema_input_type=Span | Annotated[list[Span], Field(min_length=1)]
    ),
]
"""It holds while one of its spans does."""


class Retention(Model):
    """How long each topic keeps its records, in days, or 'forever'.

    A changed definition folds its history anew from the log, so `closes` and `watch` are kept
    forever unless told otherwise; what is gone cannot be claimed.
    """

    ticks: Days | Literal["forever"] = 7.0
    """The ticks, in days; what is made of them lies in closes."""
    closes: Days | Literal["forever"] = "forever"
    """The closes of every symbol, in days."""
    watch: Days | Literal["forever"] = "forever"
    """The closes as each watchlist gets them, in days."""
    alerts: Days | Literal["forever"] = "forever"
    """The alerts, in days."""
    dead_letters: Days | Literal["forever"] = 30.0
    """What could not be read, in days."""


class Kafka(Model):
    """Where Kafka is, and how the topics are made."""

    bootstrap_servers: Annotated[list[HostPort], AfterValidator(distinct)] = Field(
        default=["127.0.0.1:9092"], min_length=1
    )
    """HOST:PORT of one broker or more."""
    group: Name = "streakwatch"
    """The consumer group that the workers share."""
    topic_prefix: Annotated[str, Field(pattern=PREFIX_PATTERN)] = ""
    """Put before each topic's name, so that several deployments can share a cluster."""
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Partitions of each topic: the most workers that can share the work."""
    replication: Annotated[int, Field(ge=1, le=32)] = 1
    """Replicas of each partition; 3 on a cluster that must survive a broker's loss."""
    session_timeout: Annotated[float, Field(ge=1, le=60)] = 10
    """A worker that was not heard of for so many seconds is taken to be dead."""
    fetch: Fetch = "auto"
    """What fetches records; 'auto' takes the first that is installed, from the fastest on."""
    retention: Retention = Retention()
    """How long each topic keeps its records, in days or 'forever'."""
    security: Security = Security()
    """How connections to Kafka are secured: TLS, and a user with a password."""

    @model_validator(mode="after")
    def _no_bare_password(self) -> Self:
        if self.security.bare_password(self.bootstrap_servers):
            raise refusal(
                "PLAIN would send the password over the network as it is",
                "add kafka.security.tls, or use SCRAM-SHA-512",
                *("security", "sasl", "mechanism"),
            )
        return self


class Bars(Model):
    """How ticks are made into closes."""

    symbols: Annotated[list[Symbol], AfterValidator(distinct)] = Field(default=[])
    """Only the ticks of these are used; by default of all that the watchlists need."""
    grace: Annotated[float, Field(ge=0, le=59, allow_inf_nan=False)] = 2
    """How long after the end of a period its ticks are waited for, in seconds."""
    max_ahead: Seconds = 5
    """How far the time of a tick may lie beyond its arrival, in seconds."""
    provisional_every: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5
    """How often rules of the kind provisional get the price so far, in seconds; 0 for never."""


class Metrics(Model):
    """Where /metrics, /health and /ready are served."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    """The address to listen on; loopback unless told otherwise."""
    port: Annotated[int, Field(ge=0, le=65535)] = 9464
    """The port to listen on; 0 picks a free one."""


class State(Model):
    """How the folds keep their state."""

    snapshot_every: Seconds = 5
    """How often a fold that has moved writes a snapshot, in seconds."""
    sweep_every: Seconds = 2
    """How often a partition that is idle is compared with the end of its log, in seconds."""


class Delivery(Model):
    """How alerts are handed to their targets."""

    max_age: Days | Literal["none"] = 5.0
    """Alerts about periods that ended more days ago are recorded as historic, not delivered."""
    timeout: Seconds = 15
    """How long one attempt at a target may take, in seconds."""
    deadline: Seconds = 900
    """How long an alert is tried at a target, in seconds, before its fallback gets it."""
    backoff: Seconds = 0.5
    """The shortest pause after a failed attempt, in seconds; the longest doubles each time."""
    backoff_ceiling: Seconds = 30
    """The longest pause between two attempts, in seconds, unless the target asks for more."""


class Target(Model):
    """Where alerts are delivered: one apprise URL."""

    url: SecretStr
    """An apprise URL, console:// or webhooks:// ; ${NAME} is from the environment or a file."""
    fallback: Name | None = None
    """The target that gets the alerts which this one does not take."""
    tags: Annotated[list[Name], AfterValidator(distinct)] = Field(default=[])
    """Words to find it by, for example with `streakwatch targets test --tag`."""
    severity: Severity = "info"
    """It gets no alert of a lower severity."""
    rate: Annotated[str, Field(pattern=RATE_PATTERN)] | None = None
    """How many attempts a worker may make, such as '30 per minute'; what is over it waits."""
    format: Format | None = None
    """How its messages are written; by default as its URL's scheme says."""
    locale: LocaleName | None = None
    """How numbers and dates are written there; by default as everywhere."""
    pictures: Literal["never", "auto"] = "never"
    """Whether messages go with a chart: never, or 'auto' where the channel takes attachments."""

    @property
    def limit(self) -> Rate | None:
        """The rate as numbers; None without one."""
        return None if self.rate is None else rate_of(self.rate)


class Instrument(Model):
    """How an instrument is called in messages."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """The name that people know, for example Russell 2000."""
    closes: Literal["price", "total return", "number"] = "price"
    """What its closes are: prices, total-return index levels (dividends included), or any published
    number, such as a yield, which may be zero or negative and has no returns."""


class Embedded(Model):
    """The embedded Kafka broker of `streakwatch up`."""

    port: Port = 9092
    """The port for clients on 127.0.0.1."""
    data_dir: Folder | None = None
    """Where its log is kept; by default below the user's data folder."""


class Settings(Model):
    """The whole configuration."""

    watchlists: dict[Name, Watchlist] = Field(min_length=1)
    """What is watched, by name."""
    targets: dict[Name, Target] = Field(min_length=1)
    """Where alerts go, by name."""
    instruments: dict[Symbol, Instrument] = Field(default={})
    """What symbols are called in messages."""
    severities: dict[Name, Severity] = Field(default={})
    """How grave alerts of a kind are, where it is not as usual: info, warning or critical."""
    timings: dict[Name, Timing] = Field(default={})
    """When something holds, by name: times of day and week, days, sessions of exchanges."""
    routes: Routes = Routes()
    """Who is told of which alerts, and when not; by default each watchlist's own targets."""
    inhibit: list[Inhibition] = Field(default_factory=inhibitions)
    """Alerts that are not told because another one says it already; an empty list for none."""
    locale: LocaleName = "en_GB"
    """How numbers and dates are written in messages, for example en_US, de_DE or fr_FR."""
    templates: TemplatesFolder | None = None
    """A folder with templates of your own, which come before those of Streakwatch."""
    kafka: Kafka = Kafka()
    """Where Kafka is, and how the topics are made."""
    bars: Bars = Bars()
    """How ticks are made into closes."""
    metrics: Metrics = Metrics()
    """Where /metrics, /health and /ready are served."""
    state: State = State()
    """How the folds keep their state."""
    delivery: Delivery = Delivery()
    """How alerts are handed to their targets."""
    embedded: Embedded = Embedded()
    """The embedded Kafka broker of `streakwatch up`."""

    @model_validator(mode="after")
    def _ticks_make_one_close(self) -> Self:
        watched = {
            symbol for watchlist in self.watchlists.values() for symbol in watchlist.symbols()
        }
        for index, symbol in enumerate(self.bars.symbols):
            if symbol not in watched:
                cure = suggestion(symbol, watched) or "write a symbol of one of them"
                what = f"no watchlist needs closes of '{shown(symbol)}'"
                raise refusal(what, cure, "bars", "symbols", index)
        calendars: dict[tuple[str, str], str] = {}
        for name, watchlist in self.watchlists.items():
            for symbol in sorted(watchlist.symbols()) if watchlist.calendar != "none" else ():
                line = (symbol, watchlist.interval)
                first = calendars.setdefault(line, watchlist.calendar)
                if first != watchlist.calendar and symbol in (self.bars.symbols or watched):
                    what = f"{shown(symbol)} has periods of {watchlist.interval} of {first} already"
                    cure = f"write {first}, or in bars.symbols only the symbols that ticks come for"
                    raise refusal(what, cure, "watchlists", name, "calendar")
        return self
