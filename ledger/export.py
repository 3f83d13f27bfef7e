"""Writes the ledger out for people and for other programs. Contacts are masked unless a reason is given, which is itself an entry."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TextIO

import msgspec

from domain.ledger import LedgerReader, micros
from ledger.book import Book
from ledger.record import NoticeRecord, records
from ledger.search import PAGE, Query, search

Format = Literal["csv", "json"]
_BODY = msgspec.json.Decoder(dict[str, Any])
COLUMNS = (
    "record", "recorded_at", "notice_id", "user_id", "kind", "severity", "occurred_at", "event_id", "topic", "partition", "offset",
    "finding_ids", "config_hash", "channel", "slot", "recipient", "subject", "locale", "locale_reason", "template", "status", "reason",
    "attempts", "last_attempt_at", "provider", "provider_id", "payload_sha256", "fallback_of", "answer", "answered_at", "answered_via",
    "erased", "ledger_partition", "ledger_number", "ledger_hash", "note",
)  # fmt: skip
_PHONE = re.compile(r"\+[0-9•]+\Z")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def note_access(reader: LedgerReader, who: str, reason: str, what: dict[str, Any]) -> None:
    """Writes down who looks at contacts and why, before he does. Raises ValueError without a name or a reason."""
    if not who.strip() or not reason.strip():
        raise ValueError("to see contacts takes a name and a reason; both are written to the ledger")
    with reader.transaction() as transaction:
        transaction.add_access(who.strip(), reason.strip(), what)


def write(
    out: TextIO, book: Book, reader: LedgerReader, form: Format, query: Query | None = None, *, who: str = "", reveal: str | None = None
) -> int:
    """Writes all notices that match, newest first, and who was erased or looked; the number of notices. `reveal`: the reason, by `who`."""
    query = query or Query()
    if reveal is not None:
        asked = {k: v for k, v in msgspec.to_builtins(query).items() if v is not None}
        note_access(reader, who, reveal, {"command": "export", **asked})
    found = search(book, reader, query, reveal=reveal is not None, payloads=reveal is not None)
    others = _others(reader, query)
    return _write_csv(out, found, others) if form == "csv" else _write_json(out, found, others)


def revealed(book: Book, reader: LedgerReader, notice_ids: Sequence[str], who: str, reason: str) -> list[NoticeRecord]:
    """Records with contacts whole, once the look was written down."""
    note_access(reader, who, reason, {"notices": list(notice_ids)})
    return records(book, reader, notice_ids, reveal=True, payloads=True)


def _others(reader: LedgerReader, query: Query) -> Iterator[dict[str, Any]]:
    """Erasures and looks; left out where the query is about one notice's properties."""
    if query.kind or query.channel or query.status or query.text or query.severity:
        return
    before = None
    since, until = (None if when is None else micros(when) for when in (query.since, query.until))
    while True:
        page = reader.search(user_id=query.user_id, kinds=["erasure", "access"], since=since, until=until, before=before, limit=PAGE)
        if not page:
            return
        for row in page:
            body = _BODY.decode(row.body)
            body.pop("contents", None)
            yield body | {"hash": row.hash.hex()}
        before = (page[-1].at, page[-1].partition, page[-1].number)


def _write_json(out: TextIO, found: Iterable[NoticeRecord], others: Iterable[dict[str, Any]]) -> int:
    """One object, written as it comes: {"notices": [...], "others": [...]}; payloads are base64."""
    count = 0
    out.write('{"notices":[')
    for count, record in enumerate(found, 1):
        out.write(("," if count > 1 else "") + "\n" + msgspec.json.encode(record).decode())
    out.write('\n],"others":[')
    for index, other in enumerate(others):
        out.write(("," if index else "") + "\n" + msgspec.json.encode(other).decode())
    out.write("\n]}\n")
    return count


def _write_csv(out: TextIO, found: Iterable[NoticeRecord], others: Iterable[dict[str, Any]]) -> int:
    """A line for each delivery; a notice without any has one line of its own."""
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    count = 0
    for count, record in enumerate(found, 1):  # noqa: B007
        for line in _lines(record):
            table.writerow({name: _cell(value) for name, value in line.items()})
    for other in others:
        line = {
            "record": other["kind"],
            "recorded_at": other["at"],
            "user_id": other["user_id"],
            "note": f"{other['who']}: {other['reason']}" if other["kind"] == "access" else other.get("reason"),
            "ledger_partition": other["partition"],
            "ledger_number": other["number"],
            "ledger_hash": other["hash"],
        }
        table.writerow({name: _cell(value) for name, value in line.items()})
    return count


def _lines(record: NoticeRecord) -> Iterator[dict[str, Any]]:
    source = record.source or {}
    told = next((e for e in record.entries if e.kind == "notice"), None)
    common = {
        "record": "notice",
        "recorded_at": record.recorded_at,
        "notice_id": record.notice_id,
        "user_id": record.user_id,
        "kind": record.kind,
        "severity": record.severity,
        "occurred_at": record.occurred_at,
        "event_id": record.event_id,
        "topic": source.get("topic"),
        "partition": source.get("partition"),
        "offset": source.get("offset"),
        "finding_ids": " ".join(record.finding_ids),
        "config_hash": record.config_hash,
        "answer": record.answer and record.answer.answer,
        "answered_at": record.answer and record.answer.at,
        "answered_via": record.answer and record.answer.via,
        "erased": "yes" if record.erased else "no",
        "ledger_partition": told and told.partition,
        "ledger_number": told and told.number,
        "ledger_hash": told and told.hash,
    }
    if not record.deliveries:
        yield common
    for d in record.deliveries:
        last = d.attempts[-1] if d.attempts else None
        yield common | {
            "record": "delivery",
            "channel": d.channel,
            "slot": d.slot,
            "recipient": d.recipient,
            "subject": d.subject,
            "locale": d.locale,
            "locale_reason": d.locale_reason,
            "template": d.template,
            "status": d.status,
            "reason": d.reason,
            "attempts": last.attempt if last else 0,
            "last_attempt_at": last and last.at,
            "provider": last and last.provider,
            "provider_id": last and last.provider_id,
            "payload_sha256": d.payload_sha256,
            "fallback_of": d.fallback_of,
        }


def _cell(value: Any) -> str:
    """As text; what a spreadsheet would take for a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA) and not _PHONE.match(text) else text
