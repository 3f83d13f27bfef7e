"""The overview: is it well, who is under attack, what was told. Rendered whole, then kept fresh by server-sent events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from console import sentences
from console.html import render
from console.services import Services
from console.shell import staff_page
from console.signin import COOKIE
from domain.ports import Unavailable

PERIODS = {
    "15m": (timedelta(minutes=15), "15 min", "15 minutes"),
    "1h": (timedelta(hours=1), "1 hour", "hour"),
    "24h": (timedelta(hours=24), "24 hours", "24 hours"),
}
REFRESH_SECONDS = 2.0
STATUSES = ("delivered", "sent", "queued", "bounced", "rejected", "failed", "suppressed", "expired", "unknown")
CHANNELS = ("email", "sms", "inapp")
NO_ATTACK = ("margin_low",)


@get("/", may="overview")
async def overview(request: Request[Any, Any, Any]) -> Response[str]:
    period = _period(request)
    return await staff_page(
        request, "overview.html", "overview", period=period, periods=PERIODS, **await figures(request.app.state.services, period)
    )


@get("/live", may="overview")
async def live(request: Request[Any, Any, Any]) -> ServerSentEvent:
    """The moving parts of the overview, every two seconds, as HTML that htmx puts in their places."""
    services: Services = request.app.state.services
    return ServerSentEvent(_parts(services, _period(request), request.cookies.get(COOKIE)), headers={"X-Accel-Buffering": "no"})


async def _parts(services: Services, period: str, cookie: str | None) -> AsyncIterator[ServerSentEventMessage]:
    """Until the session is over: a page that was left open is emptied when its reader signed out elsewhere. Ends, too, while the
    database is away: the page asks again."""
    while True:
        try:
            if await services.signed_in(cookie) is None:
                yield ServerSentEventMessage(data=render("overview_over.html"))
                return
            watch, values = await services.watch(), await figures(services, period)
        except Unavailable:
            return
        yield ServerSentEventMessage(data=render("overview_live.html", watch=watch, now=services.now(), period=period, **values))
        await asyncio.sleep(REFRESH_SECONDS)


async def figures(services: Services, period: str) -> dict[str, Any]:
    """All that the page shows, for one period. Readers of one moment share the work: many open overviews cost as much as one."""
    values = await services.kept.get(("overview", period), lambda: _read(services, period), REFRESH_SECONDS / 2)
    points = services.rates.columns()
    return {
        **values,
        "points": msgspec.json.encode(points).decode(),
        "few": len(points[0]) < 20,
        "words": sentences,
        "period_words": PERIODS[period][2],
    }


def _read(services: Services, period: str) -> dict[str, Any]:
    queries, now = services.queries, services.now()
    since = now - PERIODS[period][0]
    statuses = queries.statuses_since(since)
    told = queries.seconds_to_told(since)
    attacks = [row for row in queries.queue(state="open", limit=50) if row["severity"] == "critical" and row["detector"] not in NO_ATTACK][
        :8
    ]
    return {
        "counts": queries.findings_since(since),
        "waiting": queries.open_count(),
        "table": [(status, [statuses.get((channel, status), 0) for channel in CHANNELS]) for status in STATUSES],
        "answered": queries.answers_since(since),
        "p99": told[math.ceil(len(told) * 0.99) - 1] if told else None,
        "p50": told[len(told) // 2] if told else None,
        "told_count": len(told),
        "attacks": attacks,
        "attack_answers": queries.answers_of([row["notice_id"] for row in attacks if row["notice_id"]]),
        "recent": queries.recent_findings(20),
    }


def _period(request: Request[Any, Any, Any]) -> str:
    asked = request.query_params.get("period", "1h")
    return asked if asked in PERIODS else "1h"


HANDLERS = [overview, live]
