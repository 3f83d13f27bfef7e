"""Puts the inboxes back into a Redis that was emptied, from the words that the ledger keeps. What was read counts as unread again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import msgspec

from stores.sql.store import Store

CHUNK = 500


class Inbox(Protocol):
    """stores.inbox.RedisInbox."""

    def put(self, user_id: str, item: bytes) -> None: ...


def refill_inbox(store: Store, inbox: Inbox, since: datetime) -> int:
    """Items delivered from `since` on, oldest first; their number. Safe to repeat: an item that is there stays as it is read."""
    count = 0
    for items in store.delivered_in_app(since, CHUNK):
        for user_id, notice_id, words in items:
            try:
                fields = msgspec.json.decode(words, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue  # notices wait for the end of this: what can't be read must not hold them up
            inbox.put(user_id, msgspec.json.encode({"notice_id": notice_id, **fields}))
            count += 1
    return count
