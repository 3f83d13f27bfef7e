"""Heartbeats of workers in Redis: one value a process, gone by itself when the process is."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.status import Heartbeat
from stores.redis_client import answering

PREFIX = "vigil:status:"
KEEP_SECONDS = 60
_DECODER = msgspec.json.Decoder(Heartbeat)


async def beat(client: Any, heartbeat: Heartbeat) -> None:
    """Says it. `client`: redis.asyncio.Redis."""
    await client.set(f"{PREFIX}{heartbeat.role}:{heartbeat.worker}", msgspec.json.encode(heartbeat), ex=KEEP_SECONDS)


async def beats(client: Any) -> list[Heartbeat]:
    """What the workers said last, by role and name; one that can't be read is left out. Raises Unavailable when Redis doesn't answer."""
    with answering():
        keys = sorted([key async for key in client.scan_iter(match=f"{PREFIX}*", count=500)])
        values = await client.mget(keys) if keys else []
    found = []
    for value in values:
        try:
            found.append(_DECODER.decode(value or b""))
        except msgspec.MsgspecError:
            continue
    return found
