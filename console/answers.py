"""The page behind the one link of a security notice. Opening it changes nothing; its form decides once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qs

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.exceptions import ClientException
from litestar.params import FromPath

from console.access import PUBLIC
from console.answer_words import State
from console.headers import ANSWER_CSP
from console.html import page
from console.services import Services
from domain.ports import Answer

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}\Z")
BODY_LIMIT = 8_192
STATUS: dict[State, int] = {
    "choice": 200,
    "me": 200,
    "not_me": 200,
    "answered": 409,
    "expired": 410,
    "unknown": 404,
    "bad": 400,
    "slow": 429,
    "away": 503,
}
READERS = ("/n/", "/u/", "/h/", "/check/", "/security-report/")
"""Where pages for account owners begin: whatever goes wrong there is said in the reader's language, and leads nowhere of the staff's."""
SHOWN = (HttpMethod.GET, HttpMethod.HEAD)
METHODS = [*SHOWN, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE, HttpMethod.OPTIONS]


@route(["/n", "/n/{token:path}"], http_method=METHODS, may=PUBLIC, status_code=200)
async def answer_page(request: Request[Any, Any, Any], token: FromPath[str] = "") -> Response[str]:
    """GET and HEAD show the choice, POST decides. Every refusal is a page in the notice's language."""
    services: Services = request.app.state.services
    if request.method not in (*SHOWN, HttpMethod.POST):
        return Response("", status_code=405, headers={"Allow": "GET, HEAD, POST"}, media_type="text/plain")
    client = client_ip(request)
    token = token.lstrip("/")
    found = await services.find_answer(token) if TOKEN.match(token) else None
    if found is None:
        # Whoever guesses is slowed down; who shares the guesser's address and has a link can go on using it.
        if wait := await services.guesses.take(client):
            return instead(request, "slow", wait)
        return instead(request, "unknown")
    state = _state(found, services.now())
    if request.method == HttpMethod.POST and state == "choice":
        said = await _said(request)
        state = "bad" if said is None else await services.decide(token, said, client, user_agent(request))
        if said is not None:
            found = await services.find_answer(token) or found
            await services.show_again(found.user_id, found.notice_id)
    return await _page(request, state, found)


def _state(answer: Answer, now: datetime) -> State:
    if answer.answered_at is not None and not answer.recorded_only:
        return "answered"
    return "expired" if now >= answer.expires_at else "choice"


async def _said(request: Request[Any, Any, Any]) -> Literal["me", "not_me"] | None:
    """The one answer of an urlencoded form; None for none, another, or more than one."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    try:
        body = await request.body()
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20) if len(body) <= BODY_LIMIT else {}
    except (ValueError, ClientException):
        return None
    match fields.get("answer"):
        case ["me"]:
            return "me"
        case ["not_me"]:
            return "not_me"
    return None


async def _page(request: Request[Any, Any, Any], state: State, answer: Answer) -> Response[str]:
    services: Services = request.app.state.services
    user = await services.user(answer.user_id)
    answer = await services.as_it_stands(answer)
    words = services.answer_words.page(state, answer, user, request.headers.get("accept-language", ""))
    if words.helpful and services.checking is not None:
        words = replace(words, helpful_url=f"/h/{services.checking.passes.feedback(answer.notice_id, answer.user_id, services.now())}")
    return page(
        "answer.html",
        status=STATUS[state],
        headers={"Content-Security-Policy": ANSWER_CSP, "Content-Language": words.lang},
        page=words,
    )


def instead(request: Request[Any, Any, Any], state: State, wait: int = 0, status: int = 0) -> Response[str]:
    """What an owner sees whose link leads nowhere, in the browser's language: `unknown`, `slow` or `away`. `wait`: in seconds;
    `status`: where it isn't the state's usual one."""
    services: Services = request.app.state.services
    words = services.answer_words.page(state, None, None, request.headers.get("accept-language", ""))
    headers = {"Content-Security-Policy": ANSWER_CSP, "Content-Language": words.lang} | ({"Retry-After": str(wait)} if wait else {})
    return page("answer.html", status=status or STATUS[state], headers=headers, page=words)


def client_ip(request: Request[Any, Any, Any]) -> str:
    """The peer's address; behind one of `console.proxies`, the one that it says (the server has put it there)."""
    return request.client.host if request.client else ""


def user_agent(request: Request[Any, Any, Any]) -> str | None:
    """Without control characters, of bounded length."""
    text = "".join(c for c in request.headers.get("user-agent", "") if c.isprintable())[:512]
    return text or None
