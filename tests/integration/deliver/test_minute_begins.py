"""A mail server goes away for a minute; `tests/integration/test_minute_ends.py`, the last to run, looks at what came of it."""

from tests.support.background import wait_until
from tests.support.outage import Outage


def test_mails_queue_while_the_server_is_away(minute_without_mail: Outage):
    """Written down and waiting, none refused."""
    wait_until(lambda: minute_without_mail.began)
    wait_until(lambda: minute_without_mail.queued() >= 3)

    assert len(minute_without_mail.told) > minute_without_mail.before
