"""What is known of one user: what is normal (habits), what waits for a verdict, what was told. One value in Redis a user.

Encoding: one version byte, then msgpack of array-like structs. Fields are only ever appended, with a default: a newer worker reads what an
older one wrote, and an older one skips what it doesn't know.
"""

from __future__ import annotations

import msgspec

from domain.habits import Habits
from domain.policy_state import PolicyState

VERSION = 1


class FoundBefore(msgspec.Struct, array_like=True):
    """A finding that waits with its event."""

    finding_id: str
    detector: str
    severity: str
    notice_id: str = ""


class Pending(msgspec.Struct, array_like=True):
    """An event that raised findings and isn't learned until it is cleared."""

    event_id: str
    at: float
    event: bytes
    """msgpack of the event, to be learned when cleared."""
    found: list[FoundBefore]
    session_id: str = ""
    device: str = ""
    network: str = ""
    topic: str = ""


class EarlyVerdict(msgspec.Struct, array_like=True):
    """A verdict about something not seen yet; applied when it comes."""

    about: str
    at: float
    verdict: bytes


class UserState(msgspec.Struct, array_like=True):
    """Everything kept for one user."""

    applied: dict[str, int] = {}
    """Topic (with the epoch of an embedded broker, see applied_key) -> last offset applied."""
    habits: Habits = msgspec.field(default_factory=Habits)
    policy: PolicyState = msgspec.field(default_factory=PolicyState)
    pending: list[Pending] = []
    early_verdicts: list[EarlyVerdict] = []


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(UserState)


def encode(state: UserState) -> bytes:
    """Version byte and msgpack."""
    return bytes((VERSION,)) + _ENCODER.encode(state)


def decode(data: bytes | None) -> UserState:
    """The state in `data`, or a fresh one for None. Raises ValueError for a version that this worker can't read."""
    if not data:
        return UserState()
    if data[0] != VERSION:
        raise ValueError(f"profile version {data[0]} is not one this worker reads ({VERSION})")
    return _DECODER.decode(memoryview(data)[1:])


def applied_key(topic: str, epoch: str) -> str:
    """Key into `applied`: offsets of another epoch (a broker that began anew) say nothing about this one's."""
    return f"{epoch}/{topic}" if epoch else topic
