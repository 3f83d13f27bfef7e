"""A labelled history for the quality benchmark: honest people, sleepers, and attacks of every kind in three grades, each victim once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

from embedded.exchange.craft import GRADES, Grade
from embedded.exchange.graded import GRADED, LASTS, RINGS, SLEEPING
from embedded.exchange.sleepers import Sleepers
from embedded.exchange.world import DAY, Exchange, Label

ORIGIN = 1_780_272_000.0  # 1 June 2026, 00:00 UTC
Event = dict[str, Any]


class Graded:
    """`users` people for `days`; after `learned` days, `each` attacks of each kind and grade, at times drawn by the seed."""

    def __init__(self, seed: int, users: int, days: float, learned: float, each: int):
        self.start, self.end = ORIGIN + learned * DAY, ORIGIN + days * DAY
        self.exchange = Exchange(seed, users, ORIGIN)
        sleeping = each * len(GRADES) * len(SLEEPING)
        self.sleepers = Sleepers(seed, int(sleeping * 1.6) + 4, ORIGIN)
        self._planned = self._plan(Random(f"quality/{seed}"), each)
        self.begun: dict[str, float] = {}
        """User -> when the first attack on them began."""

    @property
    def truth(self) -> dict[str, Label]:
        """Event id -> label."""
        return self.exchange.truth | self.sleepers.truth

    @property
    def surprises(self) -> dict[str, str]:
        """Event id -> why an honest event deserves a notice."""
        return self.exchange.surprises | self.sleepers.surprises

    def events(self) -> Iterator[tuple[float, Event]]:
        """Everything, in time order."""
        yield from self.sleepers.life()
        serial, waiting = itertools.count(), list[tuple[float, int, Event]]()
        for at, event in self.sleepers.returns(self.start, self.end):
            waiting.append((at, next(serial), event))
        for at, kind, grade, run, ring in [*self._planned, (self.end, "", "plain", "", "")]:
            for when, event in self.exchange.ordinary(at):
                yield from self._due(waiting, when)
                yield when, event
            if kind:
                world = self.sleepers if kind in SLEEPING else self.exchange
                for when, event in world.attack(kind, at, run, grade=grade, ring=ring):
                    waiting.append((when, next(serial), event))
                    self.begun.setdefault(event["user_id"], at)
                waiting.sort(key=lambda one: one[:2])
        yield from self._due(waiting, float("inf"))

    @staticmethod
    def _due(waiting: list[tuple[float, int, Event]], until: float) -> Iterator[tuple[float, Event]]:
        while waiting and waiting[0][0] <= until:
            at, _, event = waiting.pop(0)
            yield at, event

    def _plan(self, rng: Random, each: int) -> list[tuple[float, str, Grade, str, str]]:
        """When which attack begins: (time, kind, grade, run, ring), in time order. A ring strikes within a day."""
        planned = []
        last = self.end - LASTS
        for kind, grade in itertools.product(GRADED, GRADES):
            size, begins = RINGS.get(kind, 1), 0.0
            for n in range(each):
                if n % size == 0:
                    begins = rng.uniform(self.start, last)
                at = begins if size == 1 else begins + rng.uniform(0, DAY)
                planned.append((at, kind, grade, f"q{n}", f"{kind}-{grade}-{n // size}" if size > 1 else ""))
        return sorted(planned)
