"""How long things take at the exchange, over all users of a partition: transfers by direction, asset and network, and checks of identity.

What was begun is remembered until it is done; what takes longer than such things do can be asked for, so that its user is told before he
asks. Where the exchange doesn't tell when things are done, nothing is ever late.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec

from domain.statistics import Sample

KINDS = 256
OPEN = 4_096
KEPT = 64
"""Durations kept a kind."""
FORGET = 14 * 86_400.0
"""Seconds after which nobody will say any more that it is done."""
EVERY = 60.0
"""Seconds of event time between two looks for what is late."""
LEAST = 900.0
"""Seconds that are never late."""
_LEAST_DONE = 20
_MOST_LOST = 0.2
"""Part of the things begun of which it was never said that they were done, above which silence says nothing."""
_HALVE = 1_000


class Kind(msgspec.Struct, array_like=True):
    """Things of one kind."""

    taken: Sample = msgspec.field(default_factory=Sample)
    """Seconds that the last ones took."""
    done: int = 0
    lost: int = 0


class Begun(msgspec.Struct, array_like=True):
    """Something that was begun and isn't done."""

    user_id: str
    reference: str
    kind: str
    """subject|asset|network."""
    at: float
    told: bool = False

    @property
    def about(self) -> tuple[str, str, str]:
        """Subject, asset, network."""
        subject, asset, network = self.kind.split("|", 2)
        return subject, asset, network


class Delays:
    """Bounded: of kinds the one longest unused goes, of what was begun the oldest."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[str, Kind] = OrderedDict()
        self._open: OrderedDict[str, Begun] = OrderedDict()
        """By subject and reference, in the order in which they came."""
        self._looked_at = 0.0

    def begin(self, subject: str, reference: str, user_id: str, at: float, asset: str = "", network: str = "") -> None:
        """Something is begun; again is no news."""
        name = f"{subject}|{reference}"
        if name not in self._open:
            self._open[name] = Begun(user_id, reference, f"{subject}|{asset.replace('|', '')[:32]}|{network.replace('|', '')[:32]}", at)
            if len(self._open) > OPEN:
                self._open.popitem(last=False)

    def end(self, subject: str, reference: str, at: float, *, done: bool = True) -> None:
        """It is done, or came to nothing."""
        begun = self._open.pop(f"{subject}|{reference}", None)
        if begun is None or not done or at < begun.at:
            return
        kind = self._of(begun.kind)
        kind.taken.add(at - begun.at, KEPT)
        kind.done += 1
        if kind.done + kind.lost > _HALVE:
            kind.done, kind.lost = kind.done // 2, kind.lost // 2

    def find(self, subject: str, reference: str) -> Begun | None:
        """What is known of something begun."""
        return self._open.get(f"{subject}|{reference}")

    def usual(self, kind: str) -> float | None:
        """Seconds within which nine in ten of a kind are done; None where too little is known."""
        known = self._kinds.get(kind)
        return None if known is None or len(known.taken) < _LEAST_DONE else known.taken.quantile(0.9)

    def late(self, at: float) -> Iterator[Begun]:
        """What takes longer than any of its kind lately, and twice as long as nine in ten; each once. Looks once a minute of event time."""
        if at - self._looked_at < EVERY:
            return
        self._looked_at = at
        limits: dict[str, float] = {}
        for name, begun in list(self._open.items()):
            if at - begun.at > FORGET:
                del self._open[name]
                self._of(begun.kind).lost += 1
            elif not begun.told and at - begun.at > LEAST:
                if begun.kind not in limits:
                    limits[begun.kind] = self._limit(begun.kind)
                if at - begun.at > limits[begun.kind]:
                    begun.told = True
                    yield begun

    def export(self) -> Any:
        """Plain data."""
        return {
            "kinds": [[name, msgspec.to_builtins(kind, builtin_types=(bytes,))] for name, kind in self._kinds.items()],
            "open": [msgspec.to_builtins(begun) for begun in self._open.values()],
        }

    def restore(self, data: Any) -> None:
        """Becomes the model that exported this. Raises ValueError, TypeError or KeyError for data of another make."""
        kinds = OrderedDict((str(name), msgspec.convert(kind, Kind)) for name, kind in list(data["kinds"])[-KINDS:])
        begun = [msgspec.convert(one, Begun) for one in list(data["open"])[-OPEN:]]
        self._kinds, self._open = kinds, OrderedDict((f"{one.about[0]}|{one.reference}", one) for one in begun)

    def _limit(self, kind: str) -> float:
        known = self._kinds.get(kind)
        if known is None or len(known.taken) < _LEAST_DONE or known.lost > _MOST_LOST * (known.done + known.lost):
            return float("inf")
        return max(known.taken.quantile(1.0), 2.0 * known.taken.quantile(0.9), LEAST)

    def _of(self, name: str) -> Kind:
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kinds[name] = Kind()
            if len(self._kinds) > KINDS:
                self._kinds.popitem(last=False)
        else:
            self._kinds.move_to_end(name)
        return kind
