"""The process that draws beside a worker: charts come on standard input, answers go to output.

Each is a frame: four bytes with the length, then a chart as JSON, or an answer: ``P`` and the PNG,
or ``E`` and the name of the error. It ends when its input does, so it outlives no worker. It draws
one picture before the first is asked for, and says so with an empty answer: it is warm.
"""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

import msgspec

from alerts.pictures.chart import Chart, Span
from alerts.pictures.drawing import draw

LENGTH = struct.Struct(">I")
PNG, ERROR = b"P", b"E"


def main() -> None:
    """Answer until the input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _say(sink, b"" if _answer(_sample()).startswith(PNG) else ERROR)
    while head := source.read(LENGTH.size):
        (size,) = LENGTH.unpack(head)
        _say(sink, _answer(source.read(size)))


def _say(sink: BinaryIO, answer: bytes) -> None:
    sink.write(LENGTH.pack(len(answer)) + answer)
    sink.flush()


def _answer(request: bytes) -> bytes:
    try:
        return PNG + draw(msgspec.json.decode(request, type=Chart))
    except Exception as error:  # told to the worker, which goes on without the picture
        return ERROR + type(error).__name__.encode()


def _sample() -> bytes:
    days, span = (20_000, 20_030, 20_060), Span(20_030, 20_060, 2)
    legs = ("A", "B")
    return msgspec.json.encode(Chart("1d", days, (1.0, 2.0, 3.0), legs, legs, 1, span))


if __name__ == "__main__":
    main()
