"""Notices when things break: a mail server that is away for minutes, a sender that is killed again and again.

`python -m benchmarks.notices_trouble DATABASE_URL REDIS_URL SMTP_URL` is the sender that is killed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks.mail import KnownUsers, composer, items, listening, notices
from benchmarks.rig import ROOT, percentile, say
from embedded.processes import free_port
from embedded.redis import Redis
from ledger.book import Book
from ledger.verify import verify
from notices.deliver.registry import providers
from notices.deliver.sender import Sender
from stores.redis_client import connect
from stores.sent import SentMarks
from stores.sql.store import Store, open_store
from streams.desk import Desk
from streams.records import Item
from tests.support.background import Background, wait_until

SECRET = "benchmark" * 5
CONNECTIONS = 8


class Server:
    """The SMTP server, which comes and goes and remembers what it took."""

    def __init__(self, folder: Path):
        self.port, self.notes = free_port(), folder / "taken"
        self.notes.touch()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=alerts%40exchange.example&mode=insecure&connections={CONNECTIONS}"

    def up(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "benchmarks.smtp_sink", str(self.port), str(self.notes)], cwd=ROOT)
        listening(self.port)

    def down(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)

    def taken(self) -> Counter[str]:
        """How often it took each notice."""
        return Counter(self.notes.read_text().split())

    def wait_for(self, mails: int) -> None:
        """Until it took so many in all."""
        wait_until(lambda: self.notes.read_bytes().count(b"\n") >= mails, 120, "some mails", 0.002)


def outage(seconds: float, rate: float, around: float = 10.0) -> dict[str, float]:
    """Notices come at `rate` a second, one e-mail each; the server is away for `seconds`, after `around` seconds of being there. What was
    lost and told twice, and how long it took from its return until nothing old was left while new ones kept coming."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, store = Server(folder), _store(folder)
        sender = Sender(store.outbox, {"email": providers("email", [server.url])}, "bench", sole=True)
        desk = _desk(store, sender)
        server.up()
        sender.start()
        told: list[str] = []
        over = threading.Event()
        feeder = threading.Thread(target=_feed, args=(desk, rate, told, over), daemon=True)
        feeder.start()
        time.sleep(around)
        say(f"  the server goes away for {seconds:.0f} s")
        server.down()
        time.sleep(seconds)
        behind = store.outbox.depth(datetime.now(UTC))["email"]
        waited, back = set(told), time.monotonic()
        server.up()
        say(f"  it is back, {behind} mails wait")
        wait_until(lambda: waited <= server.taken().keys(), 120 + seconds, "what had waited", 0.2)
        caught_up = time.monotonic() - back
        over.set()
        feeder.join()
        wait_until(lambda: not store.outbox.depth(datetime.now(UTC))["email"], 120, "the last mails", 0.1)
        sender.stop()
        taken = server.taken()
        server.down()
        figures = _judged(store, told, taken)
        store.close()
    return {"minutes away": seconds / 60, "notices a second": rate, "waiting when it was back": behind,
            "seconds to catch up, new ones beside": caught_up, **figures}  # fmt: skip


def kills(times: int, mails: int, seed: int = 1) -> dict[str, float]:
    """A sender with a filled outbox is killed (SIGKILL) `times` times in the midst of sending, and started again each time."""
    rng, background = Random(seed), Background()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, store, redis = Server(folder), _store(folder), Redis(folder / "redis")
        server.up()
        background.run(redis.start())
        told: list[str] = []
        try:
            desk = _desk(store, None)
            for start in range(0, mails, 100):
                desk.take(_noted(start, min(start + 100, mails), told))
            command = [sys.executable, "-m", "benchmarks.notices_trouble", store.database.url, redis.url, server.url]
            for number in range(times):
                enough = sum(server.taken().values()) + rng.randint(1, max(2, mails // (times + 2)))
                process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
                server.wait_for(enough)
                process.kill()
                process.wait(60)
                say(f"  killed {number + 1} of {times}, {sum(server.taken().values())} mails taken")
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
            wait_until(lambda: not store.outbox.depth(datetime.now(UTC))["email"], 300, "the rest", 0.1)
            process.communicate(timeout=120)  # its input ends: it stops by itself
        finally:
            background.run(redis.stop())
            background.close()
        taken = server.taken()
        server.down()
        figures = _judged(store, told, taken)
        store.close()
    return {"kills": times, "mails": mails, "twice, at most (connections x kills)": CONNECTIONS * times, **figures}


def _judged(store: Store, told: list[str], taken: Counter[str]) -> dict[str, float]:
    """Lost, twice, and whether the ledger still verifies."""
    return {
        "told": len(told),
        "lost": len(set(told) - taken.keys()),
        "twice": sum(taken.values()) - len(taken),
        "ledger verifies": int(verify(Book(SECRET), store.ledger).ok),
    }


def _feed(desk: Desk, rate: float, told: list[str], over: threading.Event) -> None:
    begun, number = time.monotonic(), 0
    while not over.is_set():
        due = int((time.monotonic() - begun) * rate)
        if due > number:
            desk.take(_noted(number, due, told))
            number = due
        over.wait(0.02)


def _noted(first: int, end: int, told: list[str]) -> list[Item]:
    told += [notice.notice_id for notice in notices(first, end)]
    return list(items(first, end))


def _store(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder}/bench.db", Book(SECRET))


def _desk(store: Store, sender: Sender | None) -> Desk:
    desk = Desk(store, KnownUsers(), composer(), late_after=86_400, contact_wait=600, answer_ttl=86_400, sender=sender)
    if sender:
        desk.wake = sender.wake
    return desk


def victim(database: str, redis: str, smtp: str) -> None:
    """The sender that is killed; stops when its input ends."""
    store = open_store(database, Book(SECRET))
    marks = SentMarks(connect(redis, answer_seconds=0.5))
    sender = Sender(store.outbox, {"email": providers("email", [smtp])}, "victim", sole=True, marks=marks)
    sender.start()
    sys.stdin.read()
    sender.stop()
    store.close()


def spread(values: list[float]) -> dict[str, float]:
    """p50, p99 and the largest of milliseconds."""
    return {"p50 ms": percentile(values, 0.5), "p99 ms": percentile(values, 0.99), "max ms": max(values)}


if __name__ == "__main__":
    victim(*sys.argv[1:4])
