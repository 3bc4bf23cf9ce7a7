"""The Faust transport of frames: all the records of one fetch of a partition as one event.

Registered as ``frames://`` (entry point group ``faust.transports``). It leans on internals of
faust-streaming 0.15.3, aiokafka 0.14.0 and librdkafka 2.16; tests/contracts fails loudly when
they change.
"""

from streams.frames.choice import choose
from streams.frames.transport import (
    Consumer,
    Frame,
    FrameApp,
    FrameSchema,
    Transport,
    credentials,
)

__all__ = ["Consumer", "Frame", "FrameApp", "FrameSchema", "Transport", "choose", "credentials"]
