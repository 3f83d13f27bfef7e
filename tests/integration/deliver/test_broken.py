"""A mail server that goes away and a sender that is killed, measured by what the server took."""

import pytest

from benchmarks import notices_trouble

pytestmark = pytest.mark.slow


def test_a_mail_server_that_was_away_costs_no_notice_and_tells_none_twice() -> None:
    """Notices keep coming while it is away; all go out once it is back."""
    found = notices_trouble.outage(seconds=3.0, rate=30.0, around=1.0)

    assert found["waiting when it was back"] > 0
    assert (found["lost"], found["twice"], found["ledger verifies"]) == (0, 0, 1)


def test_a_killed_sender_loses_nothing_and_repeats_what_was_in_flight_at_most() -> None:
    """Killed twice in the midst of sending: a message a connection may come again, the rest exactly once."""
    found = notices_trouble.kills(times=2, mails=100)

    assert (found["lost"], found["told"], found["ledger verifies"]) == (0, 100, 1)
    assert found["twice"] <= 2 * notices_trouble.CONNECTIONS
