"""The registry of detectors as the .yml files say, read once for all tests of a process: its entries are frozen."""

from functools import cache

from detectors.registry import Registry


@cache
def loaded() -> Registry:
    """It takes a quarter of a second."""
    return Registry.load()
