"""Findings and the facts that go with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from detectors import story as stories
from detectors.base import Score, Sighting
from detectors.registry import Entry
from detectors.story import Part, StoryStep
from domain.ids import finding_id
from domain.messages import FOR_TEAM, Finding, Source
from domain.severity import RANK, Severity

LONGEST = 200
_STORY_FACTS = ("transfer_id", "amount", "asset", "network", "usd_value", "address", "balance_usd", "change", "mfa")


def finding(entry: Entry, severity: Severity, score: Score, seen: Sighting, source: Source | None) -> Finding:
    """Of one detector on the event at hand."""
    event = seen.event
    return Finding(
        finding_id=finding_id(event.event_id, entry.id),
        detector=entry.id,
        version=entry.version,
        config_hash=entry.config_hash,
        severity=severity,
        score=score.value,
        reasons=score.reasons,
        event_id=event.event_id,
        user_id=event.user_id,
        occurred_at=event.occurred_at,
        source=source,
        subject=score.subject,
        facts=where(seen) | score.facts,
        suppressed=None if entry.audience == "user" else FOR_TEAM,
    )


def told(entry: Entry, chain: list[Part], stage: StoryStep, user_id: str) -> Finding:
    """Of a story that came as far as `stage`; named by the event that completes that in event time."""
    assert entry.story is not None
    end, in_time = chain[-1].step, sorted((part.step for part in chain), key=lambda step: step.at)
    last = chain[-1].number == len(entry.story.steps) - 1
    # A story that grows is told once a stage: the stages before the last are subjects of their own.
    subject = in_time[0].event_id if last else f"{in_time[0].event_id}/{stage.name}"
    return Finding(
        finding_id=finding_id(end.event_id, entry.id),
        detector=entry.id,
        version=entry.version,
        config_hash=entry.config_hash,
        severity=_of_stage(entry, stage, last),
        score=1.0,
        reasons=stories.reasons(entry.story, chain, 1.0),
        event_id=end.event_id,
        user_id=user_id,
        occurred_at=_moment(end.at),
        source=end.origin(),
        subject=subject,
        facts=stories.facts(chain, _moment(in_time[0].at).isoformat().replace("+00:00", "Z")),
        story_events=list(dict.fromkeys(step.event_id for step in in_time)),
        asks=list(stage.asks),
    )


def _of_stage(entry: Entry, stage: StoryStep, last: bool) -> Severity:
    """An operator who lowers a story lowers its stages with it."""
    if last or stage.severity is None:
        return entry.severity
    return min(stage.severity, entry.severity, key=lambda severity: RANK[severity])


def where(seen: Sighting) -> dict[str, str]:
    """Facts of every finding: session, device and place as far as they are known."""
    facts = {"session_id": seen.event.where.session_id, "device": seen.agent.label, "city": seen.place.city, "country": seen.place.country}
    return {name: value[:LONGEST] for name, value in facts.items() if value}


def of_step(seen: Sighting, findings: list[Finding]) -> dict[str, str]:
    """What a story tells of one of its events, whether or not a detector fired on it."""
    event = seen.event
    facts = where(seen)
    for found in findings:
        facts.update(found.facts)
    for name in _STORY_FACTS:
        value = getattr(event, name, None)
        if isinstance(value, str):
            facts[name] = value[:LONGEST]
    facts.update(_api_key(event))
    return facts


def _api_key(event: Any) -> dict[str, str]:
    if getattr(event, "change", "") != "api_key_created":
        used = event.where.api_key_id
        return {"api_key": used[:LONGEST]} if used else {}
    facts = {"api_key": event.about.new or "", "permissions": ",".join(event.about.permissions or [])}
    return {name: value[:LONGEST] for name, value in facts.items() if value}


def _moment(at: float) -> datetime:
    # An exchange may send nonsense for a time; before 1970 there is nothing to tell.
    return datetime.fromtimestamp(max(at, 0.0), UTC)
