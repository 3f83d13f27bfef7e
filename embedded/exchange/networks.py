"""Public address ranges of homes, phones, data centres and VPNs, as the geo data that comes along places them.

networks.json is made by scripts/choose_networks.py from DB-IP Lite (CC BY 4.0, IP Geolocation by DB-IP).
"""

import ipaddress
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

Kind = Literal["home", "mobile", "hosting", "vpn"]


@dataclass(frozen=True)
class Network:
    """A /22 in one city; `lat`, `lon` in degrees."""

    prefix: str
    country: str
    city: str
    lat: float
    lon: float
    asn: int
    org: str
    kind: Kind

    def address(self, rng: Random) -> str:
        """One of its addresses, dotted."""
        return str(ipaddress.ip_network(self.prefix)[rng.randrange(10, 1000)])


@cache
def networks() -> tuple[Network, ...]:
    """All of them, in the file's order."""
    return tuple(Network(**n) for n in json.loads((Path(__file__).parent / "networks.json").read_text()))


@cache
def of(kind: Kind, country: str = "") -> tuple[Network, ...]:
    """Those of a kind, of one country or of any."""
    return tuple(n for n in networks() if n.kind == kind and country in ("", n.country))


def distance_km(a: Network, b: Network) -> float:
    """Great-circle distance."""
    la, lb = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 12_742 * math.asin(math.sqrt(half))


def abroad(rng: Random, country: str) -> Network:
    """A home network of another country."""
    return rng.choice([n for n in of("home") if n.country != country])


def far_away(rng: Random, here: Network, km: float = 4000) -> Network:
    """A home network at least `km` from `here`."""
    return rng.choice([n for n in of("home") if distance_km(here, n) > km])


def nearest(kind: Kind, here: Network, within_km: float = 500) -> Network:
    """The network of this kind nearest to `here` in its country; `here` itself when there is none nearby."""
    found = min(of(kind, here.country), key=lambda n: distance_km(here, n), default=here)
    return found if distance_km(here, found) <= within_km else here
