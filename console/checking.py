"""Is this message from us? For the exchange's backend as JSON, and as a page that the app opens for its user; neither needs a script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath

from console.access import BACKEND, PUBLIC
from console.answer_text import preferred
from console.answers import client_ip, instead
from console.evidence import opened_notice
from console.headers import ANSWER_CSP
from console.html import page
from console.limits import Guesses, take_all
from console.paths import segment
from console.services import Services
from console.signin import form
from domain.checkcode import CheckCodes
from notices.checking import Named, named_in, ours
from notices.compose import Reader
from notices.compose.checking import CheckState, Found, check_page, subject_of
from notices.passes import CHECK, Passes

PASS_MINUTES = 30
LONGEST_USER = 128


@dataclass
class Checking:
    """What checking needs: the codes, passes for the page, and how often one may ask. Every check counts, whatever comes of it."""

    codes: CheckCodes
    passes: Passes
    by_user: Guesses = field(default_factory=lambda: Guesses(burst=30, per_second=0.1))
    by_address: Guesses = field(default_factory=lambda: Guesses(burst=60, per_second=0.2))
    by_backend: Guesses = field(default_factory=lambda: Guesses(burst=2000, per_second=100.0))
    """Of the exchange's own addresses, behind which all users are."""

    async def wait(self, user_id: str, address: str, backend: str = "") -> int:
        """Seconds until this user, asking from this address, may check again; 0 for now, and then it is counted."""
        limits = [(self.by_user, user_id), (self.by_address, address), (self.by_backend, backend)]
        return await take_all([(limit, who) for limit, who in limits if who])


class Asked(msgspec.Struct, forbid_unknown_fields=False):
    """A check as JSON. One of `notice_id`, `code`, `text`; `ip`: from where the user asks, so that it is limited by that."""

    user_id: str
    notice_id: str = ""
    code: str = ""
    text: str = ""
    ip: str = ""


_ASKED = msgspec.json.Decoder(Asked)


@get("/api/notices/check", may=BACKEND)
async def check(request: Request[Any, Any, Any]) -> Response[Any]:
    """`?user_id=` and one of `notice_id=`, `code=`, `text=`: whether we sent this user that."""
    fields = {name: request.query_params.get(name, "") for name in ("user_id", "notice_id", "code", "text", "ip")}
    return await _answered(request, Asked(**fields))


@post("/api/notices/check", may=BACKEND, status_code=200)
async def check_long(request: Request[Any, Any, Any]) -> Response[Any]:
    """The same as JSON, for a text that is too long for an address."""
    try:
        asked = _ASKED.decode(await request.body())
    except msgspec.MsgspecError as wrong:
        return Response({"error": str(wrong)}, status_code=400)
    return await _answered(request, asked)


@post("/api/notices/check/{user_id:str}/page", may=BACKEND, status_code=201)
async def check_pass(request: Request[Any, Any, Any], user_id: FromPath[str]) -> dict[str, str]:
    """The address of the page for this user, for half an hour: the app opens it in a web view."""
    services: Services = request.app.state.services
    until = services.now() + timedelta(minutes=PASS_MINUTES)
    token = _checking(services).passes.give(CHECK, [segment(user_id)], until)
    return {"url": f"{services.public_url}/check/{token}", "expires_at": until.isoformat(timespec="seconds").replace("+00:00", "Z")}


