"""Announcements for tests, and an announcer at a time of the test's choosing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from domain.events.user import User
from domain.habits.positions import Order, Positions
from domain.policy_rules import Rules
from stores.sql.announcements import SqlAnnouncements
from streams.announce import Announcer
from streams.records import Item

EN, DE, TW = ({"en": "Spot trading pauses"}, {"de": "Spot-Handel pausiert"}, {"zh-TW": "現貨交易暫停"})
BODY = {"en": "From two to four.", "de": "Von zwei bis vier.", "zh-TW": "兩點到四點。"}


class MemoryAudience:
    """stores.audience.Audience over dictionaries."""

    def __init__(self, users: dict[str, User]) -> None:
        self.known, self.owned = users, dict[str, Positions]()

    def users(self) -> Iterator[list[User]]:
        yield list(self.known.values())

    def some(self, user_ids: Sequence[str]) -> Mapping[str, User | None]:
        return {name: self.known.get(name) for name in user_ids}

    def positions(self, user_ids: Sequence[str]) -> Mapping[str, Positions]:
        return {name: self.owned[name] for name in user_ids if name in self.owned}

    def holds(self, user_id: str, *assets: str, orders: Sequence[str] = ()) -> None:
        self.owned[user_id] = Positions(
            assets=dict.fromkeys(assets, 1.0), orders=[Order(n, market, 1.0) for n, market in enumerate(orders)]
        )


class Board:
    """An announcer beside a bench's desk: what it tells goes through the outbox to the desk, as over the topic `notices`."""

    def __init__(self, bench: Any, **rules: Any) -> None:
        self.bench, self.audience = bench, MemoryAudience(bench.directory.users)
        self.store = SqlAnnouncements(bench.store.database, bench.store.book)
        self.rules = Rules(**rules)
        self.count, self.receipts = 0, list[dict[str, Any]]()
        self.announcer = self.worker("one")

    def worker(self, name: str) -> Announcer:
        return Announcer(self.store, self.audience, name, rules=self.rules, now=lambda: self.bench.at)

    def event(self, **fields: Any) -> dict[str, Any]:
        """An announcement that begins in an hour."""
        self.count += 1
        at = self.bench.at
        return {
            "type": "announcement", "event_id": f"an{self.count}", "user_id": "*", "occurred_at": at, "kind": "maintenance", "severity": "notice",
            "starts_at": at + timedelta(hours=1), "ends_at": at + timedelta(hours=3), "audience": {}, "title": EN, "body": BODY,
        } | fields  # fmt: skip

    def publish(self, event: dict[str, Any]) -> None:
        value = msgspec.json.encode(event)
        item = Item("announcements", "x.announcements", 0, self.count, event["user_id"].encode(), value)
        assert self.announcer.take([item]) == []

    def tell(self, announcer: Announcer | None = None) -> list[str]:
        """One look of the announcer; who was handed a notice, in no order."""
        (announcer or self.announcer).tend()
        taken = self.bench.store.bus.take(self.bench.at, 10_000)
        self.bench.store.bus.done([m.id for m in taken])
        self.receipts += [msgspec.json.decode(m.value) for m in taken if m.topic == "receipts"]
        owed = [m for m in taken if m.topic == "notices"]
        assert self.bench.desk.take([self.bench.item("notices", m.value, m.key) for m in owed]) == []
        return sorted(m.key for m in owed)
