"""Cases: what users' "not me" opened, for the security team, and for the exchange's backend."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from console import sentences
from console.access import BACKEND
from console.paths import segment
from console.services import Services
from console.shell import staff_of, staff_page
from console.signin import form

SHORTEST_OUTCOME = 8
STATES = {"open": True, "closed": False, "all": None}


@get("/api/cases", may=BACKEND)
async def api_cases(request: Request[Any, Any, Any]) -> Response[Any]:
    """`?user_id=&state=open|closed|all`, newest first, two hundred at most."""
    services: Services = request.app.state.services
    state = request.query_params.get("state", "all")
    if state not in STATES:
        return Response({"error": "state: expected open, closed or all"}, status_code=400)
    user_id = request.query_params.get("user_id", "")
    rows = await asyncio.to_thread(lambda: services.store.cases.latest(user_id=user_id, still_open=STATES[state]))
    return Response({"cases": [as_json(row) for row in rows]})


@get("/api/cases/{number:str}", may=BACKEND)
async def api_case(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
    """One, by its number as a user says it."""
    services: Services = request.app.state.services
    row = await asyncio.to_thread(services.store.cases.get, segment(number))
    return Response(as_json(row)) if row else Response({"error": "there is no such case"}, status_code=404)


@get("/cases", may="findings")
async def cases(request: Request[Any, Any, Any]) -> Response[str]:
    """The open ones, or those that were closed."""
    services: Services = request.app.state.services
    state = request.query_params.get("state", "open")
    state = state if state in STATES else "open"
    wanted = request.query_params.get("q", "").strip()[:128]

    def read() -> list[dict[str, Any]]:
        if not wanted:
            return services.store.cases.latest(still_open=STATES[state])
        found = services.store.cases.get(wanted)
        return [found] if found else services.store.cases.latest(user_id=wanted)

    rows = await asyncio.to_thread(read)
    return await staff_page(request, "cases.html", "cases", rows=rows, state=state, states=list(STATES), wanted=wanted, words=sentences)


@get("/cases/{number:str}", may="findings")
async def case(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[str]:
    return await _case_page(request, segment(number))


@post("/cases/{number:str}/close", may="decide", status_code=303)
async def close(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
    """Closes it with a sentence on what came of it, which stands in the ledger with the name of whoever wrote it."""
    services: Services = request.app.state.services
    name = segment(number)
    outcome = (await form(request)).get("outcome", "").strip()
    if len(outcome) < SHORTEST_OUTCOME:
        words = f"What came of it: at least {SHORTEST_OUTCOME} characters, so that a colleague understands it."
        return await _case_page(request, name, status=400, wrong=words)
    who = staff_of(request).name

    def finish() -> str | None:
        found = services.store.cases.get(name)
        if found is None:
            return None
        services.store.cases.close(found["number"], who, outcome, services.now())
        return str(found["number"])

    found = await asyncio.to_thread(finish)
    if found is None:
        raise NotFoundException("There is no such case.")
    return Redirect(f"/cases/{found}", status_code=303)


async def _case_page(request: Request[Any, Any, Any], number: str, *, status: int = 200, wrong: str = "") -> Response[str]:
    services: Services = request.app.state.services

    def read() -> tuple[Any, Any, Any]:
        row = services.store.cases.get(number)
        if row is None:
            return None, None, None
        return row, services.notice(row["notice_id"]), services.queries.answers_of([row["notice_id"]]).get(row["notice_id"])

    row, whole, answer = await asyncio.to_thread(read)
    if row is None:
        raise NotFoundException("There is no such case.")
    return await staff_page(
        request, "case.html", "cases", status=status, wrong=wrong, row=row, whole=whole, answer=answer, words=sentences,
        may_close=staff_of(request).may("decide"),
    )  # fmt: skip


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    """A case for the exchange: never who closed it."""
    return {
        "case": row["number"],
        "user_id": row["user_id"],
        "notice_id": row["notice_id"],
        "kind": row["kind"],
        "severity": row["severity"],
        "via": row["via"],
        "state": "open" if row["closed_at"] is None else "closed",
        "opened_at": _time(row["opened_at"]),
        "closed_at": _time(row["closed_at"]),
    }


def _time(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


HANDLERS = [api_cases, api_case, cases, case, close]
