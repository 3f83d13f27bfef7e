"""Places and agents for tests: a small fixed table that needs no data, and the real databases unpacked once for all runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from domain.place import NO_AGENT, NOWHERE, Agent, Place
from stores.geo import GeoSurroundings

PLACES = {
    "1.34.": Place("TW", "Taipei", 25.05, 121.53, 3462, "Chunghwa Telecom"),
    "39.8.": Place("TW", "Taichung", 24.14, 120.68, 24158, "Taiwan Mobile"),
    "126.1.": Place("JP", "Osaka", 34.69, 135.50, 2516, "KDDI"),
    "81.2.": Place("GB", "London", 51.51, -0.13, 2856, "British Telecommunications"),
    "45.76.": Place("SG", "Singapore", 1.35, 103.82, 20473, "The Constant Company", shared_exit=True),
}
AGENTS = {
    "win": Agent("Chrome", "142", "Windows", "Chrome on Windows"),
    "win-old": Agent("Chrome", "141", "Windows", "Chrome on Windows"),
    "iphone": Agent("Safari", "26", "iPhone", "Safari on iPhone"),
    "app": Agent("app", "", "Android", "Android app"),
}


class FixedSurroundings:
    """Addresses by how they begin, agents by name."""

    def place(self, ip: str | None) -> Place:
        return next((place for start, place in PLACES.items() if ip and ip.startswith(start)), NOWHERE)

    def agent(self, user_agent: str | None) -> Agent:
        return AGENTS.get(user_agent or "", NO_AGENT)


@cache
def real_surroundings() -> GeoSurroundings:
    """The data that comes along; unpacked below var/ (0.8 s the first time on a machine)."""
    return GeoSurroundings(None, None, Path(__file__).parents[2] / "var" / "geo")
