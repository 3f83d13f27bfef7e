"""Did a notice help? The vote from the inbox, the page behind a mail's link, and what readers said, for staff."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from console.access import BACKEND, PUBLIC
from console.answer_text import preferred
from console.answers import client_ip, instead
from console.headers import ANSWER_CSP
from console.html import page
from console.paths import segment
from console.services import Services
from console.shell import staff_page
from console.signin import form
from notices.compose import Reader
from notices.compose.checking import HelpState, help_page
from notices.passes import HELPFUL


class Vote(msgspec.Struct):
    """Whether a notice helped its reader."""

    helpful: bool


_VOTE = msgspec.json.Decoder(Vote)


@post("/api/inbox/{user_id:str}/{notice_id:str}/helpful", may=BACKEND, status_code=200)
async def vote(request: Request[Any, Any, Any], user_id: FromPath[str], notice_id: FromPath[str]) -> Response[Any]:
    """`{"helpful": true}`: one vote a notice and user; said again, the later word stands."""
    services: Services = request.app.state.services
    return await cast(services, segment(user_id), segment(notice_id), await request.body())


async def cast(services: Services, user_id: str, notice_id: str, body: bytes) -> Response[Any]:
    """The vote in the body, and the answer to it."""
    try:
        said = _VOTE.decode(body)
    except msgspec.MsgspecError as wrong:
        return Response({"error": str(wrong)}, status_code=400)
    if not await voted(services, user_id, notice_id, said.helpful):
        return Response({"error": "this user has no such notice"}, status_code=404)
    return Response({"notice_id": notice_id, "helpful": said.helpful})


async def voted(services: Services, user_id: str, notice_id: str, helpful: bool) -> bool:
    """A vote from the inbox, pushed to whoever shows it. False when the user has no such notice."""
    done = await asyncio.to_thread(services.store.votes.vote, notice_id, user_id, helpful, "inbox", services.now())
    if done:
        await services.show_again(user_id, notice_id)
    return done


@get("/h/{token:str}", may=PUBLIC)
async def ask(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Asks; link scanners vote for nothing."""
    return await _page(request, token, "ask")


@post("/h/{token:str}", may=PUBLIC, status_code=200)
async def say(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """`helpful=yes` or `no`; anything else asks again."""
    said = (await form(request)).get("helpful", "")
    return await _page(request, token, "yes" if said == "yes" else "no" if said == "no" else "ask")


async def _page(request: Request[Any, Any, Any], token: str, state: HelpState) -> Response[str]:
    services: Services = request.app.state.services
    client = client_ip(request)
    if wait := await services.guesses.wait(client):
        return instead(request, "slow", wait)
    meant = services.checking.passes.read(HELPFUL, token, services.now()) if services.checking else None
    if meant is None or len(meant) != 2:
        await services.guesses.take(client)
        return _shown("expired", Reader(preferred(request.headers.get("accept-language", ""), "en")), services.brand, 410)
    notice_id, user_id = meant
    if state in ("yes", "no"):
        await asyncio.to_thread(services.store.votes.vote, notice_id, user_id, state == "yes", "link", services.now())
    return _shown(state, Reader.of(await services.user(user_id)), services.brand, 200)


def _shown(state: HelpState, reader: Reader, brand: str, status: int) -> Response[str]:
    words = help_page(state, reader, brand)
    headers = {"Content-Security-Policy": ANSWER_CSP, "Content-Language": words.locale}
    return page("helpful.html", status=status, headers=headers, page=words, asks=state != "expired")


@get("/feedback", may="notices")
async def feedback(request: Request[Any, Any, Any]) -> Response[str]:
    """Votes by kind, language and template version; the least helpful first where enough readers voted."""
    services: Services = request.app.state.services
    asked = {name: request.query_params.get(name, "").strip()[:100] for name in ("kind", "locale")}
    rows = await asyncio.to_thread(services.store.votes.results, asked["kind"], asked["locale"])
    rows.sort(key=lambda row: (row.helpful + row.unhelpful < ENOUGH, row.helpful / (row.helpful + row.unhelpful), -row.unhelpful))
    total = (sum(row.helpful for row in rows), sum(row.unhelpful for row in rows))
    return await staff_page(request, "feedback.html", "feedback", rows=rows[:500], asked=asked, total=total, enough=ENOUGH)


ENOUGH = 10
"""Votes from which on a share says something."""
HANDLERS = [vote, ask, say, feedback]
