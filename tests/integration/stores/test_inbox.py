"""The in-app inbox in a real Redis: senders write, the console reads, marks and listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from embedded.redis import Redis
from ledger.keys import Keyring
from stores.inbox import AsyncRedisInbox, RedisInbox, keys
from stores.redis_client import connect, connect_async
from stores.refill import refill_inbox
from stores.sql.schema import ledger_contents
from stores.sql.store import Store
from tests.support.background import PATIENCE
from tests.support.told import NOW, SECRET, notice, receipt, rendered

BOX = Keyring(SECRET).box("inbox")


def item(number: int, **changes: Any) -> bytes:
    """An item as composition makes it."""
    at = (NOW + timedelta(seconds=number)).isoformat()
    values = {
        "notice_id": f"n{number}",
        "kind": "login_new_device",
        "severity": "notice",
        "title": f"新 {number}",
        "body": "b",
        "created_at": at,
    }
    return json.dumps(values | changes).encode()


@pytest.fixture
def writer(redis_server: Redis) -> RedisInbox:
    return RedisInbox(connect(redis_server.url), BOX, longest=5)


@pytest_asyncio.fixture
async def reader(redis_server: Redis) -> AsyncIterator[AsyncRedisInbox]:
    client = connect_async(redis_server.url)
    yield AsyncRedisInbox(client, BOX)
    await client.aclose()


async def test_a_user_without_notices_has_an_empty_list(reader: AsyncRedisInbox) -> None:
    """Not an error."""
    assert await reader.page("nobody", None, 20) == {"unread": 0, "items": [], "next": None}


async def test_items_come_newest_first_with_all_fields(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """By creation, whatever the order of writing."""
    for number in (2, 1, 3):
        writer.put("u7", item(number))

    page = await reader.page("u7", None, 20)

    assert [i["notice_id"] for i in page["items"]] == ["n3", "n2", "n1"]
    assert page["unread"] == 3
    assert page["items"][0] == json.loads(item(3)) | {"read_at": None, "archived_at": None, "actions": []}


async def test_the_same_notice_twice_is_one_item(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """A later item for it takes its words and leaves it read."""
    writer.put("u7", item(1))
    await reader.mark_read("u7", "n1", NOW)
    writer.put("u7", item(1, title="better"))

    page = await reader.page("u7", None, 20)

    assert [(i["title"], i["read_at"] is not None) for i in page["items"]] == [("better", True)]
    assert page["unread"] == 0


async def test_reading_lowers_unread_once(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """A second reading changes neither count nor time; archiving reads too."""
    writer.put("u7", item(1))
    writer.put("u7", item(2))
    writer.put("u7", item(3))

    await reader.mark_read("u7", "n1", NOW)
    first = await reader.page("u7", None, 20)
    await reader.mark_read("u7", "n1", NOW + timedelta(hours=1))
    await reader.mark_archived("u7", "n2", NOW)
    second = await reader.page("u7", None, 20)

    assert (first["unread"], second["unread"]) == (2, 1)
    assert second["items"][2]["read_at"] == first["items"][2]["read_at"] == "2026-11-22T10:00:00.123Z"
    assert second["items"][1]["archived_at"] == second["items"][1]["read_at"] == "2026-11-22T10:00:00.123Z"


async def test_marking_what_is_not_there_says_so(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """Another user's notice isn't there either."""
    writer.put("u7", item(1))

    assert await reader.mark_read("u8", "n1", NOW) is False
    assert await reader.mark_archived("u7", "n2", NOW) is False


async def test_pages_join_without_gap_or_repeat(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """Also among items of the same moment, and when a newer one arrives between."""
    for number in range(5):
        writer.put("u7", item(number, created_at=NOW.isoformat()))
    seen, cursor = [], None
    while True:
        page = await reader.page("u7", cursor, 2)
        seen += [i["notice_id"] for i in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert seen == ["n4", "n3", "n2", "n1", "n0"]


async def test_a_cursor_survives_its_item(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """The bound took the item away that the cursor names: reading goes on below its time."""
    for number in range(5):
        writer.put("u7", item(number))
    cursor = (await reader.page("u7", None, 5 - 1))["next"]
    for number in (5, 6, 7):
        writer.put("u7", item(number))

    assert await reader.page("u7", cursor, 5) == {"unread": 5, "items": [], "next": None}


@pytest.mark.parametrize("cursor", ["x", "%00", "bm90IGE", "é", "MQ"])
async def test_what_is_no_cursor_is_refused(reader: AsyncRedisInbox, cursor: str) -> None:
    """As ValueError, which is a 400 at the edge."""
    with pytest.raises(ValueError):
        await reader.page("u7", cursor, 5)


async def test_an_inbox_is_bounded(writer: RedisInbox, reader: AsyncRedisInbox, redis_server: Redis) -> None:
    """The oldest go, with all that is kept of them."""
    for number in range(9):
        writer.put("u7", item(number))
        await reader.mark_read("u7", f"n{number}", NOW)

    page = await reader.page("u7", None, 20)
    client = connect(redis_server.url)

    assert [i["notice_id"] for i in page["items"]] == ["n8", "n7", "n6", "n5", "n4"]
    assert [client.zcard(keys("u7")[0]), client.hlen(keys("u7")[1]), client.hlen(keys("u7")[2]), client.scard(keys("u7")[3])] == [
        5,
        5,
        5,
        0,
    ]


async def test_items_are_not_readable_in_redis(writer: RedisInbox, redis_server: Redis) -> None:
    """Nor do they open for another user."""
    writer.put("u7", item(1, title="Withdrawal of 2.40 BTC"))

    value = connect(redis_server.url).hget(keys("u7")[1], "n1")

    assert b"BTC" not in value


async def test_who_listens_hears_at_once(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """New items and marks, of this user alone."""
    async with reader.listen("u7") as changes:
        await asyncio.to_thread(writer.put, "u8", item(9))
        await asyncio.to_thread(writer.put, "u7", item(1))
        new = await asyncio.wait_for(anext(changes), PATIENCE)
        await reader.mark_read("u7", "n1", NOW)
        read = await asyncio.wait_for(anext(changes), PATIENCE)

    assert (new["notice_id"], new["read_at"], read["read_at"]) == ("n1", None, "2026-11-22T10:00:00.123Z")


async def test_an_erased_inbox_is_empty(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """Nothing of it stays in Redis."""
    writer.put("u7", item(1))

    writer.erase("u7")

    assert (await reader.page("u7", None, 20))["items"] == []


async def test_an_emptied_redis_gets_its_inboxes_back(
    store: Store, writer: RedisInbox, reader: AsyncRedisInbox, redis_server: Redis
) -> None:
    """From the words in the ledger: what was delivered, of those who weren't erased; twice is once."""
    for number, user in ((1, "u7"), (2, "u7"), (3, "u8"), (4, "u9"), (5, "u8")):
        n = notice(number, user=user)
        words = {k: v for k, v in json.loads(item(number)).items() if k != "notice_id"}
        inapp = rendered(n, "inapp", payload=b"[]" if number == 5 else json.dumps(words).encode())
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [inapp])
        if number != 2:
            store.outbox.record([(receipt(inapp, "delivered"), None)])
    store.erase("u9", "asked", NOW)
    connect(redis_server.url).flushall()

    counts = [refill_inbox(store, writer, NOW - timedelta(days=1)), refill_inbox(store, writer, NOW - timedelta(days=1))]

    assert counts == [2, 2]
    assert [[i["notice_id"] for i in (await reader.page(u, None, 9))["items"]] for u in ("u7", "u8", "u9")] == [
        [notice(1, user="u7").notice_id],
        [notice(3, user="u8").notice_id],
        [],
    ]
    assert refill_inbox(store, writer, NOW + timedelta(days=1)) == 0


