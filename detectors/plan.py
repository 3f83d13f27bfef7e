"""Which detector is asked what, by type of event: settled once a configuration, so that an event costs only what concerns it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from detectors.base import Detector, Sighting
from detectors.registry import Entry, Registry
from detectors.storyteller import StoryPlan, plan_stories
from domain.events import Input
from domain.habits import Habits

Verb = tuple[Entry, Callable[[Sighting, Habits], Any]]


class Plan(msgspec.Struct, frozen=True):
    """The verbs for one type of event."""

    score: list[Verb]
    """Of detectors that are on; the others learn and count all the same."""
    count: list[Verb]
    learn: list[Verb]
    stories: StoryPlan
    crowd: list[Callable[[Sighting], Iterable[tuple[str, str]]]]

    @property
    def concerned(self) -> bool:
        """Whether anything at all is asked."""
        return bool(self.score or self.count or self.learn or self.stories.concerned)


def plan(registry: Registry, struct: type[Input]) -> Plan:
    """What is asked about events of a type."""
    asked = [(entry, entry.detector) for entry in registry.detectors if entry.detector is not None and struct in entry.detector.events]
    return Plan(
        score=[(entry, detector.score_one) for entry, detector in asked if entry.enabled],
        count=[(entry, detector.count_one) for entry, detector in asked if _has(detector, "count_one")],
        learn=[(entry, detector.learn_one) for entry, detector in asked if _has(detector, "learn_one")],
        stories=plan_stories(registry, struct),
        crowd=[detector.crowd_one for _, detector in asked if _has(detector, "crowd_one")],
    )


def _has(detector: Detector, verb: str) -> bool:
    """Whether it does more than nothing there."""
    return getattr(type(detector), verb) is not getattr(Detector, verb)
