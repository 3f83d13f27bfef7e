"""The samples of notices/samples, by the rules as shipped."""

from __future__ import annotations

from datetime import datetime

from config.notices import load
from domain.messages import Notice
from notices.samples import LATER, NOON, Samples, findings, names, user

_SAMPLES = Samples(load())
NAMES = names()


def notice(name: str, now: datetime = NOON) -> Notice:
    """The notice of that name, as policy makes it."""
    return _SAMPLES.notice(name, now)


def parts_of_digest() -> list[Notice]:
    """What a digest names."""
    return _SAMPLES.parts_of_digest()


__all__ = ["LATER", "NAMES", "findings", "notice", "parts_of_digest", "user"]
