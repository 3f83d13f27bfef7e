"""The in-app inbox in Redis: per user a list by time, encrypted items, what is unread, and a push for whoever looks.

Keys a user: `order` (sorted set: notice id by creation), `items` (hash of sealed JSON), `marks` (hash: `r`/`a` + id -> RFC 3339), `unread`
(set), `threads` (hash: thread -> its item: a newer one takes its place). Changes are single scripts, so that the counts always agree with
the list, whoever writes at once.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis
import redis.asyncio

from domain.ledger import Box, micros
from stores.redis_client import answering

PREFIX = "vigil:inbox:"
LONGEST = 500
"""Items a user; the oldest goes."""
SCANNED = 100
"""Items looked at in one round trip where a filter leaves some out."""
PLACE = ("inbox", "item")
THREAD_KEPT = 7 * 86_400_000_000
"""Microseconds in which an item takes the place of the one before it in its thread; an older one stays as history."""

_PUT = """
if ARGV[5] ~= '' then
  local old = redis.call('HGET', KEYS[6], ARGV[5])
  local was = old and old ~= ARGV[1] and redis.call('ZSCORE', KEYS[1], old)
  local gap = was and tonumber(ARGV[2]) - tonumber(was)
  if gap and gap < 0 and -gap < tonumber(ARGV[6]) then return 0 end
  if gap and gap >= 0 and gap < tonumber(ARGV[6]) then
    redis.call('ZREM', KEYS[1], old)
    redis.call('HDEL', KEYS[2], old)
    redis.call('HDEL', KEYS[3], 'r' .. old, 'a' .. old)
    redis.call('SREM', KEYS[4], old)
  end
  if not gap or gap >= 0 then
    if redis.call('HLEN', KEYS[6]) >= tonumber(ARGV[4]) then redis.call('DEL', KEYS[6]) end
    redis.call('HSET', KEYS[6], ARGV[5], ARGV[1])
  end
end
local fresh = redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
if fresh == 1 then
  redis.call('SADD', KEYS[4], ARGV[1])
  local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[4])
  if over > 0 then
    for _, old in ipairs(redis.call('ZPOPMIN', KEYS[1], over)) do
      redis.call('HDEL', KEYS[2], old)
      redis.call('HDEL', KEYS[3], 'r' .. old, 'a' .. old)
      redis.call('SREM', KEYS[4], old)
    end
  end
end
redis.call('PUBLISH', KEYS[5], ARGV[1])
return fresh
"""
_MARK = """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == false then return 0 end
redis.call('SREM', KEYS[4], ARGV[1])
local changed = redis.call('HSETNX', KEYS[3], 'r' .. ARGV[1], ARGV[2])
if ARGV[3] == 'a' then changed = changed + redis.call('HSETNX', KEYS[3], 'a' .. ARGV[1], ARGV[2]) end
if changed > 0 then redis.call('PUBLISH', KEYS[5], ARGV[1]) end
return 1
"""


class RedisInbox:
    """What senders need: synchronous, thread-safe. Raises Unavailable when Redis doesn't answer. `box`: of the purpose `inbox`."""

    def __init__(self, client: redis.Redis, box: Box, longest: int = LONGEST):
        self._client: Any = client
        self._box, self._longest = box, longest
        self._put = client.register_script(_PUT)

    def put(self, user_id: str, item: bytes) -> None:
        """`item`: a JSON object with at least `notice_id`. The same notice again updates the item and stays read or unread as it was.
        One with a `thread` takes the place of the thread's item before it, and is unread; nothing happens when a newer one stands there."""
        fields = msgspec.json.decode(item, type=dict[str, Any])
        notice_id = str(fields["notice_id"])
        sealed = self._box.seal(*PLACE, f"{user_id}\0{notice_id}", item)
        with answering():
            thread = str(fields.get("thread") or "")
            args: list[Any] = [notice_id, _score(fields.get("created_at")), sealed, self._longest, thread, THREAD_KEPT]
            self._put(keys=keys(user_id), args=args)

    def ping(self) -> None:
        with answering():
            self._client.ping()

    def erase(self, user_id: str) -> None:
        """Deletes the user's inbox."""
        with answering():
            self._client.delete(*keys(user_id))


