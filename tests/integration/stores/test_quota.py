"""Counts of quotas in a real Redis: workers share them, and an outage stops nobody."""

from embedded.redis import Redis
from notices.deliver.quota import OwnCounts
from stores.quota import SharedCounts
from stores.redis_client import connect
from tests.support.background import Background


def test_workers_count_together(redis_server: Redis):
    """What one gave a provider counts for the other; what was given back doesn't."""
    one, another = (SharedCounts(connect(redis_server.url), OwnCounts()) for _ in range(2))
    counts = [one.add("sms:smsgw:3600:7", 1, 60), another.add("sms:smsgw:3600:7", 1, 60), one.add("sms:smsgw:3600:7", -1, 60)]

    assert counts == [1, 2, 1]
    assert another.add("sms:smsgw:3600:8", 1, 60) == 1


def test_while_redis_is_away_each_worker_counts_for_itself(redis_server: Redis, background: Background):
    """The quota is kept to as well as one worker can."""
    counts = SharedCounts(connect(redis_server.url), OwnCounts())
    counts.add("sms:smsgw:3600:7", 5, 60)
    background.run(redis_server.stop())

    assert [counts.add("sms:smsgw:3600:7", 1, 60) for _ in range(3)] == [1, 2, 3]
