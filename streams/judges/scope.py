"""What is judged, as of when, and how contents are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from streams.topics import partition_of
from streams.verdict import EARLIER, Finding, Part

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
        return partition_of(key, self.partitions)

    def tell(self, part: Part, findings: list[Finding], finding: Finding, at_ms: int) -> None:
        """Put a finding among others of the part, unless its record is older than was asked for."""
        if at_ms < self.since_ms:
            part.notes[EARLIER] += 1
        else:
            findings.append(finding)

    def miss(self, part: Part, finding: Finding, cause_ms: int) -> None:
        """Tell what is not there: it may still be on its way."""
        findings = part.pending if self.is_pending(cause_ms) else part.missing
        self.tell(part, findings, finding, cause_ms)


def digest(*parts: bytes | None) -> int:
    """64 bits that tell contents apart."""
    found = blake2b(digest_size=8)
    for part in parts:
        found.update(b"\x00" if part is None else b"\x01%d:%b" % (len(part), part))
    return int.from_bytes(found.digest(), "big")