def test_inboxes_are_given_back_in_parts_and_without_what_was_altered(store: Store) -> None:
    """Each once, however few are held at once; notices wait for the end of this, so nothing may stop it."""
    for number in range(7):
        n = notice(number)
        inapp = rendered(n, "inapp", payload=item(number))
        with store.transaction(NOW + timedelta(seconds=number // 3)) as tx:
            tx.add_notice(n, [inapp])
        store.outbox.record([(receipt(inapp, "delivered"), None)])
        if number == 4:
            with store.database.writing() as connection:
                mine = ledger_contents.c.content_id == inapp.delivery_id
                connection.execute(update(ledger_contents).where(mine).values(sealed=b"\x01" * 64))

    parts = list(store.delivered_in_app(NOW, 2))

    assert max(map(len, parts)) <= 2
    assert sorted(name for part in parts for _, name, _ in part) == sorted(notice(n).notice_id for n in range(7) if n != 4)


async def test_a_thread_is_one_item(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """The newer one takes the older one's place and is unread, others stay; one that comes late changes nothing."""
    writer.put("u7", item(1, thread="story:a:e1"))
    writer.put("u7", item(2))
    writer.put("u7", item(3, thread="story:b:e1"))
    await reader.mark_read("u7", "n1", NOW)
    writer.put("u7", item(5, thread="story:a:e1"))
    writer.put("u7", item(4, thread="story:a:e1"))

    page = await reader.page("u7", None, 20)

    assert [i["notice_id"] for i in page["items"]] == ["n5", "n3", "n2"]
    assert page["items"][0]["read_at"] is None
    assert page["unread"] == 3
    assert await reader.mark_read("u7", "n1", NOW) is False


async def test_what_was_told_long_ago_stays_beside_the_new(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """A margin account in danger again after a month: the old item is history."""
    writer.put("u7", item(1, thread="margin:cross"))
    writer.put("u7", item(8 * 86_400, thread="margin:cross"))

    assert len((await reader.page("u7", None, 20))["items"]) == 2


async def test_what_is_asked_for_is_shown_page_by_page(redis_server: Redis, reader: AsyncRedisInbox) -> None:
    """By severity, unread, archived; a page is full as long as there are more, however many are left out between."""
    writer = RedisInbox(connect(redis_server.url), BOX)
    for number in range(250):
        writer.put("u9", item(number, severity="critical" if number % 100 == 0 else "info"))
    await reader.mark_archived("u9", "n100", NOW)
    first = await reader.page("u9", None, 2, ["critical"])
    second = await reader.page("u9", first["next"], 2, ["critical"])
    archived = await reader.page("u9", None, 5, archived=True)
    here = await reader.page("u9", None, 5, ["critical"], archived=False)
    unread = await reader.page("u9", None, 5, ["critical"], unread=True)

    assert [i["notice_id"] for i in first["items"]] == ["n200", "n100"]
    assert [i["notice_id"] for i in second["items"]] == ["n0"]
    assert second["next"] is None
    assert [i["notice_id"] for i in archived["items"]] == ["n100"]
    assert [i["notice_id"] for i in here["items"]] == [i["notice_id"] for i in unread["items"]] == ["n200", "n0"]
    assert first["unread"] == 249


async def test_unread_ones_are_counted_by_severity_where_asked(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """Of the whole inbox; and all can be marked at once."""
    for number, severity in enumerate(["info", "critical", "info"]):
        writer.put("u10", item(number, severity=severity))
    page = await reader.page("u10", None, 1, counts=True)

    assert page["unread_by"] == {"info": 2, "critical": 1}
    assert await reader.mark_all_read("u10", NOW) == 3
    assert (await reader.page("u10", None, 1, counts=True)) | {"items": [], "next": None} == {
        "unread": 0,
        "unread_by": {},
        "items": [],
        "next": None,
    }


async def test_what_changed_elsewhere_is_pushed_again(writer: RedisInbox, reader: AsyncRedisInbox) -> None:
    """An answer or a vote is kept in SQL; whoever shows the item hears of it."""
    writer.put("u11", item(1))
    async with reader.listen("u11") as changes:
        await reader.touch("u11", "n1")

        assert (await asyncio.wait_for(anext(changes), PATIENCE))["notice_id"] == "n1"
