"""E-mails a second from notices to a real SMTP session: composed, sealed into the ledger, claimed, sent, recorded. SQLite.

The SMTP server is a process of its own (benchmarks.smtp_sink). Two figures: sending alone, from a filled outbox; and the desk composing
beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks import world
from benchmarks.rig import ROOT
from domain.events import User
from domain.ids import notice_id
from domain.messages import Notice, Reason, Source
from embedded.processes import free_port
from ledger.book import Book
from notices.compose import Composer
from notices.deliver.registry import providers
from notices.deliver.sender import Sender
from stores.sql.store import Store, open_store
from streams.desk import Desk
from streams.notify import SWITCH
from streams.records import Item


class KnownUsers:
    """The directory of the benchmark."""

    def get_many(self, user_ids: list[str]) -> dict[str, User]:
        return {user_id: msgspec.convert(world.record(int(user_id[1:])), User) for user_id in user_ids}


def measure(count: int) -> dict[str, float]:
    """`count` notices of a new device, one e-mail each."""
    sys.setswitchinterval(SWITCH)
    alone = _composing(min(count, 1000))
    with _smtp() as url, tempfile.TemporaryDirectory() as folder:
        composed, sending = _filled_first(Path(folder) / "a.db", url, count)
        together = _beside(Path(folder) / "b.db", url, count)
    return {
        "notices composed into outbox and ledger a second": count / composed.wall,
        "e-mails sent a second, outbox filled before": count / sending.wall,
        "e-mails sent a second, composed beside it in one process": count / together.wall,
        "CPU ms a mail: composing": alone * 1e3,
        "CPU ms a mail: composed, sealed, written": composed.cpu / count * 1e3,
        "CPU ms a mail: claimed, sent, recorded": sending.cpu / count * 1e3,
        "CPU ms a mail: all of it, handed over without a claim": together.cpu / count * 1e3,
    }


class Spent(NamedTuple):
    """Seconds on the clock, and of CPU in this process; the latter mean more on a machine that others use."""

    wall: float
    cpu: float


def _now() -> Spent:
    return Spent(time.perf_counter(), time.process_time())


def _since(begun: Spent) -> Spent:
    now = _now()
    return Spent(now.wall - begun.wall, now.cpu - begun.cpu)


def _composing(count: int) -> float:
    """Seconds of CPU a mail for its bytes alone."""
    composer, users = _composer(), KnownUsers()
    told = [msgspec.json.decode(item.value or b"", type=Notice) for item in _notices(count)]
    known = users.get_many([notice.user_id for notice in told])
    at = datetime.now(UTC)
    composer.compose(told[0], known[told[0].user_id], {"current": "t" * 22}, at)
    begun = _now()
    for notice in told:
        composer.compose(notice, known[notice.user_id], {"current": "t" * 22}, at)
    return _since(begun).cpu / count


def _filled_first(path: Path, url: str, count: int) -> tuple[Spent, Spent]:
    store, desk = _desk(path)
    items = list(_notices(count))
    begun = _now()
    desk.take(items)
    composed = _since(begun)
    with _sender(store, url) as sender:
        begun = _now()
        sender.wake()
        _await_all(store)
        sending = _since(begun)
    store.close()
    return composed, sending


def _beside(path: Path, url: str, count: int) -> Spent:
    store, desk = _desk(path)
    items = list(_notices(count))
    with _sender(store, url) as sender:
        desk.wake, desk.sender = sender.wake, sender
        begun = _now()
        for start in range(0, count, 100):
            desk.take(items[start : start + 100])
        _await_all(store)
        spent = _since(begun)
    store.close()
    return spent


def _desk(path: Path) -> tuple[Store, Desk]:
    store = open_store(f"sqlite:///{path}", Book(secrets.token_hex(32)))
    return store, Desk(store, KnownUsers(), _composer(), late_after=86_400, contact_wait=600, answer_ttl=86_400)


def _composer() -> Composer:
    return Composer("Example Exchange", "https://exchange.example", "en", True, 86_400)


@contextlib.contextmanager
def _sender(store: Store, url: str) -> Iterator[Sender]:
    sender = Sender(store.outbox, {"email": providers("email", [url])}, "bench")
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def _await_all(store: Store) -> None:
    while store.outbox.depth(datetime.now(UTC)).get("email", 0):
        time.sleep(0.02)


def _notices(count: int) -> Iterator[Item]:
    now = datetime.now(UTC)
    for n in range(count):
        notice = Notice(
            notice_id=notice_id(f"e{n}", f"b{n}", "login_new_device"), user_id=f"b{n}", kind="login_new_device", severity="notice",
            created_at=now, expires_at=None, finding_ids=[f"f{n}"], channels=["email"], occurred_at=now, group=f"e{n}",
            facts={"device": "Chrome on Windows", "city": "Taipei", "country": "TW"},
            reasons=[Reason("device", "Chrome on Windows", "Safari on iPhone", 0.6)], detectors={"login_new_device": "1"},
            source=Source("logins", n % 4, n),
        )  # fmt: skip
        item = Item("notices", "notices", n % 4, n, notice.user_id.encode(), msgspec.json.encode(notice))
        yield item


@contextlib.contextmanager
def _smtp() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.smtp_sink", str(port)], cwd=ROOT)
    try:
        asyncio.run(_listening(port))
        yield f"mailto://127.0.0.1:{port}/?from=alerts%40exchange.example&mode=insecure"
    finally:
        process.terminate()
        process.wait(10)


async def _listening(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
