"""Structs to rows and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, RowMapping, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from domain.ledger import Book, HeadRow, micros
from domain.messages import DeliveryStatus, Finding, Notice, Receipt
from domain.ports import Rendered
from domain.severity import RANK
from stores.sql.chain import chunks, contents_by_id, user_keys
from stores.sql.engine import fit
from stores.sql.schema import findings, ledger_entries

log = structlog.get_logger(__name__)

FALLBACK_WAIT = 600_000_000
"""Microseconds that a fallback waits for the other contact."""
FINAL = frozenset({"sent", "delivered", "bounced", "rejected", "failed", "suppressed", "expired", "unknown"})


def clean(text: str | None, longest: int = 1000) -> str | None:
    """Words of a provider or a browser, fit for PostgreSQL and UTF-8: no NUL, no lone surrogates, bounded."""
    if text is None:
        return None
    return str(fit(text[:longest]))


TO_MANY = ("announcement_", "tip_")
"""How kinds begin that go to many people at once."""


def micros_or_none(when: datetime | None) -> int | None:
    return None if when is None else micros(when)


def json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def urgency(severity: str, kind: str = "") -> int:
    """0 for critical, 3 for info; an unknown word counts as info. What many are told at once goes behind what concerns one account alone,
    unless it is critical."""
    if kind.startswith(TO_MANY) and severity != "critical":
        return max(RANK.values())
    return max(RANK.values()) - RANK.get(severity, 0)


def partition_of(notice: Notice) -> int:
    """The chain that a notice is written in."""
    return notice.source.partition if notice.source else 0


def notice_row(notice: Notice, now: int) -> dict[str, Any]:
    source = notice.source
    return {
        "notice_id": notice.notice_id,
        "user_id": notice.user_id,
        "kind": notice.kind,
        "severity": notice.severity,
        "created_at": micros(notice.created_at),
        "occurred_at": micros(notice.occurred_at),
        "expires_at": micros_or_none(notice.expires_at),
        "event_id": notice.group,
        "topic": source and source.topic,
        "partition": source and source.partition,
        "offset": source and source.offset,
        "finding_ids": json_text(notice.finding_ids),
        "channels": json_text(notice.channels),
        "parts": json_text(notice.parts),
        "config_hash": notice.config_hash,
        "recorded_at": now,
        "chain": partition_of(notice),
        "thread": notice.thread or None,
    }


def delivery_row(
    rendered: Rendered, status: str, reason: str | None, now: int, chain: int, fallback_of: str | None = None, due: int | None = None
) -> dict[str, Any]:
    return {
        "delivery_id": rendered.delivery_id,
        "notice_id": rendered.notice_id,
        "user_id": rendered.user_id,
        "kind": rendered.kind,
        "severity": rendered.severity,
        "channel": rendered.channel,
        "slot": rendered.slot,
        "locale": rendered.locale,
        "locale_reason": rendered.locale_reason,
        "template": rendered.template,
        "status": status,
        "reason": clean(reason),
        "provider": None,
        "provider_id": None,
        "attempt": 0,
        "created_at": now,
        "updated_at": now,
        "expires_at": micros_or_none(rendered.expires_at),
        "final": status in FINAL,
        "urgency": urgency(rendered.severity, rendered.kind),
        "due_at": now if due is None else due,
        "owner": None,
        "fallback_of": fallback_of,
        "chain": chain,
    }


def waiting_row(
    notice_id: str, user_id: str, channel: str, why: str, fallback_of: str | None, now: int, until: int, chain: int
) -> dict[str, Any]:
    return {
        "notice_id": notice_id,
        "channel": channel,
        "user_id": user_id,
        "why": why,
        "fallback_of": fallback_of,
        "since": now,
        "until": until,
        "due_at": now,
        "chain": chain,
    }


def receipt_row(receipt: Receipt, chain: int) -> dict[str, Any]:
    return {
        "delivery_id": receipt.delivery_id,
        "notice_id": receipt.notice_id,
        "user_id": receipt.user_id,
        "channel": receipt.channel,
        "status": receipt.status,
        "provider": receipt.provider,
        "provider_id": receipt.provider_id,
        "attempt": receipt.attempt,
        "at": micros(receipt.at),
        "reason": receipt.reason,
        "chain": chain,
    }


def last_receipt(row: RowMapping, status: DeliveryStatus, reason: str, now: datetime) -> Receipt:
    """What ends a delivery that no sender has tried to its end."""
    return Receipt(
        notice_id=row["notice_id"],
        user_id=row["user_id"],
        channel=row["channel"],
        status=status,
        provider=None,
        provider_id=None,
        attempt=row["attempt"],
        at=now,
        reason=reason,
        delivery_id=row["delivery_id"],
    )


def finding_row(finding: Finding, now: int) -> dict[str, Any]:
    source = finding.source
    return {
        "finding_id": finding.finding_id,
        "detector": finding.detector,
        "severity": finding.severity,
        "score": finding.score,
        "event_id": finding.event_id,
        "user_id": finding.user_id,
        "occurred_at": micros(finding.occurred_at),
        "topic": source and source.topic,
        "partition": source and source.partition,
        "offset": source and source.offset,
        "notice_id": finding.notice_id,
        "suppressed": finding.suppressed,
        "body": json_text(finding),
        "recorded_at": now,
    }


def bus_row(topic: str, key: str, value: bytes, now: int) -> dict[str, Any]:
    return {"topic": topic, "key": key, "value": value, "due_at": now}


def receipt_message(receipt: Receipt, now: int) -> dict[str, Any]:
    return bus_row("receipts", receipt.user_id, msgspec.json.encode(receipt), now)


def open_notices(connection: Connection, book: Book, ids: Sequence[str], users: Iterable[str]) -> dict[str, Notice]:
    """Notices by id from their sealed contents. Those of erased users are left out, and those that were altered: `ledger verify` names
    them, and the other users' notices must not wait for them."""
    keys = {key.key_id: key for key in user_keys(connection, set(users)).values()}
    opened = {}
    for name, content in contents_by_id(connection, ids).items():
        if content.key_id in keys:
            try:
                opened[name] = book.open_notice(book.open_content(content, keys[content.key_id]))
            except Exception as error:  # whatever opening it raises
                log.error("a notice can't be read any more", notice_id=name, error=type(error).__name__)
    return opened


def contents_users(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Notice id -> user id of those that were recorded."""
    e = ledger_entries.c
    found: dict[str, str] = {}
    for some in chunks(ids):
        named = select(e.notice_id, e.user_id).where(e.notice_id.in_(some), e.kind == "notice")
        found |= {row[0]: row[1] for row in connection.execute(named)}
    return found


def empty_findings(connection: Connection, user_id: str) -> bool:
    """Takes reasons and facts out of a user's findings; True when there were any."""
    found = connection.execute(select(findings.c.finding_id, findings.c.body).where(findings.c.user_id == user_id)).all()
    if found:
        emptied = [
            {"id_": row[0], "body_": json_text(msgspec.json.decode(row[1]) | {"reasons": [], "facts": {}, "subject": None, "judged": None})}
            for row in found
        ]
        connection.execute(update(findings).where(findings.c.finding_id == bindparam("id_")).values(body=bindparam("body_")), emptied)
    return bool(found)


def head_values(head: HeadRow) -> dict[str, Any]:
    return msgspec.structs.asdict(head)


def insert_new(connection: Connection, table: Table) -> Any:
    """INSERT that leaves out rows whose key is there."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table).on_conflict_do_nothing()
