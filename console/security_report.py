"""The account security report: JSON for the exchange's backend, a printable page for the account's owner, the same for colleagues."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath

from console.access import BACKEND, PUBLIC
from console.answer_text import preferred
from console.answers import client_ip, instead
from console.headers import ANSWER_CSP
from console.html import page
from console.paths import segment
from console.services import Services
from domain import profile
from domain.protection import Report, report
from notices.compose import Reader
from notices.compose.protection import ReportPage, expired_page, report_page
from notices.compose.recipients import contacts_of
from notices.passes import Passes
from stores.sql.protection import SqlProtection

WHAT = "report"
"""What the pass of the page is for."""
PASS_MINUTES = 30
SEVERITIES = {"good": "info", "partly": "notice", "missing": "warning", "unknown": "info"}


@get("/api/security-report/{user_id:str}", may=BACKEND)
async def security_report(request: Request[Any, Any, Any], user_id: FromPath[str]) -> dict[str, Any]:
    """Score, parts that add up to it, the next three steps; with the words in the user's language. Of an unknown user nothing is known."""
    services: Services = request.app.state.services
    found, words = await _read(services, segment(user_id))
    return {
        "user_id": found.user_id,
        "at": found.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "locale": words.locale,
        "score": found.score,
        "best": found.best,
        "title": words.lead,
        "parts": [
            {"part": part.part, "state": part.state, "points": part.points, "of": part.of, "title": row.title, "text": row.detail}
            for part, row in zip(found.parts, words.rows, strict=True)
        ],
        "next": [{"step": step, "text": text} for step, text in zip(found.steps, words.steps, strict=True)],
    }


@post("/api/security-report/{user_id:str}/page", may=BACKEND, status_code=201)
async def report_pass(request: Request[Any, Any, Any], user_id: FromPath[str]) -> dict[str, str]:
    """The address of the printable page for this user, for half an hour: the app opens it for whoever is signed in."""
    services: Services = request.app.state.services
    until = services.now() + timedelta(minutes=PASS_MINUTES)
    token = _passes(services).give(WHAT, [segment(user_id)], until)
    return {
        "url": f"{services.public_url}/security-report/{token}",
        "expires_at": until.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


@get("/security-report/{token:str}", may=PUBLIC)
async def own_report(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """The page, in its reader's language. Opening it changes nothing."""
    services: Services = request.app.state.services
    address = client_ip(request)
    if wait := await services.guesses.wait(address):
        return instead(request, "slow", wait)
    meant = _passes(services).read(WHAT, token, services.now())
    if meant is None:
        await services.guesses.take(address)
        reader = Reader(preferred(request.headers.get("accept-language", ""), "en"))
        return _shown(expired_page(reader, services.brand), status=410)
    _, words = await _read(services, meant[0])
    return _shown(words)


@get("/users/{user_id:str}/security-report", may="users")
async def users_report(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[str]:
    """What the user sees, for a colleague who helps him."""
    _, words = await _read(request.app.state.services, segment(user_id))
    return _shown(words)


async def _read(services: Services, user_id: str) -> tuple[Report, ReportPage]:
    """Raises Unavailable while Redis is away: what can't be read now must not read as unknown."""
    users, data = await asyncio.gather(asyncio.to_thread(services.users.get_many, [user_id]), services.profiles(user_id))
    user, known = users.get(user_id), SqlProtection(services.store)
    try:
        state = profile.decode(data) if data else None
    except (ValueError, msgspec.MsgspecError):
        state = None
    seen = await asyncio.to_thread(known.seen, {user_id: contacts_of(user)}, services.now())
    found = report(user_id, user, state, seen[user_id], services.now())
    return found, report_page(found, Reader.of(user), services.brand)


def _shown(words: ReportPage, *, status: int = 200) -> Response[str]:
    headers = {"Content-Security-Policy": ANSWER_CSP, "Content-Language": words.locale}
    return page("security_report.html", status=status, headers=headers, page=words, severities=SEVERITIES)


def _passes(services: Services) -> Passes:
    if services.checking is None:
        raise ClientException("This console has no key for passes.", status_code=503)
    return services.checking.passes


HANDLERS = [security_report, report_pass, own_report, users_report]
