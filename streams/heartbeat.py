"""What a worker says of itself every few seconds, for the console's lamp and figures (domain.status)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.status import BudgetStanding, Heartbeat
from stores.status import beat
from streams.metrics import Standing

log = logging.getLogger(__name__)

EVERY = 2.0


async def heartbeats(
    client: Any, standing: Standing, *, tally: Any = None, outbox: Callable[[], Mapping[str, int]] = dict,
    budgets: Callable[[], Sequence[BudgetStanding]] = tuple, models: Callable[[], Mapping[str, int]] = dict,
    clock: Callable[[], float] = time.time,
) -> None:  # fmt: skip
    """Says it forever; while Redis is away it is silent. `tally`: streams.kernel.Tally; `outbox()`: deliveries not final, by channel;
    `budgets()`: where families stand against their alert budgets; `models()`: numbers of the models in effect."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    before, then = 0, time.monotonic()
    while True:
        await asyncio.sleep(EVERY)
        events = sum(tally.events.values()) if tally is not None else standing.handed_out()
        now, lag = time.monotonic(), standing.lag()
        rate, before, then = max(0, events - before) / max(now - then, 0.001), events, now
        behind = sum(lag.values())
        last = getattr(tally, "last_event_at", 0.0)
        heartbeat = Heartbeat(
            worker=name,
            role=standing.role,
            at=clock(),
            events_per_second=round(rate, 1),
            lag_seconds=round(max(0.0, clock() - last), 1) if behind and last else 0.0,
            lag_events=behind,
            partitions=len({tp.partition for tp in lag}),
            committed_at=clock() - standing.commit_age() if standing.committed() else None,
            events=events,
            findings=sum(tally.findings.values()) if tally is not None else 0,
            dead_letters=sum(tally.dead_letters.values()) if tally is not None else 0,
            outbox=dict(await asyncio.to_thread(outbox)),
            detector_errors=dict(tally.detector_errors) if tally is not None else {},
            budgets=list(budgets()),
            models=dict(models()),
        )
        try:
            await beat(client, heartbeat)
        except Exception as error:  # Redis is away: whoever needs it says so
            log.debug("no heartbeat: %s", type(error).__name__)
