"""Signing in and out: by name and password, or once by the link that `worker.py run` prints."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath
from litestar.response import Redirect

from console.access import PUBLIC, Staff
from console.answers import client_ip
from console.html import page
from console.limits import take_all
from console.services import Services
from console.sessions import LIFETIME, OWNER
from console.staff import matches

COOKIE = "vigil_session"


@get("/sign-in", may=PUBLIC)
async def sign_in_form(request: Request[Any, Any, Any]) -> Response[str]:
    return _form(request, 200, "", _local(request.query_params.get("next", "/")))


@post("/sign-in", may=PUBLIC, status_code=200)
async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """One message for every reason of refusal: which of name and password was wrong is nobody's business."""
    services: Services = request.app.state.services
    same_site(request)
    fields = await form(request)
    name, password, onward = fields.get("name", ""), fields.get("password", ""), _local(fields.get("next", "/"))
    tries = [(services.sign_in_guesses, key) for key in (f"from {client_ip(request)}", f"as {name}")]
    if wait := await take_all(tries):
        return _form(request, 429, "Too many tries. Wait some minutes.", onward, {"Retry-After": str(wait)})
    staff = services.sessions.staff
    known = await asyncio.to_thread(staff.hashed, name)
    if not await asyncio.to_thread(matches, password, known) or not staff.roles(name):
        return _form(request, 401, "Name or password is wrong.", onward)
    for limit, key in tries:
        await limit.give_back(key)
    return _signed_in(services, name, onward)


@get("/sign-in/once/{token:str}", may=PUBLIC)
async def sign_in_once(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Counts once. A browser that fetches the address before its user asked for it doesn't use the link up."""
    services: Services = request.app.state.services
    if "prefetch" in request.headers.get("sec-purpose", "") + request.headers.get("purpose", ""):
        return Response("", status_code=503, media_type="text/plain")
    link = services.sessions.read_link(token)
    if link is None or not await services.use_link(link):
        return _form(request, 410, "This link was used or is too old. `make run` prints a new one at each start.", "/")
    return _signed_in(services, OWNER, "/")


@post("/sign-out", may=PUBLIC, status_code=200)
async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
    same_site(request)
    staff: Staff | None = request.scope["staff"]  # type: ignore[typeddict-item]
    if staff:
        services: Services = request.app.state.services
        await asyncio.to_thread(services.sessions.end, staff)
    return Redirect("/sign-in", status_code=303, cookies=[Cookie(key=COOKIE, value="", max_age=0, path="/", httponly=True, samesite="lax")])


def _signed_in(services: Services, name: str, onward: str) -> Response[Any]:
    cookie = Cookie(
        key=COOKIE, value=services.sessions.start(name), max_age=LIFETIME, path="/", httponly=True, samesite="lax",
        secure=services.public_url.startswith("https://"),
    )  # fmt: skip
    return Redirect(onward, status_code=303, cookies=[cookie])


def _form(request: Request[Any, Any, Any], status: int, wrong: str, onward: str, headers: dict[str, str] | None = None) -> Response[str]:
    services: Services = request.app.state.services
    return page(
        "sign_in.html", status=status, headers=headers, wrong=wrong, onward=onward, brand=services.brand, embedded=services.embedded
    )


def same_site(request: Request[Any, Any, Any]) -> None:
    """Refuses a form that another site sent."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none") or (
        origin and origin != "null" and origin.partition("//")[2] != request.headers.get("host")
    ):
        raise PermissionDeniedException("This form came from another site.")


async def form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The last value of each field of an urlencoded body; empty for another kind of body."""
    try:
        return {
            name: values[-1]
            for name, values in parse_qs((await request.body()).decode(), keep_blank_values=True, max_num_fields=50).items()
        }
    except ValueError:
        return {}


def _local(address: str) -> str:
    """A path of this console; anything else leads to the start."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable() else "/"


HANDLERS = [sign_in_form, sign_in, sign_in_once, sign_out]
