"""Whether Kafka can be reached, and if not why: what to wait for, and what no waiting mends.

aiokafka tells only that it found no broker. So a server that could not be used is looked at
again, until it is known what is wrong.
"""

from __future__ import annotations

from typing import Any

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import IllegalSaslStateError, KafkaError
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from config.errors import StreakwatchError
from config.settings import Kafka
from streams import refusals
from streams.connection import security_options
from streams.logs import silenced
from streams.refusals import AwayError, RefusedError
from streams.speech import Speech, speech

_PATIENCE = 4.0  # seconds that one question to one server may take
_LOOK = 1.0  # seconds that each look at what it is may take
_MOST_BROKERS = 3

Address = tuple[str, int]


async def reach(kafka: Kafka) -> None:
    """Return when one of the servers lets us in, and so does a broker that it names.

    Raises:
        RefusedError: a server is there, and none can be used as configured.
        AwayError: none answers.
        config.errors.UsageError: a certificate or a key cannot be read or used.
    """
    options = security_options(kafka.security)
    errors: list[AwayError | RefusedError] = []
    with silenced():
        for host, port, _ in collect_hosts(kafka.bootstrap_servers, randomize=False):
            try:
                return await _enter(kafka, options, (host, port))
            except (AwayError, RefusedError) as error:
                errors.append(error)
    raise next((error for error in errors if isinstance(error, RefusedError)), errors[0])


async def trouble(kafka: Kafka) -> StreakwatchError | None:
    """Why Kafka cannot be reached, in words; None where it can."""
    try:
        await reach(kafka)
    except StreakwatchError as error:
        return error
    return None


async def _enter(kafka: Kafka, options: dict[str, Any], server: Address) -> None:
    brokers = await _brokers(kafka, options, server)
    if not brokers:
        raise refusals.away(kafka, "it is not ready yet")
    if server in brokers:
        return
    for broker in brokers[:_MOST_BROKERS]:
        try:
            await _brokers(kafka, options, broker)
        except AwayError as error:
            last = error
        else:
            return
    raise refusals.misnamed(server, brokers[0]) from last


async def _brokers(kafka: Kafka, options: dict[str, Any], server: Address) -> list[Address]:
    """The brokers that a server names."""
    try:
        connection = await _connect(options, server)
        try:
            answer = await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    except (OSError, KafkaError, TimeoutError, ValueError) as error:
        raise await _why(kafka, options, server, error) from error
    return [(broker[1], broker[2]) for broker in answer.brokers]


async def _connect(options: dict[str, Any], server: Address) -> AIOKafkaConnection:
    return await create_conn(*server, request_timeout_ms=int(_PATIENCE * 1000), **options)


async def _why(
    kafka: Kafka, options: dict[str, Any], server: Address, error: Exception
) -> AwayError | RefusedError:
    known = refusals.of_error(kafka, server, error)
    if known is not None:
        return known
    heard = await speech(*server, _LOOK)
    nobody = kafka.security.sasl is None and heard in (Speech.KAFKA, Speech.TLS)
    wants_user = nobody and await _wants_user(options, server)
    return refusals.of_speech(kafka, server, heard, wants_user=wants_user)


async def _wants_user(options: dict[str, Any], server: Address) -> bool:
    """Whether a server that we reach would rather have us log in."""
    try:
        connection = await _connect(options, server)
        try:
            answer = await connection.send(SaslHandShakeRequest("PLAIN"))
        finally:
            connection.close()
    except (OSError, KafkaError, TimeoutError):
        return False
    return bool(answer.error_code != IllegalSaslStateError.errno)
