"""Models: what the trainer has learned of each family, how champion and challenger did on late verdicts, and what drifts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from litestar import Request, Response, get

from console.services import Services
from console.shell import staff_page
from domain.status import Heartbeat
from domain.training import ModelReport

NAMES = {"transfer": "Withdrawals", "login": "Sign-ins", "trade": "Trades", "account": "Account changes"}


@get("/models", may="detectors")
async def models(request: Request[Any, Any, Any]) -> Response[str]:
    """As the trainer last wrote; a family that has no model yet is said to be warming up."""
    services: Services = request.app.state.services
    report, watch = await asyncio.gather(asyncio.to_thread(services.queries.training), services.watch())
    found = {one.family: one for one in report.models} if report else {}
    return await staff_page(
        request,
        "models.html",
        "models",
        report=report,
        written=_moment(report.at) if report else None,
        rows=[shown(found[name]) for name in NAMES if name in found],
        waiting=[NAMES[name] for name in NAMES if name not in found],
        drifts=drifts(found.values()),
        behind=behind(found, watch.workers),
        rule=rule(),
    )


@cache
def words() -> dict[tuple[str, str], str]:
    """What features mean, by family and name."""
    from detectors.models.families import FAMILIES

    return {(family.name, grid.name): grid.meaning for family in FAMILIES.values() for grid in family.grids}


def rule() -> dict[str, Any]:
    """When a challenger takes the champion's place."""
    from detectors.models.contest import LEAST_FRAUDS, MARGIN, SURE

    return {"frauds": LEAST_FRAUDS, "margin": f"{MARGIN:.0%}", "sure": f"{SURE:g}"}


def shown(one: ModelReport) -> dict[str, Any]:
    """A model as its row says it."""
    return {
        "name": NAMES.get(one.family, one.family),
        "model": one,
        "published_at": _moment(one.published_at),
        "learned_until": _moment(one.learned_until),
        "exchanged_at": _moment(one.exchanged_at),
        "sides": (("Champion", one.champion, one.challenger), ("Challenger", one.challenger, one.champion)),
    }


def drifts(reports: Iterable[ModelReport]) -> list[dict[str, Any]]:
    """A row a feature in which a change was found, the latest first."""
    rows = [
        {
            "family": NAMES.get(one.family, one.family),
            "feature": feature,
            "words": "the score itself" if feature == "score" else words().get((one.family, feature), feature),
            "many": many,
            "at": _moment(one.drifted_at.get(feature)),
        }
        for one in reports
        for feature, many in one.drifts.items()
    ]
    return sorted(rows, key=lambda row: row["at"].timestamp() if row["at"] else 0.0, reverse=True)


def behind(found: dict[str, ModelReport], workers: Iterable[Heartbeat]) -> list[tuple[str, str, int, int]]:
    """(worker, family, the version that it judges by, the newest) where a worker lags behind."""
    return [
        (beat.worker, NAMES.get(name, name), beat.models.get(name, 0), one.number)
        for beat in workers
        if beat.role == "detect"
        for name, one in found.items()
        if one.published_at is not None and beat.models.get(name, 0) < one.number
    ]


def _moment(at: float | None) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at else None


HANDLERS = [models]
