"""Stories: A, then B, then C within a window, whatever order their events arrive in.

A step's material is kept by event time. Whenever some is added, every last step not told of yet is tried: so the event that arrives last
completes the story, and the story is still named by the event that completes it in event time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.messages import Reason
from domain.profile import MAX_STEPS_A_KIND, Step

_STRANGER = ("session_id", "device", "browser", "city", "country")


class StoryStep(msgspec.Struct, frozen=True):
    """One step: what any of these detectors sees."""

    name: str
    any: tuple[str, ...]
    values: frozenset[str] = frozenset()
    """Only these values count; empty: all."""
    early: frozenset[str] = frozenset()
    """Values that may also come before the steps that precede this one: a password reset by whoever signs in next."""


class Story(msgspec.Struct, frozen=True):
    """Steps in order; the last completes it."""

    id: str
    steps: tuple[StoryStep, ...]
    window: float
    """Seconds between the first and the last."""


def keep(steps: list[Step], new: Step, window: float) -> None:
    """Adds `new`, in event time, and forgets what is too old. Of a kind only so many are kept: the first and the last, so that a flood of
    them, before or after, washes nothing away; one that was told goes first."""
    steps.append(new)
    steps.sort(key=lambda s: s.at)
    forget(steps, steps[-1].at, window)
    same = [s for s in steps if s.story == new.story and s.step == new.step]
    if len(same) > MAX_STEPS_A_KIND:
        steps.remove(next((s for s in same if s.told), same[len(same) // 2]))


def forget(steps: list[Step], now: float, window: float) -> None:
    """Drops what is older than two windows: one for the story, one for an event that comes late."""
    if steps and now - steps[0].at > 2 * window:
        steps[:] = [s for s in steps if now - s.at <= 2 * window]


def completed(story: Story, steps: Sequence[Step]) -> list[list[Step]]:
    """The chains that are complete and not told yet, one for each last step, in the story's order of steps."""
    mine = [s for s in steps if s.story == story.id]
    last = len(story.steps) - 1
    chains = []
    for end in mine:
        if end.step == last and not end.told:
            within = [s for s in mine if end.at - story.window <= s.at <= end.at]
            chain = _chain(story, within, [end])
            if chain is not None:
                chains.append(chain)
    return chains


def _chain(story: Story, within: Sequence[Step], tail: list[Step]) -> list[Step] | None:
    """`tail` with the steps before it, the earliest that fit; None when there are none."""
    index = len(story.steps) - 1 - len(tail)
    if index < 0:
        return tail
    for candidate in within:
        if candidate.step == index and _follows(story.steps, candidate, tail):
            chain = _chain(story, within, [candidate, *tail])
            if chain is not None:
                return chain
    return None


def _follows(steps: Sequence[StoryStep], candidate: Step, tail: Sequence[Step]) -> bool:
    """Whether everything in `tail` may come after `candidate`: later in event time, or a value that may be early (never the last step)."""
    return all(later.at >= candidate.at or later.value in steps[later.step].early for later in tail)


def reasons(story: Story, chain: Sequence[Step], value: float) -> list[Reason]:
    """One a step, equal parts of the score."""
    return [Reason(story.steps[step.step].name, step.value, None, value / len(chain)) for step in chain]


def facts(chain: Sequence[Step], first_at: str) -> dict[str, str]:
    """Of all steps, the later over the earlier, and when it began. Who and where: of the first step, it is the stranger's."""
    merged: dict[str, str] = {}
    for step in chain:
        merged.update(step.facts)
    for name in _STRANGER:
        if name in chain[0].facts:
            merged[name] = chain[0].facts[name]
    return merged | {"first_at": first_at}
