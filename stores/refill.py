"""Puts the inboxes back into a Redis that was emptied, from the words that the ledger keeps. What was read counts as unread again."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from stores.sql.store import Store

CHUNK = 500


class Inbox(Protocol):
    """stores.inbox.RedisInbox."""

    def put(self, user_id: str, item: bytes) -> None: ...


def refill_inbox(store: Store, inbox: Inbox, since: datetime) -> int:
    """Items delivered from `since` on, oldest first; their number. Safe to repeat: an item that is there stays as it is read."""
    count = 0
    for items in store.delivered_in_app(since, CHUNK):
        for user_id, item in items:
            inbox.put(user_id, item)
        count += len(items)
    return count
