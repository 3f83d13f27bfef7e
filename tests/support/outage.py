"""A mail server that is away for a minute while notices go on coming: desk, SQL and sender as the product has them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from domain.events.user import User
from domain.messages import Notice
from ledger.book import Book
from notices.compose import Composer
from notices.deliver.registry import providers
from notices.deliver.sender import Sender
from stores.sql.store import open_store
from streams.desk import Desk
from streams.records import Item
from tests.support import told
from tests.support.background import PATIENCE, Background
from tests.support.sinks import SmtpSink

SECONDS = 60.0
RATE = 5.0
"""Notices a second."""


class Outage:
    """`start()` takes the server away and brings it back after `SECONDS`, whatever else is done meanwhile; `close()` ends all."""

    def __init__(self, background: Background, folder: Path) -> None:
        self.sink = SmtpSink(background)
        self.store = open_store(f"sqlite:///{folder}/vigil.db", Book(told.SECRET))
        self.sender = Sender(self.store.outbox, {"email": providers("email", [self.sink.url])}, "outage", sole=True)
        composer = Composer("Example", "http://vigil.example")
        self.desk = Desk(
            self.store, _Everybody(), composer, late_after=86_400, contact_wait=600, answer_ttl=86_400,
            wake=self.sender.wake, sender=self.sender,
        )  # fmt: skip
        self.told: list[Notice] = []
        self.before = 0
        """Mails sent before it began."""
        self.began = self.ended = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outage", daemon=True)

    def start(self) -> Outage:
        self.sink.up()
        self.sender.start()
        self._thread.start()
        return self

    def wait_for_end(self) -> None:
        """Until the server is back."""
        assert self._over.wait(SECONDS + PATIENCE), "the outage did not end"

    def arrived(self) -> Counter[str]:
        """Notice id -> how many mails of it there are."""
        return Counter(mail.notice_id for mail in list(self.sink.mails))

    def queued(self) -> int:
        """Mails that wait."""
        return self.store.outbox.depth(datetime.now(UTC))["email"]

    def close(self) -> None:
        self._thread.join(SECONDS + PATIENCE)
        self.sender.stop(5)
        self.sink.down()
        self.store.close()

    def _run(self) -> None:
        while not self.arrived():
            self._tell()
        self.before = len(self.told)
        self.sink.down()
        self.began = time.monotonic()
        while time.monotonic() - self.began < SECONDS:
            self._tell()
        self.sink.up()
        self.ended = time.monotonic()
        self._over.set()

    def _tell(self) -> None:
        now = datetime.now(UTC)
        number = len(self.told) + 1
        notice = told.notice(number, user=f"u{number}", channels=["email"], created_at=now, occurred_at=now)
        item = Item("notices", "notices", 0, number, notice.user_id.encode(), msgspec.json.encode(notice))
        assert self.desk.take([item]) == []
        self.told.append(notice)
        time.sleep(1 / RATE)


class _Everybody:
    """A directory in which everybody has an address."""

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, User]:
        return {name: User(user_id=name, email=f"{name}@mail.example") for name in user_ids}

    def put_many(self, users: Iterable[User]) -> None: ...

    def erase(self, user_id: str) -> None: ...
