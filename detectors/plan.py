"""Which detector is asked what, by type of event and what detectors' gates look at: settled once, so that an event costs only what
concerns it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from detectors.base import Detector, Gate, Sighting
from detectors.models.families import FAMILIES
from detectors.registry import Entry, Registry
from detectors.storyteller import StoryPlan, plan_stories
from domain.events import Input
from domain.habits import Habits

Verb = tuple[Entry, Callable[[Sighting, Habits], Any]]


class Plan(msgspec.Struct, frozen=True):
    """The verbs for events of one kind."""

    score: Sequence[Verb]
    """Of detectors that are on; the others learn and count all the same."""
    count: Sequence[Verb]
    learn: Sequence[Verb]
    stories: StoryPlan
    crowd: Sequence[Callable[[Sighting], Iterable[tuple[str, str]]]]
    """Who reads sets in the crowd: detectors, and the family of features."""
    told: bool
    """Whether it may be to a story anything at all."""
    concerned: bool
    """Whether anything at all is asked."""


class Plans:
    """Plans for the events of one type, by what their gates look at."""

    def __init__(self, registry: Registry, struct: type[Input]):
        self._struct, self._stories = struct, plan_stories(registry, struct)
        self._asked = [(e, e.detector) for e in registry.detectors if e.detector is not None and struct in e.detector.events]
        gates = [gate.get(struct, {}) for _, d in self._asked for gate in (d.judges, d.counts, d.teaches)]
        self._names = sorted({name for gate in gates for name in gate})
        self._key: Callable[[Any], Any] = attrgetter(*self._names) if self._names else lambda event: None
        self._plans: dict[Any, Plan] = {}

    def of(self, event: Any) -> Plan:
        """What is asked about this event."""
        key = self._key(event)
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = self._plan(dict(zip(self._names, key if len(self._names) > 1 else (key,), strict=False)))
        return found

    def _plan(self, values: Mapping[str, Any]) -> Plan:
        def passes(gate: Gate) -> bool:
            return all(values[name] in allowed for name, allowed in gate.get(self._struct, {}).items())

        judging = {entry.id for entry, detector in self._asked if passes(detector.judges)}
        counting = [(e, d) for e, d in self._asked if _has(d, "count_one") and passes(d.counts)]
        reading = judging | {entry.id for entry, _ in counting}
        score = [(entry, detector.score_one) for entry, detector in self._asked if entry.enabled and entry.id in judging]
        count = [(entry, detector.count_one) for entry, detector in counting]
        learn = [(e, d.learn_one) for e, d in self._asked if _has(d, "learn_one") and passes(d.teaches)]
        stories = msgspec.structs.replace(self._stories, asked=[(e, verb) for e, verb in self._stories.asked if e.id in judging])
        crowd: list[Callable[[Sighting], Iterable[tuple[str, str]]]] = [
            d.crowd_one for e, d in self._asked if _has(d, "crowd_one") and e.id in reading
        ]
        family = FAMILIES.get(self._struct)
        if family is not None and family.crowd_keys is not None:
            crowd.append(family.crowd_keys)
        told = bool(stories.asked or stories.fired or stories.conditions)
        return Plan(score, count, learn, stories, crowd, told, bool(score or count or learn or told))


def _has(detector: Detector, verb: str) -> bool:
    """Whether it does more than nothing there."""
    return getattr(type(detector), verb) is not getattr(Detector, verb)
