"""One id explained, from the record at the broker to the receipt: `explain ID`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from domain.ledger import LedgerReader, micros, rfc3339
from domain.messages import Finding
from ledger.book import Book
from ledger.record import DeliveryRecord, NoticeRecord, records


class EventRef(msgspec.Struct, frozen=True):
    """An event that findings were made on, and where it stood."""

    event_id: str
    occurred_at: str | None
    topic: str | None
    partition: int | None
    offset: int | None


class Explanation(msgspec.Struct, frozen=True):
    """Everything that hangs together with `id`."""

    id: str
    is_a: Literal["event", "finding", "notice"]
    events: list[EventRef]
    findings: list[Finding]
    notices: list[NoticeRecord]


def explain(book: Book, reader: LedgerReader, identifier: str) -> Explanation | None:
    """By the id of an event, finding or notice, or `topic/partition/offset`. None when nothing is known of it."""
    findings, notice_ids = reader.traces(identifier)
    notices = records(book, reader, notice_ids)
    if not findings and not notices:
        return None
    is_a: Literal["event", "finding", "notice"] = "event"
    if any(n.notice_id == identifier for n in notices):
        is_a = "notice"
    elif any(f.finding_id == identifier for f in findings):
        is_a = "finding"
    return Explanation(identifier, is_a, _events(findings, notices), findings, notices)


def as_json(explanation: Explanation) -> str:
    """For programs."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode()


def as_text(explanation: Explanation) -> str:
    """For people."""
    lines = [f"{explanation.id} is {'an' if explanation.is_a == 'event' else 'a'} {explanation.is_a}"]
    for event in explanation.events:
        lines += ["", f"event    {event.event_id}"]
        if event.topic:
            lines += [f"         topic/partition/offset {event.topic}/{event.partition}/{event.offset}, happened {event.occurred_at}"]
        elif event.occurred_at is None:
            lines += ["         a step of the story"]
    for finding in explanation.findings:
        lines += _finding(finding)
    for notice in explanation.notices:
        lines += _notice(notice)
    return "\n".join(lines)


def _events(findings: list[Finding], notices: list[NoticeRecord]) -> list[EventRef]:
    events: dict[str, EventRef] = {}
    for f in findings:
        at = rfc3339(micros(f.occurred_at))
        place = (None, None, None) if f.source is None else (f.source.topic, f.source.partition, f.source.offset)
        events[f.event_id] = EventRef(f.event_id, at, *place)
        for step in f.story_events:
            events.setdefault(step, EventRef(step, None, None, None, None))
    for n in notices:
        source = n.source or {}
        if events.get(n.event_id, EventRef("", None, None, None, None)).topic is None:
            events[n.event_id] = EventRef(n.event_id, n.occurred_at, source.get("topic"), source.get("partition"), source.get("offset"))
    return list(events.values())


def _finding(finding: Finding) -> list[str]:
    lines = ["", f"finding  {finding.finding_id}"]
    made_by = f"{finding.detector} v{finding.version}, configuration {finding.config_hash}"
    lines += [f"         {made_by}, {finding.severity}, score {finding.score:.2f}"]
    lines += [
        f"         because {r.feature} {_value(r.value)}{f', usual {r.usual}' if r.usual else ''} ({r.contribution:+.2f})"
        for r in finding.reasons
    ]
    if finding.suppressed:
        lines += [f"         not told: {finding.suppressed}"]
    return lines


def _notice(notice: NoticeRecord) -> list[str]:
    lines = [
        "",
        f"notice   {notice.notice_id}",
        f"         {notice.kind}, {notice.severity}, to user {notice.user_id}, recorded {notice.recorded_at}",
    ]
    lines += [f"         asked of the exchange: {a['action']} {a.get('target') or ''}".rstrip() for a in notice.asked]
    if notice.erased:
        lines += ["         the user was erased: words and contacts can't be read"]
    for delivery in notice.deliveries:
        lines += _delivery(delivery)
    lines += [f"         {note}" for note in notice.notes]
    lines += [f"         {channel:<6} waits for the user's contact" for channel in notice.waiting]
    lines += [f"         {channel:<6} left to the next digest" for channel in notice.digest]
    if notice.parts:
        lines += [f"         a digest of {', '.join(notice.parts)}"]
    if notice.answer:
        case = f", case {notice.answer.case}" if notice.answer.case else ""
        lines += [f"         answered {notice.answer.answer} at {notice.answer.at}, via {notice.answer.via}{case}"]
    lines += [f"         ledger: {e.kind} is entry {e.number} of partition {e.partition}, hash {e.hash[:16]}" for e in notice.entries]
    return lines


def _delivery(delivery: DeliveryRecord) -> list[str]:
    words = [f"{delivery.channel:<6} {delivery.status}"]
    if delivery.reason:
        words.append(f"({delivery.reason})")
    if delivery.recipient:
        words.append(f"to {delivery.recipient}{'' if delivery.slot == 'current' else ' ' + delivery.slot}")
    if delivery.template:
        words.append(f"template {delivery.template}, {delivery.locale} by {delivery.locale_reason}")
    if delivery.fallback_of:
        words.append("in place of one that failed")
    lines = ["         " + " ".join(words)]
    for a in delivery.attempts:
        said = f" as {a.provider_id}" if a.provider_id else ""
        why = f", {a.reason}" if a.reason else ""
        lines.append(f"           {a.at} {a.status} by {a.provider or 'none'}{said}, attempt {a.attempt}{why}")
    return lines


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
