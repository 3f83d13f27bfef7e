"""What an analyst decides stands in the ledger, with a name."""

from __future__ import annotations

import msgspec

from tests.unit.console.conftest import csrf


def test_a_decision_and_its_undoing_stand_in_the_ledger(fresh, browse):
    """Who said what of which finding, and who took it back; the second undoing does nothing."""
    ana = browse(fresh, "ana")
    token = csrf(fresh, ana)
    said = ana.post("/findings/f3/decision", data={"csrf": token, "label": "fraud"}, follow_redirects=False)
    name = said.headers["location"].partition("decided=")[2]
    for _ in range(2):
        ana.post(f"/findings/decisions/{name}/undo", data={"csrf": token}, follow_redirects=False)

    entries = [msgspec.json.decode(e.body) for e in fresh.store.ledger.entries(0, 0, 500) if e.kind == "access"]
    assert [(body["who"], body["what"]["decided"], body["what"]["verdict_id"]) for body in entries] == [
        ("ana", "fraud", name),
        ("ana", "undone", name),
    ]
    assert entries[0]["what"]["finding_id"] == "f3"
