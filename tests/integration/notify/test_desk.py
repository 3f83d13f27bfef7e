"""The notice desk on a real SQL store: what is written down and composed, and what comes too late."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.ports import Delivery
from tests.integration.notify.desk import LINK, START, Bench, token, words


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


def test_who_answers_that_it_was_not_him_hears_everywhere_what_follows(bench: Bench):
    """By the link of the mail; the notice comes back over its topic, goes to each channel and to the contact that was replaced, asks nothing."""
    old = [{"kind": "email", "value": "old@mail.example", "replaced_at": START.isoformat()}]
    bench.user(previous_contacts=old, locale="en")
    bench.take(bench.notice())
    bench.store.answers.decide(token(bench.claimed()["email"]), "not_me", bench.at, None)
    (owed,) = [m for m in bench.store.bus.take(bench.at, 100) if m.topic == "notices"]
    bench.desk.take([bench.item("notices", owed.value, owed.key)])

    rows = bench.claimed()
    assert {name: row.kind for name, row in rows.items()} == dict.fromkeys(["email", "email-old", "sms", "inapp"], "account_locked")
    assert rows["email"].subject == "We are locking your account"
    assert LINK.search(words(rows["email"])) is None
    assert "Your case number is C-" in words(rows["email-old"])
