"""A newer notice of a thread takes the place of what was not sent; the end of a thread ends it."""

from datetime import timedelta
from email import message_from_bytes, policy

import msgspec

from domain.messages import Notice
from tests.integration.notify.desk import Bench


def margin(bench: Bench, number: int, **fields: object) -> Notice:
    common: dict[str, object] = {"kind": "margin_low", "severity": "warning", "answerable": False, "thread": "margin:cross"}
    facts = {"account": "cross", "ratio": "91", "equity_usd": "1000", "maintenance_margin_usd": "910"}
    return bench.notice(number, **(common | {"facts": facts, "reasons": [], "channels": ["email"]} | fields))


def recovered(bench: Bench, number: int) -> Notice:
    return margin(bench, number, kind="margin_recovered", severity="info", channels=[])


def test_a_newer_warning_takes_the_place_of_a_queued_one(bench: Bench):
    """Only the newer is sent; the other says which took its place."""
    bench.user()
    bench.take(margin(bench, 1))
    bench.later(minutes=2)
    newer = margin(bench, 2)
    bench.take(newer)

    assert [row.notice_id for row in bench.claimed().values()] == [newer.notice_id]
    assert bench.receipts() == [("email", "suppressed", f"a newer notice took its place: {newer.notice_id}")]


def test_after_the_recovery_nothing_of_it_is_sent(bench: Bench):
    """And the recovery itself is told to nobody."""
    bench.user()
    bench.take(margin(bench, 1))
    bench.later(minutes=2)
    bench.take(recovered(bench, 2))

    assert bench.claimed() == {}
    assert bench.receipts() == [("email", "suppressed", "over before it was sent")]
    assert not bench.store.known_notices([recovered(bench, 2).notice_id])


def test_of_a_backlog_only_the_last_is_told(bench: Bench):
    """Read in one batch, after the worker was away."""
    bench.user()
    told = [margin(bench, n, occurred_at=bench.at + timedelta(seconds=n)) for n in range(1, 4)]
    bench.take(*told)

    assert [row.notice_id for row in bench.claimed().values()] == [told[-1].notice_id]
    assert [status for _, status, _ in bench.receipts()] == ["suppressed", "suppressed"]


def test_a_backlog_that_ends_in_a_recovery_tells_nothing(bench: Bench):
    """Each warning of it is recorded as suppressed."""
    bench.user()
    told = [margin(bench, n, occurred_at=bench.at + timedelta(seconds=n)) for n in range(1, 3)]
    bench.take(*told, margin(bench, 3, kind="margin_recovered", channels=[], occurred_at=bench.at + timedelta(seconds=9)))

    assert bench.claimed() == {}
    assert [reason for _, _, reason in bench.receipts()] == ["over before it was sent"] * 2


def test_what_waits_for_a_contact_ends_when_it_is_stale(bench: Bench):
    """A contact that comes too late brings no stale warning."""
    bench.take(margin(bench, 1, expires_at=bench.at + timedelta(minutes=1)))
    bench.later(minutes=2)
    bench.user()
    bench.desk.tend()

    assert bench.claimed() == {}
    assert bench.receipts() == [("email", "expired", "over before it could be told")]


def stage(bench: Bench, number: int, **fields: object) -> Notice:
    common: dict[str, object] = {"kind": "account_takeover", "severity": "critical", "thread": "story:account_takeover:e1"}
    return bench.notice(number, **(common | {"reasons": [], "channels": ["email", "inapp"]} | fields))


def test_the_stages_of_a_story_are_one_conversation(bench: Bench):
    """Each further mail answers the first, which stands by itself; the item in the app names the thread that it goes on."""
    bench.user()
    sent = []
    for number in (1, 2, 3):
        bench.take(stage(bench, number))
        sent.append(bench.claimed())
        for row in sent[-1].values():
            bench.ends(row, "sent", "")
        bench.later(minutes=2)
    mails = [message_from_bytes(rows["email"].payload, policy=policy.default) for rows in sent]

    assert mails[0]["In-Reply-To"] is None
    assert [mail["In-Reply-To"] for mail in mails[1:]] == [mails[0]["Message-ID"]] * 2
    assert [mail["References"] for mail in mails[1:]] == [mails[0]["Message-ID"]] * 2
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert {msgspec.json.decode(rows["inapp"].payload)["thread"] for rows in sent} == {"story:account_takeover:e1"}


def test_a_mail_answers_none_that_was_never_sent(bench: Bench):
    """What another took the place of began no conversation; nor does one of long ago."""
    bench.user()
    bench.take(stage(bench, 1), stage(bench, 2, occurred_at=bench.at + timedelta(seconds=1)))
    first = bench.claimed()["email"]
    bench.later(days=8)
    bench.take(stage(bench, 3))

    mails = [message_from_bytes(row.payload, policy=policy.default) for row in (first, bench.claimed()["email"])]
    assert [mail["In-Reply-To"] for mail in mails] == [None, None]
