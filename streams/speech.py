"""What listens on a port, told by its first bytes: Kafka in plain text, TLS, or something else."""

from __future__ import annotations

import asyncio
import ssl
import struct
from enum import Enum, auto

# ApiVersions, version 0: length, api key, version, correlation id, no client id
_QUESTION = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_ANSWER = struct.Struct(">ii")  # length, correlation id
_LONGEST_ANSWER = 1024 * 1024
_TLS_RECORDS = {0x15, 0x16}  # an alert, a handshake; each followed by the version, 3.x


class Speech(Enum):
    """How a server answers to Kafka's simplest question."""

    NOTHING = auto()
    KAFKA = auto()
    TLS = auto()
    OTHER = auto()


async def speech(host: str, port: int, patience: float) -> Speech:
    """Listen to what a server answers, for at most twice ``patience`` seconds."""
    heard = speech_of(await _answer(host, port, patience))
    if heard is Speech.NOTHING and await _shakes_hands(host, port, patience):
        return Speech.TLS
    return heard


def speech_of(answer: bytes) -> Speech:
    """What the first bytes of an answer are.

    >>> speech_of(b"HTTP/1.1")
    <Speech.OTHER: 4>
    """
    if not answer:
        return Speech.NOTHING
    if len(answer) >= _ANSWER.size:
        length, correlation = _ANSWER.unpack(answer[: _ANSWER.size])
        if 0 < length < _LONGEST_ANSWER and correlation == 1:
            return Speech.KAFKA
    return Speech.TLS if answer[0] in _TLS_RECORDS and answer[1:2] == b"\x03" else Speech.OTHER


async def _answer(host: str, port: int, patience: float) -> bytes:
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_QUESTION)
                return await reader.read(_ANSWER.size)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""


async def _shakes_hands(host: str, port: int, patience: float) -> bool:
    """Whether TLS is spoken there; nothing is sent, so it does not matter with whom."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        return isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")
    writer.close()
    return True
