"""A user's page: what is normal for the account, what stood out, what its owner was told and answered."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from console import habits, sentences
from console.links import user_url
from console.paths import segment
from console.services import Services
from console.shell import staff_page

REACHING = ("queued", "sent", "delivered", "unknown")
"""Statuses of a delivery that may have been read, or still will be."""


@get("/users", may="users")
async def users(request: Request[Any, Any, Any]) -> Response[Any]:
    """Accounts that stood out lately, and a way to any other by its id."""
    services: Services = request.app.state.services
    wanted = request.query_params.get("q", "").strip()
    if wanted:
        return Redirect(user_url(wanted), status_code=303)
    return await staff_page(request, "users.html", "users", rows=await asyncio.to_thread(services.queries.lately))


@get("/users/{user_id:str}", may="users")
async def user(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[str]:
    """One account; says so where nothing is known of it."""
    services: Services = request.app.state.services
    name = segment(user_id)
    state, record = await asyncio.gather(services.profile(name), services.user(name))

    def read() -> dict[str, Any]:
        findings = services.queries.findings_of(name)
        notices = services.queries.notices_of(name)
        ids = [row["notice_id"] for row in notices]
        return {
            "findings": findings,
            "notices": notices,
            "answers": services.queries.answers_of(ids),
            "deliveries": services.queries.deliveries_of(ids),
        }

    values = await asyncio.to_thread(read)
    only = request.query_params.get("only", "")
    return await staff_page(
        request,
        "user.html",
        "users",
        user_id=name,
        record=record,
        state=state,
        normal=habits.rows(state) if state else [],
        learned=habits.learned_from(state) if state else "",
        pending=state.pending if state else [],
        timeline=timeline(values, only),
        only=only,
        words=sentences,
        **values,
    )


def timeline(values: dict[str, Any], only: str) -> list[dict[str, Any]]:
    """Findings, notices and answers, newest first; `told`: without the findings."""
    entries: list[dict[str, Any]] = []
    if only != "told":
        entries += [{"what": "finding", "at": row["occurred_at"], "row": row, "more": 0} for row in values["findings"]]
    for row in values["notices"]:
        deliveries = [d for d in values["deliveries"] if d["notice_id"] == row["notice_id"]]
        told = any(d["status"] in REACHING for d in deliveries)
        entries.append({"what": "notice", "at": row["recorded_at"], "row": row, "deliveries": deliveries, "told": told})
        said = values["answers"].get(row["notice_id"])
        if said and said["answered_at"]:
            entries.append({"what": "answer", "at": said["answered_at"], "row": said})
    return folded(sorted(entries, key=lambda entry: entry["at"], reverse=True))


def folded(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Repeats that nobody was told of stand as one, with how many `more` there were."""
    kept: list[dict[str, Any]] = []
    for entry in entries:
        before = kept[-1] if kept else None
        if before and before["what"] == entry["what"] == "finding":
            one, other = before["row"], entry["row"]
            if one["suppressed"] and (one["detector"], one["suppressed"]) == (other["detector"], other["suppressed"]):
                before["more"] += 1
                continue
        kept.append(entry)
    return kept


HANDLERS = [users, user]
