"""All of the topic `users`, read from its start with a plain consumer: what fills a directory that Redis has lost."""

from __future__ import annotations

import asyncio
from typing import Any

from config.settings import Settings
from domain.decode import Rejected, decode_user
from domain.events.user import User
from streams.read import whole
from streams.records import Item, PlainDecoder


async def reread(settings: Settings, directory: Any, decode: PlainDecoder) -> int:
    """Puts the latest record of every user into the directory; their number. Raises Unavailable when Kafka or Redis don't answer.

    Read until nothing new came while it was written, so that a record that a worker takes meanwhile isn't overwritten by an older one.
    """
    seen: set[str] = set()
    async for records in whole(settings, ["users"], follow=True):  # which looks for more once these are written
        latest: dict[str, User | None] = {}
        for record in records:
            latest.update(_record(decode(record)))
        seen.update(await asyncio.to_thread(_put, directory, latest))
    return len(seen)


def _put(directory: Any, latest: dict[str, User | None]) -> set[str]:
    directory.put_many([user for user in latest.values() if user is not None])
    for name, user in latest.items():
        if user is None:
            directory.erase(name)
    return {name for name, user in latest.items() if user is not None}


def _record(item: Item) -> dict[str, User | None]:
    """User id -> record, None where it was deleted; empty for one that can't be read (the agent puts it aside)."""
    try:
        if item.passed or item.rejected is not None:
            return {}
        if item.body is not None:
            user = decode_user(item.key, item.body)[0]
            return {user.user_id: user}
        return {item.key.decode(): None} if item.key else {}
    except (Rejected, UnicodeDecodeError):
        return {}
