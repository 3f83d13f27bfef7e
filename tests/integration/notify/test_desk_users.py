"""What the desk makes of users, findings, and records that it can't take."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.events.user import PreviousContact, User
from domain.messages import Notice
from domain.ports import Delivery, Rendered
from streams.records import Item
from tests.integration.notify.desk import MEI, START, Bench
from tests.support import told


def test_a_null_record_erases_the_user_everywhere(bench: Bench):
    """Directory, words and contacts in SQL, what waits, and whatever else is kept of him."""
    bench.user()
    bench.take(bench.notice(), bench.notice(2, channels=["sms"]))

    assert bench.desk.take_users([bench.item("users", None)]) == []

    assert bench.claimed() == {}
    assert bench.directory.users == {}
    assert bench.forgotten == ["u7"]


def test_who_is_written_again_at_once_is_erased_all_the_same(bench: Bench):
    """The null and the record after it come in one batch: nothing of what he was told before is left, and he is known anew."""
    bench.user()
    before = bench.notice()
    bench.take(before)

    bench.desk.take_users([bench.item("users", None), bench.item("users", MEI | {"email": "new@mail.example"})])

    assert (bench.claimed(), bench.forgotten) == ({}, ["u7"])
    assert bench.store.notices([before.notice_id]) == {}
    assert bench.directory.users["u7"].email == "new@mail.example"


def test_the_last_record_of_a_user_in_a_batch_counts(bench: Bench):
    """Written, erased and written again: there he is."""

    def record(**more: str) -> Item:
        return bench.item("users", MEI | more)

    bench.desk.take_users([record(email="a@mail.example"), bench.item("users", None), record(email="b@mail.example")])

    assert bench.directory.users["u7"].email == "b@mail.example"


@pytest.mark.parametrize(
    ("value", "key"),
    [(b"", "u7"), (b"{", "u7"), (b'{"user_id": "u7"}', "u8"), (b'{"user_id": 7}', "u7"), (None, None), (None, "")],
)
def test_a_user_that_cannot_be_taken_is_put_aside_and_the_next_is_taken(bench: Bench, value: bytes | None, key: str | None):
    """With the reason."""
    bad = bench.desk.take_users([bench.item("users", value, key), bench.item("users", MEI)])

    assert len(bad) == 1
    assert bad[0][1].reason
    assert "u7" in bench.directory.users


def test_a_bad_field_of_a_user_falls_back_and_keeps_the_record(bench: Bench):
    """A locale that is a number doesn't cost the user his notices."""
    bench.user(locale=17, tier="gold")

    assert bench.directory.users["u7"].email == "mei@mail.example"
    assert bench.directory.users["u7"].locale is None


@pytest.mark.parametrize("topic", ["findings", "notices"])
def test_a_record_that_is_no_finding_or_notice_is_put_aside(bench: Bench, topic: str):
    """The others of its batch go on."""
    bench.user()
    bad = bench.desk.take([bench.item(topic, b"{}"), bench.item("notices", bench.notice()), bench.item(topic, None)])

    assert [item.topic for item, _ in bad] == [topic, topic]
    assert set(bench.claimed()) == {"email", "inapp"}


def test_findings_are_kept_once(bench: Bench):
    """With and without a notice in the batch."""
    finding = told.finding(1)
    bench.desk.take([bench.item("findings", finding), bench.item("findings", finding)])
    bench.desk.take([bench.item("findings", finding)])

    assert bench.store.notices([]) == {}
    with bench.store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM findings").scalar() == 1


def test_a_user_record_that_breaks_composition_does_not_keep_him_uninformed(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """He is told in the default language; the notice beside his goes out as always."""
    bench.user(anti_phishing_code="trap")
    bench.user(user_id="u8", email="bob@mail.example", phone=None, locale="ko")
    whole = bench.composer.compose

    def compose(notice: Notice, user: User | None, *rest: Any) -> list[Rendered]:
        if user and user.anti_phishing_code:
            raise ZeroDivisionError
        return whole(notice, user, *rest)

    monkeypatch.setattr(bench.composer, "compose", compose)
    bench.take(bench.notice(1, channels=["email"]), bench.notice(2, user="u8", channels=["email"]))

    rows: list[Delivery] = bench.store.outbox.claim("test", bench.at, 10, 60)
    assert {row.rendered.recipient: row.rendered.locale for row in rows} == {"mei@mail.example": "en", "bob@mail.example": "ko"}


def test_a_notice_that_cannot_be_composed_at_all_is_recorded_as_failed(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """Said, not swallowed; and its neighbour goes out."""
    bench.user()
    whole = bench.composer.compose

    def compose(notice: Notice, *rest: Any) -> list[Rendered]:
        if notice.group == "e1":
            raise ZeroDivisionError
        return whole(notice, *rest)

    monkeypatch.setattr(bench.composer, "compose", compose)
    bench.take(bench.notice(1), bench.notice(2))

    assert sorted(bench.receipts()) == [(c, "failed", "could not be composed") for c in ("email", "inapp")]
    assert set(bench.claimed()) == {"email", "inapp"}


def test_a_replaced_contact_is_read_from_the_directory(bench: Bench):
    """Thirty days after it was replaced it is told no more."""
    old = PreviousContact(kind="email", value="old@mail.example", replaced_at=START - timedelta(days=31))
    bench.user(previous_contacts=[msgspec.to_builtins(old)])
    bench.take(bench.notice(severity="critical", kind="account_takeover"))

    assert "email-old" not in bench.claimed()
