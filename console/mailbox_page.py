"""The mail catcher's mailbox, on one machine only: mails as they arrived, each in a sandbox."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from console.headers import STORED_CSP
from console.services import Mailbox, Services
from console.shell import staff_page


@get("/mailbox", may="embedded")
async def mailbox(request: Request[Any, Any, Any]) -> Response[str]:
    """The newest mails; `to` keeps those to one address."""
    box, to = _box(request), request.query_params.get("to", "").strip()[:200]
    mails = await asyncio.to_thread(box.list, 100, to or None)
    return await staff_page(request, "mailbox.html", "mailbox", mails=mails, to=to)


@get("/mailbox/{mail_id:str}", may="embedded")
async def mail(request: Request[Any, Any, Any], mail_id: FromPath[str]) -> Response[str]:
    found = await asyncio.to_thread(_box(request).get, mail_id)
    if found is None:
        raise NotFoundException("There is no such mail.")
    return await staff_page(request, "mail.html", "mailbox", mail=found, text_part=request.query_params.get("part") == "text")


@get("/mailbox/{mail_id:str}/html", may="embedded")
async def mail_html(request: Request[Any, Any, Any], mail_id: FromPath[str]) -> Response[str]:
    """The HTML part by itself. Its link opens outside of the frame, so that an answer can be tried."""
    found = await asyncio.to_thread(_box(request).get, mail_id)
    if found is None or not found.part("html"):
        raise NotFoundException("There is no such mail.")
    loose = STORED_CSP.replace("; sandbox", "; sandbox allow-popups allow-popups-to-escape-sandbox")
    words = found.part("html").replace("<head>", '<head><base target="_blank">', 1)
    return Response(words, media_type="text/html", headers={"Content-Security-Policy": loose})


def _box(request: Request[Any, Any, Any]) -> Mailbox:
    services: Services = request.app.state.services
    if services.mailbox is None:
        raise NotFoundException("Only the embedded stack has a mailbox.")
    return services.mailbox


HANDLERS = [mailbox, mail, mail_html]
