"""What a digest says: each event once."""

from datetime import timedelta

from notices.compose import Composer
from notices.digest import digest_notice, listed
from tests.support.told import NOW, notice


def test_an_event_is_listed_once():
    """By the gravest notice about it, in event time."""
    small, grave = notice(1), notice(1, kind="login_new_country", severity="warning")
    later = notice(2, occurred_at=NOW + timedelta(minutes=1))

    assert [one.kind for one in listed([later, small, grave])] == ["login_new_country", "login_new_device"]


def test_of_a_thread_the_latest_is_listed():
    """It says what has become of it."""
    first, last = (notice(n, thread="margin:cross", occurred_at=NOW + timedelta(minutes=n)) for n in (1, 2))

    assert listed([last, first]) == [last]


def test_the_digest_names_all_its_parts_and_counts_what_it_lists():
    """The record has every notice; the subject the number of lines."""
    both = [notice(1), notice(1, kind="login_new_country", notice_id="another")]
    made = digest_notice("u7", both, NOW)

    (mail,) = Composer("Example", "http://vigil.example").compose(made, None, {}, NOW, both, channels={"inapp"})
    assert sorted(made.parts) == sorted(one.notice_id for one in both)
    assert mail.subject == "More notices about your account: 1"
