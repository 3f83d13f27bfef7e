"""`make bench-notices`: what notices cost, how fast they go out, and what becomes of them when things break.

Set-up and figures as tables on stdout, progress on stderr, JSON in benchmarks/results/notices.json. Goals stand beside the figures; CPU
means more than rates on a machine that others use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks import mail, notices_trouble, world
from benchmarks.__main__ import table
from benchmarks.rig import RESULTS, ROOT, save, say, setup
from config.notices import load as load_notices
from domain.events import User
from domain.ids import notice_id
from domain.messages import Medium
from embedded.processes import free_port
from embedded.redis import Redis
from ledger.book import Book
from ledger.keys import Keyring
from notices.deliver.inapp import item
from notices.deliver.registry import providers
from notices.deliver.sender import Sender
from notices.samples import Samples, names, user
from notices.samples.make import USER
from stores.inbox import RedisInbox
from stores.redis_client import connect
from stores.sql.store import open_store
from streams.notify import SWITCH
from tests.support.background import Background

CHANNELS: tuple[Medium, ...] = ("email", "sms", "inapp")
WARMING = 3
"""Compositions that don't count: what a kind and a language fix is worked out once."""
LANGUAGES = ("en", "zh-TW", "ja", "de", "ar")
TOKEN = "benchmark" * 4


def composing(each: int) -> dict[str, float]:
    """CPU ms of one notice in e-mail, SMS and in-app, over every kind's sample and five languages."""
    writer, made, at = mail.composer(), Samples(load_notices()), datetime.now(UTC)
    times: list[float] = []
    for name in names():
        notice = made.notice(name)
        digest = made.parts_of_digest() if notice.kind == "digest" else []
        for language in LANGUAGES:
            for n in range(-WARMING, each):
                one = msgspec.structs.replace(notice, channels=list(CHANNELS), notice_id=notice_id(f"{name}{n}", USER, notice.kind))
                begun = time.process_time()
                written = writer.compose(one, user(locale=language), {"current": secrets.token_urlsafe(16)}, at, digest)
                if n >= 0:
                    times.append((time.process_time() - begun) * 1e3)
                assert len(written) == len(CHANNELS)
    return {"samples": len(names()), "languages": len(LANGUAGES), "mean ms": sum(times) / len(times), **notices_trouble.spread(times)}


def sms(count: int) -> dict[str, float]:
    """Text messages a second from a filled outbox to a real HTTP session."""
    with mail.gateway() as url, tempfile.TemporaryDirectory() as folder:
        _, sending = mail.filled_first(Path(folder) / "sms.db", url, count, "sms")
    return {"SMS sent a second, outbox filled before": count / sending.wall, "CPU ms an SMS": sending.cpu / count * 1e3}


def drain(rows: int) -> dict[str, float]:
    """`rows` mails of 18 kB that are due at once, to a real SMTP session."""
    from benchmarks.outbox import fill

    with mail.smtp() as url, tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/drain.db", Book(secrets.token_hex(32)))
        say(f"  filling the outbox with {rows:,} rows")
        fill(store, rows, 500)
        sender = Sender(store.outbox, {"email": providers("email", [url])}, "bench", sole=True)
        begun, cpu = time.perf_counter(), time.process_time()
        sender.start()
        while left := store.outbox.depth(datetime.now(UTC))["email"]:
            say(f"  {left:,} left")
            time.sleep(min(10.0, max(0.1, left / 1000)))
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        sender.stop()
        store.close()
    return {"rows": rows, "seconds": wall, "mails a second": rows / wall, "CPU ms a mail": cpu / rows * 1e3}


