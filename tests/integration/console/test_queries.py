"""What the console reads and decides, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console import evidence
from console.services import Services
from domain.events.verdict import Verdict
from domain.messages import FOR_TEAM
from stores.sql.decisions import UNDO_SECONDS
from tests.support.console import NOW, fill, finding, over


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
    assert {row["user_id"] for row in ask.lately()} == {"u1042", "u7", "u/5 5"}
    assert ask.answers_since(hour) == {}
    assert ask.notice("nothing") is None


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
