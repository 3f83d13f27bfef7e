"""Notices as the ledger tells them: each one's entries folded into one record, contacts masked unless asked for."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from domain.ledger import EntryRow, KeyRow, LedgerReader, rfc3339
from domain.messages import Notice
from ledger.book import Book, answer_content

_BODY = msgspec.json.Decoder(dict[str, Any])


class EntryRef(msgspec.Struct, frozen=True):
    """Where an entry stands."""

    partition: int
    number: int
    kind: str
    at: str
    hash: str


class Attempt(msgspec.Struct, frozen=True):
    """A receipt."""

    at: str
    status: str
    provider: str | None
    provider_id: str | None
    attempt: int
    reason: str | None


class DeliveryRecord(msgspec.Struct, kw_only=True):
    """One message to one contact, or why there was none."""

    delivery_id: str
    channel: str
    slot: str = "current"
    status: str
    reason: str | None = None
    locale: str | None = None
    locale_reason: str | None = None
    template: str | None = None
    fallback_of: str | None = None
    recipient: str | None = None
    """Masked unless revealed; None when erased or never composed."""
    subject: str | None = None
    payload_sha256: str | None = None
    """Of the bytes that were sent."""
    payload: bytes | None = None
    """Only when asked for."""
    attempts: list[Attempt] = []


class AnswerRecord(msgspec.Struct, frozen=True):
    """What the user answered. `client`: only when revealed."""

    at: str
    answer: str
    via: str
    slot: str
    client: dict[str, Any] | None = None
    again: bool = False
    """It overrides a `me` that decided nothing."""
    case: str | None = None
    """Number of the case that a `not_me` opened."""


class NoticeRecord(msgspec.Struct, kw_only=True):
    """Everything that the ledger holds about one notice."""

    notice_id: str
    user_id: str
    kind: str
    severity: str
    recorded_at: str
    created_at: str
    occurred_at: str
    expires_at: str | None
    event_id: str
    source: dict[str, Any] | None
    finding_ids: list[str]
    detectors: dict[str, str]
    config_hash: str
    asked: list[dict[str, Any]]
    channels: list[str]
    digest: list[str]
    parts: list[str]
    waiting: list[str]
    """Channels that have not been composed yet."""
    notes: list[str] = []
    """What was odd about the reader's record: no usable address, an unknown time zone."""
    deliveries: list[DeliveryRecord] = []
    answer: AnswerRecord | None = None
    why: dict[str, Any] | None = None
    """Reasons and facts; None when the user was erased."""
    erased: bool = False
    entries: list[EntryRef] = []

    @property
    def subjects(self) -> list[str]:
        return [d.subject for d in self.deliveries if d.subject]


def records(
    book: Book, reader: LedgerReader, notice_ids: Sequence[str], *, reveal: bool = False, payloads: bool = False
) -> list[NoticeRecord]:
    """Records in the order of `notice_ids`; unknown ones are left out. `reveal`: contacts and clients whole (leave a note of it first)."""
    by_notice: dict[str, list[EntryRow]] = defaultdict(list)
    for row in reader.of_notices(notice_ids):
        by_notice[row.notice_id or ""].append(row)
    folded = [_fold(by_notice[name]) for name in dict.fromkeys(notice_ids) if name in by_notice]
    known = [record for record in folded if record is not None]
    _open_contents(book, reader, known, reveal, payloads)
    return known


def mask(contact: str) -> str:
    """Enough to tell two apart, too little to use: `m••••@mail.example`, `+886••••78`."""
    name, at, host = contact.rpartition("@")
    if at:
        return f"{name[:1]}••••@{host}"
    return f"{contact[:4]}••••{contact[-2:]}" if len(contact) > 8 else "••••"


def _fold(rows: Sequence[EntryRow]) -> NoticeRecord | None:
    record: NoticeRecord | None = None
    for row in rows:
        if row.kind == "notice":
            record = _begun(_BODY.decode(row.body), row)
    if record is None:
        return None
    deliveries = {d.delivery_id: d for d in record.deliveries}
    for row in rows:
        body = _BODY.decode(row.body)
        record.entries.append(EntryRef(row.partition, row.number, row.kind, rfc3339(row.at), row.hash.hex()))
        if row.kind == "rendering":
            for one in body["deliveries"]:
                deliveries[one["delivery_id"]] = _delivery(one, body["fallback_of"])
        elif row.kind == "receipt":
            _received(deliveries, body)
        elif row.kind == "answer":
            record.answer = AnswerRecord(
                body["at"], body["answer"], body["via"], body["slot"], again=body.get("again", False), case=body.get("case")
            )
    record.deliveries = list(deliveries.values())
    record.waiting = [c for c in record.waiting if all(d.channel != c for d in record.deliveries)]
    return record


