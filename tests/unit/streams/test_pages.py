"""Pages for monitors: metrics of two processes as one page, the small HTTP server, the cache, the lock on SQLite."""

import asyncio
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.settings import load
from streams import http
from streams.cache import ProfileCache
from streams.kernel import Tally
from streams.locks import Taken, lock_database
from streams.metrics import Collector, Standing, text
from streams.supervise import merged


def collector(role: str) -> Collector:
    tally = Tally()
    tally.events = Counter({"logins": 3})
    tally.findings["login_new_device", "notice"] = 2
    tally.detector_errors["trade_burst"] = 1
    return Collector(Standing(SimpleNamespace(consumes=True), role), tally)


def test_metrics_name_what_was_done() -> None:
    """Counters by topic and detector, and whether the role consumes."""
    page = text(collector("detect"))

    assert 'vigil_events_total{topic="logins"} 3.0' in page
    assert 'vigil_findings_total{detector="login_new_device",severity="notice"} 2.0' in page
    assert 'vigil_detector_errors_total{detector="trade_burst"} 1.0' in page
    assert 'vigil_ready{role="detect"} 1.0' in page


def test_two_pages_become_one_that_prometheus_takes() -> None:
    """Each TYPE line once, with the samples of both processes below it."""
    page = merged([text(collector("detect")), text(collector("notify"))])
    lines = page.splitlines()
    types = [line for line in lines if line.startswith("# TYPE ")]

    assert len(types) == len(set(types))
    at = lines.index("# TYPE vigil_up gauge")
    assert lines[at + 1 : at + 3] == ['vigil_up{role="detect"} 1.0', 'vigil_up{role="notify"} 1.0']
    assert page.endswith("\n")


async def test_pages_are_served_over_a_socket(tmp_path: Path) -> None:
    """Known pages answer, unknown ones are 404, a page that fails is 500 and says no more than what kind of error."""

    async def well() -> http.Page:
        return 200, "ok\n"

    async def ill() -> http.Page:
        raise ValueError("a secret")

    path = tmp_path / "s"
    server = await http.serve({"/healthz": well, "/metrics": ill}, socket=path)

    assert await http.fetch(path, "/healthz") == (200, "ok\n")
    assert await http.fetch(path, "/healthz?deep=1") == (200, "ok\n")
    assert await http.fetch(path, "/metrics") == (500, "ValueError\n")
    assert (await http.fetch(path, "/etc/passwd"))[0] == 404
    server.close()


async def test_garbage_does_not_stop_the_pages(tmp_path: Path) -> None:
    """Bytes that are no HTTP, a head without end, a connection cut short: the next request is answered."""

    async def well() -> http.Page:
        return 200, "ok\n"

    path = tmp_path / "s"
    server = await http.serve({"/healthz": well}, socket=path)
    for garbage in (b"\x00\xff\r\n\r\n", b"GET", b"A" * 100_000):
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(garbage)
        writer.close()
    post = await asyncio.open_unix_connection(str(path))
    post[1].write(b"POST /healthz HTTP/1.1\r\n\r\n")

    assert (await post[0].read(20)).startswith(b"HTTP/1.1 405")
    assert await http.fetch(path, "/healthz") == (200, "ok\n")
    server.close()


def test_the_cache_lets_go_of_what_was_not_used_lately() -> None:
    """Bounded in bytes; a user without a profile is remembered as such."""
    cache = ProfileCache(limit=3 * 350)
    cache.put({"a": b"x" * 100, "b": b"x" * 100, "c": None})
    cache.get("a")
    cache.put({"d": b"x" * 100})

    assert "b" not in cache
    assert cache.get("a") == b"x" * 100
    assert cache.get("c") is None
    assert cache.size <= cache.limit
    cache.clear()
    assert (len(cache), cache.size) == (0, 0)


def test_a_second_worker_on_the_same_sqlite_is_refused(tmp_path: Path) -> None:
    """Told what to do; other files and PostgreSQL are not concerned."""
    mine = load({"VIGIL_DATABASE__URL": f"sqlite:///{tmp_path}/a.db"})
    lock_database(mine, ("detect",))
    with pytest.raises(Taken, match="PostgreSQL"):
        lock_database(mine, ("detect",))
    lock_database(mine, ("notify",))
    lock_database(load({"VIGIL_DATABASE__URL": f"sqlite:///{tmp_path}/b.db"}), ("detect",))
    for _ in range(2):
        lock_database(load({"VIGIL_DATABASE__URL": "postgresql+psycopg://h/d"}), ("detect",))
