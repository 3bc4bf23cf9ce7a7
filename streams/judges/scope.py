"""What is judged, as of when, and how contents are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from aiokafka.partitioner import murmur2

from streams.verdict import EARLIER

__all__ = ["ANOTHER", "EARLIER", "REMOVED", "Scope", "digest"]

ANOTHER = "made under another configuration"
REMOVED = "retention removed what they came from, or what they lay beside"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is judged, and as of when.

    Records from before ``since_ms`` are found, but no fault of theirs is told. What is missing
    is pending while its cause is younger than ``grace_ms`` at ``now_ms``, when the ends of the
    topics were seen. Times in milliseconds since 1970.
    """

    partitions: int
    now_ms: int
    since_ms: int = 0
    grace_ms: int = 60_000

    def is_pending(self, cause_ms: int) -> bool:
        """Whether what a record brings about may still be on its way."""
        return abs(self.now_ms - cause_ms) <= self.grace_ms

    def home(self, key: bytes) -> int:
        """The partition that a key belongs to, as every producer of ours decides."""
        return int(murmur2(key) & 0x7FFFFFFF) % self.partitions


def digest(*parts: bytes | None) -> int:
    """64 bits that tell contents apart."""
    found = blake2b(digest_size=8)
    for part in parts:
        found.update(b"\x00" if part is None else b"\x01%d:%b" % (len(part), part))
    return int.from_bytes(found.digest(), "big")
