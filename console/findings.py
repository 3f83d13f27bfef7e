"""Findings: the queue, one finding with its reasons and story, and the decision of an analyst with its undo."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from console import sentences, weights
from console.services import Services
from console.shell import staff_of, staff_page
from console.signin import form
from domain.events.verdict import Verdict
from domain.severity import RANK

LABELS: dict[str, Literal["fraud", "genuine"]] = {"fraud": "fraud", "genuine": "genuine"}
PAGE = 100
"""Events on a page of the queue."""
STATES = {"open": "Open", "notice": "At notice", "closed": "Closed"}


@get("/findings", may="findings")
async def queue(request: Request[Any, Any, Any]) -> Response[str]:
    """The queue alone, with what was just decided below."""
    values = await _queue(request)
    return await staff_page(request, "findings.html", "findings", detail=None, **values)


@get("/findings/{finding_id:str}", may="findings")
async def finding(request: Request[Any, Any, Any], finding_id: FromPath[str]) -> Response[str]:
    """Queue and detail side by side; on a phone the detail alone."""
    services: Services = request.app.state.services
    detail = await asyncio.to_thread(_detail, services, finding_id)
    if detail is None:
        raise NotFoundException("There is no such finding.")
    return await staff_page(request, "findings.html", "findings", detail=detail, **await _queue(request))


@post("/findings/{finding_id:str}/decision", may="decide", status_code=303)
async def decide(request: Request[Any, Any, Any], finding_id: FromPath[str]) -> Redirect:
    """Fraud or genuine: kept, written to the ledger, and published as an analyst's verdict after the seconds in which it can be undone."""
    services: Services = request.app.state.services
    label = LABELS.get((await form(request)).get("label", ""))
    found = await asyncio.to_thread(services.queries.finding, finding_id)
    if found is None:
        raise NotFoundException("There is no such finding.")
    if label is None:
        raise ClientException("label: expected fraud or genuine")
    now = services.now()
    verdict = Verdict(
        event_id=str(uuid4()),
        user_id=found["user_id"],
        occurred_at=now,
        about=finding_id,
        label=label,
        source="analyst",
        by=staff_of(request).name,
    )
    await asyncio.to_thread(services.decisions.decide, verdict, now)
    return Redirect("/findings", status_code=303, query_params={"decided": verdict.event_id})


@post("/findings/decisions/{verdict_id:str}/undo", may="decide", status_code=303)
async def undo(request: Request[Any, Any, Any], verdict_id: FromPath[str]) -> Redirect:
    """Takes a decision back as long as it has not gone out; afterwards the other word has to be said instead."""
    services: Services = request.app.state.services
    withdrawn = await asyncio.to_thread(services.decisions.withdraw, verdict_id, staff_of(request).name, services.now())
    said = await asyncio.to_thread(services.queries.decision, verdict_id)
    if said is None:
        raise NotFoundException("There is no such decision.")
    return Redirect(
        f"/findings/{quote(said['finding_id'], safe='')}", status_code=303, query_params={"undone": "yes" if withdrawn else "late"}
    )


async def _queue(request: Request[Any, Any, Any]) -> dict[str, Any]:
    services: Services = request.app.state.services
    asked = request.query_params
    state = asked.get("state", "open") if asked.get("state") in STATES else "open"
    text, detector, after = asked.get("q", "").strip()[:200], asked.get("detector", "")[:100], asked.get("after", "")[:400]

    def read() -> dict[str, Any]:
        rows = grouped(services.queries.queue(state=state, text=text, detector=detector, after=after, limit=PAGE + 1))
        more, rows = len(rows) > PAGE, rows[:PAGE]
        decided = services.queries.decision(asked["decided"]) if "decided" in asked else None
        return {
            "rows": rows,
            "onward": rows[-1]["place"] if more else "",
            "decisions": services.queries.decisions_on([row["finding_id"] for row in rows]),
            "decided": decided,
        }

    registry, values = await asyncio.gather(services.registry(), asyncio.to_thread(read))
    return {
        **values,
        "detectors": sorted(registry.entries, key=sentences.title),
        "state": state,
        "after": after,
        "asked": {
            name: value for name, value in (("state", state if state != "open" else ""), ("q", text), ("detector", detector)) if value
        },
        "states": STATES,
        "text": text,
        "detector": detector,
        "words": sentences,
        "undone": asked.get("undone", ""),
    }


def grouped(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row an event: the gravest finding speaks, the others are named beside it (`also`)."""
    by_event: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = by_event.get(row["event_id"])
        if before is None:
            by_event[row["event_id"]] = {**row, "also": []}
        elif (RANK[row["severity"]], row["score"]) > (RANK[before["severity"]], before["score"]):
            by_event[row["event_id"]] = {**row, "also": [*before["also"], before["detector"]]}
        else:
            before["also"].append(row["detector"])
    return list(by_event.values())


def _detail(services: Services, finding_id: str) -> dict[str, Any] | None:
    """A finding with its story: what was seen before on the same account, what its owner was told, and what came of it."""
    queries = services.queries
    row = queries.finding(finding_id)
    if row is None:
        return None
    seen = row["finding"]
    steps = queries.findings_on(seen.story_events or [seen.event_id])
    if row["finding_id"] not in {step["finding_id"] for step in steps}:
        steps.append(row)
    notice = services.notice(row["notice_id"]) if row["notice_id"] else None
    ids = [row["notice_id"]] if row["notice_id"] else []
    reasons = sorted(seen.reasons, key=lambda r: -abs(r.contribution))
    return {
        "row": row,
        "finding": seen,
        "sentence": sentences.sentence(seen),
        "reasons": reasons,
        "largest": max((abs(r.contribution) for r in reasons), default=1) or 1,
        "weights": weights.rows(seen.judged),
        "leans_on": weights.rests_on(seen.judged),
        "steps": grouped(steps),
        "asked": notice.asked if notice else [],
        "notice": queries.notice(row["notice_id"]) if row["notice_id"] else None,
        "deliveries": queries.deliveries_of(ids),
        "answer": queries.answers_of(ids).get(row["notice_id"] or ""),
        "decision": queries.decisions_on([step["finding_id"] for step in queries.findings_on([row["event_id"]])]),
    }


HANDLERS = [queue, finding, decide, undo]
