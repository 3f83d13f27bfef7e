"""Campaigns of reports, one row each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from console.campaigns import joined
from domain.messages import Finding
from tests.support.console import NASTY, NOW


def found(number: int, at: datetime, **facts: str) -> dict[str, Any]:
    """A row of the findings table."""
    finding = Finding(
        finding_id=f"c{number}", detector="report_campaign", version="1", config_hash="0", severity="info", score=0.6, reasons=[],
        event_id=f"r{number}", user_id=f"u{number}", occurred_at=at, facts=facts,
    )  # fmt: skip
    return {"finding": finding, "finding_id": finding.finding_id, "user_id": finding.user_id, "occurred_at": at}


def test_findings_of_one_campaign_are_one_row() -> None:
    """With its hosts and addresses, the most reporters, and the payers who were warned."""
    rows = joined(
        [
            found(3, NOW, campaign="abc", campaign_role="payer", reporters="4", address="TScam"),
            found(4, NOW - timedelta(minutes=1), campaign="zzz", reporters="3"),
            found(2, NOW - timedelta(hours=1), campaign="abc", campaign_role="reporter", reporters="4", host="okx-verify[.]test"),
            found(
                1, NOW - timedelta(hours=2), campaign="abc", campaign_role="reporter", reporters="3", host="okx-verify[.]example",
                first_at=(NOW - timedelta(days=1)).isoformat(),
            ),
            found(9, NOW),
        ]
    )  # fmt: skip

    assert [row["name"] for row in rows] == ["abc", "zzz"]
    first = rows[0]
    assert first["hosts"] == ["okx-verify[.]test", "okx-verify[.]example"]
    assert first["addresses"] == ["TScam"]
    assert (first["reporters"], first["payers"]) == (4, {"u3"})
    assert (first["first_at"], first["last_at"]) == (NOW - timedelta(days=1), NOW)


def test_the_page_shows_a_campaign_and_foreign_text_as_text(fresh, browse) -> None:
    """A host is what a fraud chose to call itself."""
    with fresh.store.transaction(NOW) as transaction:
        transaction.add_findings([found(1, NOW, campaign="abc", campaign_role="reporter", reporters="3", host=NASTY)["finding"]])
    page = browse(fresh, "ana").get("/campaigns")

    assert page.status_code == 200
    assert ">abc<" in page.text
    assert NASTY not in page.text
