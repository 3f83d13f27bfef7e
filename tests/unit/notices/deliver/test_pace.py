"""When to try: backoff, breaker, bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.deliver.pace import Breaker, Bucket, backoff


def test_backoff_doubles_from_a_second_to_a_minute():
    """Without the dice the waits are 1, 2, 4 ... 60."""
    waits = [backoff(attempt, 0.5) for attempt in range(1, 9)]

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.slow
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_within_a_quarter_and_a_minute(attempt: int, chance: float):
    """The dice moves a wait by a quarter at most, and never beyond a minute."""
    plain = backoff(attempt, 0.5)

    assert 0.75 * plain <= backoff(attempt, chance) <= min(60.0, 1.25 * plain)


def test_a_breaker_opens_after_three_failures_in_a_row():
    """Two failures, a success and two failures leave it closed; a third opens it."""
    breaker = Breaker()
    for outcome in "ffsff":
        breaker.success() if outcome == "s" else breaker.failure(0.0, "away")
    assert breaker.allows(0.0)

    assert breaker.failure(0.0, "away")
    assert not breaker.allows(1000.0)
    assert breaker.reason == "away"


def test_an_open_breaker_lets_one_message_through_once_the_provider_answers():
    """After a good probe one message has the place; the others wait until it was taken."""
    breaker = Breaker(threshold=1)
    breaker.failure(0.0, "away")

    assert not breaker.wants_probe(0.5)
    assert breaker.wants_probe(1.0)
    assert not breaker.wants_probe(1.0), "one probe at a time"
    breaker.probed(1.1, answers=True)
    assert breaker.allows(1.1)
    assert not breaker.allows(1.1)
    assert breaker.success()
    assert breaker.allows(1.1)
    assert breaker.allows(1.1)


def test_probes_that_fail_come_less_often_up_to_five_seconds():
    """The rests between failed probes double to the longest."""
    breaker, now, rests = Breaker(threshold=1), 0.0, []
    breaker.failure(now, "away")
    for _ in range(5):
        began = now
        while not breaker.wants_probe(now):
            now += 0.125
        rests.append(now - began)
        breaker.probed(now, answers=False)

    assert rests == [1, 2, 4, 5, 5]


def test_a_provider_that_greets_and_then_fails_its_message_is_tried_ever_less():
    """Each such message costs its reader time: 5, 10, 20, then 30 s between them; a success forgets it."""
    breaker, now, rests = Breaker(threshold=1), 0.0, []
    breaker.failure(now, "no answer")
    for _ in range(5):
        began = now
        while not breaker.wants_probe(now):
            now += 0.25
        rests.append(now - began)
        breaker.probed(now, answers=True)
        assert breaker.allows(now)
        breaker.failure(now, "no answer")

    assert rests == [1, 5, 10, 20, 30]


def test_a_message_that_was_not_tried_gives_its_place_back():
    """Half open, an abandoned place is for the next message."""
    breaker = Breaker(threshold=1)
    breaker.failure(0.0, "away")
    breaker.wants_probe(1.0)
    breaker.probed(1.0, answers=True)
    assert breaker.allows(1.0)

    breaker.abandon()

    assert breaker.allows(1.0)


def test_a_pause_is_kept_to_but_not_for_ever():
    """Retry-After of ten minutes is granted for one."""
    breaker = Breaker()
    breaker.pause(0.0, 600.0, "HTTP 429")

    assert not breaker.allows(59.0)
    assert breaker.wait(50.0) == 10.0
    assert breaker.allows(60.0)


def test_a_bucket_lets_its_rate_through_after_a_burst():
    """At 10 a second: ten at once, then one each tenth."""
    bucket = Bucket(10.0)

    assert [bucket.delay(5.0) for _ in range(10)] == [0.0] * 10
    assert 0 < bucket.delay(5.0) <= 0.1
    assert bucket.delay(5.11) == 0.0
    assert bucket.delay(5.12) > 0


@pytest.mark.slow
@given(st.floats(0.1, 50), st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_no_bucket_exceeds_its_rate_and_burst(rate: float, gaps: list[float]):
    """However the asks fall, no more are let through than rate times time and one burst."""
    bucket, now, let_through = Bucket(rate), 0.0, 0
    for gap in gaps:
        now += gap
        let_through += bucket.delay(now) == 0.0

    assert let_through <= rate * now + max(1.0, rate) + 1e-6


def test_without_a_rate_nothing_waits():
    """No rate: no limit."""
    bucket = Bucket(None)

    assert all(bucket.delay(0.0) == 0.0 for _ in range(1000))
