"""Announcements: drafts, what they reach and how they read, the approval of a second person, and how far they have gone out.

Whoever wrote a version never approves it, whatever his roles. To cancel, or to say that it is resolved, needs no second person: it goes out
in fixed words, and only to those who were told. Each decision is in the ledger by name.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, cast
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from console import announcement_form as forms
from console.announcement_view import Reach, preview, reach, reached
from console.headers import STORED_CSP
from console.paths import segment
from console.services import Services
from console.shell import staff_of, staff_page
from console.signin import form
from domain.locale import direction
from notices import announcing
from notices.compose.catalogue import available
from stores.sql.announcements import SqlAnnouncements, Standing, Version

STATES = {
    "draft": "Draft",
    "submitted": "Waits for approval",
    "refused": "Sent back",
    "scheduled": "Scheduled",
    "sending": "Going out",
    "sent": "Told",
    "blocked": "Blocked",
    "cancelled": "Cancelled",
    "resolved": "Resolved",
    "expired": "Expired",
}
ENDINGS: dict[str, Literal["cancelled", "resolved"]] = {"cancel": "cancelled", "resolve": "resolved"}
LONGEST_FORM = 512 * 1024
"""Bytes: three thousand characters in each of thirteen languages, nine bytes for each as a form sends them."""
CHANNELS = {"email": "E-mail", "text": "E-mail, text part", "sms": "SMS", "inapp": "In the app"}


@get("/announcements", may="announcements")
async def index(request: Request[Any, Any, Any]) -> Response[str]:
    """All of them, what moved last first."""
    services: Services = request.app.state.services

    def read() -> list[dict[str, Any]]:
        store = _store(services)
        return [_row(standing, version, services.now()) for standing, version in store.latest()]

    rows = await asyncio.to_thread(read)
    names = [row["name"] for row in rows]
    progress = await services.kept.get(("progress", *names), lambda: _store(services).progress_of(names))
    return await staff_page(
        request, "announcements.html", "announcements", rows=rows, progress=progress, states=STATES, kinds=forms.KINDS
    )  # fmt: skip


@get("/announcements/new", may="announce")
async def blank(request: Request[Any, Any, Any]) -> Response[str]:
    """An empty form."""
    services: Services = request.app.state.services
    return await _form(request, "", 0, forms.empty(services.now()))


@post("/announcements/new", may="announce", status_code=303, request_max_body_size=LONGEST_FORM)
async def create(request: Request[Any, Any, Any]) -> Any:
    """A new draft."""
    return await _save(request, "", 0)


@get("/announcements/{name:str}/edit", may="announce")
async def edit(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """One's own draft, or an update in the words of the newest version."""
    services: Services = request.app.state.services
    name = segment(name)
    versions = await asyncio.to_thread(_store(services).versions, name)
    if not versions:
        raise NotFoundException("There is no such announcement.")
    newest = versions[0]
    return await _form(request, name, _own_draft(newest, request), forms.filled(newest.content))


@post("/announcements/{name:str}/edit", may="announce", status_code=303, request_max_body_size=LONGEST_FORM)
async def rewrite(request: Request[Any, Any, Any], name: FromPath[str]) -> Any:
    """The draft anew, or a further version as a draft."""
    services: Services = request.app.state.services
    name = segment(name)
    versions = await asyncio.to_thread(_store(services).versions, name)
    if not versions:
        raise NotFoundException("There is no such announcement.")
    return await _save(request, name, _own_draft(versions[0], request))


