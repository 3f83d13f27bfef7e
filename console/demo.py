"""A user's inbox as the simulated exchange would show it (one machine only): live, through the same code as the inbox API."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from console.inbox_api import pushed
from console.paths import segment
from console.services import Services
from console.shell import staff_page
from console.signin import form
from domain.events.base import Client
from domain.locale import direction
from notices.compose import Reader, pages

LIMIT = 50


@get("/demo", may="embedded")
async def demo(request: Request[Any, Any, Any]) -> Response[Any]:
    """Choose whose inbox to look into."""
    services = services_of(request)
    wanted = request.query_params.get("user", "").strip()
    if wanted:
        return Redirect(_url(wanted), status_code=303)
    return await staff_page(request, "demo.html", "demo", rows=await asyncio.to_thread(services.queries.lately, 30))


@get("/demo/{user_id:str}", may="embedded")
async def demo_inbox(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[str]:
    services, name = services_of(request), segment(user_id)
    page = await services.inbox.page(name, None, LIMIT)
    ids = [str(item["notice_id"]) for item in page["items"] if "notice_id" in item]
    answers = await asyncio.to_thread(services.queries.answers_of, ids)
    record = await services.user(name)
    reader = Reader.of(record)
    return await staff_page(
        request,
        "demo_inbox.html",
        "demo",
        user_id=name,
        record=record,
        inbox=page,
        answers=answers,
        said=request.query_params.get("said", ""),
        lang=reader.locale,
        dir=direction(reader.locale),
        t=pages.inbox(reader),
        answer={"me": reader.words("It was me"), "not_me": reader.words("It was not me")},
        when=lambda at: reader.formats.moment(datetime.fromisoformat(at)),
    )


@get("/demo/{user_id:str}/stream", may="embedded")
async def demo_stream(request: Request[Any, Any, Any], user_id: FromPath[str]) -> ServerSentEvent:
    """The same push as the API's."""
    return ServerSentEvent(pushed(services_of(request), segment(user_id)), headers={"X-Accel-Buffering": "no"})


@post("/demo/{user_id:str}/{notice_id:str}", may="embedded", status_code=303)
async def demo_act(request: Request[Any, Any, Any], user_id: FromPath[str], notice_id: FromPath[str]) -> Redirect:
    """read, archive, me, not_me: what the user would do in the app."""
    services, name, notice = services_of(request), segment(user_id), segment(notice_id)
    what = (await form(request)).get("do", "")
    said = ""
    match what:
        case "read":
            await services.inbox.mark_read(name, notice, services.now())
        case "archive":
            await services.inbox.mark_archived(name, notice, services.now())
        case "me" | "not_me":
            said = await services.decide_in_app(name, notice, what, Client(channel="web"))  # type: ignore[arg-type]
        case _:
            raise ClientException("do: expected read, archive, me or not_me")
    return Redirect(_url(name), status_code=303, query_params={"said": said} if said else None)


def services_of(request: Request[Any, Any, Any]) -> Services:
    """What the pages work with; none of these pages but on one machine."""
    services: Services = request.app.state.services
    if not services.embedded:
        raise NotFoundException("Only the embedded stack has a demo inbox.")
    return services


def _url(user_id: str) -> str:
    return f"/demo/{quote(user_id, safe='')}"


HANDLERS = [demo, demo_inbox, demo_stream, demo_act]
