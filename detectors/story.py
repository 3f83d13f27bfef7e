"""Stories: A, then B, then C within a window, whatever order their events arrive in.

What an event may be to any story is kept by event time (domain.profile.Step): the words of the detectors that stories name, and of
conditions on events. Whenever some is added, every stage not told of yet is tried: so the event that arrives last completes the story, and
the story is still named by the event that completes it in event time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from domain.messages import Action, Reason
from domain.profile import MAX_STEPS, MAX_STEPS_A_KIND, Step
from domain.severity import Severity

Link = Literal["session", "device", "network", "key", "address"]
LINKS: tuple[Link, ...] = ("session", "device", "network", "key", "address")
FOUND = "!"
"""Behind a detector's id: it counts only where it fired, not while it is warming up or off."""
_STRANGER = ("session_id", "device", "browser", "city", "country")


class StoryStep(msgspec.Struct, frozen=True):
    """One step: what any of these says, detectors by id and conditions by name."""

    name: str
    any: tuple[str, ...]
    values: frozenset[str] = frozenset()
    """Only these words count; empty: all."""
    early: frozenset[str] = frozenset()
    """Words that may also come before the steps that precede this one: a password reset by whoever signs in next."""
    anytime: bool = False
    """It may come before the steps that precede it, whatever it says."""
    within: float | None = None
    """Seconds from the step before, None: the story's window."""
    same: tuple[tuple[Link, ...], ...] = ()
    """What it has to share with the step before (one that must be absent: with the last): of each group one; unknown is not the same."""
    severity: Severity | None = None
    """A stage of its own: told at this severity once the story has come this far. The last step has the story's."""
    asks: tuple[Action, ...] = ()
    """What is asked of the exchange at this stage; empty: what the severity brings."""
    patient: frozenset[str] = frozenset()
    """Of `any`, what counts though a day passed without objection, for thieves wait for that: only somebody's word takes it away."""
    before: float = 0.0
    """Of a step that must be absent: seconds before the first step in which it counts too."""


class Story(msgspec.Struct, frozen=True):
    """Steps in order; the last completes it. One of `unless` between the first step and the last ends it."""

    id: str
    steps: tuple[StoryStep, ...]
    window: float
    """Seconds between the first and the last."""
    unless: tuple[StoryStep, ...] = ()
    declared: dict[str, Any] = {}
    """As the .yml says, to be read again with an operator's parameters."""


class Part(NamedTuple):
    """An event as a step of a story."""

    step: Step
    number: int
    value: str


def keep(steps: list[Step], new: Step, seconds: Mapping[str, float], now: float = 0.0) -> None:
    """Adds `new`, in event time, and forgets what is too old. Of a kind (of whatever says something of it) only so many are kept: the first
    and the last, so that a flood of them, before or after, washes nothing away; one that was told goes first. `seconds`: how long what a
    name says counts. `now`: of its user; others are forgotten by that, it by the newest of them."""
    late = bool(steps) and new.at < steps[-1].at
    forget(steps, max(now, steps[-1].at if late else new.at), seconds)
    steps.append(new)
    if late:
        steps.sort(key=lambda s: s.at)
        if steps[-1].at - new.at > _lasts(new, seconds):
            steps.remove(new)
    kind = new.said.keys()
    same = [s for s in steps if s.said.keys() == kind] if kind else [s for s in steps if _kind(s) == _kind(new)]
    if len(same) > MAX_STEPS_A_KIND:
        _drop(steps, same)
    if len(steps) > MAX_STEPS:
        kinds: dict[object, list[Step]] = {}
        for step in steps:
            kinds.setdefault(_kind(step), []).append(step)
        _drop(steps, max(kinds.values(), key=len))


def cleared(steps: list[Step], event_id: str, patient: frozenset[str]) -> list[Step]:
    """Without the event, unless it says something of `patient`: that only somebody's word takes away, and it is marked as unanswered."""
    kept = []
    for step in steps:
        if step.event_id == event_id:
            if patient.isdisjoint(step.said):
                continue
            step.unanswered = True
        kept.append(step)
    return kept


