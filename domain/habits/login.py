"""Habits of the subject: login. What signs in, from where, and what failed lately."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from domain.digest import digest
from domain.habits.traits import Traits
from domain.place import Place

MAX_DEVICES = 12
MAX_BROWSERS = 3
MAX_COUNTRIES = 12
MAX_NETWORKS = 16
MAX_FAILURES = 32
MAX_PROMPTS = 16
MAX_OPEN_SESSIONS = 4
_PRIVATE = (
    *("10.", "127.", "169.254.", "192.168.", "0.", "::", "fc", "fd", "fe8"),
    *(f"172.{n}." for n in range(16, 32)),
    *(f"100.{n}." for n in range(64, 128)),
)


class KnownDevice(msgspec.Struct, array_like=True):
    """A device that signed in and was found normal."""

    key: int
    """fingerprint() of its name."""
    label: str
    """In words, e.g. `Chrome on Windows`."""
    last_at: int
    browsers: list[str] = []
    """With major version, newest last: `Chrome 142`."""


class LastPlace(msgspec.Struct, array_like=True):
    """The newest login whose address says where the person was."""

    at: int
    latitude: float
    longitude: float
    country: str
    city: str
    mobile: bool = False
    """By a carrier's address for phones: where its gateway is, abroad that of the card's own country."""


class Failure(msgspec.Struct, array_like=True):
    """A failed attempt."""

    at: int
    device: int
    network: str


class OpenSession(msgspec.Struct, array_like=True):
    """Where a session began, and with what; as 32 bits of fingerprints, 0 where nothing was told."""

    key: int
    at: int
    network: int
    system: int
    browser: int
    """0 for an app."""
    device: int


class LoginHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    count: int = 0
    """Successful logins found normal."""
    first_at: int = 0
    devices: list[KnownDevice] = []
    countries: dict[str, int] = {}
    """ISO code -> last seen."""
    networks: dict[str, int] = {}
    """network_key() -> last seen; shared exits are not among them."""
    last: LastPlace | None = None
    failures: list[Failure] = []
    traits: Traits = msgspec.field(default_factory=Traits)
    prompts: list[int] = []
    """When the second factor was asked for and not confirmed, lately."""
    entered_at: int = 0
    """The newest sign-in that succeeded, normal or not."""
    exits: dict[str, int] = {}
    """Kind of anonymous network -> last seen, of sign-ins found normal."""
    tools: dict[str, int] = {}
    """The same of programs that user agents name."""
    open: list[OpenSession] = []
    """The last sessions, normal or not, in event time."""

    def session(self, key: int) -> OpenSession | None:
        """The session with that fingerprint, as it began."""
        for begun in reversed(self.open):
            if begun.key == key:
                return begun
        return None

    def begin(self, session: OpenSession) -> None:
        """Remembers how a session began, by what is first of it in event time; the oldest makes room."""
        known = self.session(session.key)
        if known is None or session.at < known.at:
            self.open = sorted([*(s for s in self.open if s is not known), session], key=lambda s: s.at)[-MAX_OPEN_SESSIONS:]

    def device(self, key: int) -> KnownDevice | None:
        """The known device of that fingerprint."""
        for known in self.devices:
            if known.key == key:
                return known
        return None

    def see_device(self, key: int, label: str, at: int) -> KnownDevice:
        """Makes the device known; the one not seen for longest makes room."""
        known = self.device(key)
        if known is None:
            if len(self.devices) >= MAX_DEVICES:
                self.devices.remove(min(self.devices, key=lambda d: d.last_at))
            known = KnownDevice(key, label, at)
            self.devices.append(known)
        known.last_at = max(known.last_at, at)
        known.label = label or known.label
        return known

    def fail(self, failure: Failure, window: int) -> None:
        """Counts a failed attempt; those older than `window` seconds before the newest are forgotten."""
        self.failures.append(failure)
        self.failures.sort(key=lambda f: f.at)
        newest = self.failures[-1].at
        self.failures = [f for f in self.failures if newest - f.at <= window][-MAX_FAILURES:]


def short(text: str) -> int:
    """32 bits of its fingerprint; 0 for ''."""
    return fingerprint(text) & 0xFFFF_FFFF or 1 if text else 0


@lru_cache(maxsize=4_096)  # several detectors ask for the same device, session and transfer; 16 MB if all were as long as they may be
def fingerprint(text: str) -> int:
    """63 bits that stand for a name of any length."""
    return int.from_bytes(digest(text), "big") >> 1


def remember(seen: dict[str, int], key: str, at: int, limit: int) -> None:
    """Notes that `key` was seen; the one not seen for longest makes room."""
    if key not in seen and len(seen) >= limit:
        del seen[min(seen, key=seen.__getitem__)]
    seen[key] = max(at, seen.get(key, 0))


def network_key(place: Place, ip: str | None) -> str:
    """A stable name of the network: its autonomous system, else the address block (/24, /48); '' when there is no address, or a private
    one."""
    if place.asn:
        return place.network
    if not ip or len(ip) > 45 or ip.lower().startswith(_PRIVATE):
        return ""
    return ":".join(ip.split(":")[:3]) if ":" in ip else ip.rpartition(".")[0]