@get("/check/{token:str}", may=PUBLIC)
async def check_form(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """The page with its one field."""
    return await _page(request, token, None)


@post("/check/{token:str}", may=PUBLIC, status_code=200)
async def check_text(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Says what the message is. Nothing is changed or kept."""
    return await _page(request, token, (await form(request)).get("text", ""))


async def checked(services: Services, user_id: str, text: str) -> tuple[Named, list[Found]]:
    """What a message names, and which of this user's own notices that is. Others' notices aren't looked at."""
    checking = _checking(services)
    named = named_in(text, services.public_url)

    def look() -> list[Found]:
        ids = services.queries.notice_ids_of(user_id)
        return [_found(services, checking.codes, name) for name in ours(named, ids, checking.codes)]

    return named, await asyncio.to_thread(look)


async def checked_page(services: Services, user_id: str, text: str | None, address: str) -> tuple[Any, int]:
    """The words of the page for this user, and the seconds to wait where checks were too many."""
    reader = Reader.of(await services.user(user_id))
    if text is None:
        return check_page("ask", reader, services.brand), 0
    if not text.strip():
        return check_page("empty", reader, services.brand), 0
    wait = await _checking(services).wait(user_id, address)
    if wait:
        return check_page("slow", reader, services.brand), wait
    named, found = await checked(services, user_id, text)
    state: CheckState = "ours" if found else "unknown"
    return check_page(state, reader, services.brand, found, named.elsewhere), 0


async def _answered(request: Request[Any, Any, Any], asked: Asked) -> Response[Any]:
    services: Services = request.app.state.services
    text = asked.notice_id or asked.code or asked.text
    if not asked.user_id or len(asked.user_id) > LONGEST_USER:
        return Response({"error": f"user_id: expected 1 to {LONGEST_USER} characters"}, status_code=400)
    if not text.strip():
        return Response({"error": "expected one of notice_id, code, text"}, status_code=400)
    wait = await _checking(services).wait(asked.user_id, asked.ip[:64], client_ip(request))
    if wait:
        return Response({"error": "too many checks"}, status_code=429, headers={"Retry-After": str(wait)})
    named, found = await checked(services, asked.user_id, text)
    reader = Reader.of(await services.user(asked.user_id))
    notices = [_as_json(one, reader, services.brand) for one in found]
    return Response({"ours": bool(found), "notices": notices, "links_elsewhere": named.elsewhere})


def _as_json(found: Found, reader: Reader, brand: str) -> dict[str, Any]:
    notice = found.notice
    return {
        "notice_id": found.notice_id,
        "code": found.code,
        "kind": notice.kind if notice else None,
        "severity": notice.severity if notice else None,
        "created_at": notice.created_at.isoformat().replace("+00:00", "Z") if notice else None,
        "title": subject_of(found, reader, brand) or None,
        "channels": found.channels,
    }


def _found(services: Services, codes: CheckCodes, notice_id: str) -> Found:
    """Blocking."""
    whole = opened_notice(services.store, notice_id)
    sent = {row["channel"] for row in services.queries.deliveries_of([notice_id]) if row["status"] not in UNSENT}
    return Found(notice_id, codes.of(notice_id), whole, _parts(services, whole.parts if whole else []), sorted(sent))


def _parts(services: Services, ids: Sequence[str]) -> list[Any]:
    return [part for part in (opened_notice(services.store, each) for each in ids[:50]) if part is not None]


UNSENT = ("queued", "suppressed", "expired", "failed", "rejected")


async def _page(request: Request[Any, Any, Any], token: str, text: str | None) -> Response[str]:
    services: Services = request.app.state.services
    address = client_ip(request)
    if wait := await services.guesses.wait(address):
        return instead(request, "slow", wait)
    meant = _checking(services).passes.read(CHECK, token, services.now())
    if meant is None:
        await services.guesses.take(address)
        reader = Reader(preferred(request.headers.get("accept-language", ""), "en"))
        return shown_check(check_page("expired", reader, services.brand), status=410)
    words, wait = await checked_page(services, meant[0], text, address)
    return shown_check(words, status=429 if wait else 200, wait=wait)


def shown_check(words: Any, *, status: int = 200, wait: int = 0, action: str = "", csrf: str = "") -> Response[str]:
    """The page. `action`: where its form goes, '' for where it came from; `csrf`: a staff session's token."""
    headers = {"Content-Security-Policy": ANSWER_CSP, "Content-Language": words.locale}
    if wait:
        headers["Retry-After"] = str(wait)
    return page("check.html", status=status, headers=headers, page=words, action=action, csrf=csrf)


def _checking(services: Services) -> Checking:
    if services.checking is None:
        raise ClientException("This console has no key for check codes.", status_code=503)
    return services.checking


HANDLERS = [check, check_long, check_pass, check_form, check_text]
