"""The notice desk on a real SQL store: what is written down, composed, left waiting, and given up."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.events.user import PreviousContact, User
from domain.messages import Notice, OldContact, Receipt
from domain.ports import Delivery, Rendered
from ledger.book import Book
from ledger.keys import Keyring
from notices.compose import Composer
from stores.sql.store import Store, open_store
from streams.desk import Desk
from streams.records import Item
from tests.support import told

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
MEI = {"user_id": "u7", "email": "mei@mail.example", "phone": "+886912345678", "locale": "zh-TW", "time_zone": "Asia/Taipei"}
LINK = re.compile(r"http://vigil\.example/n/([\w-]{22})\b")


class Directory:
    """Users in memory."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]:
        return {name: self.users.get(name) for name in user_ids}

    def put_many(self, users: Any) -> None:
        self.users.update({user.user_id: user for user in users})

    def erase(self, user_id: str) -> None:
        self.users.pop(user_id, None)


class Bench:
    """A desk at a time of our choosing."""

    def __init__(self, url: str) -> None:
        self.store: Store = open_store(url, Book(Keyring(told.SECRET)))
        self.directory, self.at, self.woken, self.forgotten = Directory(), START, 0, []
        self.composer = Composer("Example", "http://vigil.example")
        self.offset = 0
        self.desk = self.make()

    def make(self, **options: float) -> Desk:
        numbers: dict[str, Any] = {"late_after": 86_400, "contact_wait": 600, "answer_ttl": 259_200} | options
        return Desk(
            self.store, self.directory, self.composer, **numbers, now=lambda: self.at, wake=self._wake, forget=self.forgotten.append
        )

    def _wake(self) -> None:
        self.woken += 1

    def item(self, topic: str, value: Any, key: str | None = "u7") -> Item:
        self.offset += 1
        raw = value if isinstance(value, bytes | None) else msgspec.json.encode(value)
        return Item(topic, f"x.{topic}", 0, self.offset, None if key is None else key.encode(), raw)

    def user(self, **fields: Any) -> None:
        record = MEI | fields
        assert self.desk.take_users([self.item("users", record, record["user_id"])]) == []

    def notice(self, number: int = 1, **fields: Any) -> Notice:
        return told.notice(number, **({"created_at": self.at, "occurred_at": self.at} | fields))

    def take(self, *notices: Notice) -> None:
        assert self.desk.take([self.item("notices", notice) for notice in notices]) == []

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)

    def claimed(self) -> dict[str, Rendered]:
        """What a sender would get now, by channel or channel-slot; each only once."""
        rows = [row.rendered for row in self.store.outbox.claim("test", self.at, 1000, 1e6)]
        return {row.channel if row.slot == "current" else f"{row.channel}-old": row for row in rows}

    def ends(self, row: Rendered, status: Any, reason: str, fall_back: Any = None) -> None:
        receipt = Receipt(notice_id=row.notice_id, user_id=row.user_id, channel=row.channel, status=status, provider="mailto",
                          provider_id=None, attempt=1, at=self.at, reason=reason, delivery_id=row.delivery_id)  # fmt: skip
        self.store.outbox.record([(receipt, None)], {row.delivery_id: fall_back} if fall_back else {})

    def receipts(self) -> list[tuple[str, str, str | None]]:
        """(channel, status, reason) of what is owed to the topic `receipts`, in order."""
        found = [m for m in self.store.bus.take(self.at, 1000) if m.topic == "receipts"]
        self.store.bus.done([m.id for m in found])
        values = [msgspec.json.decode(m.value) for m in found]
        return [(v["channel"], v["status"], v["reason"]) for v in values]


@pytest.fixture
def bench(any_database: str) -> Iterator[Bench]:
    made = Bench(any_database)
    yield made
    made.store.close()


def words(row: Rendered) -> str:
    mail: Any = message_from_bytes(row.payload, policy=policy.default)
    return str(mail.get_body(("plain",)).get_content())


def token(row: Rendered) -> str:
    found = LINK.search(words(row) if row.channel == "email" else row.payload.decode())
    assert found, "no answer link"
    return found.group(1)


def test_a_notice_is_composed_for_each_of_its_channels(bench: Bench):
    """In the user's language, to the user's contacts, and the senders are woken."""
    bench.user()
    bench.take(bench.notice(channels=["email", "sms", "inapp"]))

    rows = bench.claimed()
    assert {channel: row.recipient for channel, row in rows.items()} == {"email": "mei@mail.example", "sms": "+886912345678", "inapp": "u7"}
    assert {row.locale for row in rows.values()} == {"zh-TW"}
    assert bench.woken == 1


def test_a_notice_that_comes_again_is_told_once(bench: Bench):
    """Twice in a batch, and again in a later one."""
    bench.user()
    bench.take(bench.notice(), bench.notice())
    bench.take(bench.notice())

    assert set(bench.claimed()) == {"email", "inapp"}
    assert bench.claimed() == {}


