"""The page behind the unsubscribe link of tips and announcements. Opening it changes nothing; a mail program posts to it (RFC 8058)."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from litestar import Request, Response, get, post
from litestar.params import FromPath

from console.access import PUBLIC
from console.answers import client_ip, instead
from console.headers import ANSWER_CSP
from console.html import page
from console.services import Services
from notices.compose import Reader
from notices.compose.stopping import Stop, stop_page


@get("/u/{token:str}", may=PUBLIC)
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Asks; link scanners change nothing."""
    return await _answer(request, token, "ask")


@post("/u/{token:str}", may=PUBLIC, status_code=200)
async def stop(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Unsubscribes, at once and without a sign-in; `choice=again` takes it back. Said twice it is said once."""
    try:
        fields = parse_qs((await request.body()).decode("ascii"), max_num_fields=20)
    except ValueError:
        fields = {}  # some mail programs post a form in parts: the address says what is wanted
    return await _answer(request, token, "again" if fields.get("choice") == ["again"] else "stopped")


async def _answer(request: Request[Any, Any, Any], token: str, state: Stop) -> Response[str]:
    services: Services = request.app.state.services
    client = client_ip(request)
    if wait := await services.guesses.wait(client):
        return instead(request, "slow", wait)
    meant = services.stop_links.read(token) if services.stop_links else None
    if meant is None:
        await services.guesses.take(client)
        return instead(request, "unknown")
    user_id, what = meant
    if state == "stopped":
        await asyncio.to_thread(services.store.callbacks.want_no_more, user_id, "email", what, services.now())
    elif state == "again":
        await asyncio.to_thread(services.store.callbacks.want_again, user_id, "email", what)
    words = stop_page(state, Reader.of(await services.user(user_id)), services.brand)
    headers = {"Content-Security-Policy": ANSWER_CSP, "Content-Language": words.locale}
    return page("unsubscribe.html", headers=headers, page=words)


HANDLERS = [ask, stop]
