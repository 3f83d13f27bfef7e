"""Where addresses are, for tests: the real databases, unpacked once for all runs. What needs no data takes NamedSurroundings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stores.geo import GeoSurroundings

GEO = Path(__file__).parents[2] / "var" / "geo"


@cache
def real_surroundings() -> GeoSurroundings:
    """The data that comes along; unpacked below var/ (0.8 s the first time on a machine)."""
    return GeoSurroundings(None, None, GEO)


def lent(data: Path) -> Path:
    """A data folder for a process of the product, made where it isn't there: each would unpack 127 MB of its own."""
    GEO.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    if not (data / "geo").exists():
        (data / "geo").symlink_to(GEO)
    return data
