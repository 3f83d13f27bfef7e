"""From the moment the broker has the event to the moment the SMTP server has taken the mail, of the whole product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer

from benchmarks import world
from benchmarks.rig import ROOT, Rig, percentile, say
from benchmarks.throughput import _end, create_topics
from embedded.exchange import networks
from tests.support.background import wait_until
from tests.support.sinks import SmtpSink


def quiet_past(users: int, days: int = 20) -> Iterator[tuple[str, bytes, bytes]]:
    """A login a day of each user from one device, so that the next device is news."""
    begin = datetime.now(UTC) - timedelta(days=days)
    for day in range(days):
        for u in range(users):
            yield login(u, begin + timedelta(days=day, seconds=u), f"d{u}")


def login(u: int, at: datetime, device: str) -> tuple[str, bytes, bytes]:
    """One successful login of user `u`."""
    home = networks.of("home")
    event = {
        "type": "login",
        "event_id": f"l{u}-{device}-{at.timestamp():.3f}",
        "user_id": f"b{u}",
        "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": "success",
        "mfa": "totp",
        "client": {
            "session_id": f"s{device}", "ip": home[u % len(home)].address(Random(u)), "device_id": device,
            "user_agent": world.AGENT.format(142 if device.startswith("d") else 141), "channel": "web",
        },
    }  # fmt: skip
    return "logins", f"b{u}".encode(), json.dumps(event).encode()


def measure(rig: Rig, rates: list[float], seconds: float) -> list[dict[str, Any]]:
    """One row a rate of new-device logins a second, each of another user: p50 and p99 in milliseconds."""
    prefix = "latency."
    create_topics(rig, prefix)
    needed = int(sum(rate * seconds for rate in rates)) + len(rates)
    users = [world.record(i) for i in range(needed)]
    rig.fill(prefix, (("users", str(u["user_id"]).encode(), json.dumps(u).encode()) for u in users))
    total = sum(rig.fill(prefix, quiet_past(needed)).values())
    sink = SmtpSink(rig.background).up()
    log = (rig.folder / "latency.log").open("wb")
    env = rig.environment(prefix, "latency", VIGIL_EMAIL__URLS=json.dumps([sink.url]))
    process = subprocess.Popen([sys.executable, "worker.py", "worker"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    rows = []
    try:
        rig.watch(f"{prefix}bench-detect", total, lambda: process.poll() is None)
        first = 0
        for rate in rates:
            count = int(rate * seconds)
            rows.append(_one_rate(rig, prefix, sink, rate, range(first, first + count)))
            first += count
            say(f"  {rate:g}/s: p50 {rows[-1]['p50 ms']:.0f} ms, p99 {rows[-1]['p99 ms']:.0f} ms")
    finally:
        _end(process)
        sink.down()
        log.close()
    return rows


def _one_rate(rig: Rig, prefix: str, sink: SmtpSink, rate: float, users: range) -> dict[str, Any]:
    taken: dict[str, float] = {}

    async def publish() -> None:
        import asyncio

        producer = AIOKafkaProducer(bootstrap_servers=rig.address, linger_ms=0)
        await producer.start()
        begun = time.monotonic()

        async def one(u: int) -> None:
            topic, key, value = login(u, datetime.now(UTC), f"new{u}-{os.getpid()}")
            await producer.send_and_wait(prefix + topic, value, key=key)
            taken[f"b{u}@bench.example"] = time.time()

        tasks = []
        for n, u in enumerate(users):
            await asyncio.sleep(max(0.0, begun + n / rate - time.monotonic()))
            tasks.append(asyncio.create_task(one(u)))
        await asyncio.gather(*tasks)
        await producer.stop()

    rig.background.run(publish(), 900)
    try:
        wait_until(lambda: all(sink.to(address) for address in list(taken)[-20:]), 60, lambda: "the last mails")
    except AssertionError:
        pass  # the row says how many came
    delays = [(sink.to(address)[0].at - at) * 1000 for address, at in taken.items() if sink.to(address)]
    return {
        "logins/s": rate, "events": len(taken), "mails": len(delays), "p50 ms": percentile(delays, 0.5), "p99 ms": percentile(delays, 0.99),
        "max ms": max(delays),
    }  # fmt: skip