def _drop(steps: list[Step], same: Sequence[Step]) -> None:
    """One of these; by identity, events may be equal."""
    gone = next((s for s in same if s.told), same[len(same) // 2])
    steps[:] = [s for s in steps if s is not gone]


def _kind(step: Step) -> object:
    return frozenset(step.said) if step.said else (step.story, step.step)


def forget(steps: list[Step], now: float, seconds: Mapping[str, float]) -> None:
    """Drops what is older than two windows: one for the story, one for an event that comes late."""
    for step in steps:  # plain loops: asked at every event of a user of whom something is kept
        if now - step.at > _lasts(step, seconds):
            steps[:] = [s for s in steps if now - s.at <= _lasts(s, seconds)]
            return


def _lasts(step: Step, seconds: Mapping[str, float]) -> float:
    return 2.0 * max([seconds.get(name, 0.0) for name in step.said or (step.story,)])


def completed(story: Story, steps: Sequence[Step]) -> list[list[Part]]:
    """The chains whose stage is complete and not told yet, one for each event that ends one, stages in their order."""
    by_index: list[list[Part]] = []
    for index in range(len(story.steps)):
        parts = [part for s in steps if (part := _as(story, s, index)) is not None]
        if not parts:  # most often the first; no stage from here on is complete
            break
        by_index.append(parts)
    if not by_index:
        return []
    absent = [(step, s) for step in story.unless for s in steps if _word(step, s)]
    chains, last = [], len(story.steps) - 1
    for index, ends in enumerate(by_index):
        if index < last and story.steps[index].severity is None:
            continue
        for end in ends:
            if not _was_told(story, end):
                begin = end.step.at - story.window
                within = [[p for p in parts if begin <= p.step.at <= end.step.at] for parts in by_index[:index]]
                chain = _chain(story, within, [end], absent)
                if chain is not None:
                    chains.append(chain)
    return chains


def tell(story: Story, chain: Sequence[Part]) -> StoryStep:
    """Notes that the stage was told; returns its step."""
    end = chain[-1]
    end.step.told = True
    end.step.marks = [*end.step.marks, _mark(story, end.number)]
    return story.steps[end.number]


def _mark(story: Story, index: int) -> str:
    return f"{story.id}/{story.steps[index].name}"


def _was_told(story: Story, end: Part) -> bool:
    return (end.step.told and bool(end.step.story)) or _mark(story, end.number) in end.step.marks


def _as(story: Story, step: Step, index: int) -> Part | None:
    """The event as this step of the story, None where it isn't one."""
    if step.story:  # kept by an earlier version, for one step of one story
        return Part(step, index, step.value) if (step.story, step.step) == (story.id, index) else None
    value = _word(story.steps[index], step)
    return Part(step, index, value) if value else None


def _word(wanted: StoryStep, step: Step) -> str:
    said = step.said
    if said.keys().isdisjoint(wanted.any):
        return ""
    words = [said[name] for name in wanted.any if name in said and (not step.unanswered or name in wanted.patient)]
    if not words:
        return ""
    value = ",".join(dict.fromkeys(words))
    if wanted.values and wanted.values.isdisjoint(value.split(",")):
        return ""
    return value


def _chain(story: Story, within: Sequence[Sequence[Part]], tail: list[Part], absent: Sequence[tuple[StoryStep, Step]]) -> list[Part] | None:
    """`tail` with the steps before it, the earliest that fit; None when there are none."""
    index = tail[0].number - 1
    if index < 0:
        return None if _ended(tail, absent) else tail
    for candidate in within[index]:
        if _follows(story.steps, candidate, tail):
            chain = _chain(story, within, [candidate, *tail], absent)
            if chain is not None:
                return chain
    return None


def _follows(steps: Sequence[StoryStep], candidate: Part, tail: Sequence[Part]) -> bool:
    """Whether everything in `tail` may come after `candidate`: later in event time, or what may be early (never the last step); and whether
    the next one is near enough, and from the same session or whatever it has to share."""
    after, wanted = tail[0], steps[tail[0].number]
    if wanted.within is not None and abs(after.step.at - candidate.step.at) > wanted.within:
        return False
    if not _shared(wanted, after.step, candidate.step):
        return False
    return all(
        later.step.at >= candidate.step.at or steps[later.number].anytime or later.value in steps[later.number].early for later in tail
    )


def _ended(chain: Sequence[Part], absent: Sequence[tuple[StoryStep, Step]]) -> bool:
    """Whether something happened that must not have."""
    first, end = min(part.step.at for part in chain), chain[-1].step.at
    return any(_shared(wanted, step, chain[-1].step) and first - wanted.before <= step.at <= end for wanted, step in absent)


def _shared(wanted: StoryStep, one: Step, other: Step) -> bool:
    return all(any(getattr(one, link) and getattr(one, link) == getattr(other, link) for link in links) for links in wanted.same)


def reasons(story: Story, chain: Sequence[Part], value: float) -> list[Reason]:
    """One a step, equal parts of the score."""
    return [Reason(story.steps[part.number].name, part.value, None, value / len(chain)) for part in chain]


def facts(chain: Sequence[Part], first_at: str) -> dict[str, str]:
    """Of all steps, the later over the earlier, and when it began. Who and where: of the first step, it is the stranger's."""
    merged: dict[str, str] = {}
    for part in chain:
        merged.update(part.step.facts)
    for name in _STRANGER:
        if name in chain[0].step.facts:
            merged[name] = chain[0].step.facts[name]
    return merged | {"first_at": first_at}
