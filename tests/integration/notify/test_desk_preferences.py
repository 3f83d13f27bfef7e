"""What a reader chose, at the desk: muted, held in quiet hours, left to his own digest; and what the ledger says of it."""

from datetime import timedelta

from domain.events.user import Preferences, QuietHours
from domain.policy_rules import Managers, Rules
from ledger.record import NoticeRecord, records
from ledger.verify import verify
from notices.compose import Composer
from tests.integration.notify.desk import START, Bench, words

EVENING = QuietHours(start="17:00", end="20:00")
"""In Taipei; the bench begins at 18:00 there."""
END = START + timedelta(hours=2)


def record(bench: Bench, notice_id: str) -> NoticeRecord:
    assert verify(bench.store.book, bench.store.ledger).ok
    (found,) = records(bench.store.book, bench.store.ledger, [notice_id])
    return found


def test_quiet_hours_hold_the_mail_until_they_end(bench: Bench):
    """The item in the app is there at once; a provider that is back doesn't hurry the mail; the ledger says why it waits."""
    bench.user(preferences=Preferences(quiet_hours=EVENING))
    notice = bench.notice()
    bench.take(notice)
    at_once = set(bench.claimed())
    bench.store.outbox.hasten("email", bench.at)
    bench.later(minutes=119)
    too_early = bench.claimed()
    bench.later(minutes=1)

    assert (at_once, too_early, set(bench.claimed())) == ({"inapp"}, {}, {"email"})
    mail = next(d for d in record(bench, notice.notice_id).deliveries if d.channel == "email")
    assert (mail.status, mail.reason) == ("queued", "quiet hours of the user until 2026-11-22T12:00Z")
    assert bench.receipts() == [("email", "queued", mail.reason)]


def test_a_grave_notice_goes_out_in_quiet_hours(bench: Bench):
    """Whatever was muted."""
    bench.user(preferences=Preferences(quiet_hours=EVENING, channels={"security": []}, digest="daily"))
    bench.take(bench.notice(kind="login_new_country", severity="warning", channels=["email", "sms", "inapp"]))

    assert set(bench.claimed()) == {"email", "sms", "inapp"}


def test_a_muted_channel_is_recorded(bench: Bench):
    """As suppressed, with the reason; nothing is sent in its place."""
    bench.user(preferences=Preferences(channels={"security": ["inapp"]}))
    notice = bench.notice()
    bench.take(notice)

    assert set(bench.claimed()) == {"inapp"}
    assert bench.receipts() == [("email", "suppressed", "muted by the user's preferences (security)")]
    assert record(bench, notice.notice_id).channels == ["inapp"]


def test_what_waits_for_a_contact_learns_what_its_reader_wants(bench: Bench):
    """The record that brings the address brings the preferences."""
    bench.take(bench.notice(1))
    bench.take(bench.notice(2, user="u8"))
    bench.user(preferences=Preferences(quiet_hours=EVENING))
    bench.user(user_id="u8", preferences=Preferences(channels={"security": []}))
    bench.desk.tend()
    now = set(bench.claimed())
    bench.at = END

    assert (now, set(bench.claimed())) == ({"inapp"}, {"email"})
    said = {(status, reason) for _, status, reason in bench.receipts()}
    assert said == {
        ("queued", "quiet hours of the user until 2026-11-22T12:00Z"),
        ("suppressed", "muted by the user's preferences (security)"),
    }


def test_a_daily_digest_names_what_the_day_brought(bench: Bench):
    """One mail at nine in the morning, one entry of the ledger; what is graver went out by itself."""
    bench.user(preferences=Preferences(digest="daily"))
    one, two = bench.notice(1), bench.notice(2)
    grave = bench.notice(3, kind="login_new_country", severity="warning", channels=["email", "inapp"])
    bench.take(one, two, grave)
    single = [row.notice_id for row in bench.claimed().values() if row.channel == "email"]
    bench.at = START + timedelta(hours=14, minutes=59)
    bench.desk.tend()
    early = bench.claimed()
    bench.at = START + timedelta(hours=15)
    bench.desk.tend()
    bench.desk.tend()

    (digest,) = bench.claimed().values()
    assert (single, early, digest.kind) == ([grave.notice_id], {}, "digest")
    assert sorted(record(bench, digest.notice_id).parts) == sorted([one.notice_id, two.notice_id])
    assert bench.claimed() == {}


