"""What the console reads and decides, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event

from console import evidence
from console.services import Services
from domain.events.verdict import Verdict
from domain.messages import FOR_TEAM
from stores.sql.decisions import UNDO_SECONDS
from stores.sql.undelivered import Wanted
from tests.support.console import NOW, TOKENS, fill, finding, over


@pytest.fixture
def filled(any_database: str, tmp_path: Path) -> Iterator[Services]:
    """The services of the console over an attack that was told."""
    made = over(tmp_path, database=any_database)
    fill(made)
    yield made
    made.store.close()


def verdict(name: str, about: str = "f3", label: str = "fraud") -> Verdict:
    return Verdict(event_id=name, user_id="u1042", occurred_at=NOW, about=about, label=label, source="analyst", by="ana")  # type: ignore[arg-type]


def test_every_question_of_the_console_is_answered(filled: Services) -> None:
    """The same on both databases."""
    ask, hour = filled.queries, NOW - timedelta(hours=1)

    assert ask.findings_since(hour) == {"critical": 1, "notice": 3, "warning": 1}
    assert [row["finding_id"] for row in ask.recent_findings(3)] == ["f4", "f5", "f3"]
    assert [row["finding_id"] for row in ask.queue()] == ["f3", "f5"]
    assert [row["finding_id"] for row in ask.queue(state="notice", text="u7")] == ["f4"]
    assert [row["finding_id"] for row in ask.queue(text="88%_", detector="account_takeover")] == []
    assert ask.open_count() == 2
    assert ask.hits(hour)["login_new_device"] == 2
    assert ask.statuses_since(hour)[("email", "failed")] == 1
    assert ask.notices_since(hour) == {"critical": 1, "notice": 1, "warning": 1}
    assert [row["notice_id"] for row in ask.search_notices(channel="sms", status="sent")] == ["n1042"]
    assert {row["status"] for row in ask.receipts_of("n1042")} == {"sent", "delivered"}
    assert ask.seconds_to_told(hour)[0] > 0
    assert [row["notice_id"] for row in ask.search_notices(status="failed")] == ["n55"]
    assert [row["notice_id"] for row in ask.search_notices(channel="sms", status="failed")] == []
    assert [row["notice_id"] for row in ask.search_notices(text="u7")] == ["n7"]
    assert [row["notice_id"] for row in ask.search_notices(text="e5")] == ["n55"]
    assert [row["notice_id"] for row in ask.search_notices(text="keover")] == ["n1042"]
    assert {row["user_id"]: row["count"] for row in ask.lately()} == {"u1042": 3, "u7": 1, "u/5 5": 1}
    assert [row["user_id"] for row in ask.lately(1)] == ["u7"]
    assert ask.answers_since(hour) == {}
    assert ask.notice("nothing") is None


def test_precision_goes_by_what_was_said(filled: Services) -> None:
    """An owner's answer counts until an analyst says another word."""
    day = NOW - timedelta(days=1)
    filled.store.answers.decide(TOKENS["u7"], "me", NOW, None)
    filled.store.answers.decide(TOKENS["u1042"], "not_me", NOW, None)
    answered = filled.queries.precision(day)
    filled.decisions.decide(verdict("v1", label="genuine"), NOW)

    assert answered == {"account_takeover": (1, 1), "login_new_device": (0, 1)}
    assert filled.queries.precision(day) == {"account_takeover": (0, 1), "login_new_device": (0, 1)}
    assert filled.queries.precision(NOW + timedelta(seconds=1)) == {}


def test_what_reached_nobody_is_found_by_its_own_index(tmp_path: Path) -> None:
    """Not by looking at every delivery there ever was. On SQLite, which says so of a table of a few rows too."""
    filled = over(tmp_path)
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(filled.store.database._reader, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    filled.store.undelivered.find(Wanted(statuses=("failed",)))
    filled.store.undelivered.groups(Wanted(statuses=("bounced",), channel="email"))
    filled.queries.search_notices(status="failed")
    with filled.store.database.reading() as connection:
        plans = [
            " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(values)))
            for statement, values in list(asked)
            if statement.startswith("SELECT")
        ]  # fmt: skip

    filled.store.close()
    assert ["ix_deliveries_ended" in plan for plan in plans] == [True] * 3, plans


def test_the_queue_is_turned_page_by_page(filled: Services) -> None:
    """Each event once, the gravest first, then the oldest."""
    rows = [(f"q{n}", "critical" if n % 3 == 0 else "warning", f"y{n // 2}", 60.0 - n // 4) for n in range(12)]
    with filled.store.transaction(NOW) as transaction:
        transaction.add_findings([finding(name, "trade_burst", severity, event, "u7", -ago, {}) for name, severity, event, ago in rows])
    whole, turned, after = [row["finding_id"] for row in filled.queries.queue()], [], ""
    while page := filled.queries.queue(after=after, limit=2):
        turned += [row["finding_id"] for row in page]
        after = page[-1]["place"]

    assert turned == whole
    assert sorted(whole) == sorted(["f3", "f5", *(name for name, *_ in rows)])


def test_what_is_for_the_team_alone_waits_in_the_queue(filled: Services) -> None:
    """Though its user was not told; what was held back for another reason does not."""
    alert = finding("f8", "report_campaign_alert", "warning", "e8", "u7", -1, {"campaign": "abc", "reporters": "3"})
    with filled.store.transaction(NOW) as transaction:
        transaction.add_findings([msgspec.structs.replace(alert, suppressed=FOR_TEAM)])
        transaction.add_findings([msgspec.structs.replace(alert, finding_id="f9", event_id="e9", suppressed="cooldown")])

    assert "f8" in [row["finding_id"] for row in filled.queries.queue()]
    assert "f9" not in [row["finding_id"] for row in filled.queries.queue()]


def test_what_was_sent_is_read_and_found_unaltered(filled: Services) -> None:
    """From the ledger itself."""
    entries = evidence.entries(filled.store, filled.book, "n1042")
    deliveries = filled.queries.deliveries_of(["n1042"])
    sent = evidence.read(
        filled.store, filled.book, "u1042", [d["delivery_id"] for d in deliveries], {d["delivery_id"]: d["channel"] for d in deliveries}
    )

    assert [entry.problem for entry in entries] == [None] * 4
    assert len(sent) == 3
    assert evidence.verified(filled.store, filled.book)[0]


def test_a_decision_waits_and_can_be_withdrawn(filled: Services) -> None:
    """Within its seconds; the same verdict twice is one."""
    decide = filled.decisions
    for _ in range(2):
        decide.decide(verdict("v1"), NOW)
    assert filled.queries.open_count() == 1
    assert filled.queries.precision(NOW - timedelta(days=1)) == {"account_takeover": (1, 1)}

    assert decide.withdraw("v1", "ana", NOW + timedelta(seconds=2))
    assert not decide.withdraw("v1", "ana", NOW + timedelta(seconds=3))
    assert not decide.withdraw("nothing", "ana", NOW)
    assert filled.queries.open_count() == 2
    assert [m for m in filled.store.bus.take(NOW + timedelta(hours=1), 99) if m.topic == "verdicts"] == []


def test_a_decision_that_went_out_stays(filled: Services) -> None:
    """Also when it was taken a moment before."""
    filled.decisions.decide(verdict("v1"), NOW)
    taken = [m for m in filled.store.bus.take(NOW + timedelta(seconds=UNDO_SECONDS), 99) if m.topic == "verdicts"]

    assert len(taken) == 1
    assert not filled.decisions.withdraw("v1", "ana", NOW + timedelta(seconds=UNDO_SECONDS))
