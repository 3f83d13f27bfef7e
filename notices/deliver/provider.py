"""What the sender knows of a provider; the kinds of it are in mailto.py, smsgw.py, inapp.py and foreign.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from domain.messages import Medium
from domain.ports import Rendered
from notices.deliver.outcome import Outcome


class Limits(msgspec.Struct, frozen=True):
    """How hard a provider may be used: `?connections=`, `?rate=`, `?hourly=` and `?daily=` of its URL."""

    connections: int = 8
    rate: float | None = None
    """Messages a second, None for no limit."""
    hourly: int | None = None
    daily: int | None = None
    """Messages an hour and a day of the clock, of all workers together; None for no limit."""


Finish = Callable[[Rendered, bytes], bytes]
"""The last hand on a mail that is whole but for what its sender alone can add: a mark, a signature."""


class Provider(Protocol):
    """One way out. Thread safe; what it holds per thread, `close` gives up for the calling thread."""

    name: str
    """For receipts: the scheme, and a number where two have the same: `mailto`, `mailto-2`."""
    medium: Medium
    limits: Limits

    def attempt(self, message: Rendered) -> Outcome:
        """One try, at most 15 s. Never raises."""
        ...

    def probe(self) -> bool:
        """Does it answer at all? At most 3 s, sends nothing."""
        ...

    def close(self) -> None: ...


class ProviderError(ValueError):
    """A provider URL is wrong; the text says which setting and what was expected, and holds no secret."""
