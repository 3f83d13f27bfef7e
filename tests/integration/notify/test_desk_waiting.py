"""What the desk leaves waiting: contacts that are missing, channels that take another's place, digests."""

import msgspec
from sqlalchemy import update

from domain.messages import Notice, OldContact
from stores.sql.schema import ledger_contents
from tests.integration.notify.desk import Bench, token


def test_without_contact_the_inbox_gets_it_at_once_and_the_mail_waits_for_the_contact(bench: Bench):
    """The user's record comes nine minutes later: the mail is composed then, in his language, with a link that works."""
    bench.take(bench.notice())
    assert set(bench.claimed()) == {"inapp"}
    bench.later(minutes=9)
    bench.desk.tend()
    assert bench.claimed() == {}

    bench.user()
    bench.desk.tend()

    rows = bench.claimed()
    assert (set(rows), rows["email"].locale) == ({"email"}, "zh-TW")
    answer = bench.store.answers.find(token(rows["email"]))
    assert (answer.notice_id, answer.locale) == (rows["email"].notice_id, "zh-TW")
    assert bench.woken == 2


def test_replaced_contacts_that_the_record_names_are_told_when_it_comes(bench: Bench):
    """The notice was faster than the directory: nobody knew them then. One that the event named was told at once, and is told once."""
    old = [{"kind": kind, "value": value, "replaced_at": bench.at.isoformat()} for kind, value in REPLACED]
    bench.take(
        msgspec.structs.replace(bench.notice(severity="critical", channels=["email", "inapp"]), old_contacts=[OldContact(*REPLACED[0])])
    )
    assert {row.recipient for row in bench.claimed().values()} == {"u7", "first@mail.example"}

    bench.user(previous_contacts=old)
    bench.desk.tend()

    rows = bench.store.outbox.claim("test", bench.at, 1000, 1e6)
    links = {row.rendered.recipient: token(row.rendered) for row in rows}
    assert sorted(links) == ["+4917612345678", "mei@mail.example", "second@mail.example"]
    assert len(set(links.values())) == 3
    bench.later(minutes=20)
    bench.desk.tend()
    assert bench.claimed() == {}


REPLACED = [("email", "first@mail.example"), ("email", "second@mail.example"), ("phone", "+4917612345678")]


def test_a_contact_that_does_not_come_fails_the_delivery(bench: Bench):
    """After ten minutes: `failed`, `no contact`, once."""
    bench.take(bench.notice())
    bench.later(seconds=599)
    bench.desk.tend()
    assert bench.receipts() == []
    bench.later(seconds=2)
    bench.desk.tend()
    bench.later(seconds=2)
    bench.desk.tend()

    assert bench.receipts() == [("email", "failed", "no contact")]
    bench.user(phone=None)
    bench.desk.tend()
    assert set(bench.claimed()) == {"inapp"}


def test_one_that_cannot_be_taken_up_keeps_no_other_waiting(bench: Bench):
    """Of one user the record makes no sense, of another the notice was altered in the database; the third gets his mail, and digests go out."""
    odd, altered = bench.notice(8, user="u8"), bench.notice(9, user="u9")
    bench.take(odd, altered, bench.notice(1), bench.notice(2, user="u5", channels=["inapp"], digest=["email"]))
    bench.claimed()
    with bench.store.database.writing() as connection:
        mine = ledger_contents.c.content_id == altered.notice_id
        connection.execute(update(ledger_contents).where(mine).values(sealed=b"\x01" * 64))
    bench.directory.users["u8"] = object()  # type: ignore[assignment]
    bench.user()
    bench.user(user_id="u5")
    bench.later(hours=1)
    bench.desk.tend()

    rows = bench.store.outbox.claim("test", bench.at, 1000, 1e6)
    assert {(row.rendered.user_id, row.rendered.kind) for row in rows} == {("u7", "login_new_device"), ("u5", "digest")}
    bench.desk.tend()
    assert ("email", "failed", "could not be composed") in bench.receipts()


