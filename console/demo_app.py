"""The exchange's app in small (one machine only): a page that embeds the inbox component, and the proxy that it needs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from console.answers import client_ip, user_agent
from console.checking import checked_page, shown_check
from console.demo import services_of
from console.helpful import cast
from console.html import page
from console.inbox_api import answered, marked, pushed, shown
from console.paths import segment
from console.shell import staff_of
from console.signin import form
from domain.events.base import Client
from domain.locale import direction
from notices.compose import Reader
from notices.compose.labels import labels


@get("/demo/{user_id:str}/app", may="embedded")
async def app_page(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[str]:
    """The page of the app: in the user's language, with nothing of the console but the component."""
    services, name = services_of(request), segment(user_id)
    reader = Reader.of(await services.user(name))
    wanted = request.query_params.get("lang", "")
    locale = Reader(wanted).locale if wanted else reader.locale
    return page(
        "demo_app.html",
        brand=services.brand,
        lang=locale,
        dir=direction(locale),
        words=labels(locale),
        base=_base(name),
        csrf=staff_of(request).csrf,
    )


@get("/demo/{user_id:str}/inbox", may="embedded")
async def app_inbox(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[Any]:
    services_of(request)
    return await shown(request, segment(user_id))


@get("/demo/{user_id:str}/inbox/stream", may="embedded")
async def app_stream(request: Request[Any, Any, Any], user_id: FromPath[str]) -> ServerSentEvent:
    return ServerSentEvent(pushed(services_of(request), segment(user_id)), headers={"X-Accel-Buffering": "no"})


@post("/demo/{user_id:str}/inbox/read", may="embedded", status_code=200)
async def app_read_all(request: Request[Any, Any, Any], user_id: FromPath[str]) -> dict[str, int]:
    services = services_of(request)
    return {"read": await services.inbox.mark_all_read(segment(user_id), services.now())}


@post("/demo/{user_id:str}/inbox/{notice_id:str}/{act:str}", may="embedded", status_code=200)
async def app_act(request: Request[Any, Any, Any], user_id: FromPath[str], notice_id: FromPath[str], act: FromPath[str]) -> Response[Any]:
    """What the component asks for. From where the user answers is what this side sees, never what the browser says of itself."""
    services, name, notice = services_of(request), segment(user_id), segment(notice_id)
    match act:
        case "read":
            return marked(await services.inbox.mark_read(name, notice, services.now()))
        case "archive":
            return marked(await services.inbox.mark_archived(name, notice, services.now()))
        case "helpful":
            return await cast(services, name, notice, await request.body())
        case "answer":
            client = Client(ip=client_ip(request) or None, user_agent=user_agent(request), channel="web")
            return await answered(services, name, notice, await request.body(), client)
    raise NotFoundException("There is no such page.")


@get("/demo/{user_id:str}/check", may="embedded")
async def app_check(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[str]:
    """Is this message from us? As the app asks it."""
    words, _ = await checked_page(services_of(request), segment(user_id), None, "")
    return shown_check(words, csrf=staff_of(request).csrf)


@post("/demo/{user_id:str}/check", may="embedded", status_code=200)
async def app_checked(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[str]:
    text = (await form(request)).get("text", "")
    words, wait = await checked_page(services_of(request), segment(user_id), text, client_ip(request))
    return shown_check(words, status=429 if wait else 200, wait=wait, csrf=staff_of(request).csrf)


def _base(user_id: str) -> str:
    return f"/demo/{quote(user_id, safe='')}"


HANDLERS = [app_page, app_inbox, app_stream, app_read_all, app_act, app_check, app_checked]