def _begun(body: dict[str, Any], row: EntryRow) -> NoticeRecord:
    record = NoticeRecord(
        notice_id=row.notice_id or "",
        user_id=row.user_id or "",
        kind=body["notice_kind"],
        severity=body["severity"],
        recorded_at=body["at"],
        created_at=body["created_at"],
        occurred_at=body["occurred_at"],
        expires_at=body["expires_at"],
        event_id=body["event_id"],
        source=body["source"],
        finding_ids=body["finding_ids"],
        detectors=body["detectors"],
        config_hash=body["config_hash"],
        asked=body["asked"],
        channels=body["channels"],
        digest=body["digest"],
        parts=body["parts"],
        waiting=body["waiting"],
        notes=body.get("notes", []),
    )
    record.deliveries = [_delivery(one, None) for one in body["deliveries"]]
    for one in body["unsent"]:
        record.deliveries.append(
            DeliveryRecord(delivery_id=f"unsent {one['channel']}", channel=one["channel"], status=one["status"], reason=one["reason"])
        )
    return record


def _delivery(one: dict[str, Any], fallback_of: str | None) -> DeliveryRecord:
    return DeliveryRecord(
        delivery_id=one["delivery_id"],
        channel=one["channel"],
        slot=one["slot"],
        status=one["status"],
        reason=one["reason"],
        locale=one["locale"],
        locale_reason=one["locale_reason"],
        template=one["template"],
        fallback_of=fallback_of,
    )


def _received(deliveries: dict[str, DeliveryRecord], body: dict[str, Any]) -> None:
    name = body["delivery_id"]
    delivery = deliveries.get(name)
    if delivery is None:  # given up without ever having been composed
        delivery = deliveries[name] = DeliveryRecord(delivery_id=name, channel=body["channel"], status="queued")
    attempt = msgspec.convert({k: body[k] for k in Attempt.__struct_fields__}, Attempt)
    delivery.attempts.append(attempt)
    # A slow sender's `queued` after the end doesn't reopen it; that of somebody who has it sent again (no try yet) does.
    if attempt.status != "queued" or delivery.status == "queued" or attempt.attempt == 0:
        delivery.status, delivery.reason = attempt.status, attempt.reason


def _open_contents(book: Book, reader: LedgerReader, known: Sequence[NoticeRecord], reveal: bool, payloads: bool) -> None:
    keys = reader.user_keys({r.user_id for r in known})
    contents = reader.contents_by_id(
        name
        for r in known
        for name in (
            r.notice_id,
            *(answer_content(r.notice_id, again) for again in (False, True)),
            *(d.delivery_id for d in r.deliveries),
        )
    )

    def opened(name: str, key: KeyRow | None) -> bytes | None:
        content = contents.get(name)
        if content is None or key is None or content.key_id != key.key_id:
            return None
        return book.open_content(content, key)

    for record in known:
        key = keys.get(record.user_id)
        notice = opened(record.notice_id, key)
        record.erased = notice is None
        if notice is not None:
            record.why = _why(book.open_notice(notice))
        for delivery in record.deliveries:
            plain = opened(delivery.delivery_id, key)
            if plain is None:
                continue
            recipient, subject, payload = book.open_rendered(plain)
            delivery.recipient = recipient if reveal or delivery.channel == "inapp" else mask(recipient)
            delivery.subject = subject
            delivery.payload_sha256 = hashlib.sha256(payload).hexdigest()
            delivery.payload = payload if payloads else None
        if record.answer and reveal and (client := opened(answer_content(record.notice_id, record.answer.again), key)):
            record.answer = msgspec.structs.replace(record.answer, client=msgspec.json.decode(client))


def _why(notice: Notice) -> dict[str, Any]:
    return {"reasons": msgspec.to_builtins(notice.reasons), "facts": notice.facts}


def with_text(found: Iterable[NoticeRecord], text: str) -> list[NoticeRecord]:
    """Those with `text` in a subject, whatever the case."""
    wanted = text.casefold()
    return [r for r in found if any(wanted in s.casefold() for s in r.subjects)]