def push(items: int, rate: float, users: int = 20) -> dict[str, float]:
    """From the sender's write to the event in the app's open stream: a console process, Redis, HTTP, `users` streams open."""
    background = Background()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        redis = Redis(folder / "redis")
        background.run(redis.start())
        env = {k: v for k, v in os.environ.items() if not k.startswith("VIGIL_")} | {
            "VIGIL_REDIS__URL": redis.url, "VIGIL_DATABASE__URL": f"sqlite:///{folder}/v.db", "VIGIL_SECRET_KEY": notices_trouble.SECRET,
            "VIGIL_DATA_DIR": name, "VIGIL_CONSOLE__PORT": str(port), "VIGIL_CONSOLE__API_TOKEN": TOKEN, "VIGIL_LOG_LEVEL": "warning",
        }  # fmt: skip
        console = subprocess.Popen([sys.executable, "worker.py", "console"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
        try:
            mail.listening(port)
            inbox = RedisInbox(connect(redis.url), Keyring(notices_trouble.SECRET).box("inbox"))
            delays = asyncio.run(_pushed(f"http://127.0.0.1:{port}", inbox, items, rate, users))
        finally:
            console.terminate()
            console.wait(20)
            background.run(redis.stop())
            background.close()
    return {"items": items, "open streams": users, "items a second": rate, "lost": items - len(delays),
            **notices_trouble.spread([delay * 1e3 for delay in delays])}  # fmt: skip


async def _pushed(url: str, inbox: RedisInbox, items: int, rate: float, users: int) -> list[float]:
    put: dict[str, float] = {}
    delays: list[float] = []
    standing = asyncio.Semaphore(0)

    async def read(client: httpx.AsyncClient, number: int) -> None:
        async with client.stream("GET", f"{url}/api/inbox/b{number}/stream") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event: unread"):
                    standing.release()
                elif line.startswith("data: ") and (told := json.loads(line[6:])).get("notice_id") in put:
                    delays.append(time.perf_counter() - put[told["notice_id"]])

    limits = httpx.Limits(max_connections=users + 1)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, limits=limits) as client:
        readers = [asyncio.create_task(read(client, number)) for number in range(users)]
        for _ in readers:
            await asyncio.wait_for(standing.acquire(), 60)
        writer, begun = mail.composer(), time.perf_counter()
        for n, plain in enumerate(mail.notices(0, items, ["inapp"])):
            await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
            reader = msgspec.convert(world.record(n % users), User)
            notice = msgspec.structs.replace(plain, user_id=reader.user_id)
            (made,) = writer.compose(notice, reader, {}, datetime.now(UTC))
            put[notice.notice_id] = time.perf_counter()
            await asyncio.to_thread(inbox.put, reader.user_id, item(made))
        until = time.perf_counter() + 10
        while len(delays) < items and time.perf_counter() < until:
            await asyncio.sleep(0.02)
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return delays


def main() -> None:
    options = arguments()
    facts = {k: v for k, v in setup().items() if k not in ("faust", "aiokafka", "partitions")}
    table("Set-up", ["", ""], [[k, v] for k, v in facts.items()])
    sys.setswitchinterval(SWITCH)
    quick = options.quick
    parts: dict[str, tuple[str, Callable[[], dict[str, float]]]] = {
        "compose": ("Composing a notice in e-mail, SMS and in-app, CPU (goal: below 2 ms)", lambda: composing(2 if quick else 20)),
        "mail": ("E-mails through outbox and ledger to SMTP (goal: 600 a second)", lambda: mail.measure(300 if quick else 3000)),
        "sms": ("SMS through outbox and ledger to a gateway", lambda: sms(300 if quick else 3000)),
        "drain": ("An outbox of due rows, drained", lambda: drain(1000 if quick else options.rows)),
        "push": ("Inbox push: written to seen in the app's stream", lambda: push(100 if quick else 1000, 50.0)),
        "outage": (
            "The mail server is away (goal: lost 0, twice 0)",
            lambda: notices_trouble.outage(5.0, 20.0, 3.0) if quick else notices_trouble.outage(options.minutes * 60, options.rate),
        ),
        "kills": (
            "kill -9 of the sender (goal: lost 0, twice at most what was in flight)",
            lambda: notices_trouble.kills(3, 300) if quick else notices_trouble.kills(options.kills, 150 * options.kills),
        ),
    }  # fmt: skip
    figures: dict[str, Any] = _kept()
    for name in options.parts:
        title, measure = parts[name]
        say(f"{name}: load {os.getloadavg()[0]:.1f}")
        found = measure() | {"load": os.getloadavg()[0]}
        figures[name] = {"setup": facts, **found}
        table(title, ["", ""], [[k, f"{v:,.0f}" if float(v).is_integer() else f"{v:,.2f}"] for k, v in found.items()])
    if quick:
        say("quick: shows that it runs; figures aren't kept")
        return
    save("notices", figures)
    say("figures kept in benchmarks/results/notices.json")


def _kept() -> dict[str, Any]:
    """What is kept of parts that aren't measured now, each with its own set-up."""
    file = RESULTS / "notices.json"
    return json.loads(file.read_text()) if file.exists() else {}


PARTS = ("compose", "mail", "sms", "drain", "push", "outage", "kills")


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="python -m benchmarks.notices", description=__doc__)
    a.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    a.add_argument("--rows", type=int, default=100_000, help="of the outbox that is drained")
    a.add_argument("--minutes", type=float, default=10.0, help="for which the mail server is away")
    a.add_argument("--rate", type=float, default=50.0, help="notices a second meanwhile")
    a.add_argument("--kills", type=int, default=20)
    a.add_argument("--quick", action="store_true", help="in two minutes: shows that it runs, not how fast")
    return a.parse_args()


if __name__ == "__main__":
    main()