@get("/announcements/{name:str}", may="announcements")
async def one(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """Its newest version, with preview and reach, and how far it has gone out."""
    return await _page(request, segment(name))


@get("/announcements/{name:str}/html", may="announcements")
async def html(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """The mail's HTML by itself, for the frame: no script, no network, no way out."""
    services: Services = request.app.state.services
    made = await asyncio.to_thread(_read, services, segment(name), request)
    if made["preview"] is None:
        raise NotFoundException("There is no text.")
    return Response(made["preview"].html, media_type="text/html", headers={"Content-Security-Policy": STORED_CSP})


@post("/announcements/{name:str}/submit", may="announce", status_code=303)
async def submit(request: Request[Any, Any, Any], name: FromPath[str]) -> Any:
    """Asks for approval. Where a missing translation blocks, it has to be there."""
    services: Services = request.app.state.services
    name = segment(name)
    number, who = _number(await form(request)), staff_of(request).name

    def decide() -> str:
        store = _store(services)
        version = store.version(name, number)
        if version is None:
            return "There is no such version."
        if version.content.missing_translation == "block":
            found = reach(version.content, services.audience, services.default_locale)
            if found.missing:
                return f"Readers have {', '.join(found.missing)}, and there is no text. Write it, or choose that another language will do."
        return "" if store.submit(name, number, who, services.now()) else "This version was decided meanwhile."

    return await _decided(request, name, decide)


@post("/announcements/{name:str}/approve", may="approve_announcements", status_code=303)
async def approve(request: Request[Any, Any, Any], name: FromPath[str]) -> Any:
    """It goes out from now on, or at its time. Exactly what was read is approved: the form carries its hash."""
    services: Services = request.app.state.services
    name = segment(name)
    values, staff = await form(request), staff_of(request)
    number = _number(values)

    def decide() -> str:
        store = _store(services)
        version = store.version(name, number)
        if version is None:
            return "There is no such version."
        if version.author == staff.name:
            return "You wrote this version: someone else has to approve it."
        if values.get("hash") != hash_of(version):
            return "It was changed since you read it. Read it again."
        content, now = version.content, services.now()
        if announcing.ends(content) <= now:
            return "It is over by now: nobody would be told."
        done = store.approve(name, number, staff.name, max(announcing.begins(content), now), announcing.ends(content), now)
        return "" if done else "This version was decided meanwhile."

    return await _decided(request, name, decide)


@post("/announcements/{name:str}/refuse", may="approve_announcements", status_code=303)
async def refuse(request: Request[Any, Any, Any], name: FromPath[str]) -> Any:
    """Back to its author."""
    services: Services = request.app.state.services
    name = segment(name)
    number, who = _number(await form(request)), staff_of(request).name

    def decide() -> str:
        return "" if _store(services).refuse(name, number, who, services.now()) else "This version was decided meanwhile."

    return await _decided(request, name, decide)


@post("/announcements/{name:str}/end", may="announce", status_code=303)
async def end(request: Request[Any, Any, Any], name: FromPath[str]) -> Any:
    """Cancels or resolves it: the rest is never told, and those who were told are told that it is over."""
    services: Services = request.app.state.services
    name = segment(name)
    values, who = await form(request), staff_of(request).name
    status = ENDINGS.get(values.get("how", ""))
    if status is None:
        raise ClientException("how: expected cancel or resolve")

    def decide() -> str:
        store, now = _store(services), services.now()
        standing = store.standing(name)
        live = store.version(name, standing.version) if standing else None
        if standing is None or live is None or standing.state not in ("live", "blocked", "expired"):
            return "There is nothing to end: it isn't going out."
        closing = forms.closing(live.content, status, now)
        store.add(
            closing, name, author=who, source=standing.source, state="approved", send_at=now, expires_at=standing.expires_at, now=now,
            decided=status,
        )  # fmt: skip
        return ""

    return await _decided(request, name, decide)


def hash_of(version: Version) -> str:
    """Of its content: what an approval is for."""
    return sha256(msgspec.json.encode(version.content)).hexdigest()[:32]


def _store(services: Services) -> SqlAnnouncements:
    return SqlAnnouncements(services.store.database, services.book)


def _number(values: dict[str, str]) -> int:
    text = values.get("version", "")
    if not text.isdecimal() or len(text) > 6:
        raise ClientException("version: expected its number")
    return int(text)


def _own_draft(newest: Version, request: Request[Any, Any, Any]) -> int:
    """The number of the draft that this colleague may write anew, else 0: a further version is made."""
    return newest.version if newest.state == "draft" and newest.author == staff_of(request).name else 0


async def _form(
    request: Request[Any, Any, Any], name: str, draft: int, values: dict[str, str], wrong: list[str] | None = None
) -> Response[str]:  # fmt: skip
    return await staff_page(
        request, "announcement_form.html", "announcements", status=400 if wrong else 200, name=name, draft=draft, values=values,
        wrong=wrong or [], forms=forms, dir=direction,
    )  # fmt: skip


async def _save(request: Request[Any, Any, Any], name: str, draft: int) -> Any:
    services: Services = request.app.state.services
    values, who, now = await form(request), staff_of(request).name, services.now()
    new = name or f"console-{secrets.token_hex(6)}"
    try:
        event = forms.read(values, new, now)
    except forms.Wrong as wrong:
        return await _form(request, name, draft, values, wrong.sentences)

    def write() -> None:
        store = _store(services)
        if draft and store.rewrite(name, draft, event, who, now):
            return
        store.add(
            event,
            new,
            author=who,
            source="console",
            state="draft",
            send_at=announcing.begins(event),
            expires_at=announcing.ends(event),
            now=now,
        )

    await asyncio.to_thread(write)
    return Redirect(f"/announcements/{quote(new, safe='')}", status_code=303)


async def _decided(request: Request[Any, Any, Any], name: str, decide: Callable[[], str]) -> Any:
    """Runs `decide`, which says what is in the way; '' where it was decided."""
    wrong = await asyncio.to_thread(decide)
    return await _page(request, name, wrong, 409) if wrong else Redirect(f"/announcements/{quote(name, safe='')}", status_code=303)


async def _page(request: Request[Any, Any, Any], name: str, wrong: str = "", status: int = 200) -> Response[str]:
    services: Services = request.app.state.services
    made = await asyncio.to_thread(_read, services, name, request)
    version = made["version"]
    made["reach"] = await services.kept.get(
        ("reach", name, version.version, made["hash"], made["live"]), lambda: _reach(services, name, version, made["live"])
    )
    made["progress"] = await services.kept.get(("progress", name), lambda: _store(services).progress(name))
    return await staff_page(
        request, "announcement.html", "announcements", status=status, wrong=wrong, states=STATES, kinds=forms.KINDS, channels=CHANNELS,
        dir=direction(made["locale"]), missing=forms.MISSING, effects=forms.EFFECTS, **made,
    )  # fmt: skip


def _reach(services: Services, name: str, version: Version, live: bool) -> Reach:
    """Of one that goes out its readers as they were written down; else who would be told now, for which every user is looked at."""
    default = services.default_locale
    if live:
        return reached(version.content, _store(services).locales(name), default)
    return reach(version.content, services.audience, default)


def _read(services: Services, name: str, request: Request[Any, Any, Any]) -> dict[str, Any]:
    store, now = _store(services), services.now()
    standing, versions = store.standing(name), store.versions(name)
    if standing is None or not versions:
        raise NotFoundException("There is no such announcement.")
    asked = request.query_params
    version = next((one for one in versions if str(one.version) == asked.get("version")), versions[0])
    locale = asked.get("language", "")
    locale = locale if locale in available() else next(iter(announcing.texts(version.content)), "en")
    return {
        "name": name,
        "row": _row(standing, version, now),
        "standing": standing,
        "version": version,
        "versions": versions,
        "live": version.version == standing.version,
        "hash": hash_of(version),
        "preview": preview(services, version.content, locale, now, first=version.version == 1),
        "locale": locale,
        "channel": asked.get("channel", "email") if asked.get("channel") in CHANNELS else "email",
        "facts": forms.filled(version.content),
    }


def _row(standing: Standing, version: Version, now: datetime) -> dict[str, Any]:
    texts = announcing.texts(version.content)
    title = next((texts[one][0] for one in ("en", *sorted(texts)) if one in texts), "(no title)")
    return {
        "name": standing.announcement_id,
        "title": title,
        "standing": standing,
        "version": version,
        "state": state_of(standing, version, now),
    }


def state_of(standing: Standing, version: Version, now: datetime) -> str:
    """One word of STATES for an announcement and its newest version."""
    if version.version > standing.version:
        return cast(str, version.state)
    if standing.state != "live":
        return standing.state
    if standing.send_at > now:
        return "scheduled"
    return "sending" if standing.wave_at is not None or standing.scans == 0 else "sent"


HANDLERS = [index, blank, create, edit, rewrite, one, html, submit, approve, refuse, end]
