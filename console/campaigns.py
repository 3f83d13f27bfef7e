"""Campaigns: what several users report alike, one row a campaign, the one that moved last first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from console.services import Services
from console.shell import staff_page

DETECTOR = "report_campaign"
LATEST = 2_000
"""Findings that are looked through."""


@get("/campaigns", may="findings")
async def campaigns(request: Request[Any, Any, Any]) -> Response[str]:
    """Those of the newest findings."""
    services: Services = request.app.state.services
    rows = await asyncio.to_thread(services.queries.latest_of, DETECTOR, LATEST)
    return await staff_page(request, "campaigns.html", "campaigns", rows=joined(rows))


def joined(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a campaign of rows of the findings table, newest first: name, subjects, hosts, addresses, reporters (as last counted), payers
    warned, first and last time, and the finding to open."""
    found: dict[str, dict[str, Any]] = {}
    for row in findings:
        facts = row["finding"].facts
        name = facts.get("campaign")
        if not name:  # its user was erased
            continue
        one = found.setdefault(
            name,
            {
                "name": name, "subjects": [], "hosts": [], "addresses": [], "reporters": 0, "payers": set(), "first_at": row["occurred_at"],
                "last_at": row["occurred_at"], "finding_id": row["finding_id"],
            },
        )  # fmt: skip
        one["reporters"] = max(one["reporters"], int(facts.get("reporters") or 0))
        one["first_at"] = min(one["first_at"], _moment(facts.get("first_at")) or row["occurred_at"], row["occurred_at"])
        if facts.get("campaign_role") == "payer":
            one["payers"].add(row["user_id"])
        for fact, many in (("report_subject", "subjects"), ("host", "hosts"), ("address", "addresses")):
            if facts.get(fact) and facts[fact] not in one[many] and len(one[many]) < 5:
                one[many].append(facts[fact])
    return sorted(found.values(), key=lambda one: one["last_at"], reverse=True)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


HANDLERS = [campaigns]
