"""What is known of one user: what is normal (habits), what waits for a verdict, what was told. One value in Redis a user.

Encoding: one version byte, then msgpack of array-like structs. Fields are only ever appended, with a default: a newer worker reads what an
older one wrote, and an older one skips what it doesn't know.
"""

from __future__ import annotations

import msgspec

from domain.habits import Habits
from domain.messages import Source
from domain.policy_state import PolicyState
from domain.severity import RANK

VERSION = 1
MAX_PENDING = 16
MAX_EARLY = 8
MAX_SESSIONS = 8
MAX_CONDEMNED = 16
MAX_STEPS_A_KIND = 8
MAX_STEPS = 40
MAX_KEPT_BYTES = 8_192
"""Of one event that waits; honest ones stay below 4 kB. A larger one is told all the same, and never learned."""


class FoundBefore(msgspec.Struct, array_like=True):
    """A finding that waits with its event."""

    finding_id: str
    detector: str
    severity: str
    notice_id: str = ""
    events: list[str] = []
    """For a story: ids of its events."""


class Pending(msgspec.Struct, array_like=True):
    """An event that raised findings and isn't learned until it is cleared."""

    event_id: str
    at: float
    event: bytes
    """msgpack of the event, to be learned when cleared; empty where it was learned before a story drew it in, or is too large."""
    found: list[FoundBefore]
    session_id: str = ""
    device: str = ""
    network: str = ""
    topic: str = ""
    findings: bytes = b""
    """msgpack of the findings, given again should the event be published again; dropped once it is no more among the recent ones."""
    address: str = ""

    @property
    def rank(self) -> int:
        """Of its gravest finding."""
        gravest = 0
        for found in self.found:  # a plain loop: asked of every event that waits, at every event of its user
            gravest = max(gravest, RANK.get(found.severity, 0))
        return gravest


class EarlyVerdict(msgspec.Struct, array_like=True):
    """A verdict about something not seen yet; applied when it comes."""

    about: str
    at: float
    verdict: bytes


class Condemned(msgspec.Struct, array_like=True):
    """A device, network or address named fraudulent by a verdict: never learned by itself."""

    kind: str
    """`device`, `network` or `address`."""
    key: str
    at: int


class Step(msgspec.Struct, array_like=True):
    """What may become part of stories: an event by what detectors and conditions say of it."""

    story: str
    """Of those kept by the first version, which kept an event for each story; '' since."""
    step: int
    event_id: str
    at: float
    value: str
    facts: dict[str, str] = {}
    source: tuple[str, int, int] | None = None
    told: bool = False
    """It completed a story that was told."""
    said: dict[str, str] = {}
    """Detector or condition -> its word."""
    marks: list[str] = []
    """Stages (story/step) that it completed and that were told."""
    session: int = 0
    """This and those below: fingerprints, 0 where unknown; stories may ask for steps of the same session."""
    device: int = 0
    network: str = ""
    key: int = 0
    """API key used or made."""
    address: int = 0
    """Of a transfer, or put on the whitelist."""
    unanswered: bool = False
    """A day passed without its owner's word: a part only of steps that are patient."""

    def origin(self) -> Source | None:
        """Where its event stood."""
        return None if self.source is None else Source(*self.source)


class UserState(msgspec.Struct, array_like=True):
    """Everything kept for one user."""

    applied: dict[str, int] = {}
    """Topic (with the epoch of an embedded broker, see applied_key) -> last offset applied."""
    habits: Habits = msgspec.field(default_factory=Habits)
    policy: PolicyState = msgspec.field(default_factory=PolicyState)
    pending: list[Pending] = []
    early_verdicts: list[EarlyVerdict] = []
    recent: bytes = b""
    """The last event ids (domain.recent)."""
    sessions: list[int] = []
    """Fingerprints of the last sessions whose login was normal."""
    condemned: list[Condemned] = []
    steps: list[Step] = []


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
