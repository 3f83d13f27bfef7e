"""The app `detect`: every input topic but `users`, one agent, one kernel."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from faust.types import TP

from config.detectors import DetectorConfigError, changes
from config.mappings import load as load_mappings
from config.notices import load as load_notices
from config.settings import Settings
from detectors.models.partition import MODELS
from detectors.registry import Registry
from domain.events import STRUCTS
from domain.ports import Unavailable
from notices.policy import Policy
from stores.crowd import RedisCrowd
from stores.lists import Lists
from stores.redis_client import connect_async
from stores.redis_profiles import Fenced, RedisProfiles
from streams.app import App, build, handle
from streams.cohorts import KeptCohorts
from streams.epochs import Epochs
from streams.kernel import Kernel
from streams.models import Models, follow_models
from streams.opened import engine_of
from streams.publisher import KafkaPublisher
from streams.records import EventDecoder
from streams.serve import serve
from streams.transport import Batch

log = logging.getLogger(__name__)


def detect_app(settings: Settings, kernel: Kernel) -> App:
    """The Faust app; `kernel` does the work."""
    kafka = settings.kafka
    app = build(settings, "detect", EventDecoder(kafka.topic_of, load_mappings(settings.mappings_dir)))

    async def work(batch: Batch) -> bool:
        try:
            await kernel.run(batch.items, owned=True)
        except Fenced as error:
            log.warning("partition %s has gone to another worker: what was done is left to it", error)
            kernel.forget()
            return False
        return True

    handle(app, [kafka.at_broker(topic) for topic in STRUCTS], work, "detect")

    async def revoked(*_: Any, **__: Any) -> None:
        await kernel.hand_over()

    app.on_partitions_revoked.connect(revoked, weak=False)

    async def ends(partition: int) -> dict[str, int]:
        try:
            found = await app.consumer.highwaters(*(TP(kafka.at_broker(topic), partition) for topic in STRUCTS))
        except Exception as error:
            raise Unavailable(f"Kafka does not tell the ends of its topics: {error!r}") from error
        return {kafka.topic_of(tp.topic): end for tp, end in found.items()}

    # The embedded broker tells ends that lie too low; whoever starts it gives an epoch instead.
    if kernel.epochs is not None and not settings.kafka.small_broker:
        kernel.epochs.ends = ends
    return app


def policy_of(late_after: float | None) -> Policy:
    """The policy of config/notices.yaml. `late_after`: settings.notices.late_after; None where a history counts as lived through."""
    return Policy(load_notices(), late_after)


def build_kernel(settings: Settings) -> Kernel:
    """The kernel with the configured detectors and policy, and Redis and Kafka behind it."""
    client = connect_async(settings.redis.url)
    crowd = RedisCrowd(client)
    engine = engine_of(settings, crowd)
    return Kernel(
        engine,
        policy_of(settings.notices.late_after),
        RedisProfiles(client),
        KafkaPublisher(settings.kafka.brokers, settings.kafka.topic_prefix),
        epoch=settings.kafka.epoch,
        cohorts=KeptCohorts(engine.cohorts, MODELS, client),
        crowd=crowd,
        epochs=Epochs(client, list(STRUCTS), settings.kafka.epoch),
    )


def follow_configuration(engine: Any) -> Callable[[], Awaitable[None]]:
    """A task that takes a changed config/detectors.yaml into the running engine; one with a mistake is logged and changes nothing."""

    async def follow() -> None:
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def refused(error: DetectorConfigError) -> None:
            log.error("config/detectors.yaml can't be taken, the one before stays in effect: %s", error)

        def take(registry: Registry) -> None:
            engine.reconfigure(registry)
            log.info("config/detectors.yaml was changed and is in effect")

        def look() -> None:
            for registry in changes(Registry.load(), stop=stop, refused=refused):
                loop.call_soon_threadsafe(take, registry)

        try:
            await asyncio.to_thread(look)
        finally:
            stop.set()

    return follow


def follow_lists(surroundings: Any) -> Callable[[], Awaitable[None]]:
    """A task that takes changed lists of addresses; a file that can't be taken is logged, and what it said before stays in effect."""
    lists: Lists = surroundings.lists

    async def follow() -> None:
        stop = threading.Event()

        def refused(problem: str) -> None:
            log.error("a list of addresses can't be taken, what it said before stays in effect: %s", problem)

        def look() -> None:
            for now in lists.changes(stop, refused):
                log.info("lists of addresses in effect: %s", ", ".join(f"{one.name} ({len(one.addresses)})" for one in now) or "none")

        try:
            await asyncio.to_thread(look)
        finally:
            stop.set()

    return follow


def run_detect(settings: Settings) -> int:
    """The role `detect`, until it is told to stop. Exit status. Raises what build_kernel raises when something is not as it has to be."""
    kernel = build_kernel(settings)
    models = Models(kernel.engine)

    async def close() -> None:
        await kernel.hand_over()
        await kernel.publisher.stop()
        await kernel.profiles.close()

    return serve(
        settings, detect_app(settings, kernel), "detect", kernel=kernel, done=lambda: kernel.tally.batches,
        waiting=lambda: bool(kernel.waiting_for), closing=[close],
        tasks=[
            follow_configuration(kernel.engine),
            follow_lists(kernel.engine.surroundings),
            follow_models(settings, kernel.engine, models),
        ],
        models=lambda: models.numbers,
    )  # fmt: skip
