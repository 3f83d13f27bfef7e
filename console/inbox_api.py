"""The inbox API: for the exchange's backend, which shows its users their notices. Bearer token, JSON, server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from console.access import BACKEND
from console.paths import segment
from console.services import Said, Services
from domain.events.base import Client
from domain.ports import Unavailable
from domain.severity import RANK

PING_SECONDS = 15.0
LIMIT, LARGEST = 50, 200


class SaidInApp(msgspec.Struct):
    """What a user answered inside the exchange's app, and from where."""

    answer: Said
    client: Client | None = None


_FLAGS: dict[str, bool | None] = {"": None, "true": True, "false": False}
_SAID = msgspec.json.Decoder(SaidInApp)


@get("/api/inbox/{user_id:str}", may=BACKEND)
async def inbox(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[Any]:
    """Newest first; `next` is the cursor of the next page or null. A user without notices has an empty list. `severity=warning,critical`,
    `archived=true|false` and `unread=true` leave out the rest; `counts=true` adds `unread_by`. Counts are of the whole inbox."""
    return await shown(request, segment(user_id))


@post("/api/inbox/{user_id:str}/read", may=BACKEND, status_code=200)
async def read_all(request: Request[Any, Any, Any], user_id: FromPath[str]) -> Response[Any]:
    """Marks everything read; how many there were."""
    services: Services = request.app.state.services
    return Response({"read": await services.inbox.mark_all_read(segment(user_id), services.now())})


@post("/api/inbox/{user_id:str}/{notice_id:str}/read", may=BACKEND, status_code=200)
async def read(request: Request[Any, Any, Any], user_id: FromPath[str], notice_id: FromPath[str]) -> Response[Any]:
    """Marks it read; a second time changes nothing."""
    services: Services = request.app.state.services
    return marked(await services.inbox.mark_read(segment(user_id), segment(notice_id), services.now()))


@post("/api/inbox/{user_id:str}/{notice_id:str}/archive", may=BACKEND, status_code=200)
async def archive(request: Request[Any, Any, Any], user_id: FromPath[str], notice_id: FromPath[str]) -> Response[Any]:
    """Marks it archived, and read."""
    services: Services = request.app.state.services
    return marked(await services.inbox.mark_archived(segment(user_id), segment(notice_id), services.now()))


@post("/api/inbox/{user_id:str}/{notice_id:str}/answer", may=BACKEND, status_code=200)
async def answer(request: Request[Any, Any, Any], user_id: FromPath[str], notice_id: FromPath[str]) -> Response[Any]:
    """`{"answer": "me"|"not_me", "client": {...}}`: decides like the link, once, and says from where the user said it."""
    services: Services = request.app.state.services
    return await answered(services, segment(user_id), segment(notice_id), await request.body())


@get("/api/inbox/{user_id:str}/stream", may=BACKEND)
async def stream(request: Request[Any, Any, Any], user_id: FromPath[str]) -> ServerSentEvent:
    """Each new or changed item as it comes: `event: item`. First `event: unread`, which says that the stream stands."""
    services: Services = request.app.state.services
    await services.inbox.page(segment(user_id), None, 1)  # while Redis is away it is said by the status, as everywhere
    return ServerSentEvent(pushed(services, segment(user_id)), headers={"X-Accel-Buffering": "no"})


async def shown(request: Request[Any, Any, Any], name: str) -> Response[Any]:
    """A page of this user's inbox, as the request's parameters ask."""
    services: Services = request.app.state.services
    cursor = request.query_params.get("cursor") or None
    text = request.query_params.get("limit", str(LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= LARGEST:
        return error(400, f"limit: a number from 1 to {LARGEST}")
    severities = [one for one in request.query_params.get("severity", "").split(",") if one]
    if not RANK.keys() >= set(severities):
        return error(400, f"severity: some of {', '.join(RANK)}, comma separated")
    flags = {name: request.query_params.get(name, "") for name in ("archived", "unread", "counts")}
    if not _FLAGS.keys() >= set(flags.values()):
        return error(400, "archived, unread, counts: true or false")
    archived, unread, counts = (_FLAGS[flag] for flag in flags.values())
    try:
        page = await services.inbox.page(name, cursor, int(text), severities, archived, bool(unread), bool(counts))
    except ValueError:
        return error(400, "cursor: not one that this API gave")
    return Response({**page, "items": await dressed(services, name, page["items"])})


async def pushed(services: Services, user_id: str) -> AsyncIterator[ServerSentEventMessage]:
    """Listens first and counts then, so that nothing falls between. Ends when Redis goes away: whoever listens connects again."""
    try:
        async with services.inbox.listen(user_id) as changes:
            first = await services.inbox.page(user_id, None, 1)
            yield ServerSentEventMessage(event="unread", data=_json({"unread": first["unread"]}))
            async for item in pinged(changes):
                if item is None:
                    yield ServerSentEventMessage(comment="still here")
                else:
                    [item] = await dressed(services, user_id, [item])
                    yield ServerSentEventMessage(event="item", id=str(item.get("notice_id", "")), data=_json(item))
    except Unavailable:
        return


async def answered(services: Services, name: str, notice: str, body: bytes, client: Client | None = None) -> Response[Any]:
    """`client`: from where it is said, where the body isn't believed."""
    try:
        said = _SAID.decode(body)
    except msgspec.MsgspecError as wrong:
        return error(400, str(wrong))
    state = await services.decide_in_app(name, notice, said.answer, client or said.client)
    match state:
        case "answered":
            return error(409, "this notice was answered before")
        case "expired":
            return error(410, "it is too late to answer this notice")
        case "unknown":
            return error(404, "this user has no such notice to answer")
    await services.show_again(name, notice)
    [after] = await dressed(services, name, [{"notice_id": notice, "actions": []}])
    return Response({"notice_id": notice, "answer": said.answer, "case": after["case"]})


async def dressed(services: Services, user_id: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with what SQL knows of them: `answer` (`me`, `not_me` or null), `case`, `helpful` (true, false or null), and as `actions`
    only what can still be said. While SQL is away they stay as they are: a notice that can be read is better than none."""
    ids = [str(item["notice_id"]) for item in items if item.get("notice_id")]
    if not ids:
        return items

    def look() -> tuple[dict[str, Any], dict[str, Any], dict[str, bool]]:
        answers = {name: row for name, row in services.queries.answers_of(ids).items() if row["user_id"] == user_id}
        refused = [name for name, row in answers.items() if row["answer"] == "not_me"]
        return answers, services.store.cases.of_notices(refused), services.store.votes.votes_of(user_id, ids)

    try:
        answers, cases, votes = await asyncio.to_thread(look)
    except Unavailable:
        answers, cases, votes = {}, {}, {}
    now = services.now()
    return [_dressed(item, answers.get(item.get("notice_id", "")), cases, votes, now) for item in items]


def _dressed(item: dict[str, Any], answer: Any, cases: dict[str, Any], votes: dict[str, bool], now: datetime) -> dict[str, Any]:
    name = item.get("notice_id", "")
    actions = item.get("actions", [])
    if answer is not None:
        if now >= answer["expires_at"] or (answer["answered_at"] and not answer["recorded_only"]):
            actions = []
        elif answer["answered_at"]:
            actions = [one for one in actions if one == "not_me"]
    said = answer["answer"] if answer is not None else None
    return item | {"actions": actions, "answer": said, "case": cases.get(name, {}).get("number"), "helpful": votes.get(name)}


async def pinged(items: AsyncIterator[dict[str, Any]], seconds: float = PING_SECONDS) -> AsyncIterator[dict[str, Any] | None]:
    """None whenever nothing came for so long: keeps proxies from hanging up, and notices a reader who left."""
    upcoming = asyncio.ensure_future(anext(items, _END))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=seconds)
            if not done:
                yield None
                continue
            item = upcoming.result()
            if item is _END:
                return
            yield item
            upcoming = asyncio.ensure_future(anext(items, _END))
    finally:
        upcoming.cancel()


_END: Any = object()


def marked(found: bool) -> Response[Any]:
    return Response({"ok": True}) if found else error(404, "this user has no such notice")


def error(status: int, words: str) -> Response[Any]:
    return Response({"error": words}, status_code=status)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


HANDLERS = [inbox, read, read_all, archive, answer, stream]
