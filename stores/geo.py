"""What an address and a user agent say: the adapter of domain.ports.Surroundings."""

from __future__ import annotations

import ipaddress
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import maxminddb
from iporigin import BOT, CDN, HOSTING, TOR, VPN
from iporigin.core import dataset

from domain.place import NO_AGENT, NOWHERE, Agent, Place
from stores.agents import describe
from stores.carrier import ATTRIBUTION, CarrierError, unpacked
from stores.exits import exit_kind, is_carrier, is_exit
from stores.lists import Lists

PLACES, AGENTS = 32_768, 8_192
"""Addresses and user agents remembered; 20 MB together when full."""
LONGEST_ADDRESS = 64
"""Characters; IPv6 in full with a zone stays below."""
_KINDS = {HOSTING: "hosting", CDN: "", VPN: "vpn", TOR: "tor", BOT: "hosting"}
"""What published lists name -> Place.exit_kind: content delivery stands for whoever is behind it."""


class GeoSurroundings:
    """Reads City and ASN databases (.mmdb: the DB-IP Lite data that comes along, or GeoLite2/GeoIP2). Raises CarrierError or OSError
    when opened without readable data; look-ups never raise."""

    def __init__(self, city: Path | None, asn: Path | None, cache_dir: Path, lists: Lists | None = None):
        self.lists = lists or Lists(None)
        # Memory-mapped: the workers of one machine share the pages, and only those that are asked for are read.
        self._city = maxminddb.open_database(str(city or unpacked("city", cache_dir)), maxminddb.MODE_AUTO)
        self._asn = maxminddb.open_database(str(asn or unpacked("asn", cache_dir)), maxminddb.MODE_AUTO)
        self._bundled = city is None
        self._place = lru_cache(maxsize=PLACES)(self._look_up)
        self._agent = lru_cache(maxsize=AGENTS)(describe)

    @property
    def attribution(self) -> str:
        """What the licence of the data asks to be shown; '' for an operator's own data."""
        return ATTRIBUTION if self._bundled else ""

    def age_days(self, now: float) -> float:
        """Days between the older database's build and `now` (seconds since the epoch)."""
        return (now - min(self._city.metadata().build_epoch, self._asn.metadata().build_epoch)) / 86_400

    def place(self, ip: str | None) -> Place:
        """Where the address is said to be; NOWHERE for none, a private or an unreadable one."""
        return self._place(ip) if ip and len(ip) <= LONGEST_ADDRESS else NOWHERE

    def agent(self, user_agent: str | None) -> Agent:
        """What the user agent says; NO_AGENT for none or an unknown one."""
        return self._agent(user_agent) if user_agent else NO_AGENT

    def listed(self, address: str) -> str:
        """Name of the list that holds the address; '' where none does."""
        return self.lists.listed(address)

    def close(self) -> None:
        self._city.close()
        self._asn.close()

    def _look_up(self, text: str) -> Place:
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            return NOWHERE
        address = getattr(address, "ipv4_mapped", None) or address
        if not address.is_global:
            return NOWHERE
        city = cast(dict[str, Any], self._city.get(address) or {})
        network = cast(dict[str, Any], self._asn.get(address) or {})
        number, organization = int(network.get("autonomous_system_number") or 0), str(network.get("autonomous_system_organization") or "")
        location = city.get("location") or {}
        published = _published(address)
        return Place(
            country=sys.intern(str((city.get("country") or {}).get("iso_code") or "")),
            city=sys.intern(str(((city.get("city") or {}).get("names") or {}).get("en") or "")),
            latitude=location.get("latitude"),
            longitude=location.get("longitude"),
            asn=number,
            organization=sys.intern(organization),
            shared_exit=is_exit(number, organization) or _anonymous(city) or published is not None,
            exit_kind=_KINDS.get(published or "", "") or exit_kind(number, organization),
            mobile=is_carrier(organization),
        )


def _anonymous(record: dict[str, Any]) -> bool:
    """GeoIP2 says it of an address itself; the free databases don't."""
    traits = record.get("traits") or {}
    return any(traits.get(name) for name in ("is_anonymous_proxy", "is_anonymous", "is_anycast", "is_satellite_provider"))


def _published(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    """What clouds' own lists or the Tor project's name it, if they do. Straight to the table: `iporigin.classify` would read the address
    again."""
    found = dataset().find(int(address), address.version)
    return found[1] if found is not None and found[1] in _KINDS else None


def unreadable(error: Exception, city: Path | None, asn: Path | None, data_dir: Path) -> str:
    """Why address data can't be opened, in words for whoever runs Vigil, with the setting to look at."""
    for setting, path in (("VIGIL_GEO__CITY", city), ("VIGIL_GEO__ASN", asn)):
        if path is None:
            continue
        if not path.is_file():
            return f"{path} is no file: correct {setting}, or leave it out for the data that comes along"
        try:
            maxminddb.open_database(str(path), maxminddb.MODE_AUTO).close()
        except PermissionError:
            return f"{path} can't be read by this user ({setting})"
        except Exception:
            return f"{path} is no .mmdb file, or a damaged one: correct {setting}, or leave it out for the data that comes along"
    if isinstance(error, CarrierError):
        return str(error)
    if isinstance(error, OSError):
        reason = (error.strerror or "no way").lower()
        return f"the data that comes along can't be unpacked to {data_dir / 'geo'}, {reason}: correct VIGIL_DATA_DIR"
    return f"address data can't be opened: {error}"
