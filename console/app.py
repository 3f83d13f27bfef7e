"""The application: routes, guard, headers, errors. Deny by default: see access.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

from console import (
    announcements,
    answers,
    campaigns,
    cases,
    catalogue,
    checking,
    deliveries,
    demo,
    demo_app,
    detectors,
    findings,
    health,
    helpful,
    inbox_api,
    mailbox_page,
    models,
    notices,
    overview,
    receipts_api,
    security_report,
    signin,
    static_files,
    unsubscribe,
    users,
)
from console.access import PERMISSIONS, Staff, guard
from console.answers import READERS, instead
from console.headers import security_headers
from console.html import page
from console.paths import whole_segments
from console.services import Services
from domain.ports import Unavailable

BODY_LIMIT = 64 * 1024
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}

log = structlog.get_logger("console")

HANDLERS: list[ControllerRouterHandler] = [
    answers.answer_page,
    *inbox_api.HANDLERS,
    *receipts_api.HANDLERS,
    *unsubscribe.HANDLERS,
    *security_report.HANDLERS,
    *checking.HANDLERS,
    *health.HANDLERS,
    *signin.HANDLERS,
    *static_files.HANDLERS,
    *overview.HANDLERS,
    *findings.HANDLERS,
    *users.HANDLERS,
    *notices.HANDLERS,
    *deliveries.HANDLERS,
    *announcements.HANDLERS,
    *campaigns.HANDLERS,
    *catalogue.HANDLERS,
    *cases.HANDLERS,
    *helpful.HANDLERS,
    *detectors.HANDLERS,
    *models.HANDLERS,
    *mailbox_page.HANDLERS,
    *demo.HANDLERS,
    *demo_app.HANDLERS,
]


def application(
    services: Services, handlers: list[ControllerRouterHandler] | None = None, lifespan: Sequence[Callable[[Litestar], Any]] = ()
) -> Litestar:
    """The console over `services`."""
    app = Litestar(
        route_handlers=HANDLERS if handlers is None else handlers,
        guards=[guard, own_forms],
        exception_handlers={HTTPException: refused, Unavailable: away, Exception: failed},
        state=State({"services": services}),
        openapi_config=None,
        request_max_body_size=BODY_LIMIT,
        logging_config=None,
        lifespan=list(lifespan),
        debug=False,
    )
    # Around routing too: a refusal by the router has its headers and its line in the log like any other response.
    app.asgi_handler = access_log(security_headers(signed_in(whole_segments(app.asgi_handler))))
    return app


def signed_in(app: ASGIApp) -> ASGIApp:
    """Puts who is signed in at `scope["staff"]`, None where nobody is."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            services: Services = scope["app"].state.services
            scope["staff"] = services.sessions.who(ASGIConnection[Any, Any, Any, Any](scope).cookies.get(signin.COOKIE))  # type: ignore[typeddict-unknown-key]
        await app(scope, receive, send)

    return wrapped


async def own_forms(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A change by staff carries the token of the session, in a field or in a header, and comes from our own pages."""
    if not isinstance(connection, Request) or handler.opt.get("may") not in PERMISSIONS or connection.method not in CHANGING:
        return
    signin.same_site(connection)
    staff: Staff = connection.scope["staff"]  # type: ignore[typeddict-item]
    given = connection.headers.get("x-csrf") or (await signin.form(connection)).get("csrf", "")
    if not compare_digest(given.encode(), staff.csrf.encode()):
        raise PermissionDeniedException("This form is too old. Load the page again.")


def access_log(app: ASGIApp) -> ASGIApp:
    """One line a request, with the route's template and never the path: paths hold answer tokens and user ids."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, watched)
        finally:
            log.info(
                "request",
                method=scope.get("method", ""),
                route=route_of(scope),
                status=status,
                ms=round((time.perf_counter() - begun) * 1000, 1),
            )

    return wrapped


def route_of(scope: Any) -> str:
    """The template of a path, for the log: never the path itself, and of an answer page not even that it is one."""
    template = str(scope.get("path_template", ""))
    return "answer" if template == "/n" or template.startswith("/n/") else template


def refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """A refusal in the form that its reader expects: JSON for the API, the sign-in page or a page in words for people."""
    headers = dict(error.headers or {})
    ours = type(error) is ClientException or error.status_code in (401, 403, 404)  # a subclass is the framework's, in its own words
    words = error.detail if ours and error.detail else _WORDS.get(error.status_code, "This can't be done.")
    if request.scope["path"].startswith("/api/"):
        return Response({"error": words}, status_code=error.status_code, headers=headers)
    if error.status_code == 401:
        onward = _asked(request) if request.method == "GET" else "/"
        if request.headers.get("hx-request"):
            return Response("", status_code=401, headers={"HX-Redirect": "/sign-in"}, media_type="text/plain")
        return Redirect("/sign-in", status_code=303, query_params={"next": onward} if onward != "/" else None)
    if _reader(request):
        return instead(request, "unknown" if error.status_code < 500 else "away", status=error.status_code)
    return page(
        "refused.html", status=error.status_code, headers=headers, title=_TITLES.get(error.status_code, "This did not work"), words=words
    )


def away(request: Request[Any, Any, Any], error: Unavailable) -> Response[Any]:
    """A part that answers again sooner or later: whoever asked may ask again, and is told so."""
    log.warning("request refused: a part is away", route=route_of(request.scope))
    headers = {"Retry-After": str(RETRY_SECONDS)}
    if request.scope["path"].startswith("/api/"):
        return Response({"error": "a part of Vigil does not answer; try again soon"}, status_code=503, headers=headers)
    if _reader(request):
        return instead(request, "away", RETRY_SECONDS)
    return page("refused.html", status=503, headers=headers, title="Not now", words="A part of Vigil does not answer. Try again soon.")


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Our own mistake: told in the log by its kind and place, without values, and to the reader without either."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{place.tb_lineno}" if place else ""
    log.error("request failed", route=route_of(request.scope), error=type(error).__name__, where=where)
    if request.scope["path"].startswith("/api/"):
        return Response({"error": "this failed; it was logged"}, status_code=500)
    if _reader(request):
        return instead(request, "away", status=500)
    return page("refused.html", status=500, title="This failed", words="The error was logged. Nothing was changed.")


def _reader(request: Request[Any, Any, Any]) -> bool:
    """Whether an account owner asks, who is told in his language."""
    return bool(request.scope["path"].startswith(READERS))


def _asked(request: Request[Any, Any, Any]) -> str:
    """The address that was asked for, as it was sent, with its question."""
    path = (request.scope.get("raw_path") or b"/").partition(b"?")[0].decode("ascii", "replace")
    question = request.scope["query_string"].decode("ascii", "replace")
    return f"{path}?{question}" if question else path


RETRY_SECONDS = 5
_TITLES = {403: "Not for your role", 404: "There is no such page", 405: "There is no such page", 413: "Too large"}
_WORDS = {405: "This address doesn't take that method.", 413: "The request is too large.", 404: "There is no such page."}
