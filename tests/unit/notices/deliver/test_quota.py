"""A provider's quota: counted by the clock's hour and day over all workers, its last tenth kept for what is urgent."""

import pytest

from notices.deliver.provider import Limits, ProviderError
from notices.deliver.quota import OwnCounts, Quota
from notices.deliver.registry import providers

NOON = 1_795_348_800.0
"""A full hour."""


class Clock:
    def __init__(self, at: float = NOON):
        self.at = at

    def __call__(self) -> float:
        return self.at


def quota(counts: OwnCounts, clock: Clock, **limits: int) -> Quota:
    return Quota("sms", "smsgw", Limits(**limits), counts, clock)


def test_without_a_quota_nothing_is_counted():
    """Most providers have none: nobody is asked."""
    counts = OwnCounts()

    assert all(quota(counts, Clock()).take("info") for _ in range(1000))
    assert counts._counts == {}


def test_an_hour_brings_its_number_and_the_next_hour_brings_it_again():
    """Ten an hour: nine tips, then none until the hour is over."""
    clock = Clock()
    one = quota(OwnCounts(clock), clock, hourly=10)
    taken = [one.take("info") for _ in range(12)]
    waits = one.wait("info")
    clock.at += 3600

    assert taken == [True] * 9 + [False] * 3
    assert waits == 3600
    assert one.take("info")
    assert one.wait("info") == 0


def test_the_last_tenth_is_kept_for_what_is_urgent():
    """A day's quota that tips have used up still has room for a theft, to the last message and no further."""
    clock = Clock()
    one = quota(OwnCounts(clock), clock, daily=20)
    tips = sum(one.take("info") for _ in range(30))
    warnings = sum(one.take("critical") for _ in range(30))

    assert (tips, warnings) == (18, 2)


def test_the_narrower_of_two_windows_decides_and_a_refusal_uses_up_neither():
    """Five an hour, eight a day: five now, three in the next hour, none in the one after."""
    clock = Clock(NOON - NOON % 86_400)
    one = quota(OwnCounts(clock), clock, hourly=5, daily=8)
    hours = []
    for _ in range(3):
        hours.append(sum(one.take("critical") for _ in range(20)))
        clock.at += 3600

    assert hours == [5, 3, 0]


def test_workers_share_a_quota_and_what_was_not_tried_is_given_back():
    """Two workers with the same counts: together ten; one that was taken back from the queue can go to another reader."""
    clock = Clock()
    counts = OwnCounts(clock)
    first, second = quota(counts, clock, hourly=10), quota(counts, clock, hourly=10)
    taken = sum(one.take("warning") for _ in range(10) for one in (first, second))
    first.give_back()

    assert taken == 10
    assert first.take("warning")
    assert not second.take("warning")


def test_a_quota_is_read_from_the_url():
    """`hourly` and `daily` stand beside `rate`; nonsense is refused by its place."""
    (one,) = providers("sms", ["smsgw://t@gw.example:1/sms?hourly=100&daily=2000"])

    assert one.limits == Limits(hourly=100, daily=2000)
    with pytest.raises(ProviderError, match=r"SMS__URLS\[0\]: expected hourly and daily above 0"):
        providers("sms", ["smsgw://t@gw.example:1/sms?daily=0"])
