"""The catalogue: every kind of notice in every language on every channel with sample data, and which words may be sent.

Words go live in two steps by two people: someone submits an edition, someone else approves it. Each decision is in the ledger by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from console import sentences
from console.catalogue_rows import CHANNELS, SHOW, changes, history, rows, shown
from console.headers import STORED_CSP
from console.services import Services
from console.shell import staff_of, staff_page
from console.signin import form
from domain.locale import direction
from domain.wording import SHORT, Act, NotAllowed
from notices import samples
from notices.compose.catalogue import available
from notices.compose.intake import take_in
from notices.compose.preview import Preview, preview
from notices.compose.templates import kinds

MOST = 2000
"""Editions that are decided in one go: a form is no longer than the console takes."""
ACTS: dict[str, Act] = {"approve": "approved", "reject": "rejected", "revert": "reverted"}


@get("/catalogue", may="words")
async def index(request: Request[Any, Any, Any]) -> Response[str]:
    """Kinds with the state of their words; filtered by text, language and state."""
    return await _index(request)


@get("/catalogue/{kind:str}", may="words")
async def one_kind(request: Request[Any, Any, Any], kind: FromPath[str]) -> Response[str]:
    """One kind in one language on one channel, with its editions and what differs between them."""
    return await _kind(request, kind)


@get("/catalogue/{kind:str}/html", may="words")
async def html(request: Request[Any, Any, Any], kind: FromPath[str]) -> Response[str]:
    """The mail's HTML by itself, for the frame: no script, no network, no way out."""
    services: Services = request.app.state.services
    made = await asyncio.to_thread(_shown, services, kind, request)
    return Response(made["preview"].html, media_type="text/html", headers={"Content-Security-Policy": STORED_CSP})


@post("/catalogue/submit", may="submit_words", status_code=303)
async def submit(request: Request[Any, Any, Any]) -> Any:
    """Asks for the approval of editions."""
    return await _decide(request, "submitted", await form(request))


@post("/catalogue/decide", may="approve_words", status_code=303)
async def decide(request: Request[Any, Any, Any]) -> Any:
    """Approves or rejects editions that someone else submitted, or takes an earlier approved one back."""
    values = await form(request)
    if values.get("act") not in ACTS:
        raise ClientException("act: expected approve, reject or revert")
    return await _decide(request, ACTS[values["act"]], values)


async def _decide(request: Request[Any, Any, Any], act: Act, values: dict[str, str]) -> Any:
    services: Services = request.app.state.services
    chosen = list(dict.fromkeys(values.get("editions", "").split()))
    staff, note = staff_of(request).name, values.get("note", "").strip()[:500]
    if not chosen:
        raise ClientException("editions: expected at least one")

    def write() -> None:
        known = {edition[: SHORT * 3]: edition for edition, *_ in services.store.wordings.editions()}
        services.store.wordings.decide(act, [known[name] for name in chosen], staff, note, services.now())

    wrong, status = "", 200
    try:
        await asyncio.to_thread(write)
    except KeyError:
        wrong, status = "One of these editions isn't known any more: load the page again.", 404
    except NotAllowed as refused:
        wrong, status = str(refused), 409
    kind = values.get("kind", "")
    if wrong:
        return await (_kind(request, kind, wrong, status) if kind in kinds() else _index(request, wrong, status))
    asked = {name: values[name] for name in SHOW if values.get(name)}
    return Redirect(
        (f"/catalogue/{kind}" if kind in kinds() else "/catalogue") + (f"?{urlencode(asked)}" if asked else ""), status_code=303
    )


async def _index(request: Request[Any, Any, Any], wrong: str = "", status: int = 200) -> Response[str]:
    services: Services = request.app.state.services
    asked = {name: request.query_params.get(name, "").strip()[:100] for name in ("q", "locale", "state", "channel")}
    who = staff_of(request).name

    def read() -> Sequence[dict[str, Any]]:
        take_in(services.store.wordings, services.approval, services.now())
        return rows(services.store.wordings, asked["q"], asked["locale"], asked["state"], who, sentences.title)

    found = await asyncio.to_thread(read)
    return await staff_page(
        request, "catalogue.html", "catalogue", status=status, wrong=wrong, asked=asked, rows=found, locales=available(), channels=CHANNELS,
        words=sentences, approval=services.approval,
        drafts=[name for row in found for name in row["drafts"]][:MOST],
        mine=[name for row in found for name in row["to_approve"]][:MOST],
    )  # fmt: skip


async def _kind(request: Request[Any, Any, Any], kind: str, wrong: str = "", status: int = 200) -> Response[str]:
    services: Services = request.app.state.services
    made = await asyncio.to_thread(_shown, services, kind, request)
    return await staff_page(
        request, "catalogue_kind.html", "catalogue", status=status, wrong=wrong, kind=kind, locales=available(), channels=CHANNELS,
        words=sentences, approval=services.approval, samples=samples.variants(kind),
        dir=direction(made["asked"]["locale"]), link=_link(kind, made["asked"]), **made,
    )  # fmt: skip


def _link(kind: str, asked: dict[str, str]) -> Any:
    """The address of the same page with something else shown."""
    return lambda path="", **other: f"/catalogue/{kind}{path}?{urlencode({k: v for k, v in {**asked, **other}.items() if v})}"


def _shown(services: Services, kind: str, request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Everything about what is shown: asked, editions, the edition, its preview, what differs."""
    if kind not in kinds():
        raise NotFoundException("There is no such kind of notice.")
    store = services.store.wordings
    take_in(store, services.approval, services.now())
    asked = shown(kind, request.query_params)
    past = history(store, kind, asked["locale"])
    names = {row["name"]: row["edition"] for row in past["editions"]}
    default = past["on_disk"] if past["on_disk"] in names.values() else past["live"]
    edition = store.load(names.get(asked["edition"], default))
    if edition is None:
        raise NotFoundException("There are no such words.")
    other = store.load(names[asked["against"]]) if asked["against"] in names else None
    if not asked["sample"]:
        raise NotFoundException("There is no sample of this kind.")
    notice, parts = services.sample_notice(asked["sample"])
    seen: Preview | None
    try:
        seen, failed = preview(edition, notice, services.brand, services.public_url or "https://exchange.example", parts), ""
    except Exception as error:  # an edition of another release may ask for what this code doesn't have
        seen, failed = None, type(error).__name__
    if other is None and past["live"] and past["live"] != edition.name:
        other = store.load(past["live"])
    return {
        "asked": asked,
        "edition": edition,
        "preview": seen,
        "failed": failed,
        "other": other,
        "changes": changes(other, edition, notice, services, parts) if other is not None else [],
        **past,
    }


HANDLERS = [index, one_kind, html, submit, decide]
