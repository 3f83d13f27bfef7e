"""What SQL and Redis know for the security report and the tips."""

from datetime import timedelta

import pytest

from domain import profile
from domain.events import Verdict
from domain.ports import Token
from domain.profile import UserState
from embedded.redis import Redis
from stores.redis_client import connect
from stores.redis_profiles import PREFIX
from stores.sql.dead_contacts import add_refusal, mark_of
from stores.sql.decisions import Decisions
from stores.sql.protection import SqlProtection
from stores.sql.store import Store
from stores.tips import RedisTips
from tests.support.told import NOW, finding, notice, rendered

DAY = timedelta(days=1)


def warning(number: int, **changes: object):
    return finding(number, **({"severity": "warning", "suppressed": None, "notice_id": notice(number).notice_id} | changes))


def test_open_are_grave_recent_told_and_undecided_findings(store: Store):
    """Events count, not findings; what is info, a repeat or long ago doesn't."""
    on_one_event = [warning(1), warning(1, finding_id="story", severity="critical", detector="account_takeover")]
    others = [
        warning(2, severity="notice"),
        warning(3, suppressed="cooldown"),
        warning(4, occurred_at=NOW - 31 * DAY),
        warning(5, user_id="u8"),
    ]
    with store.transaction(NOW) as transaction:
        transaction.add_findings([*on_one_event, *others])
    known = SqlProtection(store)

    assert known.open_findings(["u7", "u8", "u9"], NOW) == {"u7": 1, "u8": 1}
    assert known.open_findings(["u7"], NOW + 31 * DAY) == {}


@pytest.mark.parametrize(("severity", "said", "left"), [("notice", "me", {}), ("warning", "not_me", {}), ("warning", "me", {"u7": 1})])
def test_an_answer_that_counts_closes_it(store: Store, severity: str, said: str, left: dict[str, int]):
    """By a link at warning "this was me" only proves the mailbox: it stays open."""
    told = notice(1, severity=severity)
    with store.transaction(NOW) as transaction:
        transaction.add_findings([warning(1)])
        transaction.add_notice(told, [rendered(told)], tokens=[Token("T" * 22, "current")])
    store.answers.decide("T" * 22, said, NOW, None)  # type: ignore[arg-type]

    assert SqlProtection(store).open_findings(["u7"], NOW) == left


def test_an_analysts_decision_closes_it(store: Store):
    """Until it is withdrawn."""
    one, decisions = warning(1), Decisions(store.database, store.book)
    with store.transaction(NOW) as transaction:
        transaction.add_findings([one])
    decisions.decide(
        Verdict(event_id="v1", user_id="u7", occurred_at=NOW, about=one.finding_id, label="genuine", source="analyst", by="ana"), NOW
    )
    closed = SqlProtection(store).open_findings(["u7"], NOW)
    decisions.withdraw("v1", "ana", NOW)

    assert closed == {}
    assert SqlProtection(store).open_findings(["u7"], NOW) == {"u7": 1}


def test_told_tips_are_those_of_the_span_each_by_its_last_time(store: Store):
    """By user; other kinds are none, whatever their name begins with."""
    for number, kind, days in (
        (1, "tip_codes", 95),
        (2, "tip_codes", 20),
        (3, "tip_devices", 91),
        (4, "tipped_off", 1),
        (5, "tip_codes", 40),
    ):
        with store.transaction(NOW - days * DAY) as transaction:
            transaction.add_notice(notice(number, kind=kind))

    assert SqlProtection(store).told(["u7", "u8"], NOW - 90 * DAY) == {"u7": {"tip_codes": NOW - 20 * DAY}}


def test_a_contact_that_messages_came_back_from_is_known(store: Store):
    """The very contact; a corrected one is as good as any."""
    known = SqlProtection(store)
    with store.database.writing() as connection:
        add_refusal(connection, "u7", "email", "bounced", mark_of(store.book, "email", "mei@mail.example"), NOW)

    contacts = {"u7": {"email": "mei@mail.example", "sms": "+886912345678"}, "u8": {"email": "mei@mail.example"}}

    assert {name: seen.bounced for name, seen in known.seen(contacts, NOW).items()} == {"u7": {"email"}, "u8": frozenset()}
    assert known.seen({"u7": {"email": "new@mail.example"}}, NOW)["u7"].bounced == frozenset()


def test_of_several_workers_one_has_the_turn(redis_server: Redis):
    """He keeps it while he renews it; when it is over another has it."""
    one, other = RedisTips(connect(redis_server.url)), RedisTips(connect(redis_server.url))
    turns = [one.turn("one", 60), other.turn("other", 60), one.turn("one", 60)]
    connect(redis_server.url).delete("vigil:tips-turn")

    assert turns == [True, False, True]
    assert other.turn("other", 60)


def test_profiles_come_by_user_and_a_damaged_one_is_left_out(redis_server: Redis):
    """Who is unknown isn't there."""
    state = UserState()
    state.habits.margin.count = 3
    client = connect(redis_server.url)
    client.mset({PREFIX + "u7": profile.encode(state), PREFIX + "u8": b"\xff\x00"})
    found = RedisTips(client).states(["u7", "u8", "u9"])

    assert set(found) == {"u7"}
    assert found["u7"].habits.margin.count == 3
