"""Keeps what an event may be to stories, and tells those that are complete with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from detectors import material, story, storybook
from detectors.base import Detector, Sighting
from detectors.conditions import Condition
from detectors.registry import Entry, Registry
from detectors.story import FOUND
from domain.addresses import normal
from domain.events import AccountChange, Input, Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Finding, Source
from domain.profile import Step, UserState

LONGEST = 128
"""Characters of a word that are kept."""


class StoryPlan(msgspec.Struct, frozen=True):
    """What an event of one type is asked for stories. A detector without a word of its own for them (`step_one`) counts where it fires."""

    asked: list[tuple[Entry, Any]]
    fired: frozenset[str]
    conditions: list[Condition]
    uses: dict[str, tuple[Entry, ...]]
    """Detector or condition -> stories that name it."""
    seconds: dict[str, float]
    """Detector, condition or story -> how long what it says counts."""


def plan_stories(registry: Registry, struct: type[Input]) -> StoryPlan:
    """For events of a type."""
    uses: dict[str, list[Entry]] = {}
    seconds: dict[str, float] = {}
    conditions: list[Condition] = []
    for entry in registry.stories:
        told = entry.story
        assert told is not None
        conditions += [one for one in storybook.conditions_of(told, entry.parameters) if one.struct is struct]
        seconds[told.id] = told.window
        for step in (*told.steps, *told.unless):
            for name in step.any:
                if entry not in uses.setdefault(name, []):
                    uses[name].append(entry)
                seconds[name] = max(seconds.get(name, 0.0), told.window + step.before)
    mine = [(e, e.detector) for e in registry.detectors if e.detector is not None and struct in e.detector.events]
    worded = [(e, d) for e, d in mine if e.id in uses and type(d).step_one is not Detector.step_one]
    wordless = {e.id for e, _ in mine if e.id in uses} - {e.id for e, _ in worded}
    return StoryPlan(
        asked=[(entry, detector.step_one) for entry, detector in worded],
        fired=frozenset(wordless | {e.id + FOUND for e, _ in mine if e.id + FOUND in uses}),
        conditions=conditions,
        uses={name: tuple(entries) for name, entries in uses.items()},
        seconds=seconds,
    )


def words(
    todo: StoryPlan, seen: Sighting, habits: Habits, findings: Iterable[Finding], errors: list[tuple[str, Exception]]
) -> dict[str, str]:
    """What detectors and conditions say of the event, by their names."""
    said: dict[str, str] = {}
    for entry, step_one in todo.asked:
        try:
            word = step_one(seen, habits)
        except Exception as error:  # one bad detector never stops the rest
            errors.append((entry.id, error))
            continue
        if word:
            said[entry.id] = word[:LONGEST]
    for found in findings:
        word = said.get(found.detector) or str(found.subject or (found.reasons[0].value if found.reasons else "") or found.detector)
        for name in (found.detector, found.detector + FOUND):
            if name in todo.fired:
                said[name] = word[:LONGEST]
    for condition in todo.conditions:
        if word := condition.word(seen.event):
            said[condition.name] = word[:LONGEST]
    return said


def tell(
    todo: StoryPlan, seen: Sighting, at: float, state: UserState, source: Source | None, single: list[Finding], said: dict[str, str]
) -> list[tuple[Finding, Step]]:
    """Keeps the event as what it was said to be; returns the findings of the stories that are complete with it, each with the event that
    completes it: this one or, where this one comes late, another."""
    event = seen.event
    kept = Step(
        "", 0, event.event_id, at, "", material.of_step(seen, single), (source.topic, source.partition, source.offset) if source else None,
        said=said, **_links(seen),
    )  # fmt: skip
    story.keep(state.steps, kept, todo.seconds, max(at, state.habits.last_at))
    told = []
    there = {name for step in state.steps for name in step.said or (step.story,)}
    for entry in {e.id: e for name in said for e in todo.uses.get(name, ())}.values():
        if entry.story is not None and not there.isdisjoint((entry.id, *entry.story.steps[0].any)):  # else it hasn't begun
            told += _tell(entry, state, event.user_id)
    return told


def _tell(entry: Entry, state: UserState, user_id: str) -> list[tuple[Finding, Step]]:
    if not entry.enabled or entry.story is None:
        return []
    told = []
    for chain in story.completed(entry.story, state.steps):
        stage = story.tell(entry.story, chain)
        told.append((material.told(entry, chain, stage, user_id), chain[-1].step))
    return told


def _links(seen: Sighting) -> dict[str, Any]:
    """What tells whether two events belong together."""
    event, client = seen.event, seen.event.where
    key, address = client.api_key_id or "", ""
    if isinstance(event, AccountChange):
        address = event.about.address or ""
        key = key or (event.about.new or "" if event.change.startswith("api_key_") else "")
    elif isinstance(event, Transfer):
        address = event.address or ""
    return {
        "session": _mark(client.session_id),
        "device": _mark(client.device_id),
        "network": seen.network,
        "key": _mark(key),
        "address": _mark(normal(address)),
    }


def _mark(text: str | None) -> int:
    return fingerprint(text) if text else 0
