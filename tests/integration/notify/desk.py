"""A desk on a real SQL store, at a time of our choosing."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import msgspec

from domain.events.user import User
from domain.messages import Notice, Receipt
from domain.ports import Rendered
from ledger.book import Book
from ledger.keys import Keyring
from notices.compose import Composer
from stores.sql.store import Store, open_store
from streams.desk import Desk
from streams.records import Item
from tests.support import told

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
MEI = {"user_id": "u7", "email": "mei@mail.example", "phone": "+886912345678", "locale": "zh-TW", "time_zone": "Asia/Taipei"}
LINK = re.compile(r"http://vigil\.example/n/([\w-]{22})\b")


class Directory:
    """Users in memory."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]:
        return {name: self.users.get(name) for name in user_ids}

    def put_many(self, users: Any) -> None:
        self.users.update({user.user_id: user for user in users})

    def erase(self, user_id: str) -> None:
        self.users.pop(user_id, None)


class Bench:
    """A desk at a time of our choosing."""

    def __init__(self, url: str) -> None:
        self.store: Store = open_store(url, Book(Keyring(told.SECRET)))
        self.directory, self.at, self.woken, self.forgotten = Directory(), START, 0, []
        self.composer = Composer("Example", "http://vigil.example")
        self.offset = 0
        self.desk = self.make()

    def make(self, **options: float) -> Desk:
        numbers: dict[str, Any] = {"late_after": 86_400, "contact_wait": 600, "answer_ttl": 259_200} | options
        return Desk(
            self.store, self.directory, self.composer, **numbers, now=lambda: self.at, wake=self._wake, forget=self.forgotten.append
        )

    def _wake(self) -> None:
        self.woken += 1

    def item(self, topic: str, value: Any, key: str | None = "u7") -> Item:
        self.offset += 1
        raw = value if isinstance(value, bytes | None) else msgspec.json.encode(value)
        return Item(topic, f"x.{topic}", 0, self.offset, None if key is None else key.encode(), raw)

    def user(self, **fields: Any) -> None:
        record = MEI | fields
        assert self.desk.take_users([self.item("users", record, record["user_id"])]) == []

    def notice(self, number: int = 1, **fields: Any) -> Notice:
        return told.notice(number, **({"created_at": self.at, "occurred_at": self.at} | fields))

    def take(self, *notices: Notice) -> None:
        assert self.desk.take([self.item("notices", notice) for notice in notices]) == []

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)

    def claimed(self) -> dict[str, Rendered]:
        """What a sender would get now, by channel or channel-slot; each only once."""
        rows = [row.rendered for row in self.store.outbox.claim("test", self.at, 1000, 1e6)]
        return {row.channel if row.slot == "current" else f"{row.channel}-old": row for row in rows}

    def ends(self, row: Rendered, status: Any, reason: str, fall_back: Any = None) -> None:
        receipt = Receipt(notice_id=row.notice_id, user_id=row.user_id, channel=row.channel, status=status, provider="mailto",
                          provider_id=None, attempt=1, at=self.at, reason=reason, delivery_id=row.delivery_id)  # fmt: skip
        self.store.outbox.record([(receipt, None)], {row.delivery_id: fall_back} if fall_back else {})

    def receipts(self) -> list[tuple[str, str, str | None]]:
        """(channel, status, reason) of what is owed to the topic `receipts`, in order."""
        found = [m for m in self.store.bus.take(self.at, 1000) if m.topic == "receipts"]
        self.store.bus.done([m.id for m in found])
        values = [msgspec.json.decode(m.value) for m in found]
        return [(v["channel"], v["status"], v["reason"]) for v in values]


def words(row: Rendered) -> str:
    mail: Any = message_from_bytes(row.payload, policy=policy.default)
    return str(mail.get_body(("plain",)).get_content())


def token(row: Rendered) -> str:
    found = LINK.search(words(row) if row.channel == "email" else row.payload.decode())
    assert found, "no answer link"
    return found.group(1)
