"""What is left out for a reader who wants no more of it, or can't be reached."""

import pytest

from domain.events.user import User
from notices.refused import wanted
from tests.support.told import notice

MEI = User(user_id="u7", email="mei@mail.example", phone="+886912345678")
NEVER = lambda channel, contact: False  # noqa: E731


def only(channel: str, contact: str):
    """The one contact that came back."""
    return lambda *asked: asked == (channel, contact)


def test_a_tip_does_not_go_where_it_would_come_back():
    """The app keeps it."""
    tip = notice(kind="tip_phishing", channels=["email", "sms", "inapp"])
    told = wanted(tip, MEI, (), only("email", "mei@mail.example"))

    assert told.channels == ["sms", "inapp"]
    assert told.suppressed == {"email": "messages came back from this contact"}


def test_a_new_address_gets_tips_again():
    """It isn't the one that bounced."""
    tip = notice(kind="tip_phishing")

    assert wanted(tip, MEI, (), only("email", "old@mail.example")) == tip


@pytest.mark.parametrize("kind", ["login_new_device", "account_takeover", "margin_low", "service_delayed", "digest"])
def test_what_concerns_the_account_goes_out_all_the_same(kind):
    """Whoever took it over could have unsubscribed; and a mailbox may be repaired."""
    told = notice(kind=kind, channels=["email", "sms", "inapp"])

    assert wanted(told, MEI, {("email", "tip"), ("email", "security"), ("sms", "margin")}, lambda *_: True) == told


def test_who_unsubscribed_from_tips_still_gets_announcements():
    """Each class by itself."""
    both = [wanted(notice(kind=kind), MEI, {("email", "tip")}, NEVER).channels for kind in ("tip_phishing", "announcement_maintenance")]

    assert both == [["inapp"], ["email", "inapp"]]
