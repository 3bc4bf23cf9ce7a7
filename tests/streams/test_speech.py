"""What listens on a port, by the first bytes of its answer."""

from __future__ import annotations

import asyncio

import pytest

from streams.speech import Speech, speech, speech_of

ANSWERS = {
    "nothing": (b"", Speech.NOTHING),
    "Kafka": (b"\0\0\1\x1a\0\0\0\1", Speech.KAFKA),
    "an alert of TLS": (b"\x15\3\3\0\2\2\x50", Speech.TLS),
    "a handshake of TLS": (b"\x16\3\3\0\x7a\2\0\0", Speech.TLS),
    "HTTP": (b"HTTP/1.1", Speech.OTHER),
    "SSH": (b"SSH-2.0-", Speech.OTHER),
    "another's number": (b"\0\0\1\x1a\0\0\0\2", Speech.OTHER),
    "a length of nothing": (b"\0\0\0\0\0\0\0\1", Speech.OTHER),
    "a length beyond all": (b"\x7f\0\0\0\0\0\0\1", Speech.OTHER),
    "half an answer": (b"\0\0\1", Speech.OTHER),
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_the_first_bytes_tell_what_it_is(answer: bytes, expected: Speech) -> None:
    assert speech_of(answer) is expected


async def test_a_server_that_closes_at_once_says_nothing() -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await speech("127.0.0.1", port, 5) is Speech.NOTHING


async def test_where_nobody_listens_nothing_is_heard() -> None:
    assert await speech("127.0.0.1", 1, 5) is Speech.NOTHING
