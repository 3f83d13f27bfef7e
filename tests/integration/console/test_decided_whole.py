"""A decision of the staff and its entry in the ledger: both or neither, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from console.services import Services
from domain.events import Announcement
from domain.events.verdict import Verdict
from domain.wording import Edition
from stores.sql.announcements import SqlAnnouncements
from stores.sql.schema import ledger_heads
from tests.support.console import NOW, TOKENS, fill, over

EDITION = Edition(kind="login_new_device", locale="en", files={"a.html": "b"}, texts={"c": "d"}, shared={})
LATER = NOW + timedelta(days=1)


def announcement(status: str = "active") -> Announcement:
    fields = {
        "type": "announcement", "event_id": f"a:{status}", "user_id": "*", "occurred_at": NOW, "kind": "incident", "severity": "notice",
        "starts_at": NOW, "ends_at": LATER, "title": {"en": "Late deposits"}, "body": {"en": "We look into it."}, "status": status, "audience": {},
    }  # fmt: skip
    return msgspec.convert(fields, Announcement)


class Desk:
    """Everything that waits for a decision, and what stands of it."""

    def __init__(self, made: Services):
        self.made, self.store = made, made.store
        self.announced = SqlAnnouncements(made.store.database, made.book)
        self.add(announcement(), "live", "approved")
        for name in ("draft", "refused", "waits"):
            self.add(announcement(), name, "draft" if name == "draft" else "submitted")
        self.store.answers.decide(TOKENS["u1042"], "not_me", NOW, None)
        [self.case] = [row["number"] for row in self.store.cases.latest()]
        self.store.wordings.take_in("tree", [EDITION], lambda _: False, NOW)
        self.said("v0", "f5")

    def add(self, content: Announcement, name: str, state: str, **more: Any) -> None:
        self.announced.add(
            content, name, author="ana", source="console", state=state, send_at=NOW, expires_at=LATER, now=NOW, **more
        )  # fmt: skip

    def said(self, name: str, finding: str) -> None:
        verdict = Verdict(
            event_id=name, user_id="u1042", occurred_at=NOW, about=finding, label="fraud", source="analyst", by="ana"
        )  # fmt: skip
        self.made.decisions.decide(verdict, NOW)

    def stands(self) -> list[Any]:
        """What was decided, and how much the bus owes."""
        decided = [self.made.queries.decision(name) for name in ("v0", "v1")]
        names = ("live", "draft", "refused", "waits")
        told = [(one.version, one.state, one.approver) for name in names for one in self.announced.versions(name)]
        told += [self.announced.standing(name) for name in names]
        return [decided, told, self.store.cases.latest(), self.store.wordings.decisions(), self.store.bus.depth()]

    def entries(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(who, reason, what) of the entries about the staff, the newest last."""
        bodies = [msgspec.json.decode(row.body) for row in self.store.ledger.entries(0, 0, 500) if row.kind == "access"]
        return [(body["who"], body["reason"], body["what"]) for body in bodies]


@pytest.fixture
def desk(any_database: str, tmp_path: Path) -> Iterator[Desk]:
    """The services of the console over an attack that was told, and more that waits for the staff."""
    made = over(tmp_path, database=any_database)
    fill(made)
    yield Desk(made)
    made.store.close()


ACTS: dict[str, tuple[Callable[[Desk], object], tuple[str, str, dict[str, Any]]]] = {
    "a finding is said to be fraud": (
        lambda desk: desk.said("v1", "f3"), ("ana", "fraud", {"finding_id": "f3", "verdict_id": "v1", "decided": "fraud"})
    ),
    "a decision is taken back": (
        lambda desk: desk.made.decisions.withdraw("v0", "ben", NOW), ("ben", "undone", {"verdict_id": "v0", "decided": "undone"})
    ),
    "a case is closed": (
        lambda desk: desk.store.cases.close(desk.case, "ana", "Phoned the owner.", NOW),
        ("ana", "Phoned the owner.", {"notice_id": "n1042", "case": "*", "decided": "closed"}),
    ),
    "an announcement is submitted": (
        lambda desk: desk.announced.submit("draft", 1, "ana", NOW),
        ("ana", "submitted", {"announcement": "draft", "version": 1, "decided": "submitted"}),
    ),
    "an announcement is approved": (
        lambda desk: desk.announced.approve("waits", 1, "carl", NOW, LATER, NOW),
        ("carl", "approved", {"announcement": "waits", "version": 1, "decided": "approved"}),
    ),
    "an announcement is sent back": (
        lambda desk: desk.announced.refuse("refused", 1, "carl", NOW),
        ("carl", "refused", {"announcement": "refused", "version": 1, "decided": "refused"}),
    ),
    "an announcement is ended": (
        lambda desk: desk.add(announcement("resolved"), "live", "approved", decided="resolved"),
        ("ana", "resolved", {"announcement": "live", "version": 2, "decided": "resolved"}),
    ),
    "words are submitted": (
        lambda desk: desk.store.wordings.decide("submitted", [EDITION.name], "ana", "friendlier", NOW),
        ("ana", "friendlier", {"words": EDITION.kind, "locale": "en", "edition": EDITION.name, "decided": "submitted"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_a_decision_stands_in_the_ledger(desk: Desk, name: str) -> None:
    """By name, once."""
    act, (who, reason, what) = ACTS[name]
    before = desk.entries()

    act(desk)

    [entry] = desk.entries()[len(before) :]
    assert entry == (who, reason, {key: desk.case if value == "*" else value for key, value in what.items()})


@pytest.mark.parametrize("name", ACTS)
def test_what_the_ledger_does_not_take_was_not_decided(desk: Desk, name: str) -> None:
    """A ledger that was altered is never continued: the colleague is told, and nothing has changed."""
    with desk.store.database.writing() as connection:
        connection.execute(update(ledger_heads).where(ledger_heads.c.partition == 0).values(seal=b"forged"))
    before = desk.stands()

    with pytest.raises(ValueError, match="was altered"):
        ACTS[name][0](desk)

    assert desk.stands() == before
