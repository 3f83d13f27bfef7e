"""Notices for compliance: search, and one notice exactly as it was sent, with its evidence and whether it is unaltered."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import ClientException, NotFoundException, PermissionDeniedException
from litestar.params import FromPath

from console import evidence, sentences
from console.headers import STORED_CSP
from console.html import masked
from console.services import Services
from console.shell import staff_of, staff_page
from console.signin import form
from notices.compose.templates import kinds

PAGE = 50
STATUSES = ("queued", "sent", "delivered", "bounced", "rejected", "failed", "suppressed", "expired", "unknown")
CHANNELS = {"email": "E-mail", "sms": "SMS", "inapp": "In-app"}
SHORTEST_REASON = 8


@get("/notices", may="notices")
async def search(request: Request[Any, Any, Any]) -> Response[str]:
    """By account, id, kind, severity, channel, status and day; fifty a page."""
    services: Services = request.app.state.services
    asked = {
        name: request.query_params.get(name, "").strip()[:200]
        for name in ("q", "kind", "severity", "channel", "status", "since", "until", "before")
    }
    since, until = _day(asked["since"]), _day(asked["until"])

    def read() -> dict[str, Any]:
        rows = services.queries.search_notices(
            text=asked["q"],
            kind=asked["kind"],
            severity=asked["severity"],
            channel=asked["channel"],
            status=asked["status"],
            since=since,
            until=until + timedelta(days=1) if until else None,
            before=asked["before"],
            limit=PAGE + 1,
        )
        ids = [row["notice_id"] for row in rows]
        return {
            "rows": rows[:PAGE],
            "onward": rows[PAGE - 1]["cursor"] if len(rows) > PAGE else None,
            "deliveries": _by_notice(services.queries.deliveries_of(ids)),
            "answers": services.queries.answers_of(ids),
        }

    return await staff_page(
        request,
        "notices.html",
        "notices",
        asked=asked,
        kinds=sorted(kinds(), key=sentences.title),
        words=sentences,
        statuses=STATUSES,
        channels=CHANNELS,
        **await asyncio.to_thread(read),
    )


@get("/notices/{notice_id:str}", may="notices")
async def notice(request: Request[Any, Any, Any], notice_id: FromPath[str]) -> Response[str]:
    return await _notice_page(request, notice_id)


@get("/notices/{notice_id:str}/sent/{delivery_id:str}", may="notices")
async def sent_html(request: Request[Any, Any, Any], notice_id: FromPath[str], delivery_id: FromPath[str]) -> Response[str]:
    """The stored HTML part by itself, for the frame: no script, no network, no way out."""
    services: Services = request.app.state.services
    found = await asyncio.to_thread(_read, services, notice_id)
    words = found["sent"].get(delivery_id) if found else None
    if words is None or not words.html:
        raise NotFoundException("There is no such stored message.")
    return Response(words.html, media_type="text/html", headers={"Content-Security-Policy": STORED_CSP})


@post("/notices/{notice_id:str}/reveal/{delivery_id:str}", may="reveal", status_code=200)
async def reveal(request: Request[Any, Any, Any], notice_id: FromPath[str], delivery_id: FromPath[str]) -> Response[str]:
    """Shows one contact whole, once, after its reason stands in the ledger."""
    services: Services = request.app.state.services
    reason = (await form(request)).get("reason", "").strip()[:500]
    if len(reason) < SHORTEST_REASON:
        return await _notice_page(
            request, notice_id, status=400, wrong=f"The reason: at least {SHORTEST_REASON} characters, so that an auditor understands it."
        )
    found = await asyncio.to_thread(_read, services, notice_id)
    if found is None or delivery_id not in found["sent"]:
        raise NotFoundException("There is no such stored message.")

    def note() -> None:
        with services.store.transaction(services.now()) as transaction:
            transaction.add_access(staff_of(request).name, reason, {"notice_id": notice_id, "delivery_id": delivery_id, "shown": "contact"})

    await asyncio.to_thread(note)
    return await _notice_page(request, notice_id, shown=delivery_id)


@post("/notices/{notice_id:str}/verify", may="verify", status_code=200)
async def verify(request: Request[Any, Any, Any], notice_id: FromPath[str]) -> Response[str]:
    """Verifies the whole ledger, not this notice alone; the result is kept for all pages."""
    services: Services = request.app.state.services
    await services.verify_ledger()
    return await _notice_page(request, notice_id)


async def _notice_page(
    request: Request[Any, Any, Any], notice_id: str, *, status: int = 200, wrong: str = "", shown: str = ""
) -> Response[str]:
    services: Services = request.app.state.services
    found = await asyncio.to_thread(_read, services, notice_id)
    if found is None:
        raise NotFoundException("There is no such notice.")
    if shown and not staff_of(request).may("reveal"):
        raise PermissionDeniedException()
    chosen = request.query_params.get("show", "")
    return await staff_page(
        request,
        "notice.html",
        "notices",
        status=status,
        wrong=wrong,
        shown=shown,
        chosen=chosen if chosen in found["sent"] else next(iter(found["sent"]), ""),
        text_part=request.query_params.get("part") == "text",
        words=sentences,
        channels=CHANNELS,
        mask=masked,
        verification=services.verification,
        **found,
    )


def _read(services: Services, notice_id: str) -> dict[str, Any] | None:
    queries = services.queries
    row = queries.notice(notice_id)
    if row is None:
        return None
    deliveries = queries.deliveries_of([notice_id])
    chain = evidence.entries(services.store, services.book, notice_id)
    order = {"email": 0, "sms": 1, "inapp": 2}
    deliveries.sort(key=lambda d: (order.get(d["channel"], 9), d["slot"]))
    sent = evidence.read(
        services.store,
        services.book,
        row["user_id"],
        [d["delivery_id"] for d in deliveries],
        {d["delivery_id"]: d["channel"] for d in deliveries},
    )
    return {
        "row": row,
        "whole": evidence.opened_notice(services.store, notice_id),
        "deliveries": deliveries,
        "sent": {d["delivery_id"]: sent[d["delivery_id"]] for d in deliveries if d["delivery_id"] in sent},
        "receipts": queries.receipts_of(notice_id),
        "answer": queries.answers_of([notice_id]).get(notice_id),
        "case": services.store.cases.of_notices([notice_id]).get(notice_id),
        "findings": queries.findings_by_id(row["finding_ids"]),
        "entries": chain,
        "problem": next((entry for entry in chain if entry.problem), None),
    }


def _by_notice(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["notice_id"], []).append(row)
    return found


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ClientException("since, until: expected a day, such as 2026-11-22") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


HANDLERS = [search, notice, sent_html, reveal, verify]