def test_without_waiting_a_missing_contact_fails_at_once(bench: Bench):
    """`notices.contact_wait` of nought."""
    bench.desk = bench.make(contact_wait=0)
    bench.take(bench.notice())
    bench.desk.tend()

    assert bench.receipts() == [("email", "failed", "no contact")]


def test_a_text_takes_the_place_of_a_mail_without_address(bench: Bench):
    """The directory knows a phone only: after ten minutes the mail has failed, and the text goes out."""
    bench.user(email=None)
    bench.take(bench.notice())
    bench.later(seconds=601)
    bench.desk.tend()
    bench.later(seconds=2)
    bench.desk.tend()

    assert bench.receipts() == [("email", "failed", "no contact")]
    assert set(bench.claimed()) == {"inapp", "sms"}


def test_no_text_takes_the_place_of_a_mail_that_many_get(bench: Bench):
    """An announcement to who has a phone alone is in the app."""
    bench.user(email=None)
    bench.take(bench.notice(kind="announcement_incident", answerable=False, facts={"title": "Delays", "text": "Deposits are late."}))
    bench.later(seconds=601)
    bench.desk.tend()
    bench.later(seconds=2)
    bench.desk.tend()

    assert set(bench.claimed()) == {"inapp"}


def test_nothing_falls_back_to_and_fro(bench: Bench):
    """Neither address nor number: both fail, once each."""
    bench.take(bench.notice())
    for _ in range(4):
        bench.later(seconds=601)
        bench.desk.tend()

    assert bench.receipts() == [("email", "failed", "no contact"), ("sms", "failed", "no contact")]


def test_a_text_takes_the_place_of_a_mail_that_was_refused(bench: Bench):
    """Composed when the refusal is recorded; its link answers the same notice."""
    bench.user()
    bench.take(bench.notice())
    mail = bench.claimed()["email"]
    bench.ends(mail, "rejected", "SMTP 550 no such user", "sms")
    bench.desk.tend()

    rows = bench.claimed()
    assert (set(rows), rows["sms"].recipient) == ({"sms"}, "+886912345678")
    assert bench.store.answers.find(token(rows["sms"])).notice_id == mail.notice_id


def test_a_text_to_a_replaced_number_is_not_the_fallback(bench: Bench):
    """The old phone was told that it is one no more; the mail is refused: the phone of now gets the text."""
    bench.user()
    old = [OldContact("phone", "+4917612345678")]
    bench.take(msgspec.structs.replace(bench.notice(), old_contacts=old))
    rows = bench.claimed()
    bench.ends(rows["email"], "rejected", "SMTP 550 no such user", "sms")
    bench.desk.tend()

    assert rows["sms-old"].recipient == "+4917612345678"
    assert bench.claimed()["sms"].recipient == "+886912345678"


def test_no_text_takes_the_place_where_one_was_sent_already(bench: Bench):
    """The notice used SMS itself."""
    bench.user()
    bench.take(bench.notice(channels=["email", "sms"]))
    bench.ends(bench.claimed()["email"], "rejected", "SMTP 550", "sms")
    bench.desk.tend()

    assert bench.claimed() == {}


def test_throttled_mails_come_as_one_digest_when_the_hour_is_over(bench: Bench):
    """It names its parts, is an entry of its own in the ledger, and is published on `notices`."""
    bench.user()
    parts = [bench.notice(number, channels=["inapp"], digest=["email"]) for number in range(3)]
    bench.take(*parts)
    assert {row.channel for row in bench.claimed().values()} == {"inapp"}
    bench.later(minutes=59)
    bench.desk.tend()
    assert bench.claimed() == {}

    bench.later(minutes=2)
    bench.desk.tend()
    bench.later(minutes=2)
    bench.desk.tend()

    rows = bench.claimed()
    assert (set(rows), rows["email"].kind) == ({"email"}, "digest")
    published = [msgspec.json.decode(m.value, type=Notice) for m in bench.store.bus.take(bench.at, 100) if m.topic == "notices"]
    assert [sorted(notice.parts) for notice in published] == [sorted(part.notice_id for part in parts)]
    bench.take(*published)
    assert bench.claimed() == {}