class Handed:
    """A sender in the same process with room for `room` messages a channel."""

    owner, lease = "me", 60.0

    def __init__(self, room: int) -> None:
        self.room, self.rows = room, list[Delivery]()

    def reserve(self, wanted: Any) -> dict[Any, int]:
        return {channel: min(count, self.room) for channel, count in wanted.items()}

    def hand(self, rows: Sequence[Delivery], granted: Any) -> None:
        self.rows += rows


def test_new_messages_go_to_the_sender_without_a_claim_as_far_as_it_has_room(bench: Bench):
    """Two of three mails are handed over, leased; the third is for whoever claims it. A notice that came before is handed to nobody."""
    sender = bench.desk.sender = Handed(2)
    bench.user()
    notices = [bench.notice(n, channels=["email"]) for n in range(3)]
    bench.take(*notices)
    bench.take(*notices)

    handed = {row.rendered.notice_id for row in sender.rows}
    claimed = {row.rendered.notice_id for row in bench.store.outbox.claim("other", bench.at, 10, 60)}
    assert (len(handed), len(claimed)) == (2, 1)
    assert handed | claimed == {notice.notice_id for notice in notices}
    assert bench.store.outbox.release("me", bench.at) == 2


def test_what_another_worker_wrote_first_is_not_handed_over(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """After a rebalance both have the record: the one whose transaction comes second sends nothing."""
    sender = bench.desk.sender = Handed(9)
    bench.user()
    bench.take(bench.notice())
    monkeypatch.setattr(bench.store, "known_notices", lambda ids: set())
    bench.take(bench.notice())

    assert len(sender.rows) == 2


def test_each_contact_has_an_answer_link_of_its_own(bench: Bench):
    """The old address's link is another one, and each is known by its slot; e-mail and text to the same reader share one."""
    bench.user(previous_contacts=[{"kind": "email", "value": "old@mail.example", "replaced_at": "2026-11-20T00:00:00Z"}])
    bench.take(bench.notice(severity="critical", kind="account_takeover", channels=["email", "sms", "inapp"]))

    rows = bench.claimed()
    current, old = bench.store.answers.find(token(rows["email"])), bench.store.answers.find(token(rows["email-old"]))
    assert rows["email-old"].recipient == "old@mail.example"
    assert token(rows["sms"]) == token(rows["email"]) != token(rows["email-old"])
    assert (current.slot, old.slot.startswith("old-")) == ("current", True)
    assert current.expires_at == START + timedelta(days=3)
    assert LINK.search(rows["inapp"].payload.decode()) is None


def test_no_token_is_kept_in_clear(tmp_path: Path):
    """Neither the answer link nor the contact can be read from the database's files."""
    bench = Bench(f"sqlite:///{tmp_path}/v.db")
    bench.user()
    bench.take(bench.notice())
    secret = token(bench.claimed()["email"])
    bench.store.close()

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert b"mei@mail.example" not in kept


def test_a_notice_about_an_old_event_is_recorded_as_expired(bench: Bench):
    """A history loaded through Kafka tells nobody."""
    bench.user()
    bench.take(bench.notice(occurred_at=START - timedelta(hours=25), channels=["email", "sms"], digest=["inapp"]))

    assert bench.claimed() == {}
    assert sorted(bench.receipts()) == [(c, "expired", "too old to be told when it was read") for c in ("email", "inapp", "sms")]


def test_an_event_within_a_day_is_told(bench: Bench):
    """A day's outage of the exchange's Kafka delays notices, it doesn't swallow them."""
    bench.user()
    bench.take(bench.notice(occurred_at=START - timedelta(hours=23)))

    assert set(bench.claimed()) == {"email", "inapp"}


def test_a_notice_whose_time_is_over_is_expired(bench: Bench):
    """A margin warning that comes too late would be wrong."""
    bench.user()
    bench.take(bench.notice(expires_at=START))

    assert bench.claimed() == {}
    assert {status for _, status, _ in bench.receipts()} == {"expired"}


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


def test_a_null_record_erases_the_user_everywhere(bench: Bench):
    """Directory, words and contacts in SQL, what waits, and whatever else is kept of him."""
    bench.user()
    bench.take(bench.notice(), bench.notice(2, channels=["sms"]))

    assert bench.desk.take_users([bench.item("users", None)]) == []

    assert bench.claimed() == {}
    assert bench.directory.users == {}
    assert bench.forgotten == ["u7"]


def test_the_last_record_of_a_user_in_a_batch_counts(bench: Bench):
    """Written, erased and written again: there he is."""
    record = lambda **more: bench.item("users", MEI | more)  # noqa: E731
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
