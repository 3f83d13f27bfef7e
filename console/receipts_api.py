"""Where providers call back: what came of messages that they took. Open to anyone, and believed only with a signature."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from litestar import Request, Response, post
from litestar.params import FromPath

from console.access import PUBLIC
from console.answers import client_ip
from console.inbox_api import error
from console.services import Services
from domain.callback import Callback
from notices.deliver.outgoing import sealing
from notices.receipts import signed, sns, twilio
from notices.receipts.signed import Malformed, Unverified

WAITS = (0.0, 0.3, 0.9)
"""Seconds until an id is looked for again: a provider may call back before its own answer was written down."""

log = structlog.get_logger("console")


@post("/api/receipts/{provider:str}", may=PUBLIC, status_code=200)
async def called_back(request: Request[Any, Any, Any], provider: FromPath[str]) -> Response[Any]:
    """200 with what was taken; 401 without a good signature; 400 for what can't be read; 404 when nothing of it is known (yet)."""
    services: Services = request.app.state.services
    client = client_ip(request)
    if wait := await services.callback_guesses.wait(client):
        return Response({"error": "too many wrong signatures"}, status_code=429, headers={"Retry-After": str(wait)})
    try:
        said = await asyncio.to_thread(_read, request, services, provider, await request.body())
    except Unverified as wrong:
        await services.callback_guesses.take(client)
        log.warning("callback refused", provider=provider if provider in services.receipt_keys else "?", wrong=str(wrong))
        return error(401, "not signed with this provider's key, or too old")
    except Malformed as wrong:
        return error(400, str(wrong))
    except OSError as away:
        await services.callback_guesses.take(client)  # each costs a thread and a connection for seconds, whoever asks
        log.warning("callback not verified", provider=provider, error=type(away).__name__)
        return error(503, "what has to be asked of the provider can't be fetched now")
    unknown = await take(services, said)
    body = {"taken": len(said) - len(unknown), "unknown": [one.provider_id for one in unknown]}
    return Response(body, status_code=404 if said and len(unknown) == len(said) else 200)


async def take(services: Services, said: list[Callback], waits: tuple[float, ...] | None = None) -> list[Callback]:
    """Those of no delivery that is known."""
    left = said
    for wait in WAITS if waits is None else waits:
        if not left:
            break
        await asyncio.sleep(wait)
        left = await asyncio.to_thread(_take, services, left)
    return left


def _take(services: Services, said: list[Callback]) -> list[Callback]:
    return [one for one in said if services.store.callbacks.take(one, services.now(), services.sending) == "unknown"]


def _read(request: Request[Any, Any, Any], services: Services, provider: str, body: bytes) -> list[Callback]:
    """Raises Unverified, Malformed. A provider without a key can't sign: there is no default."""
    key = services.receipt_keys.get(provider, "")
    if provider == "ses":
        return _from_sns(services, body)
    if provider == "twilio":
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{services.public_url}/api/receipts/{provider}{query}"
        return twilio.read(key, url, request.headers.get("x-twilio-signature", ""), body)
    headers = request.headers
    signed.verify(key, headers.get("x-vigil-timestamp", ""), headers.get("x-vigil-signature", ""), body, services.now())
    return signed.read(provider, body)


def _from_sns(services: Services, body: bytes) -> list[Callback]:
    """Confirms a subscription of a topic that is configured; raises OSError when Amazon can't be asked."""
    envelope = sns.verified(body, services.sns_topics, services.certificate, services.now())
    if envelope.type == "SubscriptionConfirmation":
        services.fetch(envelope.subscribe_url)
        return []
    return sns.read(envelope, sealing(services.book.mark)) if envelope.type == "Notification" else []


HANDLERS = [called_back]
