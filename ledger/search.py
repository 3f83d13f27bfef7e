"""Finds notices by user, kind, channel, status, time and words of the subject. Rows are filtered by SQL where it can, the rest here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.ledger import LedgerReader, micros
from ledger.book import Book
from ledger.record import NoticeRecord, records, with_text

PAGE = 200


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """All given conditions hold. `since` <= recorded < `until`; `channel` and `status` are of one and the same delivery."""

    user_id: str | None = None
    kind: str | None = None
    severity: str | None = None
    channel: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None

    @classmethod
    def of(cls, conditions: Mapping[str, Any]) -> Query:
        """From options by name; moments without a zone are UTC."""
        options: dict[str, Any] = dict(conditions)
        for name, value in options.items():
            if isinstance(value, datetime):
                options[name] = value.replace(tzinfo=value.tzinfo or UTC)
        return cls(**options)


def search(book: Book, reader: LedgerReader, query: Query, *, reveal: bool = False, payloads: bool = False) -> Iterator[NoticeRecord]:
    """Newest first, page by page from the database: take as many as are wanted. `reveal`: contacts whole (leave a note of it first)."""
    before: tuple[int, int, int] | None = None
    since, until = (None if when is None else micros(when) for when in (query.since, query.until))
    while True:
        page = reader.search(user_id=query.user_id, kinds=["notice"], since=since, until=until, before=before, limit=PAGE)
        if not page:
            return
        found = records(book, reader, [row.notice_id or "" for row in page], reveal=reveal, payloads=payloads)
        yield from _matching(found, query)
        last = page[-1]
        before = (last.at, last.partition, last.number)


def _matching(found: list[NoticeRecord], query: Query) -> list[NoticeRecord]:
    if query.text:
        found = with_text(found, query.text)
    return [
        record
        for record in found
        if query.kind in (None, record.kind)
        and query.severity in (None, record.severity)
        and (
            query.channel is query.status is None
            or any(query.channel in (None, d.channel) and query.status in (None, d.status) for d in record.deliveries)
        )
    ]


def counted(notices: int) -> str:
    """How many notices, in words for a terminal."""
    return "1 notice" if notices == 1 else f"{notices:,} notices"


def as_line(record: NoticeRecord) -> str:
    """One notice in one line, for a terminal."""
    sent = ", ".join(f"{delivery.channel} {delivery.status}" for delivery in record.deliveries)
    return f"{record.recorded_at}  {record.notice_id}  {record.user_id}  {record.kind} ({record.severity})  {sent}"
