"""The notices with sample data that the catalogue shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from config.notices import load
from domain.messages import Notice
from notices.samples import Samples


def sample(name: str) -> tuple[Notice, Sequence[Notice]]:
    """A sample by its name, and the notices that it names, if it is a digest. Raises KeyError for one that there isn't."""
    return _samples().notice(name), _samples().parts_of_digest() if name == "digest" else ()


@cache
def _samples() -> Samples:
    return Samples(load())
