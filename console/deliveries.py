"""Deliveries that reached nobody, why, and sending them again; and what text messages cost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.response import Redirect

from console import sentences
from console.services import Services
from console.shell import staff_of, staff_page
from console.signin import form
from stores.sql.undelivered import ENDS, Wanted

LATEST = 200
COST_DAYS = 30
CHANNELS = {"email": "e-mail", "sms": "SMS", "inapp": "in-app"}


@get("/deliveries", may="deliveries")
async def deliveries(request: Request[Any, Any, Any]) -> Response[str]:
    """The newest that ended one way, grouped by why; what texts took in the last thirty days."""
    services: Services = request.app.state.services
    status = request.query_params.get("status", ENDS[0])
    channel = request.query_params.get("channel", "")
    status, channel = status if status in ENDS else ENDS[0], channel if channel in CHANNELS else ""
    wanted = Wanted(statuses=(status,), channel=channel or None)

    def read() -> tuple[Any, Any, Any]:
        texts = services.store.usage.since(services.now() - timedelta(days=COST_DAYS))
        return services.store.undelivered.groups(wanted), services.store.undelivered.find(wanted, LATEST), texts

    groups, rows, texts = await asyncio.to_thread(read)
    queued = request.query_params.get("queued", "")
    return await staff_page(
        request, "deliveries.html", "deliveries", groups=groups, rows=rows, texts=texts, ended=status, channel=channel, statuses=ENDS,
        channels=list(CHANNELS), channel_names=CHANNELS, latest=LATEST, days=COST_DAYS, words=sentences,
        may_redrive=staff_of(request).may("redrive"),
        queued=int(queued) if queued.isdecimal() and len(queued) < 8 else None, totals=_totals(texts),
    )  # fmt: skip


@post("/deliveries/redrive", may="redrive", status_code=303)
async def redrive(request: Request[Any, Any, Any]) -> Response[Any]:
    """Queues one delivery, or all of a channel that ended alike for one reason; who asked for it stands in the ledger."""
    services: Services = request.app.state.services
    asked = await form(request)
    status, channel, name = asked.get("status", ""), asked.get("channel", ""), asked.get("delivery_id", "")
    if status not in ENDS or channel not in CHANNELS or not (name or "reason" in asked):
        raise ClientException("Say which deliveries: one, or all of a channel for one reason.")
    wanted = Wanted(ids=(name,) if name else (), statuses=(status,), channel=channel, exact_reason=None if name else asked["reason"])
    done = await asyncio.to_thread(services.store.undelivered.redrive, wanted, staff_of(request).name, services.now())
    return Redirect("/deliveries", status_code=303, query_params={"status": status, "queued": str(len(done.queued))})


def _totals(texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages, segments and cost by currency; '' is what has no known price."""
    sums: dict[str, dict[str, Any]] = {}
    for row in texts:
        one = sums.setdefault(row["currency"], {"currency": row["currency"], "messages": 0, "segments": 0, "cost": 0})
        for name in ("messages", "segments", "cost"):
            one[name] += row[name]
    return sorted(sums.values(), key=lambda one: (one["currency"] == "", one["currency"]))


HANDLERS = [deliveries, redrive]