def test_a_digest_is_not_too_old_for_what_it_lists(bench: Bench):
    """Put off at nine for the next morning's digest, and that for quiet hours: more than a day later it is told all the same."""
    bench.later(hours=15, minutes=30)  # half past nine in Taipei
    bench.user(preferences=Preferences(digest="daily", quiet_hours=QuietHours(start="08:00", end="12:00")))
    notice = bench.notice()
    bench.take(notice)
    bench.later(hours=26, minutes=30)
    bench.desk.tend()

    assert "digest" in {row.kind for row in bench.claimed().values()}


def test_the_ledger_says_what_was_odd_about_the_reader(bench: Bench):
    """What is left is told; nothing of what was odd stands there."""
    bench.user(email="mei at home", time_zone="Mars/Phobos", locale="tlh")
    notice = bench.notice()
    bench.take(notice)

    assert set(bench.claimed()) == {"inapp"}
    assert record(bench, notice.notice_id).notes == [
        "email: what the user has is not an address",
        "time zone: unknown, so times are in UTC",
        "locale: not one that Vigil writes, so en by default",
    ]


def test_a_warning_that_is_over_before_the_morning_is_not_sent_in_the_morning(bench: Bench):
    """It says so at once."""
    bench.user(preferences=Preferences(quiet_hours=EVENING))
    notice = bench.notice(kind="margin_low", answerable=False, expires_at=bench.at + timedelta(minutes=30), reasons=[])
    bench.take(notice)
    bench.at = END

    assert "email" not in bench.claimed()
    assert bench.receipts()[0][1:] == ("suppressed", "quiet hours of the user until 2026-11-22T12:00Z, over before they end")


def test_a_digest_does_not_name_what_a_newer_notice_replaced(bench: Bench):
    """What recovered meanwhile is in no digest, and the ledger says that it was left out."""
    bench.user(preferences=Preferences(digest="hourly"))
    margin = {"kind": "margin_low", "answerable": False, "thread": "margin:cross", "reasons": []}
    old = bench.notice(1, **margin)
    bench.take(old, bench.notice(2))
    bench.later(minutes=1)
    bench.take(bench.notice(3, **(margin | {"kind": "margin_recovered", "channels": []})))
    bench.later(hours=1)
    bench.desk.tend()

    (digest,) = [row for row in bench.claimed().values() if row.channel == "email"]
    assert record(bench, digest.notice_id).parts == [bench.notice(2).notice_id]
    assert ("email", "suppressed", "over before it was sent") in bench.receipts()
    assert ("email", "suppressed") in [(d.channel, d.status) for d in record(bench, old.notice_id).deliveries]


def test_the_account_manager_gets_a_copy(bench: Bench):
    """Of a warning, once; its delivery is in the ledger beside the client's, and it can't be answered from."""
    rules = Rules(managers=Managers(tiers={"vip": "vip-desk@exchange.example"}))
    bench.composer = Composer("Example", "http://vigil.example", managers=rules.managers)
    bench.desk = bench.make()
    bench.desk.rules = rules
    bench.user(tier="vip")
    notice = bench.notice(kind="login_new_country", severity="warning", channels=["email", "inapp"])
    bench.take(notice, notice)

    copies = [row.rendered for row in bench.store.outbox.claim("test", bench.at, 100, 60) if row.rendered.slot == "manager"]
    assert [copy.recipient for copy in copies] == ["vip-desk@exchange.example"]
    assert "/n/" not in words(copies[0])
    assert [d.slot for d in record(bench, notice.notice_id).deliveries if d.channel == "email"] == ["current", "manager"]


def test_a_muted_channel_takes_no_others_place(bench: Bench):
    """No address came, and text messages are muted: the item in the app is what is left, and the rest goes on."""
    bench.user(email=None, preferences=Preferences(channels={"margin": ["email"]}))
    notice = bench.notice(
        kind="margin_low", severity="warning", answerable=False, channels=["email", "sms", "inapp"], reasons=[], facts={"account": "cross"}
    )
    bench.take(notice)
    bench.later(minutes=11)
    bench.desk.tend()
    bench.desk.tend()

    assert set(bench.claimed()) == {"inapp"}
    said = {d.channel: (d.status, d.reason) for d in record(bench, notice.notice_id).deliveries}
    assert said["email"] == ("failed", "no contact")
    assert said["sms"] == ("suppressed", "muted by the user's preferences (margin)")
