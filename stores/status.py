"""Heartbeats of workers in Redis: one hash for all, so that nobody has to look through the keys of profiles for them."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from domain.status import Heartbeat
from stores.redis_client import answering

KEY = "vigil:status"
KEEP_SECONDS = 60.0
_DECODER = msgspec.json.Decoder(Heartbeat)


async def beat(client: Any, heartbeat: Heartbeat) -> None:
    """Says it. `client`: redis.asyncio.Redis."""
    await client.hset(KEY, f"{heartbeat.role}:{heartbeat.worker}", msgspec.json.encode(heartbeat))


async def beats(client: Any) -> list[Heartbeat]:
    """What the workers said last, by role and name; who is silent for a minute is forgotten. Raises Unavailable."""
    with answering():
        values = await client.hgetall(KEY)
        found, gone = [], []
        for name in sorted(values):
            try:
                heartbeat = _DECODER.decode(values[name])
            except msgspec.MsgspecError:
                gone.append(name)
                continue
            if time.time() - heartbeat.at > KEEP_SECONDS:
                gone.append(name)
            else:
                found.append(heartbeat)
        if gone:
            await client.hdel(KEY, *gone)
    return found
