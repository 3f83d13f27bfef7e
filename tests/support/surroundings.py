"""Where addresses are, for tests: the real databases, unpacked once for all runs. What needs no data takes NamedSurroundings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stores.geo import GeoSurroundings


@cache
def real_surroundings() -> GeoSurroundings:
    """The data that comes along; unpacked below var/ (0.8 s the first time on a machine)."""
    return GeoSurroundings(None, None, Path(__file__).parents[2] / "var" / "geo")
