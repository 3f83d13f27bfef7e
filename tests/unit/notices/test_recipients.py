"""Who gets a notice."""

from __future__ import annotations

import pytest

from domain.events.user import PreviousContact
from domain.profile import UserState
from notices.compose.recipients import email_address, missing, phone_number, recipients, slots
from tests.unit.notices.builders import NOON, at, change, finding
from tests.unit.notices.deciding import POLICY
from tests.unit.notices.samples import notice, user


def told(one, reader, now=NOON):
    return {(r.channel, r.address) for r in recipients(one, reader, now)}


def previous(value, days=10.0, kind="email"):
    return PreviousContact(kind=kind, value=value, replaced_at=at(-24 * days))


def changed(what, **detail):
    one = finding("security_setting_changed", facts={"change": what}, subject="e1")
    return POLICY.decide(change(what, **detail), [one], UserState(), NOON).notices[0]


def test_each_channel_has_its_contact():
    """E-mail, phone in E.164, the user in-app."""
    assert told(notice("withdrawal_large"), user(phone="+31 6 1234-5678")) == {
        ("email", "a@b.example"),
        ("sms", "+31612345678"),
        ("inapp", "u7"),
    }


def test_replaced_contacts_are_told_at_critical_for_thirty_days():
    """On their own channel, in a message of their own."""
    reader = user(previous_contacts=[previous("old@b.example"), previous("older@b.example", 31), previous("+31600000000", kind="phone")])

    assert told(notice("account_takeover"), reader) >= {("email", "old@b.example"), ("sms", "+31600000000")}
    assert ("email", "older@b.example") not in told(notice("account_takeover"), reader)


def test_replaced_contacts_are_not_told_of_lesser_things():
    """A warning is for the present owner alone."""
    assert ("email", "old@b.example") not in told(notice("withdrawal_large"), user(previous_contacts=[previous("old@b.example")]))


def test_a_changed_address_is_told_at_both_before_the_directory_knows():
    """The directory still shows the old address: the event names both."""
    one = changed("email_changed", old="a@b.example", new="new@c.example")

    assert told(one, user()) >= {("email", "a@b.example"), ("email", "new@c.example")}


def test_a_changed_address_is_told_at_both_once_the_directory_knows():
    """The directory shows the new one; the event or the directory names the old one."""
    reader = user(email="new@c.example", previous_contacts=[previous("a@b.example", 0)])
    both = {("email", "a@b.example"), ("email", "new@c.example")}

    assert told(changed("email_changed", old="a@b.example", new="new@c.example"), reader) >= both
    assert told(changed("email_changed"), reader) >= both


def test_a_changed_phone_tells_the_old_phone_by_text_message():
    """Though a notice sends the current phone nothing."""
    one = changed("phone_changed", old="+31600000001", new="+31600000002")

    assert [address for channel, address in told(one, user()) if channel == "sms"] == ["+31600000001"]


def test_a_masked_old_contact_is_no_contact():
    """Some exchanges write `a***@b` into their events."""
    assert told(changed("phone_changed", old="+31 *** 01"), user()) == {("email", "a@b.example"), ("inapp", "u7")}


def test_a_change_that_names_no_old_address_is_told_at_the_one_that_the_directory_shows():
    """It is behind the event: what it shows is what was replaced. Once it knows, its own list says what was."""
    one = changed("email_changed", new="new@c.example")

    assert told(one, user()) >= {("email", "a@b.example"), ("email", "new@c.example")}
    assert [r.slot for r in recipients(one, user(), NOON) if r.address == "new@c.example"] == ["current"]
    assert {address for channel, address in told(one, user(email="new@c.example")) if channel == "email"} == {"new@c.example"}


def test_a_masked_address_gets_no_mail():
    """`n***@c.example` may be somebody's."""
    one = changed("email_changed", old="a***@b.example", new="n***@c.example")

    assert {address for channel, address in told(one, user()) if channel == "email"} == {"a@b.example"}


def test_a_recipient_is_told_once():
    """The same address from event and directory is one message; its slot stays the same."""
    one = changed("email_changed", old="Old@b.example", new="a@b.example")
    reader = user(previous_contacts=[previous("old@b.example", 0)])
    old = [r for r in recipients(one, reader, NOON) if r.slot != "current"]

    assert len(old) == 1
    assert old[0].slot == next(r.slot for r in recipients(one, None, NOON) if r.slot != "current")


def test_every_link_has_a_slot_and_nothing_to_answer_has_none():
    """One token a contact, so that an answer says whose link it was."""
    reader = user(previous_contacts=[previous("old@b.example")])

    assert slots(notice("account_takeover"), recipients(notice("account_takeover"), reader, NOON))[0] == "current"
    assert len(slots(notice("account_takeover"), recipients(notice("account_takeover"), reader, NOON))) == 2
    assert slots(notice("margin_low"), recipients(notice("margin_low"), reader, NOON)) == []


def test_channels_without_a_contact_are_named():
    """Those deliveries wait for the directory."""
    one = notice("withdrawal_large")

    assert missing(one, recipients(one, None, NOON)) == ["email", "sms"]
    assert missing(one, recipients(one, user(phone=None), NOON)) == ["sms"]
    assert missing(one, recipients(one, user(), NOON)) == []


def test_old_contacts_are_bounded():
    """A list of a thousand contacts is not a mailing list."""
    reader = user(previous_contacts=[previous(f"o{n}@b.example") for n in range(1000)])

    assert len(recipients(notice("account_takeover"), reader, NOON)) < 10


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [("+886912345678", None, "+886912345678"), ("0912 345 678", "TW", "+886912345678"), ("12", "TW", None), ("+", None, None), ("+0123456789", None, None),
     ("٠٩١٢٣٤٥٦٧٨", "TW", None), (None, "TW", None), ("call me", "TW", None), ("+1234567890123456", None, None)],
)  # fmt: skip
def test_phone_numbers_are_e164_or_none(text, region, number):
    """A national number is read by the region."""
    assert phone_number(text, region) == number


def test_an_address_keeps_its_spelling():
    """Local parts are case sensitive by the letter of the standard."""
    assert email_address(" A.b+c@B.example ") == "A.b+c@B.example"