class AsyncRedisInbox:
    """What the console needs: pages, marks, push. Raises Unavailable when Redis doesn't answer."""

    def __init__(self, client: redis.asyncio.Redis, box: Box):
        self._client: Any = client
        self._box = box
        self._mark = client.register_script(_MARK)

    async def page(
        self,
        user_id: str,
        cursor: str | None,
        limit: int,
        severities: Collection[str] = (),
        archived: bool | None = None,
        unread: bool = False,
        counts: bool = False,
    ) -> dict[str, Any]:
        """`{"unread", "unread_by", "items", "next"}`, newest first. `severities`: only those, () for all; `archived`: only those that are,
        or only those that aren't; `unread`: only those. The number of unread ones is of the whole inbox; `counts`: with `unread_by`
        beside it (severity -> number). Raises ValueError for a cursor that `next` never was."""
        order, sealed, _, unread_set, *_ = keys(user_id)
        filtered = bool(severities) or archived is not None or unread
        step = max(limit + 1, SCANNED) if filtered else limit + 1
        chosen: list[tuple[float, str, dict[str, Any]]] = []
        with answering():
            start = 0 if cursor is None else await self._after(order, *_decoded(cursor))
            while len(chosen) <= limit:
                found = await self._client.zrange(order, start, start + step - 1, desc=True, withscores=True)
                items = await self._items(user_id, [name.decode() for name, _ in found])
                for name, score in found:
                    item = items.get(name.decode())
                    if item is not None and _fits(item, severities, archived, unread):
                        chosen.append((score, name.decode(), item))
                start += len(found)
                if len(found) < step:
                    break
            count = await self._client.scard(unread_set)
            names = await self._client.smembers(unread_set) if counts and count else []
            grave = await self._client.hmget(sealed, list(names)) if names else []
        last = chosen[limit - 1] if len(chosen) > limit else None
        page: dict[str, Any] = {
            "unread": count,
            "items": [item for _, _, item in chosen[:limit]],
            "next": None if last is None else _encoded(last[0], last[1]),
        }
        if counts:
            opened = (self._opened(user_id, name.decode(), one, None, None) for name, one in zip(names, grave, strict=True))
            page["unread_by"] = dict(Counter(str(item.get("severity", "")) for item in opened if item is not None))
        return page

    async def mark_all_read(self, user_id: str, now: datetime) -> int:
        """Everything that is unread; number of items."""
        with answering():
            names = [name.decode() for name in await self._client.smembers(keys(user_id)[3])]
        return sum([await self.mark_read(user_id, name, now) for name in names])

    async def touch(self, user_id: str, notice_id: str) -> None:
        """Pushes the item again to whoever looks: something that isn't kept here has changed about it."""
        with answering():
            await self._client.publish(keys(user_id)[4], notice_id)

    async def mark_read(self, user_id: str, notice_id: str, now: datetime) -> bool:
        """False when the user has no such item. The first time stays."""
        return await self._marked(user_id, notice_id, now, "r")

    async def mark_archived(self, user_id: str, notice_id: str, now: datetime) -> bool:
        """Archived, and read. False when the user has no such item."""
        return await self._marked(user_id, notice_id, now, "a")

    @asynccontextmanager
    async def listen(self, user_id: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """New and changed items as they come, from the moment that the block begins."""
        channel = self._client.pubsub(ignore_subscribe_messages=True)
        try:
            with answering():
                await channel.subscribe(keys(user_id)[4])
                # The subscription stands only when Redis said so.
                await channel.get_message(ignore_subscribe_messages=False, timeout=5.0)
            yield self._pushed(channel, user_id)
        finally:
            try:
                await channel.aclose()
            except Exception:  # noqa: S110 - the connection may be gone, which is what we want
                pass

    async def _pushed(self, channel: Any, user_id: str) -> AsyncIterator[dict[str, Any]]:
        while True:
            with answering():
                message = await channel.get_message(timeout=30.0)
                if message is None:
                    await asyncio.sleep(0)
                    continue
                items = await self._items(user_id, [message["data"].decode()])
            for item in items.values():
                yield item

    async def _marked(self, user_id: str, notice_id: str, now: datetime, mark: str) -> bool:
        with answering():
            when = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return bool(await self._mark(keys=keys(user_id), args=[notice_id, when, mark]))

    async def _after(self, order: str, score: float, notice_id: str) -> int:
        rank = await self._client.zrevrank(order, notice_id)
        if rank is not None:
            return int(rank) + 1
        return int(await self._client.zcount(order, score, "+inf"))  # it is gone: go on below its time

    async def _items(self, user_id: str, ids: list[str]) -> dict[str, dict[str, Any]]:
        if not ids:
            return {}
        _, items, marks, *_ = keys(user_id)
        sealed = await self._client.hmget(items, ids)
        said = await self._client.hmget(marks, [mark + name for name in ids for mark in "ra"])
        opened = {name: self._opened(user_id, name, sealed[i], said[2 * i], said[2 * i + 1]) for i, name in enumerate(ids)}
        return {name: item for name, item in opened.items() if item is not None}

    def _opened(
        self, user_id: str, notice_id: str, sealed: bytes | None, read: bytes | None, archived: bytes | None
    ) -> dict[str, Any] | None:
        if sealed is None:
            return None
        try:
            item = msgspec.json.decode(self._box.open(*PLACE, f"{user_id}\0{notice_id}", sealed), type=dict[str, Any])
        except (ValueError, msgspec.MsgspecError):
            return None
        item.setdefault("actions", [])
        return item | {"read_at": read.decode() if read else None, "archived_at": archived.decode() if archived else None}


def _fits(item: dict[str, Any], severities: Collection[str], archived: bool | None, unread: bool) -> bool:
    return (
        (not severities or item.get("severity") in severities)
        and (archived is None or (item["archived_at"] is not None) == archived)
        and not (unread and item["read_at"] is not None)
    )


def keys(user_id: str) -> list[str]:
    """order, items, marks, unread, the push channel, and threads."""
    return [f"{PREFIX}{part}:{user_id}" for part in ("order", "items", "marks", "unread", "push", "threads")]


def _score(created_at: Any) -> int:
    try:
        return micros(msgspec.convert(created_at, datetime))
    except (msgspec.ValidationError, TypeError):
        return micros(datetime.now(UTC))


def _encoded(score: float, notice_id: str) -> str:
    return base64.urlsafe_b64encode(f"{score:.0f} {notice_id}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[float, str]:
    try:
        score, _, notice_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        if notice_id:
            return float(int(score)), notice_id
    except (binascii.Error, UnicodeError, ValueError):
        pass
    raise ValueError("not a cursor of this inbox")
