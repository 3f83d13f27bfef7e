"""E-mails a second from notices to a real SMTP session: composed, sealed into the ledger, claimed, sent, recorded. SQLite.

The SMTP server is a process of its own (benchmarks.smtp_sink). Two figures: sending alone, from a filled outbox; and the desk composing
beside it.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks import world
from benchmarks.rig import ROOT
from domain.events import User
from domain.ids import notice_id
from domain.messages import Medium, Notice, Reason, Source
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
    with smtp() as url, tempfile.TemporaryDirectory() as folder:
        composed, sending = filled_first(Path(folder) / "a.db", url, count)
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
    writer, users = composer(), KnownUsers()
    told = [msgspec.json.decode(item.value or b"", type=Notice) for item in items(0, count)]
    known = users.get_many([notice.user_id for notice in told])
    at = datetime.now(UTC)
    writer.compose(told[0], known[told[0].user_id], {"current": "t" * 22}, at)
    begun = _now()
    for notice in told:
        writer.compose(notice, known[notice.user_id], {"current": "t" * 22}, at)
    return _since(begun).cpu / count


def filled_first(path: Path, url: str, count: int, channel: Medium = "email") -> tuple[Spent, Spent]:
    """Composing `count` notices for one channel into outbox and ledger, and then sending them."""
    store, desk = _desk(path)
    told = list(items(0, count, [channel]))
    begun = _now()
    desk.take(told)
    composed = _since(begun)
    with _sender(store, url, channel) as sender:
        begun = _now()
        sender.wake()
        await_all(store)
        sending = _since(begun)
    store.close()
    return composed, sending


def _beside(path: Path, url: str, count: int) -> Spent:
    store, desk = _desk(path)
    told = list(items(0, count))
    with _sender(store, url) as sender:
        desk.wake, desk.sender = sender.wake, sender
        begun = _now()
        for start in range(0, count, 100):
            desk.take(told[start : start + 100])
        await_all(store)
        spent = _since(begun)
    store.close()
    return spent


def _desk(path: Path) -> tuple[Store, Desk]:
    store = open_store(f"sqlite:///{path}", Book(secrets.token_hex(32)))
    return store, Desk(store, KnownUsers(), composer(), late_after=86_400, contact_wait=600, answer_ttl=86_400)


def composer() -> Composer:
    return Composer("Example Exchange", "https://exchange.example", "en", True, 86_400)


@contextlib.contextmanager
def _sender(store: Store, url: str, channel: Medium = "email") -> Iterator[Sender]:
    sender = Sender(store.outbox, {channel: providers(channel, [url])}, "bench")
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def await_all(store: Store) -> None:
    """Until nothing waits."""
    while any(store.outbox.depth(datetime.now(UTC)).values()):
        time.sleep(0.02)


def items(first: int, end: int, channels: Sequence[Medium] = ("email",)) -> Iterator[Item]:
    """Records of `notices`: those of `notices(first, end, channels)`."""
    for n, notice in enumerate(notices(first, end, channels), first):
        yield Item("notices", "notices", n % 4, n, notice.user_id.encode(), msgspec.json.encode(notice))


def notices(first: int, end: int, channels: Sequence[Medium] = ("email",), kind: str = "login_new_device") -> Iterator[Notice]:
    """Notices of a kind, numbers `first` to `end`, each of another user; of the same number always the same id."""
    now = datetime.now(UTC)
    for n in range(first, end):
        yield Notice(
            notice_id=notice_id(f"e{n}", f"b{n}", kind), user_id=f"b{n}", kind=kind, severity="notice",
            created_at=now, expires_at=None, finding_ids=[f"f{n}"], channels=list(channels), occurred_at=now, group=f"e{n}",
            facts={"device": "Chrome on Windows", "city": "Taipei", "country": "TW"},
            reasons=[Reason("device", "Chrome on Windows", "Safari on iPhone", 0.6)], detectors={"login_new_device": "1"},
            source=Source("logins", n % 4, n),
        )  # fmt: skip


@contextlib.contextmanager
def smtp() -> Iterator[str]:
    """The URL of a mail server."""
    with _sink("benchmarks.smtp_sink") as port:
        yield f"mailto://127.0.0.1:{port}/?from=alerts%40exchange.example&mode=insecure"


@contextlib.contextmanager
def gateway() -> Iterator[str]:
    """The URL of an SMS gateway."""
    with _sink("benchmarks.sms_sink") as port:
        yield f"smsgw://token@127.0.0.1:{port}/sms"


@contextlib.contextmanager
def _sink(module: str) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, str(port)], cwd=ROOT)
    try:
        listening(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def listening(port: int) -> None:
    """Waits until something listens there."""
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
            return
        time.sleep(0.05)
