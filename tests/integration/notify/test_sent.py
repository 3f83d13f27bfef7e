"""Marks of what was handed over, in a real Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from embedded.redis import Redis
from stores import sent
from stores.redis_client import connect
from stores.sent import SentMarks
from tests.support.background import Background


def test_a_mark_is_seen_by_another_process_until_it_is_forgotten(redis_server: Redis):
    """Provider and id come back as they were; unknown deliveries aren't there."""
    one, another = SentMarks(connect(redis_server.url)), SentMarks(connect(redis_server.url))
    one.mark("d1", "mailto", "4XyZ9k")
    one.mark("d2", "smsgw", None)

    assert another.marked(["d0", "d1", "d2"]) == {"d1": ("mailto", "4XyZ9k"), "d2": ("smsgw", None)}
    another.forget(["d1", "d2"])
    assert one.marked(["d1", "d2"]) == {}
    assert one.marked([]) == {}


def test_without_redis_nothing_is_marked_and_nobody_waits(redis_server: Redis, background: Background, monkeypatch: pytest.MonkeyPatch):
    """Sending goes on: after one failure Redis isn't asked for a while, though it is back."""
    monkeypatch.setattr(sent, "REST", 3_600.0)
    marks = SentMarks(connect(redis_server.url))
    marks.mark("d1", "mailto", None)
    background.run(redis_server.stop())
    marks.mark("d2", "mailto", None)
    background.run(redis_server.start())
    marks.mark("d3", "mailto", None)

    assert marks.marked(["d1"]) == {}
    assert SentMarks(connect(redis_server.url)).marked(["d1", "d2", "d3"]) == {"d1": ("mailto", None)}


def test_many_mark_at_once_and_each_is_kept_when_it_goes_on(redis_server: Redis):
    """Marks that come together share a request; none returns before its own is there."""
    one, another = SentMarks(connect(redis_server.url)), SentMarks(connect(redis_server.url))

    def mark(number: int) -> bool:
        one.mark(f"d{number}", "mailto", str(number))
        return another.marked([f"d{number}"]) == {f"d{number}": ("mailto", str(number))}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(mark, range(200)))
    another.forget([f"d{number}" for number in range(200)])
