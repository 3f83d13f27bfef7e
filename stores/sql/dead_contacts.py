"""A contact that does not exist: noted once, left out of what its owner can do without, and said to him in the app."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import Connection, RowMapping, select

from domain.ids import notice_id
from domain.ledger import Book, micros
from domain.messages import Notice
from stores.sql import rows
from stores.sql.bulk import insert_rows
from stores.sql.chain import chunks, contents_by_id, user_keys
from stores.sql.schema import bus_outbox, deliveries, refusals

BOUNCED = "bounced"
CONTACT_BOUNCED = "service_contact_bounced"
"""The kind of the notice about a contact that is no good."""
d, f = deliveries.c, refusals.c


def note_all_dead(connection: Connection, book: Book, delivery_ids: Collection[str], now: datetime) -> None:
    """`note_dead` for deliveries by their ids; those to contacts that were replaced say nothing new."""
    for some in chunks(sorted(delivery_ids)):
        own = select(deliveries).where(d.delivery_id.in_(some), d.slot == "current")
        for row in connection.execute(own).mappings().all():
            note_dead(connection, book, row, now)


def note_dead(connection: Connection, book: Book, row: RowMapping, now: datetime) -> None:
    """The contact of a delivery is left out of tips from now on; its owner is told in the app, once for each contact."""
    contact = _contact(connection, book, row)
    if contact is None:
        return
    mark = mark_of(book, row["channel"], contact)
    if not add_refusal(connection, row["user_id"], row["channel"], BOUNCED, mark, now):
        return
    group = f"{BOUNCED}:{mark}"
    told = Notice(
        notice_id=notice_id(group, row["user_id"], CONTACT_BOUNCED),
        user_id=row["user_id"],
        kind=CONTACT_BOUNCED,
        severity="notice",
        created_at=now,
        expires_at=None,
        finding_ids=[],
        channels=["inapp"],
        occurred_at=now,
        group=group,
        answerable=False,
        facts={"subject": "phone" if row["channel"] == "sms" else "email"},
    )
    insert_rows(connection, bus_outbox, [rows.bus_row("notices", told.user_id, msgspec.json.encode(told), micros(now))])


def add_refusal(connection: Connection, user_id: str, channel: str, what: str, contact: str, now: datetime) -> bool:
    """Notes what a user wants no more of, or (`contact`: its mark) which contact is no good. False when that was known."""
    same = (f.user_id == user_id) & (f.channel == channel) & (f.what == what) & (f.contact == contact)
    if connection.execute(select(f.at).where(same)).first() is not None:
        return False
    row = {"user_id": user_id, "channel": channel, "what": what, "contact": contact, "at": micros(now)}
    connection.execute(rows.insert_new(connection, refusals), row)
    return True


def mark_of(book: Book, channel: str, contact: str) -> str:
    """What stands for a contact, so that it isn't kept in clear."""
    return book.mark("contact", channel, contact.strip().lower())


def _contact(connection: Connection, book: Book, row: RowMapping) -> str | None:
    key = user_keys(connection, [row["user_id"]]).get(row["user_id"])
    content = contents_by_id(connection, [row["delivery_id"]]).get(row["delivery_id"])
    if key is None or content is None or content.key_id != key.key_id:
        return None
    try:
        return book.open_rendered(book.open_content(content, key))[0]
    except Exception:  # altered since: what came of the message has to be written all the same
        return None
