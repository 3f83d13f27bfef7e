"""Findings and the facts that go with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from detectors import story as stories
from detectors.base import Score, Sighting
from detectors.registry import Entry
from domain.ids import finding_id
from domain.messages import Finding, Source
from domain.profile import Step
from domain.severity import Severity

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
    )


def told(entry: Entry, chain: list[Step], user_id: str) -> Finding:
    """Of a story that is complete; named by the event that completes it in event time."""
    assert entry.story is not None
    end, in_time = chain[-1], sorted(chain, key=lambda step: step.at)
    return Finding(
        finding_id=finding_id(end.event_id, entry.id),
        detector=entry.id,
        version=entry.version,
        config_hash=entry.config_hash,
        severity=entry.severity,
        score=1.0,
        reasons=stories.reasons(entry.story, chain, 1.0),
        event_id=end.event_id,
        user_id=user_id,
        occurred_at=_moment(end.at),
        source=end.origin(),
        subject=in_time[0].event_id,
        facts=stories.facts(chain, _moment(in_time[0].at).isoformat().replace("+00:00", "Z")),
        story_events=[step.event_id for step in in_time],
    )


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
        return {}
    facts = {"api_key": event.about.new or "", "permissions": ",".join(event.about.permissions or [])}
    return {name: value[:LONGEST] for name, value in facts.items() if value}


def _moment(at: float) -> datetime:
    # An exchange may send nonsense for a time; before 1970 there is nothing to tell.
    return datetime.fromtimestamp(max(at, 0.0), UTC)
