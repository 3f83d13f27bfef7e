"""Detectors: what watches, how it is configured, what its cases show, what it found lately."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import yaml
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from console import sentences
from console.services import Services
from console.shell import staff_page

DAY, MONTH = timedelta(days=1), timedelta(days=30)
BINS = 20


@get("/detectors", may="detectors")
async def catalogue(request: Request[Any, Any, Any]) -> Response[str]:
    """All detectors and stories as they are in effect."""
    services: Services = request.app.state.services
    registry, values = await asyncio.gather(services.registry(), asyncio.to_thread(_hits, services))
    watch = await services.watch()
    errors: dict[str, int] = {}
    for beat in watch.workers:
        for name, count in beat.detector_errors.items():
            errors[name] = errors.get(name, 0) + count
    return await staff_page(
        request,
        "detectors.html",
        "detectors",
        entries=list(registry.entries.values()),
        budgets=[(beat.worker, one) for beat in watch.workers for one in beat.budgets],
        config=registry.config_hash,
        errors=errors,
        words=sentences,
        **values,
    )


@get("/detectors/{name:str}", may="detectors")
async def detector(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """One detector: parameters with the file's own names, cases with what came of them, the newest findings."""
    services: Services = request.app.state.services
    registry = await services.registry()
    entry = registry.entries.get(name)
    if entry is None:
        raise NotFoundException("There is no such detector.")
    hits, latest, scores, cases = await asyncio.gather(
        asyncio.to_thread(_hits, services),
        asyncio.to_thread(services.queries.latest_of, name),
        asyncio.to_thread(services.queries.scores_of, name),
        services.cases(name),
    )
    return await staff_page(
        request,
        "detector.html",
        "detectors",
        entry=entry,
        effective=_effective(entry),
        cases=cases,
        texts={str(case.get("name", "")): _yaml(case) for case in entry.cases},
        latest=latest,
        bars=histogram(scores),
        scores=len(scores),
        words=sentences,
        **hits,
    )


def histogram(scores: list[float]) -> list[int]:
    """How many scores fall into each twentieth of [0, 1]."""
    bins = [0] * BINS
    for score in scores:
        bins[min(BINS - 1, max(0, int(score * BINS)))] += 1
    return bins


def _hits(services: Services) -> dict[str, Any]:
    now = services.now()
    return {"hits": services.queries.hits(now - DAY), "precision": services.queries.precision(now - MONTH)}


def _effective(entry: Any) -> str:
    """As it would stand in config/detectors.yaml."""
    values: dict[str, Any] = {"enabled": entry.enabled, "severity": entry.severity}
    if entry.detector is not None:
        values["threshold"] = entry.threshold
    if entry.parameters:
        values["parameters"] = dict(entry.parameters)
    return _yaml({"detectors": {entry.id: values}})


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True, width=100)


HANDLERS = [catalogue, detector]
