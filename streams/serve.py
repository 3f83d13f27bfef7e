"""Runs a role's Faust app with its pages for monitors, its watch and its heartbeat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import faust
import uvloop

from config.settings import Settings
from detectors.budget import standing as standing_of
from stores.redis_client import connect_async
from streams import http
from streams.app import App, tune
from streams.heartbeat import heartbeats
from streams.metrics import Collector, Standing, text
from streams.watch import Watch

log = logging.getLogger(__name__)
Task = Callable[[], Awaitable[None]]


def serve(
    settings: Settings, app: App, role: str, *, kernel: Any = None, more: Callable[[], Any] | None = None, tasks: Sequence[Task] = (),
    done: Callable[[], Any] = lambda: None, waiting: Callable[[], bool] = lambda: False, closing: Sequence[Task] = (),
    outbox: Callable[[], Mapping[str, int]] = dict, models: Callable[[], Mapping[str, int]] = dict,
) -> int:  # fmt: skip
    """Runs a role's app with its pages, its watch and `tasks`, until it is told to stop; then `closing`. Exit status.

    `more()` (called in a thread): further metrics (prometheus_client families). `done()`: a value that changes with each batch;
    `waiting()`: True while a part that is needed does not answer. Both are for the watch. `outbox()` (called in a thread): deliveries not
    final, by channel. `models()`: numbers of the models in effect, by family.
    """
    standing = Standing(app, role)

    async def metrics() -> http.Page:
        # In a thread: what asks a database must not hold up the loop that keeps our place in the group.
        further = await asyncio.to_thread(lambda: list(more())) if more else []
        return 200, text(Collector(standing, kernel.tally if kernel else None, kernel, lambda: further))

    async def healthy() -> http.Page:
        return 200, "ok\n"

    async def ready() -> http.Page:
        return (200, "ready\n") if standing.ready() else (503, "not consuming yet\n")

    servers: list[asyncio.Server] = []  # uvloop closes a server that nobody holds

    async def pages() -> None:
        routes: http.Pages = {"/metrics": metrics, "/healthz": healthy, "/readyz": ready}
        if settings.metrics.socket is not None:
            servers.append(await http.serve(routes, socket=settings.metrics.socket))
        elif settings.metrics.port is not None:
            servers.append(await http.serve(routes, port=settings.metrics.port, host=settings.metrics.host))

    async def announce() -> None:
        while not standing.ready():
            await asyncio.sleep(0.05)
        tune()
        log.info("consuming")
        if settings.metrics.socket is None:
            print("ready", flush=True)

    async def beat() -> None:
        client = connect_async(settings.redis.url)
        budgets = partial(standing_of, kernel.engine) if kernel else tuple
        await heartbeats(client, standing, tally=kernel.tally if kernel else None, outbox=outbox, budgets=budgets, models=models)

    watch = Watch(standing, waiting=waiting, done=done)
    for task in (pages, announce, beat, watch.run, *tasks):
        app.task(_named(task))
    app.closing = closing
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, loglevel=settings.log_level.upper())
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


def _named(task: Task) -> Task:
    async def run() -> None:
        await task()

    run.__name__ = run.__qualname__ = f"{task.__module__}.{getattr(task, '__qualname__', 'task')}"
    return run
