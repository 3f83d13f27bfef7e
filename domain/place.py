"""What a network address and a user agent say; values that adapters fill."""

import msgspec

from domain.once import once


class Place(msgspec.Struct, frozen=True, dict=True):
    """Where a network address is said to be. Empty strings and zeros where unknown."""

    country: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    asn: int = 0
    organization: str = ""
    shared_exit: bool = False
    """Hosting, VPN, Tor, proxy or anycast: says nothing about where the person is."""
    exit_kind: str = ""
    """Of a shared exit, where it is known: `tor`, `vpn`, `proxy`, `hosting`; '' for one that stands for an ordinary user (relays of phone
    makers, anycast, satellites)."""
    mobile: bool = False
    """A carrier's network for phones: its coordinates are those of a gateway, often hundreds of kilometres away."""

    @once
    def network(self) -> str:
        """A short stable name of the network: `as3462`; '' when unknown."""
        return f"as{self.asn}" if self.asn else ""


class Agent(msgspec.Struct, frozen=True):
    """What a user agent says: family and major version; `label` in words, e.g. `Chrome on Windows`."""

    browser: str = ""
    version: str = ""
    system: str = ""
    label: str = ""


NOWHERE = Place()
NO_AGENT = Agent()
